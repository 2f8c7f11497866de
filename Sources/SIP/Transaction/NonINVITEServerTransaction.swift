/// Answers one request other than INVITE and ACK, and repeats the answer whenever the request comes again.
///
///          │ request received
///          ▼       request again: nothing
///       trying ── 1xx: send ──▶ proceeding      request again: send the latest
///          │ 200–699: send          │ 200–699: send
///          ▼                        ▼
///       completed ◀─────────────────┘           request again: send again
///          └── J ──▶ terminated
///
/// RFC 3261 §17.2.2.
///
/// Deviation: a request that its user never answers is forgotten after 64·T1 (`unanswered`), silently: its client has
/// given up by then (RFC 4320 §4.2 forbids a late 408).
struct NonINVITEServerTransaction: Sendable {
    private enum State {
        /// Nothing sent yet.
        case trying
        /// `latest` is the last provisional response.
        case proceeding(latest: [UInt8])
        /// `response` was final. J runs.
        case completed(response: [UInt8])
        case terminated
    }

    private var state = State.trying
    private let timers: TransactionTimers
    let replyAddress: TransportAddress

    init(replyTo address: TransportAddress, timers: TransactionTimers) {
        replyAddress = address
        self.timers = timers
    }

    var isTerminated: Bool { if case .terminated = state { true } else { false } }

    static let allTimers: [TransactionTimer] = [.j, .unanswered]

    mutating func start(_ steps: inout [TransactionStep]) {
        steps.append(.arm(.unanswered, after: timers.transactionTimeout))
    }

    mutating func receiveAgain(_ steps: inout [TransactionStep]) {
        switch state {
        case .proceeding(let latest): steps.append(.send(latest, isRetransmission: true))
        case .completed(let response): steps.append(.send(response, isRetransmission: true))
        case .trying, .terminated: break
        }
    }

    mutating func respond(_ response: SIPResponse, _ steps: inout [TransactionStep]) {
        switch state {
        case .trying, .proceeding:
            let bytes = response.bytes
            steps.append(.send(bytes, isRetransmission: false))
            guard response.status.isFinal else {
                state = .proceeding(latest: bytes)
                return
            }
            steps.append(.cancel(.unanswered))
            if replyAddress.transport.isReliable {
                terminate(&steps)
            } else {
                state = .completed(response: bytes)
                steps.append(.arm(.j, after: timers.transactionTimeout))
            }
        case .completed, .terminated: break
        }
    }

    mutating func fire(_ timer: TransactionTimer, _ steps: inout [TransactionStep]) {
        switch (state, timer) {
        case (.trying, .unanswered), (.proceeding, .unanswered), (.completed, .j):
            terminate(&steps)
        default: break
        }
    }

    private mutating func terminate(_ steps: inout [TransactionStep]) {
        state = .terminated
        steps.append(.terminated)
    }
}
