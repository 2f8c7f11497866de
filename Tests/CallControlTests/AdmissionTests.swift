import SIP
import Telephony
import Testing

@testable import CallControl

/// docs/contract/calls.md#pace.
@Suite("Pace and ports")
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
        #expect(waits == [0, 2, 4])
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
                ReplyToken(rawValue: 9), second.callID, second.accountID, .canceled, try Bench.request().terms.requestID
            ))
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

    @Test("The outcome table is total over 300 to 699")
    func total() throws {
        for value in 300...699 {
            let outcome = OutcomeTable.outcome(of: .response(try #require(StatusCode(value)), reason: "x"))
            #expect([.busy, .noAnswer, .failed].contains(outcome.status))
            #expect(outcome.reason.rawValue == outcome.status.rawValue)
        }
    }
}
