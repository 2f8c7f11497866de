/// Answers one INVITE: repeats the latest response whenever the INVITE comes again, and a refusal until its ACK.
///
///              │ INVITE received
///              ▼            INVITE again: send the latest response
///         proceeding ──────────────────────────────────────────────────────┐
///       2xx │    │ 300–699: send                                            │
///           ▼    ▼                                                          │
///     accepted  completed ── G: send again ── H ───────────────────────┐    │
///        │       │ ACK                                                 │    │
///        │       ▼                                                     ▼    ▼
///        │    confirmed ── I ───────────────────────────────────────▶ terminated
///        └── L ────────────────────────────────────────────────────────▲
///
/// RFC 3261 §17.2.1 with the Accepted state of RFC 6026 §8.5: INVITEs that come again after a 2xx are taken up, and
/// the 2xx itself is repeated by the session, end to end.
///
/// Deviation: the 100 that RFC 3261 §17.2.1 asks for after 200 ms is the user's to send, which does so at once for
/// every INVITE that it does not refuse outright.
struct INVITEServerTransaction: Sendable {
    private enum State {
        /// No final response yet. `latest` is the last provisional one.
        case proceeding(latest: [UInt8]?)
        /// Refused with `response`. G repeats it, H gives up, an ACK ends both.
        case completed(response: [UInt8], interval: Duration)
        /// The ACK of the refusal came. I runs, to take up its repetitions.
        case confirmed
        /// A 2xx was sent. L runs.
        case accepted
        case terminated
    }

    private var state = State.proceeding(latest: nil)
    private let timers: TransactionTimers
    let replyAddress: TransportAddress

    init(replyTo address: TransportAddress, timers: TransactionTimers) {
        replyAddress = address
        self.timers = timers
    }

    var isTerminated: Bool { if case .terminated = state { true } else { false } }

    static let allTimers: [TransactionTimer] = [.g, .h, .i, .l]

    /// The INVITE came again.
    mutating func receiveAgain(_ steps: inout [TransactionStep]) {
        switch state {
        case .proceeding(let latest?): steps.append(.send(latest, isRetransmission: true))
        case .completed(let response, _): steps.append(.send(response, isRetransmission: true))
        case .proceeding(nil), .confirmed, .accepted, .terminated: break
        }
    }

    mutating func receiveACK(_ steps: inout [TransactionStep]) {
        guard case .completed = state else { return }
        steps.append(.cancel(.g))
        steps.append(.cancel(.h))
        if replyAddress.transport.isReliable {
            terminate(&steps)
        } else {
            state = .confirmed
            steps.append(.arm(.i, after: timers.t4))
        }
    }

    mutating func respond(_ response: SIPResponse, _ steps: inout [TransactionStep]) {
        switch state {
        case .proceeding:
            let bytes = response.bytes
            steps.append(.send(bytes, isRetransmission: false))
            if response.status.isProvisional {
                state = .proceeding(latest: bytes)
            } else if response.status.isSuccess {
                state = .accepted
                steps.append(.arm(.l, after: timers.transactionTimeout))
            } else {
                state = .completed(response: bytes, interval: timers.t1)
                if !replyAddress.transport.isReliable { steps.append(.arm(.g, after: timers.t1)) }
                steps.append(.arm(.h, after: timers.transactionTimeout))
            }
        case .accepted:
            // The session repeats its 2xx (RFC 3261 §13.3.1.4).
            if response.status.isSuccess { steps.append(.send(response.bytes, isRetransmission: true)) }
        case .completed, .confirmed, .terminated: break
        }
    }

    mutating func fire(_ timer: TransactionTimer, _ steps: inout [TransactionStep]) {
        switch (state, timer) {
        case (.completed(let response, let interval), .g):
            steps.append(.send(response, isRetransmission: true))
            let next = min(interval * 2, timers.t2)
            state = .completed(response: response, interval: next)
            steps.append(.arm(.g, after: next))
        // The ACK never came: the refusal stands all the same, there is nothing to tell.
        case (.completed, .h), (.confirmed, .i), (.accepted, .l):
            terminate(&steps)
        default: break
        }
    }

    private mutating func terminate(_ steps: inout [TransactionStep]) {
        state = .terminated
        steps.append(.terminated)
    }
}
