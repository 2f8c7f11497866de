/// Owns all transactions: finds the one that a message belongs to, drives it, carries out its steps, forgets it when
/// it is over (RFC 3261 §17). All their timers are in one table.
struct TransactionLayer: Sendable {
    /// What the transaction user must know.
    enum Event: Equatable, Sendable {
        case response(SIPResponse, of: TransactionKey, session: SessionID?)
        case timedOut(TransactionKey, session: SessionID?)
        case transportFailed(TransactionKey, session: SessionID?)
        case terminated(TransactionKey, session: SessionID?)
    }

    private struct Entry<Machine: Sendable>: Sendable {
        var machine: Machine
        let session: SessionID?
    }

    private let timerValues: TransactionTimers
    private var inviteClients: [TransactionKey: Entry<INVITEClientTransaction>] = [:]
    private var nonInviteClients: [TransactionKey: Entry<NonINVITEClientTransaction>] = [:]
    private var inviteServers: [TransactionKey: Entry<INVITEServerTransaction>] = [:]
    private var nonInviteServers: [TransactionKey: Entry<NonINVITEServerTransaction>] = [:]
    private var timers = TimerTable<TransactionTimerKey>()

    init(timers: TransactionTimers) {
        timerValues = timers
    }

    var nextDeadline: Instant? { timers.nextDeadline }

    var serverCount: Int { inviteServers.count + nonInviteServers.count }

    var gauges: UserAgentGauges {
        var gauges = UserAgentGauges()
        gauges.inviteClientTransactions = inviteClients.count
        gauges.nonInviteClientTransactions = nonInviteClients.count
        gauges.inviteServerTransactions = inviteServers.count
        gauges.nonInviteServerTransactions = nonInviteServers.count
        gauges.timers = timers.count
        return gauges
    }

    func contains(_ key: TransactionKey) -> Bool {
        switch key.kind {
        case .inviteClient: inviteClients[key] != nil
        case .nonInviteClient: nonInviteClients[key] != nil
        case .inviteServer: inviteServers[key] != nil
        case .nonInviteServer: nonInviteServers[key] != nil
        }
    }

    /// Whose transaction it is; nil where it is nobody's or unknown.
    func session(of key: TransactionKey) -> SessionID? {
        switch key.kind {
        case .inviteClient: inviteClients[key]?.session
        case .nonInviteClient: nonInviteClients[key]?.session
        case .inviteServer: inviteServers[key]?.session
        case .nonInviteServer: nonInviteServers[key]?.session
        }
    }

    /// True where the client transaction has had its final response, so that another one repeats it.
    func hasFinalResponse(_ key: TransactionKey) -> Bool {
        inviteClients[key]?.machine.hasFinalResponse ?? nonInviteClients[key]?.machine.hasFinalResponse ?? false
    }

    // MARK: Client side

    /// Sends a request other than ACK through a transaction of its own. Nil where its Via is no Via.
    mutating func start(
        _ request: SIPRequest, to destination: TransportAddress, session: SessionID?, _ output: inout Output
    ) -> TransactionKey? {
        guard let key = try? TransactionKey(client: request) else { return nil }
        var steps: [TransactionStep] = []
        if key.kind == .inviteClient {
            var machine = INVITEClientTransaction(request, to: destination, timers: timerValues)
            machine.start(&steps)
            inviteClients[key] = Entry(machine: machine, session: session)
        } else {
            var machine = NonINVITEClientTransaction(request, to: destination, timers: timerValues)
            machine.start(&steps)
            nonInviteClients[key] = Entry(machine: machine, session: session)
        }
        _ = carryOut(steps, of: key, session: session, to: destination, &output)
        return key
    }

    /// Takes up the transaction of an INVITE that another life of this process sent; sends nothing.
    mutating func resumeInvite(
        _ request: SIPRequest, to destination: TransportAddress, session: SessionID?, _ output: inout Output
    ) -> TransactionKey? {
        guard let key = try? TransactionKey(client: request) else { return nil }
        var steps: [TransactionStep] = []
        var machine = INVITEClientTransaction(request, to: destination, timers: timerValues)
        machine.resume(&steps)
        inviteClients[key] = Entry(machine: machine, session: session)
        _ = carryOut(steps, of: key, session: session, to: destination, &output)
        return key
    }

    /// The INVITE was cancelled: it is forgotten if no final response comes within 64·T1 (RFC 3261 §9.1).
    mutating func giveUpInvite(_ key: TransactionKey, _ output: inout Output) {
        guard var entry = inviteClients[key] else { return }
        var steps: [TransactionStep] = []
        entry.machine.giveUp(after: timerValues.transactionTimeout, &steps)
        inviteClients[key] = entry
        _ = carryOut(steps, of: key, session: entry.session, to: entry.machine.destination, &output)
    }

    /// A response to a transaction that `contains` knows.
    mutating func receive(_ response: SIPResponse, for key: TransactionKey, _ output: inout Output) -> [Event] {
        var steps: [TransactionStep] = []
        if var entry = inviteClients[key] {
            entry.machine.receive(response, &steps)
            inviteClients[key] = entry
            return carryOut(steps, of: key, session: entry.session, to: entry.machine.destination, &output)
        }
        if var entry = nonInviteClients[key] {
            entry.machine.receive(response, &steps)
            nonInviteClients[key] = entry
            return carryOut(steps, of: key, session: entry.session, to: entry.machine.destination, &output)
        }
        return []
    }

    /// The transport cannot reach `address`. The keys are sorted: which comes first must not depend on hashing.
    mutating func sendFailed(to address: TransportAddress, _ output: inout Output) -> [Event] {
        let invites = inviteClients.filter { $0.value.machine.destination == address }.map(\.key)
        let others = nonInviteClients.filter { $0.value.machine.destination == address }.map(\.key)
        var events: [Event] = []
        for key in (invites + others).sorted(by: { ($0.branch, $0.method.name) < ($1.branch, $1.method.name) }) {
            var steps: [TransactionStep] = []
            if var entry = inviteClients[key] {
                entry.machine.transportFailed(&steps)
                inviteClients[key] = entry
                events += carryOut(steps, of: key, session: entry.session, to: address, &output)
            } else if var entry = nonInviteClients[key] {
                entry.machine.transportFailed(&steps)
                nonInviteClients[key] = entry
                events += carryOut(steps, of: key, session: entry.session, to: address, &output)
            }
        }
        return events
    }

    // MARK: Server side

    /// Begins the transaction of a request that has none yet.
    mutating func accept(
        _ key: TransactionKey, replyTo address: TransportAddress, session: SessionID?, _ output: inout Output
    ) {
        if key.kind == .inviteServer {
            let machine = INVITEServerTransaction(replyTo: address, timers: timerValues)
            inviteServers[key] = Entry(machine: machine, session: session)
        } else {
            var machine = NonINVITEServerTransaction(replyTo: address, timers: timerValues)
            var steps: [TransactionStep] = []
            machine.start(&steps)
            nonInviteServers[key] = Entry(machine: machine, session: session)
            _ = carryOut(steps, of: key, session: session, to: address, &output)
        }
    }

    /// A request that has come before.
    mutating func receiveAgain(_ key: TransactionKey, _ output: inout Output) {
        var steps: [TransactionStep] = []
        if var entry = inviteServers[key] {
            entry.machine.receiveAgain(&steps)
            inviteServers[key] = entry
            _ = carryOut(steps, of: key, session: entry.session, to: entry.machine.replyAddress, &output)
        } else if var entry = nonInviteServers[key] {
            entry.machine.receiveAgain(&steps)
            nonInviteServers[key] = entry
            _ = carryOut(steps, of: key, session: entry.session, to: entry.machine.replyAddress, &output)
        }
    }

    /// The ACK of a refused INVITE.
    mutating func receiveACK(_ key: TransactionKey, _ output: inout Output) -> [Event] {
        guard var entry = inviteServers[key] else { return [] }
        var steps: [TransactionStep] = []
        entry.machine.receiveACK(&steps)
        inviteServers[key] = entry
        return carryOut(steps, of: key, session: entry.session, to: entry.machine.replyAddress, &output)
    }

    /// Answers a request. Nothing happens once its transaction is over or has its final response.
    mutating func respond(_ key: TransactionKey, _ response: SIPResponse, _ output: inout Output) -> [Event] {
        var steps: [TransactionStep] = []
        if var entry = inviteServers[key] {
            entry.machine.respond(response, &steps)
            inviteServers[key] = entry
            return carryOut(steps, of: key, session: entry.session, to: entry.machine.replyAddress, &output)
        }
        if var entry = nonInviteServers[key] {
            entry.machine.respond(response, &steps)
            nonInviteServers[key] = entry
            return carryOut(steps, of: key, session: entry.session, to: entry.machine.replyAddress, &output)
        }
        return []
    }

    // MARK: Time

    /// Fires the earliest timer that is due.
    mutating func fireNext(_ now: Instant, _ output: inout Output) -> [Event] {
        guard let due = timers.popDue(now) else { return [] }
        let key = due.transaction
        var steps: [TransactionStep] = []
        if var entry = inviteClients[key] {
            entry.machine.fire(due.timer, &steps)
            inviteClients[key] = entry
            return carryOut(steps, of: key, session: entry.session, to: entry.machine.destination, &output)
        }
        if var entry = nonInviteClients[key] {
            entry.machine.fire(due.timer, &steps)
            nonInviteClients[key] = entry
            return carryOut(steps, of: key, session: entry.session, to: entry.machine.destination, &output)
        }
        if var entry = inviteServers[key] {
            entry.machine.fire(due.timer, &steps)
            inviteServers[key] = entry
            return carryOut(steps, of: key, session: entry.session, to: entry.machine.replyAddress, &output)
        }
        if var entry = nonInviteServers[key] {
            entry.machine.fire(due.timer, &steps)
            nonInviteServers[key] = entry
            return carryOut(steps, of: key, session: entry.session, to: entry.machine.replyAddress, &output)
        }
        return []
    }

    private mutating func carryOut(
        _ steps: [TransactionStep], of key: TransactionKey, session: SessionID?, to address: TransportAddress,
        _ output: inout Output
    ) -> [Event] {
        var events: [Event] = []
        for step in steps {
            switch step {
            case .send(let bytes, let isRetransmission):
                output.send(bytes, to: address, session: session, isRetransmission: isRetransmission)
            case .arm(let timer, let delay):
                // At least a millisecond: a timer must not be due in the moment that arms it.
                timers.arm(
                    TransactionTimerKey(transaction: key, timer: timer), at: output.now + max(delay, .milliseconds(1)))
            case .cancel(let timer):
                timers.cancel(TransactionTimerKey(transaction: key, timer: timer))
            case .deliver(let response): events.append(.response(response, of: key, session: session))
            case .timedOut: events.append(.timedOut(key, session: session))
            case .transportFailed: events.append(.transportFailed(key, session: session))
            case .terminated:
                forget(key)
                events.append(.terminated(key, session: session))
            }
        }
        return events
    }

    private mutating func forget(_ key: TransactionKey) {
        let names: [TransactionTimer]
        switch key.kind {
        case .inviteClient:
            inviteClients[key] = nil
            names = INVITEClientTransaction.allTimers
        case .nonInviteClient:
            nonInviteClients[key] = nil
            names = NonINVITEClientTransaction.allTimers
        case .inviteServer:
            inviteServers[key] = nil
            names = INVITEServerTransaction.allTimers
        case .nonInviteServer:
            nonInviteServers[key] = nil
            names = NonINVITEServerTransaction.allTimers
        }
        for name in names { timers.cancel(TransactionTimerKey(transaction: key, timer: name)) }
    }
}
