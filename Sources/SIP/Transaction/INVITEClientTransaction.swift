/// Sends one INVITE until somebody answers, and acknowledges every final answer that is not a 2xx.
///
///                  │ INVITE sent
///                  ▼                     A: send again, A doubles
///             ┌─ calling ─────────────── B, transport error: tell the user ──────────┐
///        1xx  │     │ 2xx            300–699: ACK                                   │
///             ▼     │                    │                                           │
///        proceeding ┤ 2xx: tell          │ 300–699: ACK, tell                        │
///                   ▼                    ▼                                           ▼
///               accepted             completed ── transport error ──────────▶   terminated
///           2xx: tell each       300–699: ACK again                              ▲
///                   └── M ───────────────┴── D ──────────────────────────────────┘
///
/// RFC 3261 §17.1.1 with the Accepted state of RFC 6026 §8.4.
///
/// Deviation: a 2xx in Completed is told to the user. A proxy forwards every 2xx (RFC 3261 §16.7 step 10), also one of
/// a branch that lost to a 6xx; unheard, its callee would sit on an open line until it gives up.
struct INVITEClientTransaction: Sendable {
    private enum State {
        /// Nothing heard yet. `interval` is timer A's next value. Leaves on any response, timer B, transport error.
        case calling(interval: Duration)
        /// Provisional responses came; no timer runs: how long it may ring is the caller's affair.
        case proceeding
        /// A 300–699 came and was acknowledged with `ack`. Timer D runs, to acknowledge its repetitions.
        case completed(ack: [UInt8])
        /// A 2xx came. Timer M runs; each 2xx goes to the user, who sends the ACK.
        case accepted
        case terminated
    }

    private var state: State
    private let request: SIPRequest
    private let timers: TransactionTimers
    /// A final response came that cannot be read throughout.
    private var hasHeardFault = false
    let destination: TransportAddress

    init(_ request: SIPRequest, to destination: TransportAddress, timers: TransactionTimers) {
        self.request = request
        self.destination = destination
        self.timers = timers
        state = .calling(interval: timers.t1)
    }

    var isTerminated: Bool { if case .terminated = state { true } else { false } }

    /// True once a 2xx, or any other final response, came.
    var hasFinalResponse: Bool {
        switch state {
        case .accepted, .completed, .terminated: true
        case .calling, .proceeding: false
        }
    }

    /// Timers that may run in some state; the layer cancels them at the end.
    static let allTimers: [TransactionTimer] = [.a, .b, .d, .m]

    mutating func start(_ steps: inout [TransactionStep]) {
        steps.append(.send(request.bytes, isRetransmission: false))
        if !destination.transport.isReliable { steps.append(.arm(.a, after: timers.t1)) }
        steps.append(.arm(.b, after: timers.transactionTimeout))
    }

    /// Takes the machine to where a crash may have left it: the INVITE is out, anything may come. Sends nothing and
    /// gives up after 64·T1.
    mutating func resume(_ steps: inout [TransactionStep]) {
        state = .proceeding
        steps.append(.arm(.b, after: timers.transactionTimeout))
    }

    /// The answer to the CANCEL of this INVITE does not come: RFC 3261 §9.1 lets it be forgotten 64·T1 later.
    mutating func giveUp(after delay: Duration, _ steps: inout [TransactionStep]) {
        switch state {
        case .calling, .proceeding: steps.append(.arm(.b, after: delay))
        case .accepted, .completed, .terminated: break
        }
    }

    mutating func receive(_ response: SIPResponse, _ steps: inout [TransactionStep]) {
        switch state {
        case .calling, .proceeding:
            // What was harmed on the way comes again whole (RFC 3261 §18.3); what comes harmed again never will.
            guard response.fault == nil || hasHeardFault else {
                hasHeardFault = true
                return
            }
            if response.status.isProvisional {
                if case .calling = state {
                    steps.append(.cancel(.a))
                    steps.append(.cancel(.b))
                    state = .proceeding
                }
                steps.append(.deliver(response))
                return
            }
            steps.append(.cancel(.a))
            steps.append(.cancel(.b))
            if response.status.isSuccess {
                state = .accepted
                steps.append(.arm(.m, after: timers.transactionTimeout))
                steps.append(.deliver(response))
                return
            }
            let ack = acknowledgement(of: response).bytes
            steps.append(.send(ack, isRetransmission: false))
            steps.append(.deliver(response))
            if destination.transport.isReliable {
                terminate(&steps)
            } else {
                state = .completed(ack: ack)
                steps.append(.arm(.d, after: timers.completedLinger))
            }
        case .completed(let ack):
            if response.status.isSuccess {
                steps.append(.deliver(response))
            } else if response.status.isFinal {
                steps.append(.send(ack, isRetransmission: true))
            }
        case .accepted:
            // Anything but a 2xx after a 2xx is a proxy's leftover (RFC 6026 §7.2).
            if response.status.isSuccess { steps.append(.deliver(response)) }
        case .terminated: break
        }
    }

    mutating func fire(_ timer: TransactionTimer, _ steps: inout [TransactionStep]) {
        switch (state, timer) {
        case (.calling(let interval), .a):
            steps.append(.send(request.bytes, isRetransmission: true))
            let doubled = interval * 2
            state = .calling(interval: doubled)
            steps.append(.arm(.a, after: doubled))
        case (.calling, .b), (.proceeding, .b):
            steps.append(.timedOut)
            terminate(&steps)
        case (.completed, .d), (.accepted, .m):
            terminate(&steps)
        default: break
        }
    }

    mutating func transportFailed(_ steps: inout [TransactionStep]) {
        switch state {
        case .calling, .completed:
            steps.append(.transportFailed)
            terminate(&steps)
        // The INVITE arrived, nothing of this machine is under way any more.
        case .proceeding, .accepted, .terminated: break
        }
    }

    private mutating func terminate(_ steps: inout [TransactionStep]) {
        state = .terminated
        steps.append(.terminated)
    }

    /// RFC 3261 §17.1.1.3: same Request-URI, Call-ID, From, CSeq number, topmost Via and Route as the INVITE; To of
    /// the response.
    private func acknowledgement(of response: SIPResponse) -> SIPRequest {
        var ack = SIPRequest(method: .ack, uri: request.uri)
        if let via = request.headers.values(.via).first { ack.headers.append(.via, via) }
        ack.headers.append(.maxForwards, "70")
        for route in request.headers.all(.route) { ack.headers.append(.route, route) }
        if let from = request.headers[.from] { ack.headers.append(.from, from) }
        if let to = response.headers[.to] { ack.headers.append(.to, to) }
        if let callID = request.headers.callID { ack.headers.append(.callID, callID) }
        if let cseq = try? request.headers.cseq() { ack.headers.append(.cseq, CSeq(cseq.number, .ack).description) }
        return ack
    }
}
