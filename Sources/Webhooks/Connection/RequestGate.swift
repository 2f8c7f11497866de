/// Who may send a request now, and who waits for a turn: a pure machine.
///
/// At most ``perHost`` requests run at once to one host and ``total`` to all. Whoever finds no place waits in his
/// host's queue. When a place becomes free, the hosts that have waiters and places left take turns, so that a host
/// with a long queue delays the others by one request a round, and a slow host only itself.
struct RequestGate {
    typealias Ticket = UInt64

    enum Arrival: Equatable {
        case start
        case wait
        /// ``maximumWaiting`` are waiting.
        case refuse
    }

    let perHost: Int
    let total: Int
    let maximumWaiting: Int

    private struct Host {
        var running = 0
        var queue: [Ticket] = []
        /// Those before this place in the queue have been taken.
        var head = 0
        /// Stands in `turns`.
        var hasTurn = false

        var hasWaiters: Bool { head < queue.count }

        mutating func popFirst() -> Ticket? {
            guard hasWaiters else { return nil }
            let ticket = queue[head]
            head += 1
            if head == queue.count {
                queue.removeAll(keepingCapacity: true)
                head = 0
            } else if head >= 64, head * 2 >= queue.count {
                queue.removeFirst(head)
                head = 0
            }
            return ticket
        }
    }

    private var hosts: [String: Host] = [:]
    /// Hosts that have waiters and places left, in the order of their turns.
    private var turns: [String] = []
    private var turnsHead = 0
    /// Tickets that still wait; a queue may also hold tickets that were withdrawn.
    private var waiting: Set<Ticket> = []
    private(set) var running = 0

    init(perHost: Int, total: Int, maximumWaiting: Int) {
        self.perHost = max(1, perHost)
        self.total = max(1, total)
        self.maximumWaiting = maximumWaiting
    }

    var waitingCount: Int { waiting.count }
    /// Nothing runs, nothing waits, nothing is remembered.
    var isEmpty: Bool { running == 0 && waiting.isEmpty && hosts.isEmpty }

    mutating func arrive(_ ticket: Ticket, host name: String) -> Arrival {
        var host = hosts[name, default: Host()]
        if running < total, host.running < perHost, !host.hasWaiters {
            host.running += 1
            running += 1
            hosts[name] = host
            return .start
        }
        guard waiting.count < maximumWaiting else { return .refuse }
        waiting.insert(ticket)
        host.queue.append(ticket)
        hosts[name] = host
        giveTurn(to: name)
        return .wait
    }

    /// A request has ended.
    /// - Returns: who starts now.
    mutating func leave(host name: String) -> [Ticket] {
        guard var host = hosts[name], host.running > 0 else { return [] }
        host.running -= 1
        running -= 1
        hosts[name] = host
        giveTurn(to: name)
        let started = startWaiting()
        forgetIfIdle(name)
        return started
    }

    /// Somebody has waited too long. False where he has started or left before.
    mutating func withdraw(_ ticket: Ticket) -> Bool { waiting.remove(ticket) != nil }

    private mutating func startWaiting() -> [Ticket] {
        var started: [Ticket] = []
        while running < total, let name = popTurn() {
            guard var host = hosts[name] else { continue }
            host.hasTurn = false
            // Tickets that were withdrawn are passed over.
            while let ticket = host.popFirst() {
                guard waiting.remove(ticket) != nil else { continue }
                host.running += 1
                running += 1
                started.append(ticket)
                break
            }
            hosts[name] = host
            giveTurn(to: name)
            forgetIfIdle(name)
        }
        return started
    }

    private mutating func giveTurn(to name: String) {
        guard var host = hosts[name], !host.hasTurn, host.hasWaiters, host.running < perHost else { return }
        host.hasTurn = true
        hosts[name] = host
        turns.append(name)
    }

    private mutating func popTurn() -> String? {
        guard turnsHead < turns.count else { return nil }
        let name = turns[turnsHead]
        turnsHead += 1
        if turnsHead >= 64, turnsHead * 2 >= turns.count {
            turns.removeFirst(turnsHead)
            turnsHead = 0
        }
        return name
    }

    private mutating func forgetIfIdle(_ name: String) {
        guard let host = hosts[name], host.running == 0, !host.hasWaiters, !host.hasTurn else { return }
        hosts[name] = nil
    }
}
