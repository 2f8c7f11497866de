/// Where a recording goes: a WAV file of 8 kHz and 16 bits.
///
/// While it is being written the file is called `path` with ``partialSuffix`` behind it; its header is right after each
/// block of half a second, so that what a crash leaves can be played. Complete, it is `path`, in one step.
package struct RecordingTarget: Equatable, Sendable {
    package static let partialSuffix = ".part"

    package enum Content: Equatable, Sendable {
        /// Two channels: heard on the left, said on the right.
        case both
        /// One channel: heard.
        case heard
        /// Two channels, frame by frame as the session's mix has them: on the left what it says to the others, on the right
        /// what it is given to hear. The left is silence wherever they do not hear it, and while it is in no mix.
        case membership
    }

    /// Created, or replaced where it exists.
    package var path: String
    package var content: Content
    /// What comes later is left out; nil: all of it is kept.
    package var longestMilliseconds: Int?

    package init(path: String, content: Content = .both, longestMilliseconds: Int? = nil) {
        self.path = path
        self.content = content
        self.longestMilliseconds = longestMilliseconds
    }

    var partialPath: String { path + Self.partialSuffix }
    var channels: Int { content == .heard ? 1 : 2 }
}
