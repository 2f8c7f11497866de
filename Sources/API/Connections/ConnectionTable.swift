import Telephony

/// Which connections there are, and which of them gives way where there are as many as there may be. Pure.
///
/// Nobody keeps others out by holding connections open: a new one takes the place of one that waits for its far end.
/// First those on which no good key was shown, of the address that has the most of them, the longest open first;
/// then those of the account that has the most. What is being answered is never closed. So a stranger who opens
/// thousands takes his own places away, and an account likewise.
struct ConnectionTable<ID: Hashable> {
    enum Verdict: Equatable {
        /// It has a place; these give theirs.
        case taken(closing: [ID])
        /// All others are being answered.
        case refused
        /// As many are being refused as may be: not even that is told.
        case dropped
    }

    private struct Entry {
        var source: ConnectionSource
        /// Who showed a good key on it last.
        var account: AccountID?
        var isWaiting = true
        /// Grows with each opening, and where a good key was shown with each wait that begins: a stranger who asks and asks
        /// does not come before one who has just come.
        var turn: UInt64
    }

    /// So large a part of the places gives way together: what finding them costs is then shared by as many openings.
    private static var batch: Int { 32 }

    private let total: Int
    private let perSource: Int
    private let maximumRefusals: Int
    private var entries: [ID: Entry] = [:]
    private var counts: [ConnectionSource: Int] = [:]
    private var refused: Set<ID> = []
    private var turns: UInt64 = 0

    init(total: Int, perSource: Int, refusals: Int) {
        self.total = total
        self.perSource = perSource
        maximumRefusals = refusals
    }

    var count: Int { entries.count }

    mutating func open(_ id: ID, from source: ConnectionSource) -> Verdict {
        var closing: [ID] = []
        if counts[source, default: 0] >= perSource {
            closing = victims { $0.source == source }
        } else if entries.count >= total {
            closing = victims { _ in true }
        }
        for victim in closing { remove(victim) }
        guard counts[source, default: 0] < perSource, entries.count < total else {
            guard refused.count < maximumRefusals else { return .dropped }
            refused.insert(id)
            return .refused
        }
        turns += 1
        entries[id] = Entry(source: source, turn: turns)
        counts[source, default: 0] += 1
        return .taken(closing: closing)
    }

    mutating func close(_ id: ID) {
        refused.remove(id)
        remove(id)
    }

    mutating func setWaiting(_ isWaiting: Bool, _ id: ID) {
        guard let entry = entries[id] else { return }
        entries[id]?.isWaiting = isWaiting
        guard entry.account != nil else { return }
        turns += 1
        entries[id]?.turn = turns
    }

    /// A good key was shown on it.
    mutating func claim(_ id: ID, by account: AccountID) { entries[id]?.account = account }

    private mutating func remove(_ id: ID) {
        guard let entry = entries.removeValue(forKey: id) else { return }
        let left = counts[entry.source, default: 0] - 1
        counts[entry.source] = left > 0 ? left : nil
    }

    /// Those that wait, and of them those whose holder has the most.
    private func victims(_ isEligible: (Entry) -> Bool) -> [ID] {
        var strangers: [ConnectionSource: [(id: ID, turn: UInt64)]] = [:]
        var accounts: [AccountID: [(id: ID, turn: UInt64)]] = [:]
        for (id, entry) in entries where entry.isWaiting && isEligible(entry) {
            if let account = entry.account {
                accounts[account, default: []].append((id, entry.turn))
            } else {
                strangers[entry.source, default: []].append((id, entry.turn))
            }
        }
        let isStrangers = !strangers.isEmpty
        let holders = isStrangers ? Array(strangers.values) : Array(accounts.values)
        // Of holders with as many, whose longest waiting one waits longest: no dictionary's order decides.
        let most = holders.map { $0.sorted { $0.turn < $1.turn } }.max { left, right in
            left.count != right.count ? left.count < right.count : left[0].turn > right[0].turn
        }
        guard let most else { return [] }
        let several = min(most.count / 2, total / Self.batch)
        return most.prefix(isStrangers ? max(1, several) : 1).map(\.id)
    }
}
