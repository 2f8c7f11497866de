import JSON
import PerCL
import Telephony
import Testing

@testable import CallControl

/// docs/contract/percl.md#getdigits
@Suite("How long a key is waited for, and what is left of the wait")
struct KeyTimerTests {
    private static func script(_ attributes: String) -> String {
        #"[{"GetDigits":{"actionUrl":"http://app/digits"\#(attributes)}}]"#
    }

    private static let prompts = #","prompts":[{"Say":{"text":"Press"}}]"#

    private func expectTimeout(
        _ bench: inout Bench, after milliseconds: Int, digits: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let told = bench.delivered.count
        bench.pass(.milliseconds(milliseconds - 1))
        #expect(bench.delivered.count == told, sourceLocation: sourceLocation)
        bench.pass(.milliseconds(1))
        #expect(bench.delivered.count == told + 1, sourceLocation: sourceLocation)
        #expect(bench.field("digits") == .string(digits), sourceLocation: sourceLocation)
        #expect(bench.field("reason") == "timeout", sourceLocation: sourceLocation)
    }

    @Test(
        "After keys typed ahead the next key's timeout runs, with prompts or without",
        arguments: ["", Self.prompts],
        [("", 3000), (#","initialTimeoutMs":500,"digitTimeoutMs":2000"#, 2000), (#","digitTimeoutMs":9000"#, 9000)])
    func typedAhead(prompts: String, timeout: (String, Int)) throws {
        var bench = Bench()
        try bench.makeCall()
        bench.farAnswer()
        bench.press("41")
        bench.answerWebhook(Self.script(prompts + timeout.0))
        #expect(bench.played.isEmpty)
        expectTimeout(&bench, after: timeout.1, digits: "41")
    }

    @Test("Without a key the first one's timeout runs, from the end of the prompts")
    func firstKey() throws {
        let attributes = #","initialTimeoutMs":5000,"digitTimeoutMs":1000"#
        var bench = Bench()
        try bench.run(Self.script(attributes))
        expectTimeout(&bench, after: 5000, digits: "")
        bench.answerWebhook(Self.script(Self.prompts + attributes))
        bench.pass(.seconds(30))
        bench.endPlayback()
        expectTimeout(&bench, after: 5000, digits: "")
        bench.answerWebhook(Self.script(attributes))
        bench.pass(.milliseconds(4999))
        bench.press("7")
        expectTimeout(&bench, after: 1000, digits: "7")
    }

    @Test(
        "A GetDigits that ended by a key leaves no timer to whatever follows",
        arguments: ["12#", "123", "#"],
        [
            Self.script(#","maxDigits":3"# + Self.prompts), #"[{"Say":{"text":"Long"}}]"#,
            #"[{"Pause":{"length":60000}}]"#, #"[{"Redirect":{"actionUrl":"http://app/next"}}]"#,
        ])
    func nothingLeft(keys: String, following: String) throws {
        var bench = Bench()
        try bench.run(Self.script(#","maxDigits":3"#))
        bench.pass(.seconds(2))
        bench.press(keys)
        #expect(bench.delivered.count == 2)
        bench.answerWebhook(following)
        let told = bench.delivered.count
        let played = bench.played.count
        bench.pass(.seconds(9))
        #expect(bench.delivered.count == told)
        #expect(bench.played.count == played)
        #expect(!bench.effects.contains { if case .media(_, .stopPlayback) = $0 { true } else { false } })
        #expect(bench.call?.status == .inProgress)
        guard following.contains("GetDigits") else { return }
        bench.endPlayback()
        expectTimeout(&bench, after: 8000, digits: "")
    }

    @Test("A key of a prompt that plays leaves no pause and no prompt behind")
    func nothingLeftOfPrompts() throws {
        var bench = Bench()
        try bench.run(
            Self.script(#","maxDigits":1,"prompts":[{"Pause":{"length":500}},{"Say":{"text":"Press"}}]"#))
        bench.press("1")
        bench.answerWebhook(Self.script(Self.prompts))
        #expect(bench.played.count == 1)
        bench.pass(.seconds(5))
        #expect(bench.played.count == 1)
        #expect(bench.delivered.count == 2)
    }

    /// The prompts that were asked for, each with how often.
    private func loops(_ bench: Bench) -> [Int] {
        bench.effects.compactMap { if case .media(_, .play(_, _, let loop, _)) = $0 { loop } else { nil } }
    }

    @Test("A Say and a Play among prompts are played as often as they say, and in their own way")
    func nestedLoop() throws {
        var bench = Bench()
        try bench.run(
            Self.script(
                #"""
                ,"prompts":[{"Say":{"text":"Eins","loop":3,"language":"de-DE","privacyMode":true}},
                {"Play":{"file":"http://app/a.wav","loop":2}},{"Say":{"text":"Two"}},{"Say":{"text":"Ever","loop":0}}]
                """#))
        for _ in 0..<3 { bench.endPlayback() }
        #expect(loops(bench) == [3, 2, 1, 0])
        #expect(
            bench.played == [
                .speech(text: "Eins", language: "de-DE", isPrivate: true), .file(try file("http://app/a.wav")),
                .speech(text: "Two", language: "en-US", isPrivate: false),
                .speech(text: "Ever", language: "en-US", isPrivate: false),
            ])
    }

    @Test("A Say and a Play of their own are too")
    func loop() throws {
        var bench = Bench()
        try bench.run(
            #"""
            [{"Say":{"text":"Eins","loop":3,"language":"de-DE"}},{"Play":{"file":"http://app/a.wav","loop":2}},
            {"Say":{"text":"Two"}},{"Play":{"file":"http://app/a.wav","loop":0}}]
            """#)
        for _ in 0..<3 { bench.endPlayback() }
        #expect(loops(bench) == [3, 2, 1, 0])
    }

    /// As a script names it.
    private func file(_ url: String) throws -> AudioFileReference {
        guard
            case .script(let script, _) = ScriptAnswer(body: Array(#"[{"Play":{"file":"\#(url)"}}]"#.utf8)),
            case .play(let play)? = script.commands.first
        else { throw Bench.Missing() }
        return play.file
    }
}
