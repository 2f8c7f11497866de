import SDP
import SIP
import Telephony
import Testing

@testable import CallControl

/// docs/contract/calls.md#longest-call
@Suite("The longest call, either way")
struct LongestCallTests {
    /// Nothing says that it has been played.
    private static let endless = #"[{"Say":{"text":"Hello"}}]"#

    private func answered(isInbound: Bool, _ longest: Duration) throws -> Bench {
        guard isInbound else {
            var bench = Bench { $0.longestCall = longest }
            try bench.run(Self.endless)
            return bench
        }
        var bench = try InboundTests.bench { $0.longestCall = longest }
        _ = try bench.farCall()
        bench.answerWebhook(Self.endless)
        return bench
    }

    @Test(
        "A call that is answered is ended after so long, and not before, whoever called",
        arguments: [false, true], [1, 60, 4 * 3600])
    func longest(isInbound: Bool, seconds: Int) throws {
        var bench = try answered(isInbound: isInbound, .seconds(seconds))
        #expect(bench.call?.status == .inProgress)
        bench.pass(.seconds(seconds) - .milliseconds(1))
        #expect(bench.call?.status == .inProgress)
        #expect(bench.sent("BYE ") == 0)
        bench.pass(.milliseconds(1))
        #expect(bench.call?.status == .completed)
        #expect(bench.call?.endedReason == .maxDuration)
        #expect(bench.call?.connectDurationSeconds == seconds)
        #expect(bench.sent("BYE ") == 1)
    }

    @Test("Ringing does not count: it runs from the answer, and the time to ring is over with it")
    func fromTheAnswer() throws {
        var bench = try InboundTests.bench { $0.longestCall = .seconds(200) }
        _ = try bench.farCall()
        bench.answerWebhook(#"[{"Pause":{"length":30000}},"# + Self.endless.dropFirst())
        bench.pass(.seconds(30))
        #expect(bench.call?.status == .inProgress)
        bench.pass(.milliseconds(199_999))
        #expect(bench.call?.status == .inProgress)
        bench.pass(.milliseconds(1))
        #expect(bench.call?.endedReason == .maxDuration)

        var dialled = Bench { $0.longestCall = .seconds(200) }
        try dialled.makeCall(timeout: 60)
        dialled.farRing()
        dialled.pass(.seconds(50))
        dialled.farAnswer()
        dialled.answerWebhook(Self.endless)
        dialled.pass(.milliseconds(199_999))
        #expect(dialled.call?.status == .inProgress)
        dialled.pass(.milliseconds(1))
        #expect(dialled.call?.endedReason == .maxDuration)
    }

    @Test("Another length that is set holds for calls from then on, whoever called", arguments: [false, true])
    func changed(isInbound: Bool) throws {
        let limits = ExchangeLimits(callsPerSecond: nil, callsAtOnce: nil, longestCall: .seconds(50))
        var bench = try InboundTests.bench { $0.longestCall = .seconds(100) }
        bench.give(.limitsChanged(limits))
        if isInbound { _ = try bench.farCall() } else { try bench.makeCall() }
        bench.farAnswer()
        bench.answerWebhook(Self.endless)
        #expect(bench.call?.status == .inProgress)
        bench.pass(.milliseconds(49_999))
        #expect(bench.call?.status == .inProgress)
        bench.pass(.milliseconds(1))
        #expect(bench.call?.endedReason == .maxDuration)
    }
}

@Suite("The o= line of whatever we describe later (RFC 3264 §8)")
struct LaterOriginTests {
    private func connected() throws -> Bench {
        var bench = Bench()
        try bench.makeCall()
        bench.farAnswer()
        bench.answerWebhook(#"[{"Pause":{"length":60000}}]"#)
        return bench
    }

    private func version(_ bench: Bench, _ cseq: UInt32) throws -> UInt64 {
        try #require(try SessionDescription(parsing: bench.described(to: cseq)).origin).sessionVersion
    }

    @Test("Answers and offers of ours count on together, in re-INVITE and UPDATE")
    func together() throws {
        var bench = try connected()
        var versions: [UInt64] = []
        let bodies: [(SIPMethod, [UInt8]?)] = [
            (.update, Bench.description("192.0.2.7", direction: "sendonly")),
            (.update, Bench.description("192.0.2.7", direction: "sendonly")),
            (.invite, Bench.description("192.0.2.7", direction: "sendonly")),
            (.invite, Bench.description("192.0.2.7")), (.invite, nil), (.update, Bench.description("192.0.2.7")),
            (.invite, nil), (.update, Bench.description("192.0.2.7", direction: "inactive")),
        ]
        for (index, (method, body)) in bodies.enumerated() {
            let cseq = UInt32(index + 5)
            bench.farRequest(method, cseq: cseq, branch: "r\(cseq)", body)
            versions.append(try version(bench, cseq))
            guard method == .invite else { continue }
            bench.farRequest(.ack, cseq: cseq, branch: "a\(cseq)", body == nil ? Bench.description("192.0.2.7") : nil)
        }
        let first = try #require(versions.first)
        // An offer of ours names both codecs and is another description than an answer.
        #expect(versions.map { $0 - first } == [0, 0, 0, 1, 2, 3, 4, 5])
        #expect(bench.call?.status == .inProgress)
    }
}
