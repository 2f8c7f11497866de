import Telephony

/// How many may listen, and how far behind one may be (docs/contract/feed.md#limits).
package struct FeedLimits: Hashable, Sendable {
    package var perAccount: Int
    package var total: Int
    /// Of one listener, what waits to be told: more than a call comes to in many seconds.
    package var news: Int
    package var bytes: Int

    package init(perAccount: Int = 32, total: Int = 256, news: Int = 1_000, bytes: Int = 1 << 20) {
        self.perAccount = perAccount
        self.total = total
        self.news = news
        self.bytes = bytes
    }

    /// Of so many connections no more than a quarter, and of those no account has all.
    package func within(connections: Int) -> FeedLimits {
        var limits = self
        limits.total = min(total, max(1, connections / 4))
        limits.perAccount = min(perAccount, max(1, limits.total / 2))
        return limits
    }
}

/// Why nobody may listen.
package enum FeedRefusal: Error, Hashable, Sendable {
    /// The account has so many feeds.
    case ofAccount(limit: Int)
    /// All accounts together have.
    case inAll(limit: Int)
    /// The server stops.
    case closed
}

/// Who listens to what, and what waits to be told to each. Pure.
///
/// ```
///   add ──▶ listening ──▶ behind: what waited is told yet, and what comes is not kept
///               └───────▶ closed: likewise, and nothing more is said
/// ```
struct FeedTable {
    typealias ID = UInt64

    /// One call of an account, or, without one, everything of the account's.
    struct Subject: Hashable, Sendable {
        var account: AccountID
        var call: CallID?
    }

    /// What has come since a listener took last.
    struct Taken: Equatable, Sendable {
        /// In the order in which it was committed.
        var news: [FeedNews] = []
        /// Behind the news something is missing.
        var isBehind = false
        /// The call has noted all that it will.
        var isSettled = false
        /// Some seconds have passed.
        var isBeat = false
        /// Nothing more comes.
        var isClosed = false
    }

    private struct Listener {
        let subject: Subject
        var taken = Taken()
        var bytes = 0
        /// It knows that there is something to take.
        var isWoken = false

        /// - Returns: false where there is no room for it: from here on something is missing.
        mutating func add(_ news: FeedNews, _ weight: Int, within limits: FeedLimits) -> Bool {
            guard !taken.isBehind, !taken.isClosed else { return true }
            guard taken.news.count < limits.news, bytes + weight <= limits.bytes else {
                taken.isBehind = true
                return false
            }
            taken.news.append(news)
            bytes += weight
            return true
        }

        /// Neither end can be taken back.
        mutating func take() -> Taken {
            defer {
                taken = Taken(isBehind: taken.isBehind, isClosed: taken.isClosed)
                bytes = 0
                isWoken = false
            }
            return taken
        }

        mutating func change(_ body: (inout Taken) -> Void) -> Bool {
            body(&taken)
            return wake()
        }

        /// - Returns: whether it is to be told that there is something to take.
        mutating func wake() -> Bool {
            defer { isWoken = true }
            return !isWoken
        }
    }

    private let limits: FeedLimits
    private var listeners: [ID: Listener] = [:]
    /// Both in the order in which they came.
    private var ofCalls: [CallID: [ID]] = [:]
    private var ofAccounts: [AccountID: [ID]] = [:]
    private var counts: [AccountID: Int] = [:]
    private var lastID: ID = 0
    private var isClosed = false
    /// How many did not keep up.
    private(set) var behindCount = 0

    init(limits: FeedLimits) { self.limits = limits }

    var count: Int { listeners.count }

    mutating func add(_ subject: Subject) throws(FeedRefusal) -> ID {
        guard !isClosed else { throw .closed }
        guard counts[subject.account, default: 0] < limits.perAccount else {
            throw .ofAccount(limit: limits.perAccount)
        }
        guard listeners.count < limits.total else { throw .inAll(limit: limits.total) }
        lastID += 1
        listeners[lastID] = Listener(subject: subject)
        if let call = subject.call {
            ofCalls[call, default: []].append(lastID)
        } else {
            ofAccounts[subject.account, default: []].append(lastID)
        }
        counts[subject.account, default: 0] += 1
        return lastID
    }

    mutating func remove(_ id: ID) {
        guard let subject = listeners.removeValue(forKey: id)?.subject else { return }
        if let call = subject.call {
            ofCalls[call] = Self.without(id, ofCalls[call])
        } else {
            ofAccounts[subject.account] = Self.without(id, ofAccounts[subject.account])
        }
        let left = counts[subject.account, default: 1] - 1
        counts[subject.account] = left > 0 ? left : nil
    }

    private static func without(_ id: ID, _ ids: [ID]?) -> [ID]? {
        let others = (ids ?? []).filter { $0 != id }
        return others.isEmpty ? nil : others
    }

    // MARK: What happens: each gives those who have something to take and do not know of it

    /// They are on disk.
    mutating func committed(_ operations: [StorageOperation]) -> [ID] {
        var woken: [ID] = []
        for operation in operations {
            guard let news = FeedNews(operation) else { continue }
            let ids = (news.call.flatMap { ofCalls[$0] } ?? []) + ofAccounts[news.account, default: []]
            guard !ids.isEmpty else { continue }
            let weight = news.weight
            for id in ids where listeners[id]?.subject.account == news.account {
                if listeners[id]?.add(news, weight, within: limits) == false { behindCount += 1 }
                if listeners[id]?.wake() == true { woken.append(id) }
            }
        }
        return woken
    }

    /// It will note nothing more, and what it has noted is submitted.
    mutating func settled(_ call: CallID) -> [ID] { change(ofCalls[call] ?? []) { $0.isSettled = true } }

    mutating func beat() -> [ID] { change(ids) { $0.isBeat = true } }

    /// One is to go.
    mutating func close(_ id: ID) -> [ID] { change([id]) { $0.isClosed = true } }

    /// All are to go, and nobody comes any more.
    mutating func closeAll() -> [ID] {
        isClosed = true
        return change(ids) { $0.isClosed = true }
    }

    /// One that is not there any more has nothing to wait for.
    mutating func take(_ id: ID) -> Taken { listeners[id]?.take() ?? Taken(isClosed: true) }

    private var ids: [ID] { listeners.keys.sorted() }

    private mutating func change(_ ids: [ID], _ body: (inout Taken) -> Void) -> [ID] {
        var woken: [ID] = []
        for id in ids where listeners[id]?.change(body) == true { woken.append(id) }
        return woken
    }
}
