import JSON
import SIP
import Telephony
import Testing

@testable import CallControl

@Suite("How long calls wait for their turn (queue-seconds)")
struct QueueWaitTests {
    private static let other = "AC" + String(repeating: "2", count: 40)

    /// Asks for so many calls at one instant; returns how many were accepted.
    private func ask(_ bench: inout Bench, _ count: Int, account: String = Bench.account) throws -> Int {
        var accepted = 0
        for _ in 0..<count {
            let before = bench.rows.count
            try bench.makeCall(account: account)
            accepted += bench.rows.count - before
        }
        return accepted
    }

    private func isLate(_ refusal: CallRefusal?) -> Bool {
        if case .turnTooLate? = refusal { true } else { false }
    }

    /// How long each call that was dialled had waited, in seconds.
    private func waits(_ bench: Bench) -> [Double] {
        bench.rows.values.compactMap { call in
            call.startTime.map { Double($0.microseconds - call.dateCreated.microseconds) / 1_000_000 }
        }
    }

    // MARK: What is accepted

    @Test("A trunk's pace: as many are accepted as go out in time, and each does", arguments: [0.5, 1, 4, 25])
    func pace(rate: Double) throws {
        var bench = Bench {
            $0.trunk.callsPerSecond = rate
            $0.queueWait = .seconds(11)
            $0.rtpPorts = 40_000...42_000
            $0.maximumUnheardCalls = 1000
        }
        let accepted = try ask(&bench, 400)
        // The first goes at once, the others within nine tenths of the time: the rest is for what nobody can know.
        #expect(accepted == 1 + Int(9.9 * rate))
        #expect(isLate(bench.refusal))
        bench.pass(.seconds(10))
        #expect(bench.rows.values.allSatisfy { $0.status == .ringing })
        #expect(waits(bench).count == accepted)
        #expect(waits(bench).allSatisfy { $0 <= 9.91 })
        #expect(bench.exchange.gauges.queuedCalls == 0)
    }

    @Test("Retry-After names the time after which the same call is accepted")
    func retryAfter() throws {
        var bench = Bench {
            $0.trunk.callsPerSecond = 0.25
            $0.queueWait = .seconds(11)
        }
        _ = try ask(&bench, 9)
        guard case .turnTooLate(let wait, 11, let seconds)? = bench.refusal else {
            Issue.record("\(String(describing: bench.refusal))")
            return
        }
        #expect(wait == 12)
        bench.pass(.seconds(seconds - 1))
        #expect(try ask(&bench, 1) == 0)
        bench.pass(.seconds(1))
        #expect(try ask(&bench, 1) == 1)
    }

    @Test("Without the setting calls wait for any time")
    func noLimit() throws {
        var bench = Bench { $0.trunk.callsPerSecond = 0.25 }
        #expect(try ask(&bench, 100) == 100)
    }

    @Test("An account's own pace and lines count for that account alone")
    func ownLimits() throws {
        var bench = Bench { $0.queueWait = .seconds(10) }
        try bench.setRules { $0.callsPerSecond = 0.5 }
        try bench.setRules(account: Self.other) { $0.callsAtOnce = 1 }
        #expect(try ask(&bench, 20) == 1 + 4)
        // Before any call has ended a line is taken to be free every five seconds.
        #expect(try ask(&bench, 20, account: Self.other) == 1 + 1)
        let third = "AC" + String(repeating: "3", count: 40)
        #expect(try ask(&bench, 20, account: third) == 20)
    }

    @Test("A far end that says nothing: how long the queue has stood still already is what is expected of it")
    func standstill() throws {
        var bench = Bench {
            $0.queueWait = .seconds(10)
            $0.maximumUnheardCalls = 2
        }
        bench.reachesFarEnd = false
        #expect(try ask(&bench, 4) == 4)
        bench.pass(.seconds(4))
        // As if ten had gone out in 4.4 s: the twentieth is expected in 8.8.
        #expect(try ask(&bench, 60) == 18)
        bench.pass(.seconds(5))
        #expect(try ask(&bench, 60) == 0)
        bench.pass(.seconds(1))
        #expect(bench.rows.values.count { $0.status == .failed } == 2)
        let entry = try #require(bench.entry("Call failed"))
        #expect(entry.metadata.description.contains("2 INVITEs had brought nothing back yet"))
    }

    @Test("The lines of the trunk: how long calls kept them is learnt from those that have ended", arguments: [1, 60])
    func lines(seconds: Int) throws {
        var bench = Bench {
            $0.trunk.callsAtOnce = 1
            $0.queueWait = .seconds(20)
            $0.rtpPorts = 40_000...42_000
        }
        for _ in 0..<30 {
            _ = try ask(&bench, 1)
            bench.farRing()
            bench.pass(.milliseconds(seconds * 500))
            bench.farReject(.busyHere)
        }
        let accepted = try ask(&bench, 100)
        // A call of the one kind keeps its line for half a second, one of the other until it has rung for 30 s.
        if seconds == 1 { #expect((25...37).contains(accepted), "\(accepted)") } else { #expect(accepted == 1) }
    }

    // MARK: What is accepted and does not go out in time

    @Test("A call whose turn does not come is ended at the time, undialled, and the app is told why")
    func overdue() throws {
        var bench = Bench {
            $0.trunk.callsAtOnce = 1
            $0.queueWait = .seconds(10)
        }
        let accepted = try ask(&bench, 5)
        #expect(accepted == 2)
        bench.farAnswer()
        bench.pass(.milliseconds(9_999))
        #expect(bench.rows.values.count { $0.status == .queued } == 1)
        bench.pass(.milliseconds(1))
        let late = try #require(bench.rows.values.first { $0.status == .failed })
        #expect(late.endedReason == .internalError)
        #expect(late.startTime == nil)
        #expect(late.endTime == bench.moment.wall)
        #expect(bench.invites == 1)
        let entry = try #require(bench.journal.last { $0.callID == late.callID && $0.message == "Call failed" })
        #expect(entry.metadata.description.contains("lines were taken (calls-at-once 1)"))
        #expect(bench.notifications.values.contains { $0.webhook.callID == late.callID })
        #expect(bench.exchange.gauges.queuedCalls == 0)
        #expect(bench.records.count == 1, "only the live call's")
    }

    @Test("A call that is taken back, or goes out, is not ended by the time that it would have had")
    func noTimerLeft() throws {
        var bench = Bench {
            $0.trunk.callsAtOnce = 1
            $0.queueWait = .seconds(10)
        }
        _ = try ask(&bench, 2)
        let waiting = try #require(bench.rows.values.first { $0.status == .queued })
        bench.give(
            .updateCall(
                ReplyToken(rawValue: 9), waiting.callID, waiting.accountID, .canceled,
                try Bench.request().terms.requestID))
        #expect(bench.exchange.overdueAt == nil)
        bench.pass(.seconds(5))
        _ = try ask(&bench, 1)
        bench.farReject(.busyHere)
        #expect(bench.exchange.overdueAt == nil)
        bench.pass(.seconds(20))
        #expect(bench.rows.values.allSatisfy { $0.endedReason != .internalError })
    }

    @Test("A shorter time that comes into force ends who has waited for longer than that")
    func shortened() throws {
        var bench = Bench {
            $0.trunk.callsAtOnce = 1
            $0.queueWait = .seconds(10)
        }
        _ = try ask(&bench, 2)
        bench.pass(.seconds(5))
        bench.give(
            .limitsChanged(
                ExchangeLimits(
                    callsPerSecond: nil, callsAtOnce: 1, longestCall: .seconds(100), queueWait: .seconds(4))))
        bench.pass(.zero)
        #expect(bench.rows.values.count { $0.status == .failed } == 1)
    }

    @Test("While the server stops nobody is ended for waiting: the next start takes them over, with their time anew")
    func restart() throws {
        var bench = Bench {
            $0.trunk.callsAtOnce = 1
            $0.queueWait = .seconds(10)
        }
        _ = try ask(&bench, 2)
        bench.give(.drain)
        bench.pass(.seconds(20))
        #expect(bench.rows.values.count { $0.status == .queued } == 1)

        var next = Bench {
            $0.trunk.callsPerSecond = 1
            $0.queueWait = .seconds(10)
        }
        let waiting = try #require(bench.rows.values.first { $0.status == .queued })
        let record = try #require(bench.records[waiting.callID])
        next.pass(bench.moment.instant - next.moment.instant + .seconds(60))
        next.restore(
            UnfinishedWork(
                records: [(waiting.callID, record)], notifications: [], journalSequences: [:], recordings: [:]))
        #expect(next.rows[waiting.callID]?.status == .ringing)
    }

    @Test("OutDial is not told to come again: its call ends at once, undialled, and the caller goes on")
    func outDial() throws {
        var bench = Bench {
            $0.trunk.callsPerSecond = 0.05
            $0.queueWait = .seconds(10)
        }
        try bench.run(
            #"[{"OutDial":{"destination":"+15555550199","callingNumber":"+15555550100","actionUrl":"http://app/dialled","callConnectUrl":"http://app/child"}}]"#
        )
        let parent = try #require(bench.rows.values.first { $0.direction == .outboundAPI })
        let child = try #require(bench.rows.values.first { $0.direction == .outboundDial })
        #expect(parent.status == .inProgress)
        #expect(child.status == .failed)
        #expect(child.endedReason == .internalError)
        #expect(bench.invites == 1)
        let told = bench.delivered.map(\.requestType)
        #expect(told.contains("outDialStart") && told.contains("outDialConnect"), "\(told)")
        let connect = try #require(bench.delivered.first { $0.requestType == "outDialConnect" })
        #expect(bench.fields(connect)?["dialCallStatus"] == "failed")
        #expect(bench.journal.contains { $0.metadata.description.contains("it would wait about 20 s for its turn") })
    }
}

@Suite("The queue among accounts, and what it expects")
struct DialQueueTests {
    private struct Accepted {
        var since: Instant
        var account: Int
    }

    private func account(_ number: Int) throws -> AccountID {
        try #require(AccountID("AC" + String(repeating: "0", count: 36) + String(10_000 + number).suffix(4)))
    }

    /// Floods of several accounts, each from its own time on, against a trunk that takes `rate` calls a second.
    ///
    /// - Parameter isTold: whether the queue knows the rate, or has to see it.
    private func flood(
        from starts: [Int], rate: Double, isTold: Bool, asks: Double, seconds: Int = 60,
        longest: Duration = .seconds(10)
    ) throws -> (waits: [[Double]], refused: [Int], ended: Int) {
        var random = RandomSource(seed: 5)
        let accounts = try starts.indices.map(account)
        var queue = DialQueue(callsPerSecond: isTold ? rate : nil, longestWait: longest)
        var waiting: [CallID: Accepted] = [:]
        var waits = starts.map { _ in [Double]() }
        var refused = starts.map { _ in 0 }
        var ended = 0
        let step = 5
        var due = 0.0, asked = starts.map { _ in 0.0 }
        for millisecond in stride(from: 0, to: seconds * 1000, by: step) {
            let now = Instant(nanoseconds: Int64(millisecond) * 1_000_000)
            for call in queue.overdue(now: now) {
                let found = waiting.removeValue(forKey: call)
                let accepted = try #require(found)
                queue.withdraw(call, of: accounts[accepted.account], now: now)
                ended += 1
            }
            due += isTold ? 1_000 : rate * Double(step) / 1000
            while due >= 1 || isTold {
                guard case .call(let call) = queue.next(now: now, hasLine: { _ in true }) else { break }
                due -= 1
                let found = waiting.removeValue(forKey: call)
                let accepted = try #require(found)
                waits[accepted.account].append((now - accepted.since) / .seconds(1))
            }
            if !isTold {
                due = queue.count == 0 ? 0 : due
                queue.heldUp(now: now)
            }
            for (index, start) in starts.enumerated() where millisecond >= start * 1000 {
                asked[index] += asks * Double(step) / 1000
                while asked[index] >= 1 {
                    asked[index] -= 1
                    let wait = queue.longestWaitSeconds(
                        of: accounts[index], isAlone: starts.count == 1, isHeldUp: true, lines: nil, own: nil, now: now)
                    guard wait <= longest / .seconds(1) * 0.9 else {
                        refused[index] += 1
                        continue
                    }
                    let call = CallID(random: &random)
                    waiting[call] = Accepted(since: now, account: index)
                    queue.append(call, of: accounts[index], now: now)
                }
            }
        }
        return (waits, refused, ended)
    }

    @Test(
        "Ten times what goes out for a minute: what is accepted goes out in time, and nothing stands idle",
        arguments: [true, false],
        [[0], [0, 20], [0, 0, 0], [0, 10, 20, 30, 40, 50], [0, 30, 30, 30, 30, 30, 30, 30]] as [[Int]])
    func inTime(isTold: Bool, starts: [Int]) throws {
        let (waits, refused, ended) = try flood(
            from: starts, rate: 20, isTold: isTold, asks: 200 / Double(starts.count))
        #expect(waits.joined().allSatisfy { $0 <= 10 }, "\(waits.joined().max() ?? 0)")
        // A speed that must be seen first is misjudged by a few calls in the first second.
        #expect(ended <= (isTold ? 0 : 40), "\(ended)")
        #expect(waits.joined().count > 20 * 55)
        #expect(refused.allSatisfy { $0 > 0 })
    }

    @Test(
        "Whoever comes to a full queue is served at once, and in the end as much as the others",
        arguments: [true, false])
    func fair(isTold: Bool) throws {
        let (waits, _, _) = try flood(from: [0, 20], rate: 20, isTold: isTold, asks: 100, seconds: 80)
        let first = try #require(waits[1].first)
        #expect(first <= 0.5, "\(first)")
        // In the sixty seconds of both, 1,200 calls go out.
        #expect((400...700).contains(waits[1].count), "\(waits[1].count)")
    }

    @Test("A standstill is expected to last, and forgotten once nobody waits")
    func forgets() throws {
        var throughput = Throughput()
        var now = Instant(nanoseconds: 0)
        throughput.waits(now: now)
        now = now + .seconds(30)
        #expect(throughput.expectedWaitSeconds(place: 1, .lines(secondsEach: 2), now: now) == 32)
        throughput.flows(now: now)
        #expect(throughput.expectedWaitSeconds(place: 3, .lines(secondsEach: 2), now: now) == 6)
        #expect(throughput.expectedWaitSeconds(place: 100, .unknown, now: now) == 4)
    }

    @Test("What is expected follows a change of speed within seconds", arguments: [5.0, 80.0])
    func follows(later: Double) throws {
        var throughput = Throughput()
        var now = Instant(nanoseconds: 0)
        throughput.waits(now: now)
        for _ in 0..<20 * 60 {
            now = now + .milliseconds(50)
            throughput.departed(now: now)
        }
        #expect(abs(throughput.expectedWaitSeconds(place: 20, .lines(secondsEach: 0), now: now) - 1) < 0.02)
        for _ in 0..<Int(later * 30) {
            now = now + .seconds(1 / later)
            throughput.departed(now: now)
        }
        let expected = throughput.expectedWaitSeconds(place: Int(later), .lines(secondsEach: 0), now: now)
        #expect(abs(expected - 1) < 0.25, "\(expected)")
    }
}
