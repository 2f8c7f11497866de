import JSON
import SIP
import Telephony
import Testing

@testable import CallControl

/// docs/contract/calls.md#ifmachine, docs/decisions/0010.
@Suite("Who answered, and what ifMachine does then")
struct AnswererTests {
    private static let machineURL = "http://app/machine"

    private static func bench(
        _ ifMachine: MachineHandling.Kind?, script: String? = nil,
        _ change: (inout ExchangeConfiguration) -> Void = { _ in }
    ) throws -> Bench {
        var bench = Bench(change)
        let url = try #require(WebURL(machineURL))
        try bench.makeCall(ifMachine: ifMachine.map { $0 == .hangup ? .hangup : .redirect(url) })
        bench.farAnswer()
        if let script { bench.answerWebhook(script) }
        return bench
    }

    private static func verdict(
        _ answerer: Answerer, _ cause: AnswerVerdict.Cause = .greeting
    ) -> AnswerFinding {
        .verdict(
            AnswerVerdict(
                answerer, cause, milliseconds: 2300, confidence: 0.97, features: [AnswerFeature("talk", 2.1)]))
    }

    private static let beep = AnswerFinding.beepEnded(
        AnswerBeep(milliseconds: 4000, hertz: 1000, lengthMilliseconds: 400))

    private static func isObserved(_ bench: Bench) -> Bool? {
        bench.effects.lazy.compactMap {
            if case .media(_, .observeAnswerer(let isWanted)) = $0 { isWanted } else { nil }
        }.last
    }

    private static func messages(_ bench: Bench) -> [String] { bench.journal.map(\.message) }

    @Test("Without ifMachine nobody listens, and what would be found does nothing")
    func notAsked() throws {
        var bench = try Self.bench(nil, script: #"[{"Say":{"text":"Hello"}}]"#)
        #expect(Self.isObserved(bench) == nil)
        bench.find(Self.verdict(.answeringMachine))
        #expect(bench.call?.status == .inProgress)
        #expect(bench.call?.answeredBy == nil)
        #expect(bench.delivered.count == 1)
    }

    @Test("A person is noted, and the script goes on", arguments: MachineHandling.Kind.allCases)
    func person(_ kind: MachineHandling.Kind) throws {
        var bench = try Self.bench(kind, script: #"[{"Say":{"text":"Hello"}},{"Pause":{"length":100}}]"#)
        #expect(Self.isObserved(bench) == true)
        let revision = try #require(bench.call).revision
        bench.find(Self.verdict(.human))
        #expect(bench.call?.answeredBy == .human)
        #expect(bench.call?.revision == revision + 1)
        #expect(Self.isObserved(bench) == false, "nothing more is asked of it, or paid for")
        #expect(bench.call?.status == .inProgress)
        // A verdict stands.
        bench.find(Self.verdict(.answeringMachine))
        #expect(bench.call?.answeredBy == .human)
        bench.endPlayback()
        bench.pass(.milliseconds(100))
        #expect(bench.call?.endedReason == .appHangup)
        #expect(!bench.delivered.contains { $0.requestType == "machineDetected" })
    }

    @Test("What decides nothing leaves answeredBy null", arguments: MachineHandling.Kind.allCases)
    func undecided(_ kind: MachineHandling.Kind) throws {
        var bench = try Self.bench(kind, script: #"[{"Say":{"text":"Hello"}}]"#)
        bench.find(Self.verdict(.undecided, .soundLimit))
        #expect(bench.call?.answeredBy == nil)
        #expect(bench.call?.status == .inProgress)
        #expect(Self.isObserved(bench) == false)
        #expect(bench.delivered.count == 1)
    }

    @Test("A verdict is in the log with its time, its confidence and what decided")
    func logged() throws {
        var bench = try Self.bench(.redirect, script: #"[{"Say":{"text":"Hello"}}]"#)
        bench.find(Self.verdict(.answeringMachine))
        let entry = try #require(bench.journal.first { $0.message == "Answered by an answering machine" })
        #expect(entry.scope == .media)
        #expect(entry.metadata["milliseconds"] == 2300)
        #expect(entry.metadata["confidence"] == .number(0.97))
        #expect(entry.metadata["cause"] == "greeting")
        #expect(entry.metadata["features"] == ["talk": .number(2.1)])
        let accepted = try #require(bench.journal.first { $0.message == "Call accepted" })
        #expect(accepted.metadata["ifMachine"] == "redirect")
        #expect(accepted.metadata["ifMachineUrl"] == .string(Self.machineURL))
    }

    @Test("hangup ends the call", arguments: [Answerer.answeringMachine, .faxModem])
    func hangUp(_ answerer: Answerer) throws {
        var bench = try Self.bench(.hangup, script: #"[{"Say":{"text":"Hello"}}]"#)
        bench.find(Self.verdict(answerer))
        #expect(bench.call?.status == .completed)
        #expect(bench.call?.endedReason == .machineDetected)
        #expect(bench.call?.answeredBy == .machine)
        #expect(bench.sent("BYE ") == 1)
        #expect(bench.delivered.map(\.requestType) == ["outDialApiConnect", "callStatus"])
        #expect(bench.field("callEndedReason") == "machineDetected")
    }

    @Test("hangup while the connect webhook is out: its answer is ignored, then callStatus leaves")
    func hangUpBeforeScript() throws {
        var bench = try Self.bench(.hangup)
        let connect = try #require(bench.delivered.last)
        bench.find(Self.verdict(.answeringMachine))
        #expect(bench.call?.endedReason == .machineDetected)
        bench.give(
            .webhookFinished(
                connect.eventID, .answered(status: 200, contentType: nil, body: Array(#"[{"Say":{"text":"a"}}]"#.utf8)),
                milliseconds: 1))
        #expect(bench.played.isEmpty)
        #expect(bench.delivered.map(\.requestType) == ["outDialApiConnect", "callStatus"])
    }

    @Test(
        "redirect aborts what runs, and ifMachineUrl's script takes over",
        arguments: [
            #"{"Say":{"text":"Hello"}}"#, #"{"Play":{"file":"http://app/a.wav"}}"#, #"{"Pause":{"length":60000}}"#,
            #"{"SendDigits":{"digits":"1{6}2{6}3"}}"#,
        ], [(Answerer.answeringMachine, "answering machine"), (.faxModem, "fax modem")])
    func redirect(_ command: String, _ found: (Answerer, String)) throws {
        var bench = try Self.bench(.redirect, script: "[\(command),{\"Hangup\":{\"reason\":\"not this one\"}}]")
        bench.find(Self.verdict(found.0))
        let webhook = try #require(bench.delivered.last)
        #expect(webhook.requestType == "machineDetected")
        #expect(webhook.url.text == Self.machineURL)
        #expect(bench.field("machineType") == .string(found.1))
        #expect(bench.field("parentCallId") == .null)
        #expect(bench.field("callStatus") == "inProgress")
        #expect(Self.messages(bench).contains { $0.hasSuffix(" aborted") })
        let stops = bench.effects.contains { effect in
            switch effect {
            case .media(_, .stopPlayback), .media(_, .stopDigits): true
            default: false
            }
        }
        #expect(stops || command.contains("Pause"))
        // The ends of what was stopped come, and a minute goes by: the former script is over for good.
        bench.endPlayback()
        bench.pass(.seconds(61))
        #expect(bench.call?.status == .inProgress)
        bench.answerWebhook(#"[{"Say":{"text":"A message"}},{"Hangup":{"reason":"left a message"}}]"#)
        #expect(bench.played.last == .speech(text: "A message", language: "en-US", isPrivate: false))
        bench.endPlayback()
        #expect(bench.call?.endedReason == .appHangup)
        #expect(bench.call?.answeredBy == .machine)
    }

    /// docs/contract/calls.md#a-machine-before-the-script.
    @Test("redirect while the connect webhook is out: asked at once, and the late answer is ignored")
    func redirectBeforeScript() throws {
        var bench = try Self.bench(.redirect)
        let connect = try #require(bench.delivered.last)
        bench.find(Self.verdict(.answeringMachine))
        let machine = try #require(bench.delivered.last)
        #expect(machine.requestType == "machineDetected")
        bench.give(
            .webhookFinished(
                connect.eventID, .answered(status: 200, contentType: nil, body: Array(#"[{"Say":{"text":"a"}}]"#.utf8)),
                milliseconds: 1))
        #expect(bench.played.isEmpty)
        #expect(bench.call?.status == .inProgress)
        #expect(Self.messages(bench).contains { $0.contains("outDialApiConnect is given up") })
        bench.answerWebhook(#"[{"Say":{"text":"b"}}]"#)
        #expect(bench.played.count == 1)
        bench.farHangUp()
        bench.answerWebhook("ok")
        #expect(bench.exchange.calls.isEmpty, "nothing is left of it")
    }

    @Test("A connect webhook that fails after the machine was found ends nothing, and is not tried again")
    func failureAfterMachine() throws {
        var bench = try Self.bench(.redirect)
        let connect = try #require(bench.delivered.last)
        bench.find(Self.verdict(.answeringMachine))
        bench.give(
            .webhookFinished(
                connect.eventID, .failed(WebhookFailure(kind: .closedBeforeAnswer, explanation: "gone")),
                milliseconds: 1))
        #expect(bench.call?.status == .inProgress)
        #expect(bench.delivered.map(\.requestType) == ["outDialApiConnect", "machineDetected"])
    }

    /// docs/contract/calls.md#a-machine-during-getdigits.
    @Test(
        "GetDigits is told of with reason tone, its answer ignored, and machineDetected comes after",
        arguments: [("", ""), ("12", "12")])
    func getDigits(keys: String, digits: String) throws {
        var bench = try Self.bench(
            .redirect, script: #"[{"GetDigits":{"actionUrl":"http://app/digits","prompts":[{"Say":{"text":"a"}}]}}]"#)
        bench.press(keys)
        bench.find(Self.verdict(.answeringMachine))
        #expect(bench.delivered.last?.requestType == "getDigits")
        #expect(bench.field("reason") == "tone")
        #expect(bench.field("digits") == .string(digits))
        bench.answerWebhook(#"[{"Say":{"text":"nobody hears this"}}]"#)
        #expect(bench.delivered.last?.requestType == "machineDetected")
        #expect(bench.played.count == 1, "the prompt alone")
        bench.pass(.seconds(30))
        #expect(bench.delivered.count == 3, "no key's timeout is left")
        bench.answerWebhook(#"[{"Hangup":{}}]"#)
        #expect(bench.call?.endedReason == .appHangup)
    }

    @Test("hangup during GetDigits tells of it with reason tone, then the call's end")
    func hangUpDuringGetDigits() throws {
        var bench = try Self.bench(
            .hangup, script: #"[{"GetDigits":{"actionUrl":"http://app/digits","privacyMode":true,"maxDigits":20}}]"#)
        bench.press("7341734173")
        bench.find(Self.verdict(.answeringMachine))
        #expect(bench.field("reason") == "tone")
        #expect(bench.field("digits") == "7341734173")
        bench.answerWebhook("[]")
        #expect(bench.delivered.map(\.requestType) == ["outDialApiConnect", "getDigits", "callStatus"])
        #expect(bench.call?.endedReason == .machineDetected)
        #expect(!bench.journal.contains { JSONValue.object($0.metadata).text.contains("7341734173") })
    }

    @Test("A RecordUtterance is completed and kept, and asks for no script")
    func recordUtterance() throws {
        let record = #"[{"RecordUtterance":{"actionUrl":"http://app/record","playBeep":false}}]"#
        var bench = try Self.bench(.redirect, script: record)
        bench.pass(.milliseconds(2500))
        bench.find(Self.verdict(.answeringMachine))
        let recording = try #require(bench.recordings.values.first)
        #expect(recording.durationSeconds == 3)
        #expect(bench.delivered.map(\.requestType) == ["outDialApiConnect", "machineDetected"])
        bench.answerWebhook(record)
        #expect(bench.recordings.count == 2)
        bench.press("#")
        #expect(bench.delivered.last?.requestType == "record", "the new one is told of")
        #expect(bench.recordings.values.allSatisfy { $0.durationSeconds != nil })
    }

    @Test("hangup during RecordUtterance tells of the recording, as any end does")
    func hangUpDuringRecording() throws {
        var bench = try Self.bench(
            .hangup, script: #"[{"RecordUtterance":{"actionUrl":"http://app/record","playBeep":false}}]"#)
        bench.find(Self.verdict(.answeringMachine))
        #expect(bench.field("termReason") == "hangup")
        bench.answerWebhook("")
        #expect(bench.delivered.map(\.requestType) == ["outDialApiConnect", "record", "callStatus"])
    }

    @Test("What is found after the end does nothing")
    func afterEnd() throws {
        var bench = try Self.bench(.redirect, script: #"[{"Say":{"text":"Hello"}}]"#)
        bench.farHangUp()
        bench.find(Self.verdict(.answeringMachine))
        #expect(bench.call?.endedReason == .farEndHangup)
        #expect(bench.call?.answeredBy == nil)
        bench.answerWebhook("")
        #expect(bench.delivered.map(\.requestType) == ["outDialApiConnect", "callStatus"])
    }

    @Test("While the script's last webhook is out, ifMachineUrl is asked in its place")
    func afterScript() throws {
        var bench = try Self.bench(.redirect, script: #"[{"Redirect":{"actionUrl":"http://app/next"}}]"#)
        #expect(bench.delivered.last?.requestType == "redirect")
        bench.find(Self.verdict(.answeringMachine))
        #expect(bench.delivered.last?.requestType == "machineDetected")
    }

    @Test("An OutDial that waits to be allowed is given up")
    func outDial() throws {
        var bench = try Self.bench(.redirect)
        bench.resolvesCallers = false
        bench.answerWebhook(
            #"[{"OutDial":{"destination":"+15555550199","callingNumber":"+15555550100","actionUrl":"http://app/a","callConnectUrl":"http://app/b"}}]"#
        )
        bench.find(Self.verdict(.answeringMachine))
        let call = try #require(bench.call)
        bench.give(.callerResolved(call.callID, nil))
        #expect(bench.rows.count == 1)
        #expect(bench.delivered.last?.requestType == "machineDetected")
    }

    @Test("OutDial's own: the child is listened to, and its parent is not")
    func child() throws {
        var bench = try Self.bench(
            nil,
            script:
                #"[{"OutDial":{"destination":"+15555550199","callingNumber":"+15555550100","actionUrl":"http://app/a","callConnectUrl":"http://app/b","ifMachine":"redirect","ifMachineUrl":"http://app/machine"}}]"#
        )
        #expect(Self.isObserved(bench) == nil)
        bench.answerWebhook(#"[{"Pause":{"length":60000}}]"#)
        let parent = try #require(bench.rows.values.first { $0.direction == .outboundAPI })
        bench.farAnswer()
        bench.answerWebhook(#"[{"Say":{"text":"Hello"}}]"#)
        #expect(Self.isObserved(bench) == true)
        bench.find(Self.verdict(.answeringMachine))
        #expect(bench.delivered.last?.requestType == "machineDetected")
        #expect(bench.field("parentCallId") == .string(parent.callID.text))
        #expect(bench.field("direction") == "outboundDial")
        #expect(bench.rows[parent.callID]?.answeredBy == nil)
    }

    @Test("sendDigits go on, and ifMachineUrl's script is held until they are dialled")
    func sendDigits() throws {
        var bench = Bench()
        let url = try #require(WebURL(Self.machineURL))
        try bench.makeCall(sendDigits: "1{6}2", ifMachine: .redirect(url))
        bench.farAnswer()
        bench.answerWebhook(#"[{"Say":{"text":"held, and given up"}}]"#)
        bench.find(Self.verdict(.faxModem))
        bench.answerWebhook(#"[{"Say":{"text":"held"}}]"#)
        #expect(bench.played.isEmpty)
        let media = try #require(bench.media)
        bench.give(.media(media, .digitsSent(.sendDigits)))
        #expect(bench.played == [.speech(text: "held", language: "en-US", isPrivate: false)])
    }

    // MARK: The beep

    @Test("Where that is set, the script of ifMachineUrl waits for the beep")
    func beepAwaited() throws {
        var bench = try Self.bench(.redirect, script: #"[{"Say":{"text":"Hello"}}]"#) { $0.beepWait = .seconds(20) }
        bench.find(Self.verdict(.answeringMachine))
        #expect(Self.isObserved(bench) == true, "the beep is still to be heard")
        bench.answerWebhook(#"[{"Say":{"text":"A message"}}]"#)
        #expect(bench.played.count == 1)
        bench.pass(.seconds(5))
        bench.find(Self.beep)
        #expect(bench.played.count == 2)
        #expect(Self.isObserved(bench) == false)
        let entry = try #require(bench.journal.first { $0.message == "Beep ended" })
        #expect(entry.metadata == ["milliseconds": 4000, "hertz": 1000, "lengthMilliseconds": 400])
    }

    @Test("It waits no longer than is set, and not for the answer to be late")
    func beepNeverComes() throws {
        var bench = try Self.bench(.redirect, script: #"[{"Say":{"text":"Hello"}}]"#) { $0.beepWait = .seconds(20) }
        bench.find(Self.verdict(.answeringMachine))
        bench.answerWebhook(#"[{"Say":{"text":"A message"}}]"#)
        bench.pass(.milliseconds(19_999))
        #expect(bench.played.count == 1)
        bench.pass(.milliseconds(1))
        #expect(bench.played.count == 2)
    }

    @Test("A request may ask for the wait, for another one, or for none, whatever the server's setting is")
    func beepByRequest() throws {
        for (setting, asked, waits) in [(nil, 30, true), (20, 30, true), (20, 0, false), (nil, 0, false)]
            as [(Int?, Int, Bool)]
        {
            var bench = Bench { $0.beepWait = setting.map { .seconds($0) } }
            let url = try #require(WebURL(Self.machineURL))
            try bench.makeCall(ifMachine: .redirect(url), machineBeepSeconds: asked)
            #expect(
                bench.journal.first { $0.message == "Call accepted" }?.metadata["ifMachineBeepSeconds"]
                    == JSONValue(asked))
            bench.farAnswer()
            bench.answerWebhook(#"[{"Say":{"text":"Hello"}}]"#)
            bench.find(Self.verdict(.answeringMachine))
            bench.answerWebhook(#"[{"Say":{"text":"A message"}}]"#)
            #expect(bench.played.count == (waits ? 1 : 2))
            guard waits else { continue }
            bench.pass(.milliseconds(29_999))
            #expect(bench.played.count == 1)
            bench.pass(.milliseconds(1))
            #expect(bench.played.count == 2)
        }
    }

    @Test("OutDial may ask for it too, and a call that waits keeps what it asked for over a restart")
    func beepByOutDial() throws {
        var bench = try Self.bench(
            nil,
            script:
                #"[{"OutDial":{"destination":"+15555550199","callingNumber":"+15555550100","actionUrl":"http://app/a","callConnectUrl":"http://app/b","ifMachine":"redirect","ifMachineUrl":"http://app/machine","ifMachineBeepSeconds":"30"}}]"#
        )
        let child = try #require(bench.rows.values.first { $0.direction == .outboundDial })
        bench.answerWebhook(#"[{"Pause":{"length":60000}}]"#)
        bench.farAnswer()
        bench.answerWebhook(#"[{"Say":{"text":"Hello"}}]"#)
        bench.find(Self.verdict(.answeringMachine))
        bench.answerWebhook(#"[{"Say":{"text":"A message"}}]"#)
        #expect(bench.played.count == 1)
        bench.find(Self.beep)
        #expect(bench.played.count == 2)

        var request = try Bench.request()
        request.terms.ifMachine = .redirect(try #require(WebURL(Self.machineURL)))
        request.terms.machineBeepSeconds = 30
        var record = CallRecord(
            of: child, node: 0, terms: request.terms, eventSequence: 0, callRecordingID: nil, leg: LegRecord(.waiting))
        #expect(try CallRecord(reading: record.bytes) == record)
        record.ifMachineBeepSeconds = nil
        #expect(try CallRecord(reading: record.bytes).ifMachineBeepSeconds == nil)
    }

    @Test(
        "It does not wait where the beep is over, or where nothing will beep",
        arguments: [(Answerer.answeringMachine, AnswerVerdict.Cause.beep), (.faxModem, .answerTone)])
    func nothingToWaitFor(_ answerer: Answerer, _ cause: AnswerVerdict.Cause) throws {
        var bench = try Self.bench(.redirect, script: #"[{"Say":{"text":"Hello"}}]"#) { $0.beepWait = .seconds(20) }
        bench.find(Self.verdict(answerer, cause))
        #expect(Self.isObserved(bench) == false)
        bench.answerWebhook(#"[{"Say":{"text":"A message"}}]"#)
        #expect(bench.played.count == 2)
    }

    @Test("A line that sounds for ever does not fill the log")
    func endlessTones() throws {
        var bench = try Self.bench(.redirect, script: #"[{"Pause":{"length":60000}}]"#)
        for _ in 0..<500 {
            bench.find(.tone(.ringback, milliseconds: 100))
            bench.find(Self.beep)
        }
        #expect(bench.journal.count { $0.message.hasPrefix("Tone heard") || $0.message == "Beep ended" } == 100)
    }

    @Test("A queued call keeps what was asked for across a restart")
    func record() throws {
        var bench = Bench()
        bench.commitsAtOnce = false
        let url = try #require(WebURL(Self.machineURL))
        try bench.makeCall(ifMachine: .redirect(url))
        var queued = Bench { $0.trunk.callsAtOnce = 0 }
        try queued.makeCall(ifMachine: .redirect(url))
        let record = try CallRecord(reading: try #require(queued.records.values.first))
        #expect(record.leg.phase == .waiting)
        #expect(record.machineHandling == .redirect(url))
        try queued.makeCall(token: 2, to: "+15555550124", ifMachine: .hangup)
        let others = try queued.records.values.map { try CallRecord(reading: $0).machineHandling }
        #expect(Set(others) == [.redirect(url), .hangup])
    }
}
