/// What one turn of the user agent has to say, in order, and the moment of the turn.
struct Output: Sendable {
    var now = Instant.zero
    var effects: [UserAgentEffect] = []
    let tracesMessages: Bool

    init(tracesMessages: Bool) {
        self.tracesMessages = tracesMessages
    }

    mutating func send(
        _ bytes: [UInt8], to address: TransportAddress, session: SessionID?, isRetransmission: Bool
    ) {
        effects.append(.send(bytes, to: address))
        guard tracesMessages, let session else { return }
        effects.append(.messageSent(session, SIPTrace(bytes, peer: address, isRetransmission: isRetransmission)))
    }
}
