/// What carries SIP messages (RFC 3261 §18).
public enum TransportProtocol: String, Hashable, Codable, Sendable {
    case udp
    case tcp
    case tls

    /// True where the transport itself repeats what was lost: no retransmissions, no lingering (RFC 3261 §17).
    public var isReliable: Bool { self != .udp }

    /// As it is written in a Via header field.
    public var viaName: String { rawValue.uppercased() }

    /// The port that a URI or a Via without one means (RFC 3261 §19.1.2).
    public var defaultPort: UInt16 { self == .tls ? 5061 : 5060 }
}
