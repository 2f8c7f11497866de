import JSON
import SIP
import Telephony
import Testing

@testable import CallControl

/// docs/contract/calls.md#a-restart.
@Suite("A restart takes over what an earlier process left")
struct RecoveryTests {
    /// The same far end, and a new exchange that knows only what was on disk.
    func restarted(_ crashed: Bench, later: Duration = .seconds(1)) -> Bench {
        var bench = Bench()
        bench.farEnd = crashed.farEnd
        bench.rows = crashed.rows
        bench.records = crashed.records
        bench.notifications = crashed.notifications
        bench.exchange.turn.random = RandomSource(seed: 77)
        bench.pass(crashed.moment.instant - bench.moment.instant + later)
        bench.restore(
            UnfinishedWork(
                records: crashed.records.sorted { $0.key < $1.key }.map { ($0.key, $0.value) },
                notifications: crashed.notifications.values.sorted {
                    $0.webhook.eventSequence < $1.webhook.eventSequence
                },
                journalSequences: [:], recordings: crashed.recordings))
        return bench
    }

    @Test("A call that rang is cancelled with its own Call-ID, failed with internalError, and told once")
    func whileRinging() throws {
        var crashed = Bench()
        try crashed.makeCall()
        crashed.farRing()
        var bench = restarted(crashed)
        #expect(bench.call?.status == .failed)
        #expect(bench.call?.endedReason == .internalError)
        #expect(bench.sent("CANCEL ") == 1)
        #expect(bench.invites == 0)
        bench.answerWebhook("[]")
        bench.answerWebhook("[]")
        #expect(bench.delivered.map(\.requestType) == ["outDialApiConnect", "callStatus"])
        bench.pass(.seconds(80))
        #expect(bench.exchange.gauges.isIdle, "\(bench.exchange.gauges)")
        #expect(bench.farEnd.gauges.isIdle, "\(bench.farEnd.gauges)")
        #expect(bench.records.isEmpty)
    }

    @Test("A call that was connected gets its BYE, completed with internalError")
    func whileConnected() throws {
        var crashed = Bench()
        try crashed.makeCall()
        crashed.farRing()
        crashed.farAnswer()
        var bench = restarted(crashed)
        #expect(bench.call?.status == .completed)
        #expect(bench.call?.endedReason == .internalError)
        #expect(bench.sent("BYE ") >= 1)
        #expect(bench.delivered.map(\.requestType) == ["callStatus"])
        bench.answerWebhook("")
        bench.pass(.seconds(80))
        #expect(bench.exchange.gauges.isIdle, "\(bench.exchange.gauges)")
        #expect(bench.farEnd.gauges.isIdle, "\(bench.farEnd.gauges)")
    }

    @Test(
        "A crash between a 2xx that nothing came before and its ACK leaves no dialog open, on either side of the commit",
        arguments: [true, false])
    func beforeTheACK(isCommitted: Bool) throws {
        var crashed = Bench()
        try crashed.makeCall()
        let (rows, records) = (crashed.rows, crashed.records)
        crashed.commitsAtOnce = false
        crashed.farAnswer()
        #expect(crashed.call?.status == .inProgress)
        #expect(crashed.sent("ACK ") == 0)
        if !isCommitted {
            crashed.rows = rows
            crashed.records = records
        }
        var bench = restarted(crashed)
        bench.pass(.seconds(80))
        #expect(bench.sent("ACK ") >= 1)
        #expect(bench.sent("BYE ") == 1)
        #expect(bench.farEnd.gauges.isIdle, "\(bench.farEnd.gauges)")
        #expect(bench.call?.status == (isCommitted ? .completed : .failed))
    }

    @Test("A crash between the ACK and the BYE of an answer that crossed the CANCEL leaves no dialog open")
    func crossedCancel() throws {
        var crashed = Bench()
        try crashed.makeCall()
        crashed.reachesFarEnd = false
        let call = try #require(crashed.call)
        crashed.give(
            .updateCall(
                ReplyToken(rawValue: 2), call.callID, call.accountID, .canceled, try Bench.request().terms.requestID))
        crashed.farAnswer()
        #expect(crashed.sent("ACK ") == 1)
        // The ACK alone has arrived.
        let ack = try #require(crashed.sentText("ACK "))
        crashed.farStep { agent, random, now, effects in
            agent.receive(Array(ack.utf8), from: Bench.local, now: now, random: &random, into: &effects)
        }
        #expect(crashed.farEffects.contains { if case .acknowledged = $0 { true } else { false } })
        #expect(crashed.records.count == 1)
        var bench = restarted(crashed)
        bench.pass(.seconds(80))
        #expect(bench.farEnd.gauges.isIdle, "\(bench.farEnd.gauges)")
        #expect(bench.records.isEmpty)
    }

    @Test("What a connected call had told of, and not sent, comes before what is told of its end")
    func notificationBeforeTheEnd() throws {
        var crashed = Bench()
        try crashed.makeCall(ifMachine: .redirect(try #require(WebURL("http://app/machine"))))
        crashed.farAnswer()
        crashed.answerWebhook(#"[{"GetDigits":{"actionUrl":"http://app/digits"}}]"#)
        crashed.commitsAtOnce = false
        crashed.find(.verdict(AnswerVerdict(.faxModem, .answerTone, milliseconds: 900, confidence: 0.99)))
        #expect(crashed.delivered.map(\.requestType) == ["outDialApiConnect"])
        var bench = restarted(crashed)
        #expect(bench.call?.endedReason == .internalError)
        #expect(bench.call?.answeredBy == .machine)
        #expect(bench.delivered.map(\.requestType) == ["getDigits"])
        #expect(bench.field("reason") == "tone")
        bench.answerWebhook("[]")
        #expect(bench.delivered.map(\.requestType) == ["getDigits", "callStatus"])
        bench.answerWebhook("")
        bench.pass(.seconds(80))
        #expect(bench.exchange.gauges.isIdle, "\(bench.exchange.gauges)")
        #expect(bench.notifications.isEmpty)
    }

    @Test("A call whose end was stored is not ended a second time; its notifications go out")
    func afterTheEnd() throws {
        var crashed = Bench()
        try crashed.makeCall()
        crashed.farRing()
        let call = try #require(crashed.call)
        crashed.give(
            .updateCall(
                ReplyToken(rawValue: 2), call.callID, call.accountID, .canceled, try Bench.request().terms.requestID))
        let revision = try #require(crashed.call).revision
        var bench = restarted(crashed, later: .seconds(10))
        #expect(bench.call?.revision == revision)
        #expect(bench.call?.status == .canceled)
        bench.pass(.seconds(80))
        #expect(bench.delivered.map(\.requestType) == ["outDialApiConnect"])
        bench.answerWebhook("")
        bench.pass(.seconds(1))
        #expect(bench.delivered.map(\.requestType) == ["outDialApiConnect", "callStatus"])
        bench.answerWebhook("")
        #expect(bench.notifications.isEmpty)
        #expect(bench.exchange.gauges.isIdle, "\(bench.exchange.gauges)")
    }

    @Test("A call that waited goes on waiting if it is young enough, else it fails")
    func whileQueued() throws {
        var crashed = Bench { $0.trunk.callsAtOnce = 0 }
        try crashed.makeCall()
        #expect(crashed.call?.status == .queued)
        #expect(restarted(crashed).invites == 1)
        let late = restarted(crashed, later: .seconds(3601))
        #expect(late.invites == 0)
        #expect(late.call?.status == .failed)
        #expect(late.call?.endedReason == .internalError)
    }

    @Test("A call that waited goes on as it was asked for, term by term, and its private digits stay private")
    func terms() throws {
        var crashed = Bench { $0.trunk.callsAtOnce = 0 }
        var request = try Bench.request(sendDigits: "7341#", timeout: 55)
        request.terms.isPrivate = true
        request.terms.ifMachine = .redirect(try #require(WebURL("http://app/machine")))
        request.terms.machineBeepSeconds = 7
        crashed.give(.makeCall(ReplyToken(rawValue: 1), request))
        let bytes = try #require(crashed.records.values.first)
        #expect(try CallRecord(reading: bytes).terms == request.terms)
        var next = restarted(crashed)
        next.farAnswer()
        let media = try #require(next.media)
        next.give(.media(media, .digitsSent(.sendDigits)))
        let entry = try #require(next.entry("Digits sent"))
        #expect(entry.metadata["sendDigits"] == .string(Mask.text))
        #expect(!(crashed.journal + next.journal).contains { JSONValue.object($0.metadata).text.contains("7341#") })
    }

    /// What a record may have become.
    enum Harm: CaseIterable {
        case empty, text, cutOff, laterVersion, wrongType, anotherCalls, missing

        func done(to record: [UInt8], of id: CallID) -> [UInt8]? {
            let text = String(decoding: record, as: UTF8.self)
            return switch self {
            case .empty: []
            case .text: Array("no record".utf8)
            case .cutOff: Array(record.dropLast(12))
            case .laterVersion: Array(record.dropLast(2)) + Array("9}".utf8)
            case .wrongType:
                Array(text.replacing(#""ringTimeoutSeconds":40"#, with: #""ringTimeoutSeconds":"40""#).utf8)
            case .anotherCalls: Array(text.replacing(id.text, with: "CA" + String(repeating: "0", count: 40)).utf8)
            case .missing: nil
            }
        }

        /// Where the call went, and who wants to hear of it, can still be read.
        var leavesSession: Bool {
            switch self {
            case .empty, .text, .missing: false
            case .cutOff, .laterVersion, .wrongType, .anotherCalls: true
            }
        }
    }

    @Test(
        "A call whose record cannot be read ends, whoever can be told is told, and nothing is left of it",
        arguments: Harm.allCases, [false, true])
    func harmedRecord(_ harm: Harm, isAnswered: Bool) throws {
        var crashed = Bench()
        try crashed.makeCall()
        crashed.farRing()
        if isAnswered { crashed.farAnswer() }
        let (id, record) = try #require(crashed.records.first)
        let harmed = harm.done(to: record, of: id)
        #expect(harmed != record)
        var bench = Bench()
        bench.farEnd = crashed.farEnd
        bench.rows = crashed.rows
        bench.records = harmed.map { [id: $0] } ?? [:]
        bench.exchange.turn.random = RandomSource(seed: 77)
        bench.pass(crashed.moment.instant - bench.moment.instant + .seconds(1))
        bench.restore(
            UnfinishedWork(
                records: harmed.map { [(id, $0)] } ?? [], notifications: [], journalSequences: [:],
                rows: [
                    UnfinishedRow(
                        call: try #require(crashed.call),
                        applicationStatusCallbackURL: WebURL("http://app/application-status"))
                ]))
        #expect(bench.call?.status == (isAnswered ? .completed : .failed))
        #expect(bench.call?.endedReason == .internalError)
        #expect(bench.effects.contains { if case .fault(id, _) = $0 { true } else { false } })
        #expect(bench.sent(isAnswered ? "BYE " : "CANCEL ") >= (harm.leavesSession ? 1 : 0))
        #expect(bench.invites == 0)
        for _ in 0..<2 { bench.answerWebhook("[]") }
        let status = bench.delivered.filter { $0.requestType == "callStatus" }
        #expect(status.count == 1)
        #expect(status.first?.url.text == (harm.leavesSession ? "http://app/status" : "http://app/application-status"))
        bench.pass(.seconds(80))
        #expect(bench.exchange.gauges.isIdle, "\(bench.exchange.gauges)")
        #expect(bench.records.isEmpty)
    }

    @Test("A call that waited does not go out by a record that cannot be read")
    func harmedWaiting() throws {
        var bench = Bench()
        var random = SystemRandomNumberGenerator()
        let account = try #require(AccountID(Bench.account))
        let call = Call(
            callID: CallID(random: &random), accountID: account, applicationID: nil, parentCallID: nil,
            phoneNumberID: nil, from: "+15555550100", to: "+15555550123", direction: .outboundAPI, status: .queued,
            created: bench.moment.wall)
        bench.restore(
            UnfinishedWork(
                records: [], notifications: [], journalSequences: [:], rows: [UnfinishedRow(call: call)]))
        #expect(bench.call?.status == .failed)
        #expect(bench.invites == 0)
        #expect(bench.exchange.gauges.isIdle, "\(bench.exchange.gauges)")
    }

    @Test("Of a call whose row cannot be read either, the operator is told")
    func unreadable() throws {
        var bench = Bench()
        var random = SystemRandomNumberGenerator()
        let id = CallID(random: &random)
        bench.restore(
            UnfinishedWork(records: [(id, Array("{}".utf8))], notifications: [], journalSequences: [:]))
        #expect(bench.effects.contains { if case .fault(id, _) = $0 { true } else { false } })
        #expect(bench.exchange.gauges.isIdle)
    }
}
