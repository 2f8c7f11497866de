import JSON
import SIP
import Telephony
import Testing

@testable import CallControl

@Suite("What a call that waits keeps over a restart, field by field (decision 37)")
struct RestartFieldTests {
    /// Everything that a request may ask for.
    private static func request(isPrivate: Bool) throws -> CallRequest {
        var random = RandomSource(seed: 31)
        var request = try Bench.request(sendDigits: "31{2}415926", timeout: 17)
        request.applicationID = ApplicationID(random: &random)
        request.phoneNumberID = PhoneNumberID(random: &random)
        request.isPrivate = isPrivate
        request.ifMachine = .redirect(try #require(WebURL("http://app/machine")))
        request.machineBeepSeconds = 30
        return request
    }

    /// An exchange that took the call over from one that had no line for it.
    private static func restarted(isPrivate: Bool) throws -> (before: CallRecord, bench: Bench) {
        var crashed = Bench { $0.trunk.callsAtOnce = 0 }
        crashed.give(.makeCall(ReplyToken(rawValue: 1), try request(isPrivate: isPrivate)))
        let record = try CallRecord(reading: try #require(crashed.records.values.first))
        #expect(record.phase == .queued)
        return (record, RecoveryTests().restarted(crashed))
    }

    @Test("Its record says the same before and after, and so does its row", arguments: [false, true])
    func record(isPrivate: Bool) throws {
        let (before, bench) = try Self.restarted(isPrivate: isPrivate)
        let request = try Self.request(isPrivate: isPrivate)
        let after = try CallRecord(reading: try #require(bench.records.values.first))
        #expect(after.phase == .dialling)
        #expect(after.session != nil)
        #expect(after.requestID == before.requestID)
        #expect(after.callConnectURL == request.callConnectURL)
        #expect(after.statusCallbackURL == request.statusCallbackURL)
        #expect(after.sendDigits == "31{2}415926")
        #expect(after.ringTimeoutSeconds == 17)
        #expect(after.eventSequence == before.eventSequence + CallMachine.eventSequenceGap)
        #expect(after.isPrivate == (isPrivate ? true : nil))
        #expect(after.isPrivate == before.isPrivate)
        #expect(after.machineHandling == request.ifMachine)
        #expect(after.ifMachineBeepSeconds == 30)
        var call = after.call
        #expect(call == bench.call)
        #expect(call.applicationID == request.applicationID && call.phoneNumberID == request.phoneNumberID)
        #expect(call.status == .ringing && call.startTime == bench.moment.wall)
        #expect(call.revision == before.call.revision + 1)
        call.status = before.call.status
        call.startTime = nil
        call.revision = before.call.revision
        call.dateUpdated = before.call.dateUpdated
        #expect(call == before.call)
    }

    @Test("Its digits are dialled, and shown in the log only where they are not private", arguments: [false, true])
    func privacy(isPrivate: Bool) throws {
        var (_, bench) = try Self.restarted(isPrivate: isPrivate)
        bench.farAnswer()
        #expect(bench.call?.status == .inProgress)
        let sent = bench.effects.contains { effect in
            if case .sendDigits(_, .sendDigits, let tones, _) = effect { tones.count == 8 } else { false }
        }
        #expect(sent)
        let texts = bench.journal.map { "\($0.message) \(JSONValue.object($0.metadata).text)" }
        #expect(texts.contains { $0.contains("31{2}415926") } == !isPrivate)
        #expect(texts.contains { $0.contains(Mask.text) } == isPrivate)
    }

    @Test("It rings as long as it was to, and its machine's script is asked for and waits for the beep")
    func effects() throws {
        var (_, ringing) = try Self.restarted(isPrivate: false)
        ringing.farRing()
        ringing.pass(.milliseconds(16_999))
        #expect(ringing.call?.status == .ringing)
        ringing.pass(.milliseconds(1))
        #expect(ringing.call?.status == .noAnswer)
        #expect(ringing.delivered.first?.url.text == "http://app/connect")
        ringing.answerWebhook("[]")
        #expect(ringing.delivered.last?.requestType == "callStatus")
        #expect(ringing.delivered.last?.url.text == "http://app/status")

        var (_, bench) = try Self.restarted(isPrivate: false)
        bench.farAnswer()
        let media = try #require(bench.media)
        bench.give(.digitsSent(media, .sendDigits))
        bench.find(.verdict(AnswerVerdict(.answeringMachine, .greeting, milliseconds: 900, confidence: 0.99)))
        #expect(bench.delivered.last?.url.text == "http://app/machine")
        bench.answerWebhook(#"[{"Say":{"text":"A message"}}]"#)
        bench.pass(.milliseconds(29_999))
        #expect(bench.played.isEmpty)
        bench.pass(.milliseconds(1))
        #expect(bench.played.count == 1)
    }
}
