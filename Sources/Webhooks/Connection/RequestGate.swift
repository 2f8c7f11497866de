import Sharing
import Telephony

/// Who may send a request now, and who waits for a turn: a pure machine.
///
/// At most ``perHost`` requests of an account run at once to one host, ``perAccount`` of an account to all hosts, and
/// ``total`` of all accounts. Whoever finds no place waits in the queue of its account and host. When a place becomes
/// free, the accounts that have waiters and places left take turns, and within an account its hosts: one with a long
/// queue delays the others by one request a round, and a slow host only its own account's requests to itself.
struct RequestGate {
    typealias Ticket = UInt64

    enum Arrival: Equatable {
        case start
        case wait
        /// ``maximumWaiting`` of the account's are waiting.
        case refuse
    }

    /// What places belong to.
    struct Lane: Hashable, Sendable {
        /// Nil for the server itself.
        var account: AccountID?
        var host: String
    }

    let perHost: Int
    let perAccount: Int
    let total: Int
    /// Of one account.
    let maximumWaiting: Int

    private struct Line {
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

    private struct Use {
        var running = 0
        var waiting = 0
    }

    private var lines: [Lane: Line] = [:]
    private var uses: [AccountID?: Use] = [:]
    /// Lanes that have waiters and places left at their host.
    private var turns = FairQueue<AccountID?, Lane>()
    /// Tickets that still wait; a queue may also hold tickets that were withdrawn.
    private var waiting: [Ticket: Lane] = [:]
    private(set) var running = 0

    init(perHost: Int, perAccount: Int, total: Int, maximumWaiting: Int) {
        self.perHost = max(1, perHost)
        self.perAccount = max(1, perAccount)
        self.total = max(1, total)
        self.maximumWaiting = maximumWaiting
    }

    var waitingCount: Int { waiting.count }
    /// Nothing runs, nothing waits, nothing is remembered.
    var isEmpty: Bool { running == 0 && waiting.isEmpty && lines.isEmpty && uses.isEmpty }

    mutating func arrive(_ ticket: Ticket, lane: Lane) -> Arrival {
        var line = lines[lane, default: Line()]
        let use = uses[lane.account, default: Use()]
        if running < total, use.running < perAccount, line.running < perHost, !line.hasWaiters {
            start(&line, lane)
            lines[lane] = line
            return .start
        }
        guard use.waiting < maximumWaiting else { return .refuse }
        waiting[ticket] = lane
        uses[lane.account, default: Use()].waiting += 1
        line.queue.append(ticket)
        lines[lane] = line
        giveTurn(to: lane)
        return .wait
    }

    /// A request has ended.
    /// - Returns: who starts now.
    mutating func leave(lane: Lane) -> [Ticket] {
        guard lines[lane, default: Line()].running > 0 else { return [] }
        lines[lane]?.running -= 1
        uses[lane.account]?.running -= 1
        running -= 1
        giveTurn(to: lane)
        let started = startWaiting()
        forgetIfIdle(lane)
        return started
    }

    /// Somebody has waited too long. False where he has started or left before.
    mutating func withdraw(_ ticket: Ticket) -> Bool {
        guard let lane = waiting.removeValue(forKey: ticket) else { return false }
        uses[lane.account]?.waiting -= 1
        forgetIfIdle(lane)
        return true
    }

    /// Somebody has waited for as long as a live call may: he starts, however many his account has at this host.
    /// False where he has started or left before, and where not even the account's places or those of all are enough.
    mutating func press(_ ticket: Ticket) -> Bool {
        guard let lane = waiting[ticket], running < total, uses[lane.account, default: Use()].running < perAccount,
            var line = lines[lane]
        else { return false }
        waiting[ticket] = nil
        uses[lane.account]?.waiting -= 1
        start(&line, lane)
        lines[lane] = line
        return true
    }

    private mutating func start(_ line: inout Line, _ lane: Lane) {
        line.running += 1
        uses[lane.account, default: Use()].running += 1
        running += 1
    }

    private mutating func startWaiting() -> [Ticket] {
        var started: [Ticket] = []
        while running < total {
            let (uses, most) = (uses, perAccount)
            guard let (_, lane) = turns.next(where: { uses[$0, default: Use()].running < most }) else { break }
            guard var line = lines[lane] else { continue }
            line.hasTurn = false
            // Tickets that were withdrawn are passed over.
            while line.running < perHost, let ticket = line.popFirst() {
                guard waiting.removeValue(forKey: ticket) != nil else { continue }
                self.uses[lane.account]?.waiting -= 1
                start(&line, lane)
                started.append(ticket)
                break
            }
            lines[lane] = line
            giveTurn(to: lane)
            forgetIfIdle(lane)
        }
        return started
    }

    private mutating func giveTurn(to lane: Lane) {
        guard let line = lines[lane], !line.hasTurn, line.hasWaiters, line.running < perHost else { return }
        lines[lane]?.hasTurn = true
        turns.add(lane, of: lane.account)
    }

    private mutating func forgetIfIdle(_ lane: Lane) {
        if let line = lines[lane], line.running == 0, !line.hasWaiters, !line.hasTurn { lines[lane] = nil }
        if let use = uses[lane.account], use.running == 0, use.waiting == 0 { uses[lane.account] = nil }
    }
}
