import SIP
import Telephony
import Testing

@testable import CallControl

/// A dial queue by itself. Nobody is put into it twice, and only who waits is taken back; whom it lets go waited.
private struct QueueBench {
    struct Impossible: Error {}

    var queue: DialQueue
    private var random = RandomSource(seed: 8)
    private var waiting: [CallID: AccountID] = [:]
    /// Accounts that have no line free.
    var withoutLine: Set<AccountID> = []

    init(callsPerSecond: Double? = nil, longestWait: Duration? = nil) {
        queue = DialQueue(callsPerSecond: callsPerSecond, longestWait: longestWait)
    }

    static func account(_ number: Int) throws -> AccountID {
        try #require(AccountID("AC" + String(repeating: "\(number)", count: 40)))
    }

    static func at(_ seconds: Double) -> Instant { Instant.zero + .nanoseconds(Int64(seconds * 1_000_000_000)) }

    /// The call that waits now.
    mutating func append(_ account: Int = 1, at seconds: Double = 0) throws -> CallID {
        let call = CallID(random: &random)
        waiting[call] = try Self.account(account)
        queue.append(call, of: try Self.account(account), now: Self.at(seconds))
        return call
    }

    mutating func withdraw(_ call: CallID, at seconds: Double = 0) throws {
        guard let account = waiting.removeValue(forKey: call) else { throw Impossible() }
        queue.withdraw(call, of: account, now: Self.at(seconds))
    }

    mutating func next(at now: Instant) throws -> DialQueue.Answer {
        let without = withoutLine
        let answer = queue.next(now: now) { !without.contains($0) }
        if case .call(let call) = answer {
            guard let account = waiting.removeValue(forKey: call), !without.contains(account) else {
                throw Impossible()
            }
        }
        #expect(queue.count == waiting.count)
        return answer
    }

    mutating func next(at seconds: Double) throws -> DialQueue.Answer { try next(at: Self.at(seconds)) }
}

/// docs/contract/calls.md#pace, docs/decisions/0034
@Suite("Whose turn it is in the dial queue")
struct QueueTurnTests {
    private static let nanosecondBefore = Duration.nanoseconds(-1)

    @Test("At the trunk's rate one goes out after another, to the nanosecond; turns that nobody used are not saved up")
    func rate() throws {
        var bench = QueueBench(callsPerSecond: 2)
        let calls = try (0..<4).map { _ in try bench.append() }
        #expect(try bench.next(at: 0) == .call(calls[0]))
        #expect(try bench.next(at: 0) == .wait(until: QueueBench.at(0.5)))
        #expect(bench.queue.awaitsPace(now: QueueBench.at(0.5) + Self.nanosecondBefore))
        #expect(try bench.next(at: QueueBench.at(0.5) + Self.nanosecondBefore) == .wait(until: QueueBench.at(0.5)))
        #expect(!bench.queue.awaitsPace(now: QueueBench.at(0.5)))
        #expect(try bench.next(at: 0.5) == .call(calls[1]))
        #expect(try bench.next(at: 10) == .call(calls[2]))
        #expect(try bench.next(at: 10) == .wait(until: QueueBench.at(10.5)))
        #expect(try bench.next(at: 10.5) == .call(calls[3]))
        #expect(try bench.next(at: 10.5) == .nobody, "no rate is waited for where nobody waits")
    }

    @Test("A rate that is taken away holds nobody up any more; none, and one of zero, is no rate")
    func rateTakenAway() throws {
        var bench = QueueBench(callsPerSecond: 0.1)
        let calls = try (0..<3).map { _ in try bench.append() }
        #expect(try bench.next(at: 0) == .call(calls[0]))
        #expect(try bench.next(at: 0) == .wait(until: QueueBench.at(10)))
        bench.queue.setPace(callsPerSecond: nil)
        #expect(try bench.next(at: 0) == .call(calls[1]))
        bench.queue.setPace(callsPerSecond: 0)
        #expect(try bench.next(at: 0) == .call(calls[2]))
    }

    @Test("Where each account waits for its own rate, the first that may go is waited for")
    func ownRates() throws {
        var bench = QueueBench()
        bench.queue.setPace(of: try QueueBench.account(1), callsPerSecond: 0.1)
        bench.queue.setPace(of: try QueueBench.account(2), callsPerSecond: 0.2)
        for account in [1, 1, 2, 2] { _ = try bench.append(account) }
        for _ in 0..<2 { guard case .call = try bench.next(at: 0) else { throw QueueBench.Impossible() } }
        #expect(try bench.next(at: 0) == .wait(until: QueueBench.at(5)))
        let other = try bench.append(3)
        #expect(try bench.next(at: 0) == .call(other), "whoever has no rate goes out meanwhile")
        bench.withoutLine = [try QueueBench.account(2)]
        #expect(try bench.next(at: 5) == .wait(until: QueueBench.at(10)), "it has no line, and waits for no time")
        bench.withoutLine = [try QueueBench.account(1), try QueueBench.account(2)]
        #expect(try bench.next(at: 10) == .nobody)
    }

    @Test("Accounts take turns; one that comes again is behind those that wait")
    func turns() throws {
        var bench = QueueBench()
        let one = try (0..<3).map { _ in try bench.append(1) }
        let two = try (0..<2).map { _ in try bench.append(2) }
        #expect(try bench.next(at: 0) == .call(one[0]))
        #expect(try bench.next(at: 0) == .call(two[0]))
        try bench.withdraw(two[1])
        let again = try bench.append(2)
        #expect(try bench.next(at: 0) == .call(one[1]))
        #expect(try bench.next(at: 0) == .call(again))
        #expect(try bench.next(at: 0) == .call(one[2]))
        #expect(try bench.next(at: 0) == .nobody)
    }

    @Test(
        "Who has waited for four fifths of the longest goes before whose turn it is, and not before; the oldest first")
    func urgent() throws {
        var bench = QueueBench(longestWait: .seconds(10))
        let old = try (0..<3).map { _ in try bench.append(1, at: 0) }
        let young = try (0..<2).map { _ in try bench.append(2, at: 1) }
        #expect(try bench.next(at: 5) == .call(old[0]))
        // It is the second account's turn.
        var before = bench
        #expect(try before.next(at: QueueBench.at(8) + Self.nanosecondBefore) == .call(young[0]))
        var urgent = bench
        #expect(try urgent.next(at: 8) == .call(old[1]))
        var both = bench
        #expect(try both.next(at: 9) == .call(old[1]), "both are urgent")
        #expect(try both.next(at: 9) == .call(old[2]))
        #expect(try both.next(at: 9) == .call(young[0]))
        // Without a longest wait nobody is.
        bench.queue.longestWait = nil
        #expect(try bench.next(at: 9) == .call(young[0]))
    }

    @Test("Of two that became urgent at once it is the turn that counts")
    func tie() throws {
        var bench = QueueBench(longestWait: .seconds(10))
        let (one, two) = (try bench.append(1), try bench.append(2))
        #expect(try bench.next(at: 9) == .call(one))
        #expect(try bench.next(at: 9) == .call(two))
    }

    @Test("Who has waited for as long as one may is told of, to the nanosecond, until it is taken back")
    func overdue() throws {
        var bench = QueueBench(longestWait: .seconds(10))
        #expect(bench.queue.nextOverdue == nil)
        let first = try bench.append(1, at: 0)
        let second = try bench.append(2, at: 3)
        let third = try bench.append(1, at: 3)
        #expect(bench.queue.nextOverdue == QueueBench.at(10))
        #expect(bench.queue.overdue(now: QueueBench.at(10) + Self.nanosecondBefore).isEmpty)
        #expect(bench.queue.overdue(now: QueueBench.at(10)) == [first])
        try bench.withdraw(first, at: 10)
        #expect(bench.queue.nextOverdue == QueueBench.at(13) && bench.queue.overdue(now: QueueBench.at(10)).isEmpty)
        #expect(Set(bench.queue.overdue(now: QueueBench.at(13))) == [second, third])
        bench.queue.longestWait = nil
        #expect(bench.queue.nextOverdue == nil && bench.queue.overdue(now: QueueBench.at(1000)).isEmpty)
    }
}

@Suite("The lines that calls take, and for how long")
struct LinesInUseTests {
    @Test("A call takes one line, whatever is said how often, and gives it back once")
    func counts() throws {
        var random = RandomSource(seed: 2)
        var lines = LinesInUse()
        let (one, two) = (try QueueBench.account(1), try QueueBench.account(2))
        let calls = (0..<3).map { _ in CallID(random: &random) }
        for _ in 0..<2 {
            lines.set(calls[0], isInUse: true, account: one, now: .zero)
            lines.set(calls[1], isInUse: true, account: one, now: .zero)
            lines.set(calls[2], isInUse: true, account: two, now: .zero)
        }
        #expect(lines.count == 3 && lines.count(of: one) == 2 && lines.count(of: two) == 1)
        for _ in 0..<2 { lines.set(calls[0], isInUse: false, account: nil, now: .zero) }
        #expect(lines.count == 2 && lines.count(of: one) == 1)
        lines.set(calls[1], isInUse: false, account: one, now: .zero)
        #expect(lines.count == 1 && lines.count(of: one) == 0 && lines.count(of: two) == 1)
    }

    @Test("How long a line is kept follows the calls that ended, an account's own where some of its have")
    func holdingTimes() throws {
        var random = RandomSource(seed: 2)
        var lines = LinesInUse()
        let (one, two) = (try QueueBench.account(1), try QueueBench.account(2))
        #expect(lines.holdingSeconds == 5 && lines.holdingSeconds(of: one) == 5)
        // From 5: halfway to 9, then a third of the way to 1.
        for (begin, end) in [(0.0, 9.0), (10, 11)] {
            let call = CallID(random: &random)
            lines.set(call, isInUse: true, account: one, now: QueueBench.at(begin))
            // Said again, it has been in use since then all the same.
            lines.set(call, isInUse: true, account: one, now: QueueBench.at(end))
            lines.set(call, isInUse: false, account: nil, now: QueueBench.at(end))
        }
        #expect(lines.holdingSeconds == 5)
        let call = CallID(random: &random)
        lines.set(call, isInUse: true, account: two, now: .zero)
        lines.set(call, isInUse: false, account: nil, now: QueueBench.at(9))
        #expect(lines.holdingSeconds == 6, "a quarter of the way to 9")
        #expect(lines.holdingSeconds(of: one) == 5 && lines.holdingSeconds(of: two) == 7)
    }

    @Test("The latest sixteen calls weigh most: after a hundred short ones a long one counts a sixteenth")
    func memory() throws {
        var random = RandomSource(seed: 2)
        var lines = LinesInUse()
        let one = try QueueBench.account(1)
        for seconds in Array(repeating: 5.0, count: 100) + [21] {
            let call = CallID(random: &random)
            lines.set(call, isInUse: true, account: one, now: .zero)
            lines.set(call, isInUse: false, account: nil, now: QueueBench.at(seconds))
        }
        #expect(lines.holdingSeconds == 6)
    }
}
