import JSON
import SIP
import Telephony
import Testing

@testable import CallControl

/// docs/contract/webhooks.md#notifications, docs/decisions/0016.
@Suite("What becomes of a notification")
struct NotificationTests {
    private static let unanswered = WebhookOutcome.failed(
        WebhookFailure(kind: .unanswered, explanation: "no answer"))
    private static let refused = WebhookOutcome.failed(WebhookFailure(kind: .connect, explanation: "refused"))

    private static func status(_ status: Int) -> WebhookOutcome {
        .answered(status: status, contentType: nil, body: [])
    }

    /// A call that was refused, with one notification in flight: of its end, or of the dial's outcome.
    private func bench(_ requestType: String) throws -> Bench {
        var bench = Bench()
        try bench.makeCall(statusCallback: requestType == "callStatus")
        bench.farReject(try #require(StatusCode(486)))
        if requestType == "callStatus" { bench.answerWebhook("") }
        #expect(bench.delivered.last?.requestType == requestType)
        return bench
    }

    private func finish(_ bench: inout Bench, _ outcome: WebhookOutcome) throws {
        let webhook = try #require(bench.delivered.last)
        bench.give(.webhookFinished(webhook.eventID, outcome, milliseconds: 1))
    }

    @Test("Sent whole and never answered: tried three times within a minute, then told of, and over")
    func unanswered() throws {
        for requestType in ["callStatus", "outDialApiConnect"] {
            var bench = try bench(requestType)
            let first = bench.delivered.count
            for _ in 0..<3 {
                try finish(&bench, Self.unanswered)
                bench.pass(.seconds(20))
            }
            #expect(bench.delivered.count - first == 2)
            #expect(bench.notifications.isEmpty)
            let entry = try #require(bench.journal.last { $0.message.contains("not delivered") })
            #expect(entry.message == "Webhook \(requestType) not delivered : unanswered")
            #expect(entry.level == .error && entry.metadata["attempts"] == 3)
            #expect(bench.exchange.gauges.endedNotifications[.unanswered] == 1)
            bench.pass(.seconds(90_000))
            #expect(bench.delivered.count - first == 2)
            #expect(bench.exchange.gauges.isIdle, "\(bench.exchange.gauges)")
        }
    }

    @Test("What could not be stored is not told until it is, and then once", arguments: [1, 5])
    func notStored(failures: Int) throws {
        var bench = Bench()
        try bench.makeCall()
        bench.farRing()
        bench.farAnswer()
        bench.answerWebhook(#"[{"Pause":{"length":60000}}]"#)
        let told = bench.delivered.count
        bench.commitsAtOnce = false
        bench.farHangUp()
        let end = try #require(bench.call)
        #expect(end.endedReason == .farEndHangup)
        for _ in 0..<failures {
            let tokens = bench.heldCommits
            #expect(!tokens.isEmpty)
            bench.heldCommits = []
            for token in tokens { bench.give(.commitFailed(token, .diskFailing)) }
            bench.pass(.seconds(2))
            #expect(bench.delivered.count == told)
            #expect(!bench.effects.contains { if case .fault = $0 { true } else { false } })
        }
        bench.commitsAtOnce = true
        for token in bench.heldCommits { bench.give(.committed(token)) }
        #expect(bench.delivered.dropFirst(told).map(\.requestType) == ["callStatus"])
        #expect(bench.fields(try #require(bench.delivered.last))?["callEndedReason"] == "farEndHangup")
        bench.answerWebhook("")
        bench.pass(.seconds(60))
        #expect(bench.delivered.count == told + 1)
        #expect(bench.call == end)
        #expect(bench.exchange.gauges.isIdle, "\(bench.exchange.gauges)")
    }

    @Test("A disk that does not answer: the request is refused, and its call is not dialled when it answers after all")
    func stalled() throws {
        var bench = Bench()
        bench.commitsAtOnce = false
        try bench.makeCall()
        bench.give(.storageStalled)
        #expect(bench.refusal == .diskFailing)
        try bench.makeCall(token: 2)
        #expect(bench.refusal == .diskFailing)
        bench.commitsAtOnce = true
        for token in bench.heldCommits { bench.give(.committed(token)) }
        #expect(bench.invites == 0)
        #expect(bench.call?.status == .failed && bench.rows.count == 1)
        bench.give(.storageFailing(false))
        for _ in 0..<2 { bench.answerWebhook("[]") }
        bench.pass(.seconds(40))
        #expect(bench.invites == 0)
        #expect(bench.effects.count { if case .reply(ReplyToken(rawValue: 1), _) = $0 { true } else { false } } == 1)
        #expect(bench.exchange.gauges.isIdle, "\(bench.exchange.gauges)")
    }

    @Test("While the disk takes no writes no call begins: neither by REST, nor by a caller, nor from the queue")
    func storageFailing() throws {
        var bench = Bench { $0.trunk.callsAtOnce = 1 }
        try bench.makeCall()
        try bench.makeCall(token: 2)
        #expect(bench.invites == 1)
        bench.give(.storageFailing(true))
        try bench.makeCall(token: 3)
        #expect(bench.refusal == .diskFailing)
        _ = try bench.farCall()
        #expect(bench.farRefusal == 503)
        bench.farReject(try #require(StatusCode(486)))
        bench.pass(.seconds(40))
        #expect(bench.invites == 1)
        bench.give(.storageFailing(false))
        #expect(bench.invites == 2)
    }

    @Test("What was not reached in between does not count as unanswered")
    func mixed() throws {
        var bench = try bench("callStatus")
        for outcome in [Self.unanswered, Self.refused, Self.refused, Self.refused, Self.unanswered, Self.refused] {
            try finish(&bench, outcome)
            bench.pass(.seconds(900))
        }
        #expect(bench.notifications.count == 1)
        try finish(&bench, Self.unanswered)
        #expect(bench.notifications.isEmpty)
    }

    @Test("The outcome of a dial is tried a few times within minutes; the end of a call for a day")
    func terms() throws {
        func attempts(_ requestType: String) throws -> (count: Int, last: Duration) {
            var bench = try bench(requestType)
            let first = bench.delivered.count, start = bench.now
            var last = bench.now
            var seen = first
            for _ in 0..<20_000 where !bench.notifications.isEmpty {
                if bench.delivered.count > seen || seen == first {
                    seen = bench.delivered.count
                    last = bench.now
                }
                try finish(&bench, Self.status(500))
                bench.pass(.seconds(5))
            }
            #expect(bench.notifications.isEmpty)
            #expect(bench.exchange.gauges.endedNotifications[.givenUp] == 1)
            #expect(bench.journal.contains { $0.message == "Webhook \(requestType) not delivered : givenUp" })
            return (bench.delivered.count - first + 1, last - start)
        }
        let dial = try attempts("outDialApiConnect")
        #expect((3...8).contains(dial.count) && dial.last <= .seconds(300), "\(dial)")
        let end = try attempts("callStatus")
        #expect((90...130).contains(end.count) && end.last > .seconds(80_000), "\(end)")
    }

    @Test(
        "An answer that the app means is delivery, be it a refusal",
        arguments: [200, 204, 400, 401, 403, 404, 410, 422, 501])
    func meant(_ status: Int) throws {
        var bench = try bench("callStatus")
        try finish(&bench, Self.status(status))
        #expect(bench.notifications.isEmpty)
        #expect(bench.exchange.gauges.endedNotifications == [.delivered: 2])
    }

    @Test("An answer that asks for another try gets one", arguments: [408, 425, 429, 500, 502, 503, 504, 599])
    func later(_ status: Int) throws {
        var bench = try bench("callStatus")
        try finish(&bench, Self.status(status))
        #expect(bench.notifications.count == 1)
    }

    @Test("A redirect is no delivery: told as failed, and not tried again where it leads nowhere")
    func redirect() throws {
        var bench = try bench("callStatus")
        try finish(&bench, .redirected(status: 302, location: "https://u:p@elsewhere/x"))
        #expect(bench.notifications.isEmpty)
        #expect(bench.exchange.gauges.endedNotifications[.redirected] == 1)
        let texts = bench.journal.map { "\($0.message) \($0.metadata)" }
        #expect(texts.contains { $0.contains("not delivered : redirected") })
        #expect(texts.contains { $0.contains("https://XXXXX@elsewhere/x") } && !texts.contains { $0.contains("u:p") })
    }

    @Test("An answer that began with 200 and did not end is delivery; one that began with 500 is not")
    func begun() throws {
        for (status, left) in [(200, 0), (500, 1)] {
            var bench = try bench("callStatus")
            try finish(
                &bench, .failed(WebhookFailure(kind: .unanswered, explanation: "did not end", status: status)))
            #expect(bench.notifications.count == left)
        }
    }
}
