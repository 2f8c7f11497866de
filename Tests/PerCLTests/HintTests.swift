import JSON
import PerCL
import Telephony
import Testing

@Suite("What a script may get wrong and is taken all the same")
struct HintTests {
    private static func answer(_ text: String) -> ScriptAnswer { ScriptAnswer(body: Array(text.utf8)) }

    private static func taken(_ text: String) throws -> (script: Script, hints: [String]) {
        guard case .script(let script, let hints) = answer(text) else {
            Issue.record("no script: \(answer(text))")
            throw ScriptError(explanation: "no script")
        }
        return (script, hints.shown.map(\.description))
    }

    private static func fault(_ text: String) -> ScriptError? {
        if case .invalid(let error) = answer(text) { error } else { nil }
    }

    /// Every attribute of every command that is a number or a truth, with a value that it may have.
    private static let attributes: [(command: String, required: String, attribute: String, value: String)] = {
        let url = #""actionUrl":"http://a""#
        let dial = #"\#(url),"destination":"+15551234567","callingNumber":"+15551234568","callConnectUrl":"http://a""#
        let machine = #"\#(dial),"ifMachine":"redirect","ifMachineUrl":"http://a""#
        let conference = #""conferenceId":"CF\#(String(repeating: "0", count: 40))""#
        let speech = #"\#(url),"grammarFile":"http://a""#
        return [
            ("Say", #""text":"a""#, "loop", "2"), ("Say", #""text":"a""#, "privacyMode", "true"),
            ("Play", #""file":"http://a""#, "loop", "0"), ("Play", #""file":"http://a""#, "privacyMode", "false"),
            ("Pause", "", "length", "500"),
            ("GetDigits", url, "initialTimeoutMs", "6000"), ("GetDigits", url, "digitTimeoutMs", "0"),
            ("GetDigits", url, "minDigits", "2"), ("GetDigits", url, "maxDigits", "4"),
            ("GetDigits", url, "flushBuffer", "true"), ("GetDigits", url, "privacyMode", "true"),
            ("GetSpeech", speech, "playBeep", "true"), ("GetSpeech", speech, "noInputTimeoutMs", "7"),
            ("GetSpeech", speech, "recognitionTimeoutMs", "7"), ("GetSpeech", speech, "confidenceThreshold", "0.25"),
            ("GetSpeech", speech, "sensitivityLevel", "1"), ("GetSpeech", speech, "speechCompleteTimeoutMs", "7"),
            ("GetSpeech", speech, "speechIncompleteTimeoutMs", "7"), ("GetSpeech", speech, "privacyMode", "true"),
            ("SendDigits", #""digits":"1""#, "pauseMs", "500"), ("SendDigits", #""digits":"1""#, "privacyMode", "true"),
            ("OutDial", dial, "timeout", "30"), ("OutDial", dial, "privacyMode", "true"),
            ("OutDial", machine, "ifMachineBeepSeconds", "20"),
            ("RecordUtterance", url, "silenceTimeoutMs", "7"), ("RecordUtterance", url, "maxLengthSec", "7"),
            ("RecordUtterance", url, "playBeep", "false"), ("RecordUtterance", url, "autoStart", "true"),
            ("RecordUtterance", url, "privacyMode", "true"),
            ("CreateConference", url, "record", "true"), ("AddToConference", conference, "startConfOnEnter", "false"),
            ("AddToConference", conference, "talk", "false"), ("AddToConference", conference, "listen", "false"),
            ("AddToConference", conference, "dtmfPassThrough", "true"),
            ("AddToConference", conference, "allowCallControl", "true"),
            ("SetTalk", "", "talk", "false"), ("SetListen", "", "listen", "false"),
            ("SetDTMFPassThrough", "", "dtmfPassThrough", "false"),
            ("TranscribeUtterance", url, "playBeep", "true"), ("TranscribeUtterance", url, "privacyForLogging", "true"),
            ("TranscribeUtterance", url, "privacyForRecording", "true"),
            ("AudioStream", #""location":"grpc://a:443""#, "privacyMode", "true"),
        ]
    }()

    private static func script(_ command: String, _ required: String, _ attribute: String, _ value: String) -> String {
        let attributes = [required, #""\#(attribute)":\#(value)"#].filter { !$0.isEmpty }.joined(separator: ",")
        return #"[{"\#(command)":{\#(attributes)}}]"#
    }

    @Test("A number or a truth in quotation marks is one, for every attribute of every command", arguments: attributes)
    func textsThatAreNumbers(command: String, required: String, attribute: String, value: String) throws {
        let (plain, none) = try Self.taken(Self.script(command, required, attribute, value))
        let (quoted, hints) = try Self.taken(Self.script(command, required, attribute, "\"\(value)\""))
        #expect(quoted == plain)
        #expect(none.isEmpty)
        #expect(hints.count == 1)
        #expect(hints.first?.contains("(\(command)), \(attribute), is a text") == true, "\(hints)")
        #expect(hints.first?.contains("without quotation marks") == true, "\(hints)")
        let wrong = try #require(Self.fault(Self.script(command, required, attribute, "\"soon\"")))
        #expect(wrong.field == attribute)
        #expect(wrong.explanation.contains("required"), "\(wrong)")
    }

    @Test("In what is nested too: prompts, and what to record")
    func nested() throws {
        let (script, hints) = try Self.taken(
            #"[{"GetDigits":{"actionUrl":"http://a","prompts":[{"Say":{"text":"a","loop":"2"}},{"Pause":{"length":"5"}}]}},"#
                + #"{"TranscribeUtterance":{"actionUrl":"http://a","record":{"saveRecording":"true","maxLengthSec":"5","rcrdTerminationSilenceTimeMs":"9"}}}]"#
        )
        guard case .getDigits(let digits) = script.commands[0], case .say(let say) = digits.prompts[0],
            case .pause(let pause) = digits.prompts[1], case .transcribeUtterance(let transcribe) = script.commands[1]
        else {
            Issue.record("\(script)")
            return
        }
        #expect(say.loop == 2 && pause.lengthMilliseconds == 5)
        #expect(transcribe.savesRecording && transcribe.maxLengthSeconds == 5)
        #expect(transcribe.terminationSilenceMilliseconds == 9)
        #expect(hints.count == 5)
        #expect(hints.contains { $0.contains("GetDigits.prompts[1].Pause.length, is a text") }, "\(hints)")
        #expect(hints.contains { $0.contains("(TranscribeUtterance.record), maxLengthSec, is a text") }, "\(hints)")
    }

    @Test(
        "Out of range, and what is no number, are refused as ever, and the words say what is wanted",
        arguments: [
            (#""-1""#, "is -1; 0 to"), (#""9999999""#, "is 9999999; 0 to"), (#""""#, "a whole number is required"),
            (#""six""#, "a whole number is required"), (#""6 ""#, "a whole number is required"),
            (#""6e3""#, "a whole number is required"), (#""0x10""#, "a whole number is required"),
            (#""6.5""#, "a whole number is required"), (#""+6""#, "a whole number is required"),
            (#""99999999999999999999""#, "beyond 64 bits"), ("true", "must be a whole number, not a boolean"),
            ("[6]", "must be a whole number, not an array"), (#""٦""#, "a whole number is required"),
        ])
    func refused(_ value: String, _ words: String) throws {
        let fault = try #require(
            Self.fault(#"[{"GetDigits":{"actionUrl":"http://a","initialTimeoutMs":\#(value)}}]"#))
        #expect(fault.field == "initialTimeoutMs")
        #expect(fault.explanation.contains(words), "\(fault.explanation)")
    }

    @Test("6000.0 is whole, as a number and as a text; True is what Python prints")
    func spellings() throws {
        for value in ["6000.0", #""6000.0""#, #""06000""#] {
            guard
                case .getDigits(let digits) = try Self.taken(
                    #"[{"GetDigits":{"actionUrl":"http://a","initialTimeoutMs":\#(value)}}]"#
                ).script.commands[0]
            else { continue }
            #expect(digits.initialTimeoutMilliseconds == 6000)
        }
        guard case .say(let say) = try Self.taken(#"[{"Say":{"text":"a","privacyMode":"True"}}]"#).script.commands[0]
        else {
            Issue.record("no Say")
            return
        }
        #expect(say.privacyMode)
        #expect(
            Self.fault(#"[{"Say":{"text":"a","privacyMode":"yes"}}]"#)?.explanation.contains("true or false") == true)
    }

    @Test("Who asks for privacy in quotation marks has it where the value is refused, too")
    func privacy() throws {
        let fault = try #require(Self.fault(#"[{"SendDigits":{"digits":"12x","privacyMode":"true"}}]"#))
        #expect(!fault.description.contains("12x"))
        let open = try #require(Self.fault(#"[{"Say":{"text":"a","loop":"secret","privacyMode":"maybe"}}]"#))
        #expect(!open.description.contains("secret"))
    }

    @Test(
        "An attribute that does not exist is passed over, and the nearest is named",
        arguments: [
            (
                #"[{"GetDigits":{"actionUrl":"http://a","maxDigts":1}}]"#, "GetDigits", #""maxDigts""#,
                "did you mean maxDigits?"
            ),
            (
                #"[{"Say":{"text":"a","voice":"Joanna"}}]"#, "Say", #""voice""#,
                "engine, language, loop, privacyMode, text"
            ),
            (#"[{"Play":{"file":"http://a","loops":1}}]"#, "Play", #""loops""#, "did you mean loop?"),
            (#"[{"Pause":{"length":1,"seconds":1}}]"#, "Pause", #""seconds""#, "it has length"),
            (#"[{"StartRecordCall":{"format":"mp3"}}]"#, "StartRecordCall", #""format""#, "it has none"),
            (#"[{"Hangup":{"reson":"x"}}]"#, "Hangup", #""reson""#, "did you mean reason?"),
        ])
    func unknown(_ text: String, _ command: String, _ name: String, _ question: String) throws {
        let hints = try Self.taken(text).hints
        #expect(hints.count == 1)
        for words in [command, name, question] { #expect(hints.first?.contains(words) == true, "\(hints)") }
    }

    @Test("In what is nested too, and not for null, nor for what earlier versions of the API had")
    func unknownNested() throws {
        let hints = try Self.taken(
            #"[{"GetDigits":{"actionUrl":"http://a","nothing":null,"prompts":[{"Say":{"text":"a","lang":"de-DE"}}]}},"#
                + #"{"TranscribeUtterance":{"actionUrl":"http://a","record":{"maxLength":5}}},{"SetTalk":{"callId":"CA"}},"#
                + #"{"RemoveFromConference":{"callId":"CA"}},{"TerminateConference":{"conferenceId":"CF"}}]"#
        ).hints
        #expect(hints.count == 2)
        #expect(hints.first?.contains("GetDigits.prompts[0].Say, has no attribute \"lang\"") == true, "\(hints)")
        #expect(hints.first?.contains("did you mean language?") == true, "\(hints)")
        #expect(hints.last?.contains("did you mean maxLengthSec?") == true, "\(hints)")
    }

    @Test("What is missing may stand there under a name that is like it")
    func missing() throws {
        let fault = try #require(Self.fault(#"[{"GetDigits":{"actionURL":"http://a"}}]"#))
        #expect(fault.field == "actionUrl")
        #expect(fault.explanation.contains(#""actionURL" is no attribute of it: did you mean actionUrl?"#), "\(fault)")
        let other = try #require(Self.fault(#"[{"GetSpeech":{"actionUrl":"http://a","grammarType":"URL"}}]"#))
        #expect(!other.explanation.contains("did you mean"), "\(other)")
        let command = try #require(Self.fault(#"[{"say":{"text":"a"}}]"#))
        #expect(command.explanation.contains("did you mean Say?"), "\(command)")
    }

    @Test("However many there are, few are told, and each is short")
    func bounded() throws {
        let members = (0..<500).map { #""\#(String(repeating: "x", count: 1000))\#($0)":1"# }.joined(separator: ",")
        guard case .script(_, let hints) = Self.answer(#"[{"Say":{"text":"a",\#(members)}}]"#) else {
            Issue.record("no script")
            return
        }
        #expect(hints.shown.count == ScriptHints.maximum)
        #expect(hints.more == 490)
        #expect(hints.shown.allSatisfy { $0.description.utf8.count < 300 })
    }
}
