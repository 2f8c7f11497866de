/// An INVITE that a peer sent outside any dialog.
public struct IncomingInvitation: Equatable, Sendable {
    /// Where it came from.
    public let source: TransportAddress
    public let requestURI: AnyURI
    public let from: NameAddress
    public let to: NameAddress
    public let callID: String
    /// The offer; nil where the peer wants one from us (RFC 3261 §13.2.1): then `answer` takes an offer, and
    /// `acknowledged` brings the answer.
    public let offer: [UInt8]?
    /// Everything else that it said.
    public let headers: SIPHeaders
}
