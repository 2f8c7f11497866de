import Foundation
import Media

/// Where what somebody heard and said is kept: a WAV file of two channels, heard on the left, said on the right. A
/// message on an answering machine gets a second file, with what was heard of it alone.
struct CallRecording {
    /// The SIP Call-ID.
    let callID: String
    let path: String
    /// Milliseconds of the recording; nil where there is no message, or it has not ended yet.
    private(set) var messageStart: Int?
    private(set) var messageEnd: Int?

    /// - Parameter isSecond: of the second telephone of a number that forks.
    init(folder: String, callID: String, isSecond: Bool) {
        self.callID = callID
        path = "\(folder)/\(Self.fileName(callID))\(isSecond ? "-2" : "").wav"
    }

    /// Links to recordings by another name, of the call that they are of: `by-call/NAME.wav` in the same folder.
    static let linkFolder = "by-call"

    var messagePath: String { path.dropLast(4) + "-message.wav" }

    /// Lets a recording be found by the name of its call, too: `NAME.wav`, `NAME-2.wav`, `NAME-message.wav`.
    ///
    /// - Throws: what the system says where the link cannot be made.
    func link(as name: String, message isMessage: Bool = false) throws {
        let target = isMessage ? messagePath : path
        let file = (target as NSString).lastPathComponent
        let suffix = file.dropFirst(Self.fileName(callID).count)
        let folder = (target as NSString).deletingLastPathComponent + "/" + Self.linkFolder
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let link = "\(folder)/\(name)\(suffix)"
        try? FileManager.default.removeItem(atPath: link)
        // Relative, so that a copy of the data folder keeps it.
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "../" + file)
    }

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
