/// Names one mix of the media: what the participants of a conference hear of each other. Numbered by the exchange, never
/// twice within a process.
package struct MixID: RawRepresentable, Hashable, Sendable, Comparable {
    package var rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    package static func < (one: MixID, other: MixID) -> Bool { one.rawValue < other.rawValue }
}
