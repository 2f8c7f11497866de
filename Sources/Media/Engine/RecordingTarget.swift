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
    }

    /// Created, or replaced where it exists.
    package var path: String
    package var content: Content

    package init(path: String, content: Content = .both) {
        self.path = path
        self.content = content
    }

    var partialPath: String { path + Self.partialSuffix }
    var channels: Int { content == .both ? 2 : 1 }
}
