/// Names one playback within a call.
package struct PlaybackID: Hashable, Sendable {
    package var rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// Names one sequence of digits within a call; 0 is the call's own `sendDigits`.
package struct DiallingID: Hashable, Sendable {
    package static let sendDigits = DiallingID(rawValue: 0)

    package var rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }
}
