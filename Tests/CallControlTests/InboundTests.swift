import JSON
import SIP
import Telephony
import Testing

@testable import CallControl

/// docs/contract/calls.md#calls-that-come-in.
@Suite("Calls that come in")
struct InboundTests {
    static func bench(
        voice: String? = "http://app/voice", fallback: String? = nil, application: Bool = true,
        allowedPeers: [IPAddressRange]? = nil, _ change: (inout ExchangeConfiguration) -> Void = { _ in }
    ) throws -> Bench {
        var bench = Bench(allowedPeers: allowedPeers, change)
        var random = SystemRandomNumberGenerator()
        let account = try #require(AccountID(Bench.account))
        var number = OwnedNumber(
            phoneNumberID: PhoneNumberID(random: &random), accountID: account,
            phoneNumber: try #require(PhoneNumber("+15555550100")), created: bench.moment.wall)
        var found = Application(
            applicationID: ApplicationID(random: &random), accountID: account, created: bench.moment.wall)
        number.applicationID = found.applicationID
        found.voiceURL = voice.flatMap { WebURL($0) }
        found.voiceFallbackURL = fallback.flatMap { WebURL($0) }
        found.statusCallbackURL = WebURL("http://app/status")
        bench.route = .owned(number, application ? found : nil)
        return bench
    }

    @Test("It rings, voiceUrl is asked, the first command answers")
    func answered() throws {
        var bench = try Self.bench()
        _ = try bench.farCall()
        #expect(bench.call?.direction == .inbound)
        #expect(bench.call?.status == .ringing)
        #expect(bench.call?.from == "+15555550777")
        #expect(bench.delivered.map(\.requestType) == ["inboundCall"])
        #expect(bench.field("callStatus") == "ringing")
        #expect(bench.farEffects.contains { if case .progressed(_, .ringing, _) = $0 { true } else { false } })
        #expect(!bench.farWasAnswered)
        bench.answerWebhook(#"[{"Say":{"text":"Welcome"}}]"#)
        #expect(bench.farWasAnswered)
        #expect(bench.call?.status == .inProgress)
        #expect(bench.played.count == 1)
        bench.endPlayback()
        #expect(bench.call?.status == .completed)
        #expect(bench.call?.endedReason == .appHangup)
        #expect(bench.delivered.map(\.requestType) == ["inboundCall", "callStatus"])
        bench.answerWebhook("")
        bench.pass(.seconds(40))
        #expect(bench.exchange.gauges.isIdle)
    }

    @Test("The 200 to a caller waits until the disk knows the dialog that it makes")
    func answerOnRecord() throws {
        var bench = try Self.bench()
        _ = try bench.farCall()
        bench.commitsAtOnce = false
        bench.answerWebhook(#"[{"Say":{"text":"Welcome"}}]"#)
        #expect(bench.call?.status == .inProgress)
        #expect(!bench.farWasAnswered)
        let record = try CallRecord(reading: try #require(bench.records.values.first))
        #expect(record.leg.phase == .answered)
        #expect(record.leg.session?.dialogs.count == 1)
        for token in bench.heldCommits { bench.give(.committed(token)) }
        #expect(bench.farWasAnswered)
    }

    @Test("Early media and a leading Pause come before the answer")
    func earlyMedia() throws {
        var bench = try Self.bench()
        _ = try bench.farCall()
        bench.answerWebhook(
            #"[{"PlayEarlyMedia":{"file":"http://app/ring.wav"}},{"Pause":{"length":500}},{"Say":{"text":"Hi"}}]"#)
        #expect(bench.farEffects.contains { if case .progressed(_, .sessionProgress, _) = $0 { true } else { false } })
        #expect(bench.played.count == 1)
        bench.endPlayback()
        bench.pass(.milliseconds(499))
        #expect(!bench.farWasAnswered)
        bench.pass(.milliseconds(1))
        #expect(bench.farWasAnswered)
        #expect(bench.played.count == 2)
        let connections = bench.effects.compactMap {
            if case .media(_, .connect(let connection)) = $0 { connection } else { nil }
        }
        #expect(connections.map(\.isEarly) == [true, false], "a caller who is not answered yet is not missed")
    }

    @Test("Reject refuses without an answer; later it is ignored")
    func reject() throws {
        var bench = try Self.bench()
        _ = try bench.farCall()
        bench.answerWebhook(#"[{"Reject":{"reason":"not today"}}]"#)
        #expect(bench.farRefusal == 603)
        #expect(bench.call?.status == .failed)
        #expect(bench.call?.endedReason == .appReject)
        #expect(bench.call?.connectTime == nil)

        bench = try Self.bench()
        _ = try bench.farCall()
        bench.answerWebhook(#"[{"Pause":{"length":10}},{"Reject":{}},{"Hangup":{}}]"#)
        bench.pass(.milliseconds(10))
        #expect(bench.farWasAnswered)
        #expect(bench.call?.endedReason == .appHangup)
    }

    @Test("The caller gives up while it rings: canceled, and the script that comes is ignored")
    func abandoned() throws {
        var bench = try Self.bench()
        let id = try bench.farCall()
        bench.farEnds(id)
        #expect(bench.call?.status == .canceled)
        #expect(bench.call?.endedReason == .callCanceled)
        bench.answerWebhook(#"[{"Say":{"text":"Hello?"}}]"#)
        #expect(bench.played.isEmpty)
        #expect(bench.delivered.map(\.requestType) == ["inboundCall", "callStatus"])
    }

    @Test("voiceUrl fails: voiceFallbackUrl is asked, once")
    func fallback() throws {
        var bench = try Self.bench(fallback: "http://app/fallback")
        _ = try bench.farCall()
        bench.answerWebhook("oops", status: 500)
        #expect(bench.delivered.map(\.url.text) == ["http://app/voice", "http://app/fallback"])
        #expect(bench.delivered.last?.requestType == "inboundCall")
        bench.answerWebhook("oops", status: 500)
        #expect(bench.call?.status == .failed)
        #expect(bench.call?.endedReason == .webhookInvalidResponse)
        #expect(bench.farRefusal == 480)
    }

    @Test("A number without application or voiceUrl refuses and is noted; an unknown number is 404")
    func misconfigured() throws {
        var bench = try Self.bench(application: false)
        _ = try bench.farCall()
        #expect(bench.call?.endedReason == .configErrorNoApplication)
        #expect(bench.farRefusal == 480)

        bench = try Self.bench(voice: nil)
        _ = try bench.farCall()
        #expect(bench.call?.endedReason == .configErrorNoVoiceUrl)
        #expect(bench.delivered.map(\.requestType) == ["callStatus"])

        bench = Bench()
        _ = try bench.farCall()
        #expect(bench.rows.isEmpty)
        #expect(bench.farRefusal == 404)
    }

    @Test("Over REST: a call that rings here is answered, then hung up")
    func completedOverREST() throws {
        var bench = try Self.bench()
        _ = try bench.farCall()
        let call = try #require(bench.call)
        bench.give(
            .updateCall(
                ReplyToken(rawValue: 5), call.callID, call.accountID, .completed,
                try #require(
                    bench.delivered.last?.requestID)))
        #expect(bench.farWasAnswered)
        #expect(bench.call?.status == .completed)
        bench.pass(.seconds(40))
        #expect(bench.farEffects.contains { if case .ended = $0 { true } else { false } })
    }

    @Test("The caller hangs up: farEndHangup")
    func farEndHangup() throws {
        var bench = try Self.bench()
        let id = try bench.farCall()
        bench.answerWebhook(#"[{"Pause":{"length":1}},{"Say":{"text":"Hi"}}]"#)
        bench.pass(.milliseconds(1))
        bench.farEnds(id)
        #expect(bench.call?.status == .completed)
        #expect(bench.call?.endedReason == .farEndHangup)
    }
}
