/// A request outside dialogs from a peer that is not allowed (``UserAgentConfiguration/allowedPeers``). An INVITE was
/// answered 403, everything else is left unanswered.
public struct TurnedAway: Equatable, Sendable {
    public let method: SIPMethod
    public let source: TransportAddress
    public let requestURI: AnyURI
    public let from: NameAddress?
    public let to: NameAddress?

    init(_ request: SIPRequest, source: TransportAddress) {
        method = request.method
        self.source = source
        requestURI = request.uri
        from = try? request.headers.from()
        to = try? request.headers.to()
    }
}
