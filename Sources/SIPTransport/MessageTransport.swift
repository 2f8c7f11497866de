package import SIP

/// What carries SIP messages between this process and its peers (RFC 3261 §18).
package protocol MessageTransport: Sendable {
    /// With the port that was really bound.
    var localAddress: TransportAddress { get }

    /// From here on messages are read and told on the event loop.
    func receive(_ received: @escaping @Sendable ([UInt8], TransportAddress) -> Void) async throws

    /// On the event loop.
    func send(_ bytes: [UInt8], to destination: TransportAddress) -> SendOutcome

    func close() async throws
}

/// What became of a message that was to be sent.
package enum SendOutcome: Hashable, Sendable {
    /// Handed to the network.
    case sent
    /// Not taken this time, as it might have been lost on the way: what matters is sent again by its transaction.
    case lost
    /// It cannot reach that address now, and neither can another (RFC 3261 §18.4); why, in words.
    case unreachable(String)
}
