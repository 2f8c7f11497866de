internal import CMedia
internal import CSndFile

/// A WAV file whose writer streamed it: it did not know the length when it wrote the header, and left 0 there.
///
/// libsndfile takes such a file for an empty one (what says 0xFFFFFFFF, as other programs write, it plays to the end). So
/// it is shown the file with the length that it has.
///
/// Unchecked: libsndfile calls back on the one thread that decodes the file.
final class StreamedWAV: @unchecked Sendable {
    /// More chunks than this before the sound are none of a sound file's.
    private static let maximumChunks = 100

    private let descriptor: Int32
    private let size: Int64
    /// Where the length of the `data` chunk stands.
    private let lengthOffset: Int64
    private let length: [UInt8]
    private var position: Int64 = 0

    /// Nil: the file is none, or its header is right. The descriptor is closed with this.
    init?(descriptor: Int32, size: Int64) {
        guard let offset = Self.emptyDataChunk(descriptor, size) else { return nil }
        self.descriptor = descriptor
        self.size = size
        lengthOffset = offset
        let length = UInt32(clamping: size - offset - 4)
        self.length = (0..<4).map { UInt8(truncatingIfNeeded: length >> (8 * UInt32($0))) }
    }

    deinit {
        _ = cmedia_close(descriptor)
    }

    /// Opens it; this must live until the handle is closed.
    func open(_ info: inout SF_INFO) -> OpaquePointer? {
        // Safe: the callbacks get back what is handed over below, which outlives the handle.
        var callbacks = unsafe SF_VIRTUAL_IO(
            get_filelen: { unsafe StreamedWAV.of($0).size },
            seek: { unsafe StreamedWAV.of($2).seek($0, $1) },
            read: { unsafe StreamedWAV.of($2).read($0, $1) },
            write: { _, _, _ in 0 },
            tell: { unsafe StreamedWAV.of($0).position })
        return unsafe sf_open_virtual(&callbacks, Int32(SFM_READ), &info, Unmanaged.passUnretained(self).toOpaque())
    }

    /// Safe: libsndfile hands on the pointer that `open` gave it, and whoever opened keeps this alive as long as the handle.
    private static func of(_ pointer: UnsafeMutableRawPointer?) -> StreamedWAV {
        guard let pointer = unsafe pointer else { preconditionFailure("libsndfile hands on what it was given") }
        return unsafe Unmanaged<StreamedWAV>.fromOpaque(pointer).takeUnretainedValue()
    }

    private func seek(_ offset: Int64, _ whence: Int32) -> Int64 {
        switch whence {
        case Int32(SF_SEEK_CUR): position += offset
        case Int32(SF_SEEK_END): position = size + offset
        default: position = offset
        }
        position = max(0, min(size, position))
        return position
    }

    private func read(_ target: UnsafeMutableRawPointer?, _ count: Int64) -> Int64 {
        guard let target = unsafe target, count > 0 else { return 0 }
        // Safe: libsndfile has room for `count` bytes at `target`.
        let read = unsafe Int64(cmedia_file_read(descriptor, target, Int(count), position))
        guard read > 0 else { return 0 }
        for (index, byte) in length.enumerated() {
            let place = lengthOffset + Int64(index) - position
            if place >= 0, place < read { unsafe target.storeBytes(of: byte, toByteOffset: Int(place), as: UInt8.self) }
        }
        position += read
        return read
    }

    /// Where the length of a `data` chunk stands that is said to be empty, and that something follows.
    private static func emptyDataChunk(_ descriptor: Int32, _ size: Int64) -> Int64? {
        guard let head = bytes(descriptor, at: 0, count: 12), head[0..<4].elementsEqual("RIFF".utf8),
            head[8..<12].elementsEqual("WAVE".utf8)
        else { return nil }
        var offset: Int64 = 12
        for _ in 0..<maximumChunks {
            guard let chunk = bytes(descriptor, at: offset, count: 8) else { return nil }
            let length = Int64(chunk[4...].reversed().reduce(0) { $0 << 8 | UInt32($1) })
            guard chunk[0..<4].elementsEqual("data".utf8) else {
                // RIFF: chunks begin at even offsets.
                offset += 8 + length + length % 2
                continue
            }
            guard length == 0, offset + 8 < size, !isChunkToTheEnd(descriptor, at: offset + 8, size) else { return nil }
            return offset + 4
        }
        return nil
    }

    /// What follows is another chunk: then the sound is empty indeed.
    private static func isChunkToTheEnd(_ descriptor: Int32, at offset: Int64, _ size: Int64) -> Bool {
        guard let chunk = bytes(descriptor, at: offset, count: 8),
            chunk[0..<4].allSatisfy({ (0x20...0x7E).contains($0) })
        else { return false }
        let length = Int64(chunk[4...].reversed().reduce(0) { $0 << 8 | UInt32($1) })
        return (length...length + 1).contains(size - offset - 8)
    }

    private static func bytes(_ descriptor: Int32, at offset: Int64, count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        // Safe: at most `count` bytes are written.
        return unsafe cmedia_file_read(descriptor, &bytes, count, offset) == count ? bytes : nil
    }
}
