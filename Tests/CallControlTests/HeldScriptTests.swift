import SIP
import Telephony
import Testing

@testable import CallControl

/// docs/contract/calls.md#a-machine-before-the-script, docs/contract/calls.md#a-machine-during-getdigits
@Suite("What of a script is left once a machine was found")
struct HeldScriptTests {
    private static let machine = AnswerFinding.verdict(
        AnswerVerdict(.answeringMachine, .greeting, milliseconds: 2300, confidence: 0.97))
    private static let fax = AnswerFinding.verdict(
        AnswerVerdict(.faxModem, .answerTone, milliseconds: 900, confidence: 0.99))
    private static let person = AnswerFinding.verdict(
        AnswerVerdict(.human, .greeting, milliseconds: 900, confidence: 0.99))
    private static let beep = AnswerFinding.beepEnded(
        AnswerBeep(milliseconds: 400, hertz: 1000, lengthMilliseconds: 400))
    private static let message = Prompt.speech(text: "A message", language: "en-US", isPrivate: false)

    /// A call that is answered; whoever answers is listened to.
    private func answered(
        sendDigits: String? = nil, hangsUp: Bool = false, beepWait: Duration? = nil
    ) throws -> Bench {
        var bench = Bench { $0.beepWait = beepWait }
        let url = try #require(WebURL("http://app/machine"))
        try bench.makeCall(sendDigits: sendDigits, ifMachine: hangsUp ? .hangup : .redirect(url))
        bench.farAnswer()
        return bench
    }

    private func observations(_ bench: Bench) -> [Bool] {
        bench.effects.compactMap { if case .media(_, .observeAnswerer(let isWanted)) = $0 { isWanted } else { nil } }
    }

    @Test(
        "What sendDigits held for a person is not played to a machine, whichever is over first",
        arguments: [machine, fax], [true, false])
    func heldByDigits(finding: AnswerFinding, digitsEndFirst: Bool) throws {
        var bench = try answered(sendDigits: "1{6}2")
        bench.answerWebhook(#"[{"Say":{"text":"For a person"}}]"#)
        #expect(bench.played.isEmpty)
        bench.find(finding)
        #expect(bench.delivered.last?.requestType == "machineDetected")
        let media = try #require(bench.media)
        if digitsEndFirst {
            bench.give(.media(media, .digitsSent(.sendDigits)))
            #expect(bench.played.isEmpty)
            bench.pass(.seconds(30))
            #expect(bench.played.isEmpty)
        }
        bench.answerWebhook(#"[{"Say":{"text":"A message"}}]"#)
        if !digitsEndFirst {
            #expect(bench.played.isEmpty)
            bench.give(.media(media, .digitsSent(.sendDigits)))
        }
        #expect(bench.played == [Self.message])
        #expect(bench.call?.status == .inProgress)
    }

    @Test("Where a person answered what was held is played, once")
    func heldForAPerson() throws {
        var bench = try answered(sendDigits: "1{6}2")
        bench.answerWebhook(#"[{"Say":{"text":"A message"}},{"Pause":{"length":60000}}]"#)
        bench.find(Self.person)
        #expect(bench.played.isEmpty)
        let media = try #require(bench.media)
        bench.give(.media(media, .digitsSent(.sendDigits)))
        bench.give(.media(media, .digitsSent(.sendDigits)))
        #expect(bench.played == [Self.message])
    }

    @Test("Held for the beep, the machine's own script alone is played after it")
    func heldByBeep() throws {
        var bench = try answered(sendDigits: "1{6}2", beepWait: .seconds(20))
        bench.answerWebhook(#"[{"Say":{"text":"For a person"}}]"#)
        bench.find(Self.machine)
        let media = try #require(bench.media)
        bench.give(.media(media, .digitsSent(.sendDigits)))
        bench.find(Self.beep)
        #expect(bench.played.isEmpty)
        bench.answerWebhook(#"[{"Say":{"text":"A message"}}]"#)
        #expect(bench.played == [Self.message])
    }

    @Test("A call that ifMachine hangs up plays nothing that was held")
    func hungUp() throws {
        var bench = try answered(sendDigits: "1{6}2", hangsUp: true)
        bench.answerWebhook(#"[{"Say":{"text":"For a person"}}]"#)
        bench.find(Self.machine)
        let media = try #require(bench.media)
        bench.give(.media(media, .digitsSent(.sendDigits)))
        bench.pass(.seconds(60))
        #expect(bench.played.isEmpty)
        #expect(bench.call?.endedReason == .machineDetected)
    }

    @Test("A beep before any verdict, as of a handset, ends neither the listening nor what ifMachine does")
    func earlyBeep() throws {
        for hangsUp in [false, true] {
            var bench = try answered(hangsUp: hangsUp)
            bench.answerWebhook(#"[{"Pause":{"length":60000}}]"#)
            bench.find(Self.beep)
            bench.find(Self.beep)
            #expect(observations(bench) == [true])
            bench.find(Self.machine)
            #expect(bench.call?.answeredBy == .machine)
            if hangsUp {
                #expect(bench.call?.endedReason == .machineDetected)
            } else {
                #expect(bench.delivered.last?.requestType == "machineDetected")
            }
        }
    }

    @Test("A beep before the verdict is not the one that the message waits for")
    func earlyBeepIsNotTheBeep() throws {
        var bench = try answered(beepWait: .seconds(20))
        bench.answerWebhook(#"[{"Pause":{"length":60000}}]"#)
        bench.find(Self.beep)
        bench.find(Self.machine)
        bench.answerWebhook(#"[{"Say":{"text":"A message"}}]"#)
        #expect(bench.played.isEmpty)
        #expect(observations(bench) == [true])
        bench.find(Self.beep)
        #expect(bench.played == [Self.message])
        #expect(observations(bench) == [true, false])
        // The wait is over: nothing comes of its timer.
        bench.pass(.seconds(20))
        #expect(bench.played == [Self.message])
        #expect(bench.journal.count { $0.message.hasPrefix("The wait for a beep is over") } == 1)
    }

    @Test("A beep after a person was found changes nothing")
    func beepOfAPerson() throws {
        var bench = try answered(beepWait: .seconds(20))
        bench.answerWebhook(#"[{"Say":{"text":"A message"}},{"Pause":{"length":60000}}]"#)
        bench.find(Self.person)
        bench.find(Self.beep)
        #expect(observations(bench) == [true, false])
        #expect(bench.played == [Self.message])
        #expect(!bench.journal.contains { $0.message.hasPrefix("The wait for a beep is over") })
    }
}
