/// Names one session: one INVITE and everything that follows from it.
///
/// The caller gives the numbers of outgoing sessions; those of incoming ones are drawn by the user agent from
/// `firstIncoming` on, so that the two never meet.
public struct SessionID: Hashable, Comparable, Sendable {
    public let rawValue: UInt64

    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// Numbers of outgoing sessions stay below this one. It leaves the sign bit free, for databases.
    public static let firstIncoming = SessionID(rawValue: 1 << 62)

    /// True for a session that a peer began.
    public var isIncoming: Bool { self >= .firstIncoming }

    public static func < (left: SessionID, right: SessionID) -> Bool { left.rawValue < right.rawValue }
}

extension SessionID: CustomStringConvertible {
    public var description: String { String(rawValue) }
}

extension SessionID: Codable {
    public init(from decoder: any Decoder) throws {
        rawValue = try decoder.singleValueContainer().decode(UInt64.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}
