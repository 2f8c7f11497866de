import JSON
import SIP
import Telephony
import Testing

@testable import CallControl

/// docs/contract/percl.md#park.
@Suite("Parking")
struct ParkTests {
    static let script =
        #"[{"Park":{"waitUrl":"http://app/wait","actionUrl":"http://app/on","notificationUrl":"http://app/parked"}}]"#
    private static let waitScript = #"[{"Say":{"text":"Please wait."}}]"#

    /// A call that has been parked and whose waitUrl has been asked.
    private static func parked(_ script: String = script) throws -> Bench {
        var bench = Bench()
        try bench.run(script)
        if bench.delivered.last?.requestType == "park" { bench.answerWebhook("") }
        return bench
    }

    private static func resume(_ bench: inout Bench, token: UInt64 = 50) throws {
        let call = try #require(bench.call)
        var random = SystemRandomNumberGenerator()
        bench.give(
            .updateCall(
                ReplyToken(rawValue: token), call.callID, call.accountID, .inProgress, RequestID(random: &random)))
    }

    private static func replies(_ bench: Bench) -> [Reply] {
        bench.effects.compactMap { if case .reply(_, let reply) = $0 { reply } else { nil } }
    }

    @Test("park is told, waitUrl is asked, and again whenever its script has run out")
    func waits() throws {
        var bench = Bench()
        try bench.run(Self.script)
        #expect(bench.delivered.last?.requestType == "park")
        #expect(bench.delivered.last?.purpose == .notification)
        bench.answerWebhook("whatever")
        for round in 1...5 {
            #expect(bench.delivered.count { $0.requestType == "parkWait" } == round)
            #expect(bench.delivered.last?.url.text == "http://app/wait")
            bench.answerWebhook(Self.waitScript)
            #expect(bench.played.count == round)
            bench.pass(.seconds(2))
            bench.endPlayback()
        }
        #expect(bench.call?.status == .inProgress)
    }

    @Test("Resumed over REST: the sound stops at once, unpark is posted, and its script runs")
    func resumed() throws {
        var bench = try Self.parked()
        bench.answerWebhook(Self.waitScript)
        try Self.resume(&bench)
        #expect(Self.replies(bench).last == .updated)
        #expect(bench.effects.contains { if case .media(_, .stopPlayback) = $0 { true } else { false } })
        #expect(bench.delivered.last?.requestType == "unpark")
        #expect(bench.delivered.last?.url.text == "http://app/on")
        #expect(bench.delivered.last?.purpose == .script)
        bench.answerWebhook(#"[{"Hangup":{}}]"#)
        #expect(bench.call?.endedReason == .appHangup)
        #expect(bench.delivered.count { $0.requestType == "unpark" } == 1)
    }

    @Test("What is not parked is not resumed, and nothing is twice")
    func notParked() throws {
        var bench = Bench()
        try bench.run(#"[{"Pause":{"length":60000}}]"#)
        try Self.resume(&bench)
        #expect(Self.replies(bench).last == .refused(.notParked))
        #expect(bench.call?.status == .inProgress)

        var parked = try Self.parked()
        try Self.resume(&parked)
        try Self.resume(&parked, token: 51)
        #expect(Self.replies(parked).last == .refused(.notParked))
        parked.farHangUp()
        try Self.resume(&parked, token: 52)
        #expect(Self.replies(parked).last == .refused(.notFound))
    }

    @Test("Resumed while waitUrl is asked: its answer is ignored")
    func resumedWhileAsked() throws {
        var bench = try Self.parked()
        let asked = try #require(bench.delivered.last)
        #expect(asked.requestType == "parkWait")
        try Self.resume(&bench)
        #expect(bench.effects.contains(.withdrawWebhook(asked.eventID)))
        bench.give(
            .webhookFinished(
                asked.eventID, .answered(status: 200, contentType: nil, body: Array(Self.waitScript.utf8)),
                milliseconds: 5))
        #expect(bench.played.isEmpty)
        #expect(bench.delivered.last?.requestType == "unpark")
    }

    @Test("Unpark in waitUrl's script goes on at actionUrl; elsewhere it is an error that says so")
    func unpark() throws {
        var bench = try Self.parked()
        bench.answerWebhook(#"[{"Unpark":{}}]"#)
        #expect(bench.delivered.last?.requestType == "unpark")
        #expect(bench.delivered.last?.url.text == "http://app/on")

        var other = Bench()
        try other.run(#"[{"Unpark":{}}]"#)
        #expect(other.call?.endedReason == .perclProcessingError)
        #expect(other.entry("PerCL Unpark failed")?.metadata["explanation"] == "this call is not parked")
    }

    @Test("A hang-up is told to actionUrl once, before callStatus, and its answer is ignored")
    func hungUp() throws {
        var bench = try Self.parked()
        bench.answerWebhook(Self.waitScript)
        bench.farHangUp()
        let told = try #require(bench.delivered.last)
        #expect(told.requestType == "unpark" && told.purpose == .notification)
        #expect(bench.fields(told)?["callStatus"] == "completed")
        bench.answerWebhook(#"[{"Say":{"text":"Nobody hears it."}}]"#)
        #expect(bench.played.count == 1)
        #expect(bench.delivered.last?.requestType == "callStatus")
        #expect(bench.delivered.count { $0.requestType == "unpark" } == 1)
    }

    @Test("A waitUrl that fails is asked again after 1, 2, 4 … s; after a minute actionUrl is asked")
    func failing() throws {
        var bench = try Self.parked()
        var pauses: [Duration] = []
        for _ in 0..<20 where bench.delivered.last?.requestType == "parkWait" {
            let count = bench.delivered.count
            bench.answerWebhook("no", status: 500)
            let failed = bench.now
            while bench.delivered.count == count, bench.now - failed < .seconds(120) {
                bench.pass(.milliseconds(100))
            }
            pauses.append(bench.now - failed)
        }
        #expect(pauses.prefix(4) == [.seconds(1), .seconds(2), .seconds(4), .seconds(8)])
        #expect(bench.delivered.last?.requestType == "unpark")
        let total = pauses.reduce(Duration.zero, +)
        #expect(total >= .seconds(60) && total < .seconds(62))
        #expect(bench.call?.status == .inProgress)
    }

    @Test(
        "A waitUrl whose scripts make no sound is asked once a second, not more",
        arguments: ["[]", #"[{"Pause":{"length":0}}]"#])
    func silent(script: String) throws {
        var bench = try Self.parked()
        let before = bench.delivered.count
        for _ in 0..<100 {
            if bench.delivered.last?.requestType == "parkWait" { bench.answerWebhook(script) }
            bench.pass(.milliseconds(100))
        }
        #expect((8...11).contains(bench.delivered.count - before))
        #expect(bench.call?.status == .inProgress)
    }

    @Test(
        "What does not run while a call waits ends the call before anything of it has run",
        arguments: [
            #"{"OutDial":{"destination":"+15555550199","callingNumber":"+15555550100","actionUrl":"http://app/d","callConnectUrl":"http://app/c"}}"#,
            #"{"Dequeue":{}}"#, #"{"SendDigits":{"digits":"1"}}"#, #"{"StartRecordCall":{}}"#,
        ])
    func forbidden(command: String) throws {
        var bench = try Self.parked()
        bench.answerWebhook(#"[{"Say":{"text":"First."}},"# + command + "]")
        #expect(bench.played.isEmpty)
        #expect(bench.call?.endedReason == .appInvalidPercl)
        #expect(bench.entry("The script for the wait is refused") != nil)
    }

    @Test("Many redirects of a patient caller are no loop; redirects that follow upon each other are")
    func redirects() throws {
        var bench = try Self.parked()
        let redirect = #"{"Redirect":{"actionUrl":"http://app/wait"}}"#
        for _ in 0..<300 {
            bench.answerWebhook(#"[{"Pause":{"length":5000}},"# + redirect + "]")
            bench.pass(.seconds(5))
        }
        #expect(bench.call?.status == .inProgress)
        for _ in 0..<300 where bench.call?.status == .inProgress { bench.answerWebhook("[" + redirect + "]") }
        #expect(bench.call?.endedReason == .maxRedirectsError)
    }

    @Test("Killed before the app has answered to unpark: the next process tells it, the same once more")
    func resumedUntold() throws {
        var bench = try Self.parked()
        bench.answerWebhook(Self.waitScript)
        try Self.resume(&bench)
        let asked = try #require(bench.delivered.last)
        #expect(asked.requestType == "unpark" && bench.notifications.count == 1)
        var next = Bench()
        next.restore(
            UnfinishedWork(
                records: bench.records.map { ($0.key, $0.value) }, notifications: Array(bench.notifications.values),
                journalSequences: [:]))
        #expect(next.delivered.map(\.eventID) == [asked.eventID])
        next.answerWebhook("")
        #expect(next.delivered.map(\.requestType) == ["unpark", "callStatus"])
        bench.answerWebhook(Self.waitScript)
        #expect(bench.notifications.isEmpty, "where it was answered, nothing is owed")
    }

    @Test("After a crash the app is told that the call is parked no more")
    func crash() throws {
        var bench = try Self.parked()
        bench.answerWebhook(Self.waitScript)
        let call = try #require(bench.call)
        var next = Bench()
        next.restore(
            UnfinishedWork(
                records: bench.records.map { ($0.key, $0.value) }, notifications: [], journalSequences: [:]))
        #expect(next.delivered.map(\.requestType) == ["unpark"])
        next.answerWebhook("")
        #expect(next.delivered.last?.requestType == "callStatus")
        #expect(next.rows[call.callID]?.endedReason == .internalError)
    }
}
