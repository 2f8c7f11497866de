/// The sequence number of an RTP packet: sixteen bits that wrap around (RFC 3550 §5.1).
///
/// It is deliberately not `Comparable`: on a circle "before" is only meaningful over short distances, so that the
/// distance is what a caller asks for.
public struct SequenceNumber: Hashable, Sendable {
    public let rawValue: UInt16

    public init(_ rawValue: UInt16) {
        self.rawValue = rawValue
    }

    public var next: SequenceNumber { advanced(by: 1) }

    public func advanced(by distance: Int) -> SequenceNumber {
        SequenceNumber(rawValue &+ UInt16(truncatingIfNeeded: distance))
    }

    /// How far `other` lies ahead on the shorter way around: −32,768 to 32,767.
    public func distance(to other: SequenceNumber) -> Int {
        Int(Int16(bitPattern: other.rawValue &- rawValue))
    }
}

extension SequenceNumber: CustomStringConvertible {
    public var description: String { String(rawValue) }
}
