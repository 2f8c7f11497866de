import SIP

/// All that happened in a run, as one number (FNV-1a over 64-bit words), and where a story is asked for its last lines.
///
/// The digest is the same in debug and release builds and in two processes: nothing reaches it whose order or text
/// depends on hashing.
struct Trace {
    private(set) var digest: UInt64 = 0xcbf2_9ce4_8422_2325
    private(set) var eventCount = 0
    private let storyLines: Int
    private var lines: [String] = []
    private var oldest = 0

    /// - Parameter storyLines: how many of the last lines are kept; 0: none, which is much faster.
    init(storyLines: Int) { self.storyLines = storyLines }

    var story: [String] { Array(lines[oldest...] + lines[..<oldest]) }

    mutating func mix(_ word: UInt64) {
        digest = (digest ^ word) &* 0x0000_0100_0000_01b3
        // FNV mixes upwards only; a turn brings the high bits down again.
        digest = (digest << 29) | (digest >> 35)
    }

    mutating func mix(_ bytes: [UInt8]) {
        mix(UInt64(bytes.count))
        bytes.withUnsafeBytes { buffer in
            var offset = 0
            while offset + 8 <= buffer.count {
                mix(UInt64(littleEndian: buffer.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
                offset += 8
            }
            while offset < buffer.count {
                mix(UInt64(buffer[offset]))
                offset += 1
            }
        }
    }

    mutating func mix(_ text: String) { mix(Array(text.utf8)) }

    mutating func begin(_ kind: UInt64, at instant: Instant) {
        eventCount += 1
        mix(kind)
        mix(UInt64(bitPattern: instant.nanoseconds))
    }

    mutating func tell(_ instant: Instant, _ line: @autoclosure () -> String) {
        guard storyLines > 0 else { return }
        let milliseconds = instant.nanoseconds / 1_000_000
        let text = "\(milliseconds / 1000).\(String(milliseconds % 1000 + 1000).dropFirst()) \(line())"
        if lines.count < storyLines {
            lines.append(text)
        } else {
            lines[oldest] = text
            oldest = (oldest + 1) % storyLines
        }
    }
}
