/// Where a session's recording goes: a WAV file of 8 kHz, 16 bits, two channels, heard on the left, said on the right.
package struct RecordingTarget: Equatable, Sendable {
    /// Created, or emptied where it exists.
    package var path: String

    package init(path: String) {
        self.path = path
    }
}
