import Foundation
import Media

/// Where what somebody heard and said is kept: a WAV file of two channels, heard on the left, said on the right. A
/// message on an answering machine gets a second file, with what was heard of it alone.
struct CallRecording {
    let path: String
    /// Milliseconds of the recording; nil where there is no message, or it has not ended yet.
    private(set) var messageStart: Int?
    private(set) var messageEnd: Int?

    /// - Parameter isSecond: of the second telephone of a number that forks.
    init(folder: String, callID: String, isSecond: Bool) {
        path = "\(folder)/\(Self.fileName(callID))\(isSecond ? "-2" : "").wav"
    }

    var messagePath: String { path.dropLast(4) + "-message.wav" }

    mutating func messageBegan(at milliseconds: Int) { messageStart = milliseconds }

    mutating func messageEnded(at milliseconds: Int) { messageEnd = milliseconds }

    /// Cuts the message out of the finished recording.
    ///
    /// - Returns: its file; nil where there was no message.
    /// - Throws: what the system says of a file that cannot be read or written.
    func keepMessage() throws -> String? {
        guard let messageStart else { return nil }
        let file = try Data(contentsOf: URL(filePath: path))
        let frames = max(0, (file.count - Self.headerBytes) / Self.frameBytes)
        let perMillisecond = AudioClip.rate / 1000
        let start = min(frames, messageStart * perMillisecond)
        let end = min(frames, max(start, (messageEnd ?? Int.max / perMillisecond) * perMillisecond))
        let samples = (start..<end).map { frame in
            let offset = file.startIndex + Self.headerBytes + frame * Self.frameBytes
            return Int16(bitPattern: UInt16(file[offset]) | UInt16(file[offset + 1]) << 8)
        }
        try WAVFileWriter(path: messagePath, channels: 1).append(samples)
        return messagePath
    }

    /// Of the recordings that the media engine writes: the plain RIFF header, then pairs of samples.
    private static let headerBytes = 44
    private static let frameBytes = 4

    /// A Call-ID as a file's name: what could lead elsewhere is replaced.
    private static func fileName(_ callID: String) -> String {
        String(callID.prefix(200).map { $0.isASCII && ($0.isLetter || $0.isNumber || ".-@".contains($0)) ? $0 : "_" })
    }
}
