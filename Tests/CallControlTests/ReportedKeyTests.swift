import JSON
import SIP
import Telephony
import Testing

@testable import CallControl

@Suite("Keys by INFO: taken in wherever keys are heard, and sent where the trunk wants it (RFC 6086 §9.2)")
struct ReportedKeyTests {
    private static let collect = ##"[{"GetDigits":{"actionUrl":"http://app/digits","maxDigits":9,"finishOnKey":"#"}}]"##

    /// The far end reports keys by INFO.
    private func report(_ keys: String, _ bench: inout Bench) {
        guard let id = bench.invited else { return }
        for key in keys {
            bench.farStep { agent, random, now, effects in
                agent.reportKey(id, key, milliseconds: 120, now: now, random: &random, into: &effects)
            }
        }
    }

    @Test("A key by INFO ends prompts, is collected, and is in the log as one that came as media is")
    func collected() throws {
        var bench = Bench()
        try bench.run(
            #"[{"GetDigits":{"actionUrl":"http://app/digits","maxDigits":2,"prompts":[{"Say":{"text":"Press"}}]}}]"#)
        report("4", &bench)
        #expect(bench.effects.contains { if case .media(_, .stopPlayback) = $0 { true } else { false } })
        report("2", &bench)
        #expect(bench.field("digits") == "42")
        #expect(bench.field("reason") == "maxDigits")
        let noted = bench.journal.filter { $0.message == "Digit received" }
        #expect(noted.map { $0.metadata["digit"] } == ["4", "2"])
        #expect(noted.map { $0.metadata["milliseconds"] } == [120, 120])
        #expect(noted.map { $0.metadata["reportedBy"] } == ["INFO", "INFO"])
        #expect(bench.farEffects.contains { if case .infoAnswered(_, .ok?) = $0 { true } else { false } })
    }

    @Test("Keys typed ahead, and a finish key, may come by INFO; what is private stays so")
    func everywhere() throws {
        var bench = Bench()
        try bench.makeCall()
        bench.farAnswer()
        report("12", &bench)
        bench.answerWebhook(
            #"[{"GetDigits":{"actionUrl":"http://app/digits","finishOnKey":"*","privacyMode":true,"flushBuffer":false}}]"#
        )
        report("3*", &bench)
        #expect(bench.field("digits") == "123")
        #expect(bench.field("reason") == "finishKey")
        let shown = bench.journal.filter { $0.message == "Digit received" }.map { $0.metadata["digit"] }
        #expect(shown.allSatisfy { $0 == .string(Mask.text) })
    }

    @Test("One press that comes both ways is one key, whichever comes first, and two presses are two")
    func bothWays() throws {
        for order in ["mi", "im"] {
            var bench = Bench()
            try bench.run(Self.collect)
            let media = try #require(bench.media)
            for key in "4422" {
                for way in order {
                    if way == "i" { report(String(key), &bench) } else { bench.give(.media(media, .keyPressed(key))) }
                }
                bench.give(.media(media, .digitReceived(key, milliseconds: 100)))
                bench.pass(.milliseconds(300))
            }
            bench.press("#")
            #expect(bench.field("digits") == "4422", "\(order)")
            let noted = bench.journal.filter { $0.message == "Digit received" }.map { $0.metadata["digit"] }
            #expect(noted.prefix(4) == ["4", "4", "2", "2"], "\(order)")
        }
    }

    @Test("Reports that lag behind by some keys are still the same keys")
    func lagging() throws {
        var bench = Bench()
        try bench.run(Self.collect)
        bench.press("11")
        bench.press("2")
        report("112", &bench)
        bench.press("#")
        #expect(bench.field("digits") == "112")
    }

    @Test("A key pressed long after one that came the other way is another one")
    func later() throws {
        var bench = Bench()
        try bench.run(
            #"[{"GetDigits":{"actionUrl":"http://app/digits","maxDigits":9,"digitTimeoutMs":20000}}]"#)
        bench.press("1")
        bench.pass(.seconds(6))
        report("1#", &bench)
        #expect(bench.field("digits") == "11")
    }

    // MARK: Sent

    private func reported(_ bench: Bench) -> [String] {
        bench.farEffects.compactMap { effect in
            if case .keyReported(_, let key, _) = effect { String(key) } else { nil }
        }
    }

    @Test("With the trunk's setting sendDigits go out by INFO, each at its time, and the script waits for them")
    func sendDigits() throws {
        var bench = Bench { $0.trunk.reportsKeys = true }
        try bench.makeCall(sendDigits: "{1}1{4}2#")
        bench.farAnswer()
        bench.answerWebhook(#"[{"Say":{"text":"Hello"}}]"#)
        #expect(!bench.effects.contains { if case .media(_, .sendDigits) = $0 { true } else { false } })
        #expect(reported(bench).isEmpty)
        bench.pass(.milliseconds(500))
        #expect(reported(bench) == ["1"])
        bench.pass(.milliseconds(1_999))
        #expect(reported(bench) == ["1"])
        bench.pass(.milliseconds(1))
        #expect(reported(bench) == ["1", "2"])
        #expect(bench.played.isEmpty)
        bench.pass(.milliseconds(500))
        #expect(reported(bench) == ["1", "2", "#"])
        bench.pass(.milliseconds(100))
        #expect(bench.played.count == 1)
        #expect(bench.entry("Digits sent") != nil)
    }

    @Test("The SendDigits command too; without the setting both go out as media")
    func command() throws {
        var bench = Bench { $0.trunk.reportsKeys = true }
        try bench.run(#"[{"SendDigits":{"digits":"12"}},{"Say":{"text":"Done"}}]"#)
        bench.pass(.seconds(1))
        #expect(reported(bench) == ["1", "2"])
        #expect(bench.played.count == 1)
        var plain = Bench()
        try plain.run(#"[{"SendDigits":{"digits":"12"}}]"#)
        #expect(plain.effects.contains { if case .media(_, .sendDigits) = $0 { true } else { false } })
        #expect(reported(plain).isEmpty)
    }

    @Test("The next digit waits for the answer to the one before it, and keeps its distance")
    func paced() throws {
        var bench = Bench { $0.trunk.reportsKeys = true }
        bench.reachesFarEnd = true
        try bench.makeCall(sendDigits: "12")
        bench.farAnswer()
        bench.reachesFarEnd = false
        bench.pass(.milliseconds(700))
        #expect(bench.sent("INFO ") > 1, "it is sent again, and the second digit waits")
        bench.reachesFarEnd = true
        bench.pass(.milliseconds(1_000))
        #expect(reported(bench) == ["1"])
        bench.pass(.milliseconds(400))
        #expect(reported(bench) == ["1", "2"])
    }

    @Test("Digits that the far end refuses, or never answers, are in the log, and the script goes on")
    func refused() throws {
        for isAnswered in [true, false] {
            var bench = Bench { $0.trunk.reportsKeys = true }
            try bench.makeCall(sendDigits: "12")
            bench.farAnswer()
            bench.answerWebhook(#"[{"Say":{"text":"Hello"}}]"#)
            if isAnswered {
                // The far end has forgotten the dialog.
                bench.farEnd = UserAgent(configuration: UserAgentConfiguration(node: 8, localAddress: Bench.remote))
            } else {
                bench.reachesFarEnd = false
            }
            bench.pass(.seconds(33))
            let entry = try #require(bench.entry("Digits not taken"))
            #expect(entry.level == .warning)
            let explanation = entry.metadata["explanation"]
            #expect(
                explanation
                    == .string(
                        isAnswered
                            ? "the far end answered the INFO with 481 Call/Transaction Does Not Exist"
                            : "the far end did not answer the INFO"))
            #expect(bench.played.count == 1)
            #expect(bench.journal.count { $0.message == "Digits not taken" } == 1)
        }
    }
}
