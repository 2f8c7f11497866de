import JSON
import SIP
import Telephony
import Testing

@testable import CallControl

/// docs/contract/calls.md#pace
@Suite("The queue's order and what it tells of it")
struct QueueOrderTests {
    private static func account(_ number: Int) throws -> AccountID {
        try #require(AccountID("AC" + String(repeating: "\(number)", count: 40)))
    }

    private static func calls(_ count: Int, _ random: inout RandomSource) -> [CallID] {
        (0..<count).map { _ in CallID(random: &random) }
    }

    /// Everything that may go out now.
    private static func drain(_ queue: inout DialQueue, at most: Int = .max) -> [CallID] {
        var dialled: [CallID] = []
        while dialled.count < most, case .call(let call) = queue.next(now: .zero, hasLine: { _ in true }) {
            dialled.append(call)
        }
        return dialled
    }

    @Test(
        "However many calls of an account wait, each goes out once, in the order in which it was accepted",
        arguments: [1, 3, 1023, 1024, 1025, 1026, 2049, 2050, 2051, 5000])
    func many(count: Int) throws {
        var random = RandomSource(seed: 3)
        var queue = DialQueue(callsPerSecond: nil)
        let account = try Self.account(1)
        let calls = Self.calls(count, &random)
        for call in calls { queue.append(call, of: account, now: .zero) }
        #expect(queue.count == count && queue.count(of: account) == count)
        #expect(Self.drain(&queue) == calls)
        #expect(queue.count == 0 && queue.count(of: account) == 0)
        #expect(queue.next(now: .zero, hasLine: { _ in true }) == .nobody)
    }

    @Test("Those of two accounts go out in turns, each account's in order, beyond a thousand too")
    func manyOfTwo() throws {
        var random = RandomSource(seed: 4)
        var queue = DialQueue(callsPerSecond: nil)
        let calls = [Self.calls(2500, &random), Self.calls(2500, &random)]
        for number in 0...1 {
            for call in calls[number] { queue.append(call, of: try Self.account(number), now: .zero) }
        }
        #expect(Self.drain(&queue) == zip(calls[0], calls[1]).flatMap { [$0, $1] })
    }

    @Test(
        "Whoever comes, goes out or is taken back: the queue is what a list would be",
        arguments: 1...6 as ClosedRange<UInt64>)
    func model(seed: UInt64) throws {
        var random = RandomSource(seed: seed)
        let longest = Duration.seconds(100)
        var queue = DialQueue(callsPerSecond: nil, longestWait: longest)
        let account = try Self.account(1)
        var list: [(call: CallID, since: Instant)] = []
        var now = Instant.zero
        for turn in 0..<12_000 {
            now = now + .milliseconds(10)
            // It grows, is emptied, and grows again.
            let appends = turn / 3000 % 2 == 0 ? 6 : 1
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<appends:
                let call = CallID(random: &random)
                queue.append(call, of: account, now: now)
                list.append((call, now))
            case 9 where !list.isEmpty:
                let call = list.remove(at: Int.random(in: 0..<list.count, using: &random)).call
                queue.withdraw(call, of: account, now: now)
            default:
                let expected: DialQueue.Answer = list.isEmpty ? .nobody : .call(list.removeFirst().call)
                let answer = queue.next(now: now, hasLine: { _ in true })
                try #require(answer == expected)
            }
            try #require(queue.count == list.count && queue.count(of: account) == list.count)
            let next = list.first.map { $0.since + longest }
            try #require(queue.nextOverdue == next)
            guard turn % 100 == 0 else { continue }
            let late = now + .seconds(95)
            let overdue = list.filter { late - $0.since >= longest }.map { $0.call }
            try #require(queue.overdue(now: late) == overdue)
        }
        #expect(Self.drain(&queue) == list.map { $0.call })
    }

    // MARK: What is expected

    @Test("Who comes behind calls of its own waits for each of them at its account's pace, and nobody else does")
    func ownPace() throws {
        var random = RandomSource(seed: 5)
        var queue = DialQueue(callsPerSecond: nil)
        let (account, other) = (try Self.account(1), try Self.account(2))
        queue.setPace(of: account, callsPerSecond: 0.5)
        #expect(queue.expectedWaitSeconds(of: account, now: .zero) == 0)
        for number in 1...3 {
            queue.append(CallID(random: &random), of: account, now: .zero)
            #expect(queue.expectedWaitSeconds(of: account, now: .zero) == Double(number) * 2)
        }
        // One has gone out, and the next may in two seconds.
        #expect(Self.drain(&queue).count == 1)
        #expect(queue.expectedWaitSeconds(of: account, now: .zero) == 6)
        #expect(queue.expectedWaitSeconds(of: account, now: .zero + .seconds(1)) == 5)
        #expect(queue.expectedWaitSeconds(of: other, now: .zero) == 0)
        for isHeldUp in [false, true] {
            #expect(
                queue.expectedWaitSeconds(of: account, isHeldUp: isHeldUp, lines: nil, own: nil, now: .zero) >= 6)
        }
        let own = DialQueue.Lines(free: 1, secondsEach: 30)
        #expect(
            queue.expectedWaitSeconds(of: account, isHeldUp: false, lines: nil, own: own, now: .zero) == 60,
            "two wait before it, and one line is free")
        #expect(
            queue.longestWaitSeconds(
                of: account, isAlone: true, isHeldUp: false, lines: nil, own: own, now: .zero) == 60)
    }

    @Test("At the trunk's pace an account waits for its own calls, and for as many of each other account")
    func trunkPace() throws {
        var random = RandomSource(seed: 6)
        var queue = DialQueue(callsPerSecond: 1)
        let (first, second, third) = (try Self.account(1), try Self.account(2), try Self.account(3))
        for _ in 0..<5 { queue.append(CallID(random: &random), of: first, now: .zero) }
        for _ in 0..<2 { queue.append(CallID(random: &random), of: second, now: .zero) }
        #expect(queue.expectedWaitSeconds(of: first, now: .zero) == 7)
        #expect(queue.expectedWaitSeconds(of: second, now: .zero) == 5)
        #expect(queue.expectedWaitSeconds(of: third, now: .zero) == 2)
    }

    @Test("Belay-Expected-Wait is told by the account's own pace where the trunk has none")
    func told() throws {
        var bench = Bench()
        try bench.setRules { $0.callsPerSecond = 0.1 }
        for token in 1...4 { try bench.makeCall(token: UInt64(token)) }
        let waits = bench.effects.compactMap { effect -> Int? in
            if case .reply(_, .made(_, let wait)) = effect { wait } else { nil }
        }
        let noted = bench.journal.filter { $0.message == "Call accepted" }.map { $0.metadata["expectedWaitSeconds"] }
        #expect(noted == [nil, 10, 20, 30])
        #expect(waits == [0, 10, 20, 30], "the call itself is none of those that it waits for")
    }
}
