/// One session of the engine. A command or event that carries another epoch than the living session's is late, and
/// dropped.
package struct MediaSessionID: Hashable, Sendable {
    package let rawValue: UInt64
    package let epoch: UInt32

    package init(rawValue: UInt64, epoch: UInt32) {
        self.rawValue = rawValue
        self.epoch = epoch
    }
}

extension MediaSessionID: CustomStringConvertible {
    package var description: String { "\(rawValue)/\(epoch)" }
}
