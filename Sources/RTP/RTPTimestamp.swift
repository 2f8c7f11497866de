/// The timestamp of an RTP packet: thirty-two bits of the payload's clock that wrap around (RFC 3550 §5.1).
public struct RTPTimestamp: Hashable, Sendable {
    public let rawValue: UInt32

    public init(_ rawValue: UInt32) {
        self.rawValue = rawValue
    }

    public func advanced(by units: Int) -> RTPTimestamp {
        RTPTimestamp(rawValue &+ UInt32(truncatingIfNeeded: units))
    }

    /// How far `other` lies ahead on the shorter way around, in units of the clock.
    public func distance(to other: RTPTimestamp) -> Int {
        Int(Int32(bitPattern: other.rawValue &- rawValue))
    }
}

extension RTPTimestamp: CustomStringConvertible {
    public var description: String { String(rawValue) }
}
