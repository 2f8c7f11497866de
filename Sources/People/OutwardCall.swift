package import SIP

/// A call that somebody of a neighbourhood makes.
package struct OutwardCall: Equatable, Sendable {
    /// Whose number the callee sees.
    package var from: String
    package var to: String
    /// Where the INVITE goes.
    package var destination: TransportAddress
    package var conversation: Conversation
    /// How long it may ring, in milliseconds.
    package var patience: ClosedRange<Int>

    package init(
        from: String, to: String, destination: TransportAddress, conversation: Conversation,
        patience: ClosedRange<Int> = 60_000...60_000
    ) {
        self.from = from
        self.to = to
        self.destination = destination
        self.conversation = conversation
        self.patience = patience
    }
}
