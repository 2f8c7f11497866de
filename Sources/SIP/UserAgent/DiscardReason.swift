/// Why something received was dropped without an effect; for counters.
public enum DiscardReason: String, Hashable, Codable, Sendable, CaseIterable {
    /// No SIP message, and nothing to send a 400 to.
    case malformed
    /// A response that belongs to no transaction of ours (RFC 3261 §18.1.2).
    case strayResponse
    /// An ACK for nobody.
    case strayACK
    /// A request from a peer that is not allowed; an INVITE was answered 403.
    case peerNotAllowed
    /// Too many transactions or sessions; a request other than ACK was answered 503.
    case overLimit
    /// Line ends alone, as peers send to keep a NAT open (RFC 5626 §3.5.1).
    case keepAlive
}
