import JSON
import Telephony
import Testing

@testable import CallControl

/// docs/contract/percl.md#getdigits, docs/contract/percl.md#senddigits.
@Suite("GetDigits and SendDigits")
struct GetDigitsTests {
    private static func script(_ attributes: String) -> String {
        #"[{"GetDigits":{"actionUrl":"http://app/digits"\#(attributes)}}]"#
    }

    private static let prompts =
        #","prompts":[{"Say":{"text":"Press"}},{"Pause":{"length":300}},{"Play":{"file":"http://app/a.wav"}}]"#

    @Test("Prompts play one after another; then the first key is waited for")
    func prompts() throws {
        var bench = Bench()
        try bench.run(Self.script(Self.prompts))
        #expect(bench.played.count == 1)
        bench.endPlayback()
        bench.pass(.milliseconds(299))
        #expect(bench.played.count == 1)
        bench.pass(.milliseconds(1))
        #expect(bench.played.count == 2)
        bench.endPlayback()
        bench.pass(.milliseconds(7999))
        #expect(bench.delivered.count == 1)
        bench.pass(.milliseconds(1))
        #expect(bench.delivered.last?.requestType == "getDigits")
        #expect(bench.field("digits") == "")
        #expect(bench.field("reason") == "timeout")
        #expect(bench.field("privacyMode") == false)
    }

    @Test("The first key stops the prompts; the digit's own timeout runs from the last key")
    func bargeIn() throws {
        var bench = Bench()
        try bench.run(Self.script(Self.prompts + #","digitTimeoutMs":1000"#))
        bench.press("4")
        #expect(bench.effects.contains { if case .media(_, .stopPlayback) = $0 { true } else { false } })
        bench.endPlayback()
        #expect(bench.played.count == 1, "no further prompt")
        bench.pass(.milliseconds(900))
        bench.press("2")
        bench.pass(.milliseconds(999))
        #expect(bench.delivered.count == 1)
        bench.pass(.milliseconds(1))
        #expect(bench.field("digits") == "42")
        #expect(bench.field("reason") == "timeout")
    }

    @Test(
        "Each end has its reason and its digits",
        arguments: [
            ("", "12#", "12", "finishKey"), ("", "#", "", "finishKey"),
            (#","minDigits":3"#, "12#", "", "finishKey"), (#","maxDigits":2"#, "12", "12", "maxDigits"),
            (#","finishOnKey":"*","maxDigits":4"#, "1#2*", "1#2", "finishKey"),
            (#","finishOnKey":"","maxDigits":3"#, "1#*", "1#*", "maxDigits"),
            (#","maxDigits":2"#, "1234", "12", "maxDigits"), (#","minDigits":0"#, "#", "", "finishKey"),
        ])
    func ends(attributes: String, keys: String, digits: String, reason: String) throws {
        var bench = Bench()
        try bench.run(Self.script(attributes))
        bench.press(keys)
        #expect(bench.delivered.map(\.requestType) == ["outDialApiConnect", "getDigits"])
        #expect(bench.field("digits") == .string(digits))
        #expect(bench.field("reason") == .string(reason))
    }

    @Test("Too few digits at the timeout are none")
    func tooFew() throws {
        var bench = Bench()
        try bench.run(Self.script(#","minDigits":3"#))
        bench.press("12")
        bench.pass(.milliseconds(3000))
        #expect(bench.field("digits") == "")
        #expect(bench.field("reason") == "timeout")
    }

    @Test("Keys typed ahead count first and leave no prompt; what is too much waits for the next GetDigits")
    func typedAhead() throws {
        var bench = Bench()
        try bench.makeCall()
        bench.farAnswer()
        bench.press("123")
        bench.answerWebhook(Self.script(Self.prompts + #","maxDigits":2"#))
        #expect(bench.played.isEmpty)
        #expect(bench.field("digits") == "12")
        bench.answerWebhook(Self.script(#","maxDigits":2"#))
        bench.press("4")
        #expect(bench.field("digits") == "34")
    }

    /// docs/contract/percl.md#say.
    @Test("A Say forgets what was typed before it, and keeps what is typed during it")
    func sayFlushes() throws {
        var bench = Bench()
        try bench.makeCall()
        bench.farAnswer()
        bench.press("1")
        bench.answerWebhook(
            #"[{"Say":{"text":"Once more."}},{"GetDigits":{"actionUrl":"http://app/digits","maxDigits":1}}]"#)
        bench.press("2")
        bench.endPlayback()
        #expect(bench.field("digits") == "2")
    }

    @Test(
        "Nothing else does: not Play, Pause, an empty Say, or a Say among prompts",
        arguments: [
            #"{"Play":{"file":"http://app/a.wav"}}"#, #"{"Pause":{"length":100}}"#, #"{"Say":{"text":""}}"#,
            #"{"StartRecordCall":{}}"#,
        ])
    func othersKeep(_ command: String) throws {
        var bench = Bench()
        try bench.makeCall()
        bench.farAnswer()
        bench.press("1")
        bench.answerWebhook("[\(command)," + Self.script(Self.prompts + #","maxDigits":1"#).dropFirst())
        bench.endPlayback()
        bench.pass(.milliseconds(100))
        #expect(bench.field("digits") == "1")
    }

    @Test("flushBuffer forgets what was typed ahead")
    func flush() throws {
        var bench = Bench()
        try bench.makeCall()
        bench.farAnswer()
        bench.press("99")
        bench.answerWebhook(Self.script(#","flushBuffer":true,"maxDigits":1"#))
        bench.press("1")
        #expect(bench.field("digits") == "1")
    }

    /// docs/contract/privacy.md#what-privacymode-hides.
    @Test("privacyMode masks the digits wherever they can be read later, and nowhere else")
    func privacy() throws {
        var bench = Bench()
        try bench.run(Self.script(#","privacyMode":true,"maxDigits":12"#))
        bench.press("843184318431")
        let media = try #require(bench.media)
        for digit in "843184318431" { bench.give(.media(media, .digitReceived(digit, milliseconds: 100))) }
        #expect(bench.field("digits") == "843184318431")
        bench.answerWebhook(#"[{"Redirect":{"actionUrl":"http://app/next"}}]"#)
        #expect(bench.field("originalRequestType") == "getDigits")
        #expect(bench.field("digits") == "843184318431")
        let journal = bench.journal.map { "\($0.message) \(JSONValue.object($0.metadata).text)" }
        #expect(!journal.contains { $0.contains("843184318431") })
        for digit in "843184318431" { #expect(!journal.contains { $0.contains("\"digit\":\"\(digit)\"") }) }
        bench.press("7")
        bench.give(.media(media, .digitReceived("7", milliseconds: 100)))
        #expect(
            !bench.journal.contains { $0.metadata["digit"] == "7" }, "what is typed ahead may be asked for in private")
        bench.answerWebhook(Self.script(#","flushBuffer":true,"maxDigits":4"#))
        bench.press("6")
        bench.give(.media(media, .digitReceived("6", milliseconds: 100)))
        #expect(bench.journal.contains { $0.metadata["digit"] == "6" }, "what is asked for in the open is told")
    }

    @Test("A stream of keys without end does not fill the journal")
    func flood() throws {
        var bench = Bench()
        try bench.run(#"[{"Pause":{"length":3600000}}]"#)
        let media = try #require(bench.media)
        for _ in 0..<5000 {
            bench.give(.media(media, .keyPressed("1")))
            bench.give(.media(media, .digitReceived("1", milliseconds: 1)))
        }
        #expect(bench.journal.count { $0.message == "Digit received" } == Int(CallJournal.Budget.keys.limit))
        #expect(bench.journal.contains { $0.message == "Further digits of this call are not logged" })
    }

    @Test("A hang-up meanwhile: callStatus alone, since the webhook's reasons know no hang-up")
    func hangUp() throws {
        var bench = Bench()
        try bench.run(Self.script(Self.prompts))
        bench.press("1")
        bench.farHangUp()
        #expect(bench.delivered.map(\.requestType) == ["outDialApiConnect", "callStatus"])
        bench.pass(.seconds(60))
        #expect(bench.delivered.count == 2)
    }

    @Test("SendDigits waits for its end, and only for its own")
    func sendDigits() throws {
        var bench = Bench()
        try bench.run(#"[{"SendDigits":{"digits":"1{2}#","pauseMs":200}},{"Say":{"text":"Done"}}]"#)
        let sent = bench.effects.compactMap { effect -> (MediaHandle, DiallingID, [DigitString.Tone])? in
            if case .media(let media, .sendDigits(let id, let tones, _)) = effect { (media, id, tones) } else { nil }
        }
        let (media, id, tones) = try #require(sent.first)
        #expect(sent.count == 1)
        #expect(tones.map(\.onsetMilliseconds) == [0, 400])
        bench.give(.media(media, .digitsSent(DiallingID(rawValue: id.rawValue + 1))))
        #expect(bench.played.isEmpty)
        bench.give(.media(media, .digitsSent(id)))
        #expect(bench.played == [.speech(text: "Done", language: "en-US", isPrivate: false)])
    }
}
