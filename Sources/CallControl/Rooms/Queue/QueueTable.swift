import SIP
import Telephony

/// The queues of all accounts.
struct QueueTable: Sendable {
    private var lines: [QueueID: WaitingLine] = [:]
    /// Each account's, in the order in which they were made, with a number that a list's cursor names.
    private var order: [AccountID: [(number: Int64, queue: QueueID)]] = [:]
    private var nextNumber: Int64 = 1
    /// Of all their stories; see ``numberEntry()``.
    private var lastEntry = 0

    var waiting: Int { lines.values.reduce(0) { $0 + $1.count } }
    var count: Int { lines.count }

    mutating func insert(_ queue: CallQueue) {
        lines[queue.queueID] = WaitingLine(queue)
        order[queue.accountID, default: []].append((nextNumber, queue.queueID))
        nextNumber += 1
    }

    func count(of account: AccountID) -> Int { order[account]?.count ?? 0 }

    /// Nil where there is none, or it is another account's.
    func line(_ id: QueueID, of account: AccountID) -> WaitingLine? {
        lines[id].flatMap { $0.queue.accountID == account ? $0 : nil }
    }

    func account(of id: QueueID) -> AccountID? { lines[id]?.queue.accountID }

    /// How many wait in it; 0 where there is none.
    func count(in id: QueueID) -> Int { lines[id]?.count ?? 0 }

    /// Whether anybody has a queue of that id.
    func contains(_ id: QueueID) -> Bool { lines[id] != nil }

    /// The number of the next entry of a queue's story: one more than that of the one before, of whatever queue. A queue may
    /// go and come again under its identifier, and nothing has to be kept of it for that.
    mutating func numberEntry() -> Int {
        lastEntry += 1
        return lastEntry
    }

    mutating func change<Answer>(_ id: QueueID, _ change: (inout WaitingLine) -> Answer) -> Answer? {
        guard var line = lines.removeValue(forKey: id) else { return nil }
        defer { lines[id] = line }
        return change(&line)
    }

    mutating func remove(_ id: QueueID) {
        guard let line = lines.removeValue(forKey: id) else { return }
        let account = line.queue.accountID
        order[account]?.removeAll { $0.queue == id }
        if order[account]?.isEmpty == true { order[account] = nil }
    }

    /// Newest first.
    func page(of account: AccountID, alias: String?, after cursor: PageCursor?, now: Moment) -> Page<QueueStanding> {
        let all = (order[account] ?? []).reversed().filter { entry in
            alias == nil || lines[entry.queue]?.queue.alias == alias
        }
        let rest = cursor.map { cursor in all.filter { $0.number < cursor.after } } ?? all
        let shown = rest.prefix(PageLimits.pageSize)
        let start = cursor?.position ?? 0
        let next = shown.last.flatMap { last in
            rest.count > shown.count
                ? PageCursor(after: last.number, position: min(start + shown.count, PageLimits.maximumTotal)) : nil
        }
        return Page(
            items: shown.compactMap { lines[$0.queue]?.standing(now: now) },
            total: min(all.count, PageLimits.maximumTotal), start: start, next: next)
    }
}
