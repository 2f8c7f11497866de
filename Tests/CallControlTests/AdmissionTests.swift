import SIP
import Telephony
import Testing

@testable import CallControl

@Suite("Pace and ports (decision 33)")
struct AdmissionTests {
    @Test("One call a second, in order; the rest waits as queued")
    func rate() throws {
        var bench = Bench { $0.trunk.callsPerSecond = 1 }
        for token in 1...3 { try bench.makeCall(token: UInt64(token)) }
        #expect(bench.invites == 1)
        #expect(bench.exchange.gauges.queuedCalls == 2)
        bench.pass(.milliseconds(999))
        #expect(bench.exchange.gauges.queuedCalls == 2)
        bench.pass(.milliseconds(1))
        #expect(bench.exchange.gauges.queuedCalls == 1)
        bench.pass(.seconds(1))
        #expect(bench.exchange.gauges.queuedCalls == 0)
    }

    @Test("No more calls at once than the trunk has lines")
    func lines() throws {
        var bench = Bench { $0.trunk.callsAtOnce = 1 }
        try bench.makeCall(token: 1)
        try bench.makeCall(token: 2)
        #expect(bench.exchange.gauges.queuedCalls == 1)
        bench.farReject(try #require(StatusCode(486)))
        #expect(bench.exchange.gauges.queuedCalls == 0)
        #expect(bench.rows.values.count { $0.status == .ringing } == 1)
    }

    @Test("Calls wait while too many INVITEs have brought nothing back; the first sign of life lets the next one go")
    func unheard() throws {
        var bench = Bench { $0.maximumUnheardCalls = 2 }
        bench.reachesFarEnd = false
        for token in 1...4 { try bench.makeCall(token: UInt64(token)) }
        #expect(bench.rows.values.count { $0.status == .ringing } == 2)
        #expect(bench.exchange.gauges.queuedCalls == 2)
        bench.reachesFarEnd = true
        // The retransmissions arrive, and each is answered.
        bench.pass(.seconds(1))
        #expect(bench.exchange.gauges.queuedCalls == 0)
        #expect(bench.rows.values.count { $0.status == .ringing } == 4)
    }

    @Test("INVITEs that nothing ever comes back for give way to the next when they have failed")
    func unheardForGood() throws {
        var bench = Bench { $0.maximumUnheardCalls = 1 }
        bench.reachesFarEnd = false
        for token in 1...2 { try bench.makeCall(token: UInt64(token)) }
        #expect(bench.exchange.gauges.queuedCalls == 1)
        bench.pass(.seconds(33))
        #expect(bench.exchange.gauges.queuedCalls == 0)
        #expect(bench.rows.values.count { $0.status == .failed } == 1)
    }

    @Test("The answer to a call that waits says how long it is expected to")
    func expectedWait() throws {
        var bench = Bench { $0.trunk.callsPerSecond = 0.5 }
        for token in 1...3 { try bench.makeCall(token: UInt64(token)) }
        let waits = bench.effects.compactMap { effect -> Int? in
            if case .reply(_, .made(_, let wait)) = effect { wait } else { nil }
        }
        #expect(waits.first == 0)
        #expect(waits.count == 3 && waits[1] > 0 && waits[2] > waits[1] && waits[2] <= 6, "\(waits)")
    }

    @Test("A queued call that is canceled is never dialled, and the next takes its place")
    func cancelQueued() throws {
        var bench = Bench { $0.trunk.callsAtOnce = 1 }
        for token in 1...3 { try bench.makeCall(token: UInt64(token)) }
        let replies = bench.effects.compactMap { effect -> Call? in
            if case .reply(_, .made(let call, _)) = effect { call } else { nil }
        }
        let second = try #require(replies.dropFirst().first)
        bench.give(
            .updateCall(
                ReplyToken(rawValue: 9), second.callID, second.accountID, .canceled, try Bench.request().requestID))
        #expect(bench.rows[second.callID]?.status == .canceled)
        bench.farReject(try #require(StatusCode(486)))
        #expect(bench.rows[replies[2].callID]?.status == .ringing)
        #expect(bench.rows[second.callID]?.startTime == nil)
    }

    @Test("A full queue is refused with the time after which to try again")
    func fullQueue() throws {
        var bench = Bench {
            $0.trunk.callsAtOnce = 0
            $0.maximumQueueDepth = 2
        }
        for token in 1...3 { try bench.makeCall(token: UInt64(token)) }
        #expect(bench.effects.contains(.reply(ReplyToken(rawValue: 3), .refused(.queueFull(retryAfterSeconds: 1)))))
    }

    @Test("A draining exchange refuses calls")
    func draining() throws {
        var bench = Bench()
        bench.give(.drain)
        try bench.makeCall()
        #expect(bench.effects == [.reply(ReplyToken(rawValue: 1), .refused(.draining))])
    }

    @Test("A port rests before it is used again, and only even ones are used")
    func ports() {
        var pool = PortPool(range: 101...104, rest: .seconds(5))
        let start = Instant(nanoseconds: 0)
        #expect(pool.take(now: start) == 102)
        #expect(pool.take(now: start) == 104)
        #expect(pool.take(now: start) == nil)
        pool.giveBack(102, now: start)
        #expect(pool.inUse == 1)
        #expect(pool.take(now: start + .seconds(4)) == nil)
        #expect(pool.nextReady == start + .seconds(5))
        #expect(pool.take(now: start + .seconds(5)) == 102)
    }

    @Test("A port that was taken for nothing is the next one, wherever the pool stands")
    func portUnused() {
        let start = Instant(nanoseconds: 0)
        var pool = PortPool(range: 1024...20_000, rest: .zero)
        // Far enough that the pool clears away what lies behind it, at every place.
        for _ in 0..<30_000 {
            guard let port = pool.take(now: start) else { break }
            pool.giveBackUnused(port)
            #expect(pool.take(now: start) == port)
            pool.giveBack(port, now: start)
        }
        #expect(pool.inUse == 0)
    }

    @Test("The outcome table is total over 300 to 699")
    func total() throws {
        for value in 300...699 {
            let outcome = OutcomeTable.outcome(of: .response(try #require(StatusCode(value)), reason: "x"))
            #expect([.busy, .noAnswer, .failed].contains(outcome.status))
            #expect(outcome.reason.rawValue == outcome.status.rawValue)
        }
    }

    @Test("A port that another program holds costs nothing; where none can be bound, the call fails and says so")
    func portTaken() throws {
        var bench = Bench()
        bench.portsTaken = 3
        try bench.makeCall()
        #expect(bench.call?.status == .ringing)
        #expect(bench.invites == 1)
        let offered = bench.effects.compactMap { effect -> UInt16? in
            if case .openMedia(_, let opening) = effect { opening.port } else { nil }
        }
        #expect(Set(offered).count == 4)
        let invite = bench.effects.lazy.compactMap { effect -> String? in
            if case .send(let bytes, _) = effect { String(decoding: bytes, as: UTF8.self) } else { nil }
        }.first
        #expect(invite?.contains("m=audio \(offered[3]) ") == true)
        #expect(bench.exchange.gauges.portsInUse == 1)

        bench = Bench()
        bench.portsTaken = 100
        try bench.makeCall()
        #expect(bench.call?.status == .failed)
        #expect(bench.call?.endedReason == .internalError)
        #expect(bench.exchange.gauges.portsInUse == 0)
    }
}
