/// Sends one request other than INVITE and ACK until a final response comes.
///
///             │ request sent
///             ▼                  E: send again; E doubles up to T2
///          trying ─────────────── F, transport error: tell the user ──┐
///        1xx │   │ 200–699                                            │
///            ▼   │                                                    │
///     proceeding │   E: send again, E = T2                            │
///            │   │                                                    │
///            ▼   ▼ 200–699: tell                                      ▼
///          completed ── K ──────────────────────────────────────▶ terminated
///
/// RFC 3261 §17.1.2. No deviation.
struct NonINVITEClientTransaction: Sendable {
    private enum State {
        /// Nothing heard. `interval` is timer E's next value. Leaves on any response, timer F, transport error.
        case trying(interval: Duration)
        /// A provisional response came; the request is still repeated, every T2. Leaves as `trying` does.
        case proceeding
        /// A final response came. Timer K runs, to take up its repetitions.
        case completed
        case terminated
    }

    private var state: State
    private let request: [UInt8]
    private let timers: TransactionTimers
    let destination: TransportAddress

    init(_ request: SIPRequest, to destination: TransportAddress, timers: TransactionTimers) {
        self.request = request.bytes
        self.destination = destination
        self.timers = timers
        state = .trying(interval: timers.t1)
    }

    var isTerminated: Bool { if case .terminated = state { true } else { false } }

    var hasFinalResponse: Bool {
        switch state {
        case .completed, .terminated: true
        case .trying, .proceeding: false
        }
    }

    static let allTimers: [TransactionTimer] = [.e, .f, .k]

    mutating func start(_ steps: inout [TransactionStep]) {
        steps.append(.send(request, isRetransmission: false))
        if !destination.transport.isReliable { steps.append(.arm(.e, after: timers.t1)) }
        steps.append(.arm(.f, after: timers.transactionTimeout))
    }

    mutating func receive(_ response: SIPResponse, _ steps: inout [TransactionStep]) {
        switch state {
        case .trying, .proceeding:
            if response.status.isProvisional {
                // RFC 3261 §17.1.2.2 leaves the running timer E alone; it is T2 from its next firing on.
                state = .proceeding
                steps.append(.deliver(response))
                return
            }
            steps.append(.cancel(.e))
            steps.append(.cancel(.f))
            steps.append(.deliver(response))
            if destination.transport.isReliable {
                terminate(&steps)
            } else {
                state = .completed
                steps.append(.arm(.k, after: timers.t4))
            }
        case .completed, .terminated: break
        }
    }

    mutating func fire(_ timer: TransactionTimer, _ steps: inout [TransactionStep]) {
        switch (state, timer) {
        case (.trying(let interval), .e):
            let next = min(interval * 2, timers.t2)
            state = .trying(interval: next)
            steps.append(.send(request, isRetransmission: true))
            steps.append(.arm(.e, after: next))
        case (.proceeding, .e):
            steps.append(.send(request, isRetransmission: true))
            steps.append(.arm(.e, after: timers.t2))
        case (.trying, .f), (.proceeding, .f):
            steps.append(.timedOut)
            terminate(&steps)
        case (.completed, .k):
            terminate(&steps)
        default: break
        }
    }

    mutating func transportFailed(_ steps: inout [TransactionStep]) {
        switch state {
        case .trying, .proceeding:
            steps.append(.transportFailed)
            terminate(&steps)
        case .completed, .terminated: break
        }
    }

    private mutating func terminate(_ steps: inout [TransactionStep]) {
        state = .terminated
        steps.append(.terminated)
    }
}
