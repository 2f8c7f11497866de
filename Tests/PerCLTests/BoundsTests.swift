import JSON
import Telephony
import Testing

@testable import PerCL

/// docs/writing-an-app.md#the-commands
@Suite("Every attribute within its bounds, and none beyond")
struct BoundsTests {
    private static func fault(_ script: String) -> ScriptError? {
        if case .invalid(let error) = ScriptAnswer(body: Array(script.utf8)) { error } else { nil }
    }

    /// A command with what it needs, and one attribute more.
    private static func command(_ name: String, _ attribute: String, _ value: String) -> String {
        let needed: [String: String] =
            switch name {
            case "Say": ["text": #""x""#]
            case "Play": ["file": #""http://a/b""#]
            case "GetDigits", "RecordUtterance", "CreateConference", "TranscribeUtterance":
                ["actionUrl": #""http://a/b""#]
            case "GetSpeech": ["actionUrl": #""http://a/b""#, "grammarFile": #""http://a/g""#]
            case "OutDial":
                [
                    "actionUrl": #""http://a/b""#, "callConnectUrl": #""http://a/b""#,
                    "destination": #""+15555550123""#, "callingNumber": #""+15555550100""#,
                ]
            default: [:]
            }
        let all = needed.merging([attribute: value]) { $1 }.sorted { $0.key < $1.key }
        return #"{"\#(name)":{\#(all.map { #""\#($0)":\#($1)"# }.joined(separator: ","))}}"#
    }

    @Test(
        "Numbers",
        arguments: [
            ("Pause", "length", 0, 86_400_000), ("Say", "loop", 0, 1_000_000), ("Play", "loop", 0, 1_000_000),
            ("GetDigits", "initialTimeoutMs", 0, 3_600_000), ("GetDigits", "digitTimeoutMs", 0, 3_600_000),
            ("GetDigits", "maxDigits", 1, 1000), ("RecordUtterance", "silenceTimeoutMs", 0, 3_600_000),
            ("RecordUtterance", "maxLengthSec", 1, 14_400), ("OutDial", "timeout", 1, 600),
            ("OutDial", "ifMachineBeepSeconds", 0, 300), ("GetSpeech", "noInputTimeoutMs", 0, 3_600_000),
            ("GetSpeech", "recognitionTimeoutMs", 0, 3_600_000), ("GetSpeech", "speechCompleteTimeoutMs", 0, 3_600_000),
            ("GetSpeech", "speechIncompleteTimeoutMs", 0, 3_600_000),
        ])
    func numbers(_ name: String, _ attribute: String, _ least: Int, _ most: Int) throws {
        for value in [least, most] {
            #expect(Self.fault("[\(Self.command(name, attribute, "\(value)"))]") == nil, "\(value)")
        }
        for value in [least - 1, most + 1] {
            let fault = try #require(Self.fault("[\(Self.command(name, attribute, "\(value)"))]"), "\(value)")
            #expect(fault.index == 0 && fault.command == name && fault.field == attribute)
            #expect(fault.explanation == "is \(value); \(least) to \(most) is allowed")
        }
    }

    @Test("minDigits are no more than maxDigits, and may be as many")
    func digits() throws {
        func script(_ least: Int, _ most: Int) -> String {
            #"[{"GetDigits":{"actionUrl":"http://a/b","minDigits":\#(least),"maxDigits":\#(most)}}]"#
        }
        for (least, most) in [(0, 1), (1, 1), (1000, 1000), (3, 4)] { #expect(Self.fault(script(least, most)) == nil) }
        let fault = try #require(Self.fault(script(5, 4)))
        #expect(fault.field == "minDigits" && fault.explanation == "is 5, more than maxDigits, 4")
        #expect(Self.fault(script(-1, 4))?.field == "minDigits")
        #expect(Self.fault(script(1001, 1000))?.field == "minDigits")
        // Sixteen where nothing is said.
        #expect(Self.fault("[\(Self.command("GetDigits", "minDigits", "16"))]") == nil)
        #expect(Self.fault("[\(Self.command("GetDigits", "minDigits", "17"))]") != nil)
    }

    @Test("A part of one is from 0 to 1", arguments: ["confidenceThreshold", "sensitivityLevel"])
    func fractions(_ attribute: String) throws {
        for value in ["0", "1", "0.0", "1.0", "0.999", #""0.5""#] {
            #expect(Self.fault("[\(Self.command("GetSpeech", attribute, value))]") == nil, "\(value)")
        }
        for (value, words) in [
            ("-0.001", "is -0.001; 0 to 1 is allowed"), ("1.001", "is 1.001; 0 to 1 is allowed"),
            ("2", "is 2.0; 0 to 1 is allowed"), (#""x""#, #"is "x"; a number is required"#),
            ("true", "must be a number, not"), ("[]", "must be a number, not"),
        ] {
            let fault = try #require(Self.fault("[\(Self.command("GetSpeech", attribute, value))]"), "\(value)")
            #expect(fault.field == attribute && fault.explanation.hasPrefix(words), "\(fault)")
        }
    }

    @Test("A thousand commands are a script, and a thousand prompts a command's; one more is too many")
    func counts() throws {
        func list(_ count: Int) -> String {
            "[" + Array(repeating: #"{"Pause":{"length":1}}"#, count: count).joined(separator: ",") + "]"
        }
        #expect(Self.fault(list(1000)) == nil)
        let script = try #require(Self.fault(list(1001)))
        #expect(script.index == nil && script.explanation == "has 1001 commands; at most 1000 are allowed")
        #expect(Self.fault("[\(Self.command("GetDigits", "prompts", list(1000)))]") == nil)
        let prompts = try #require(Self.fault("[\(Self.command("GetDigits", "prompts", list(1001)))]"))
        #expect(prompts.field == "prompts" && prompts.explanation == "has 1001 prompts; at most 1000 are allowed")
        #expect(
            Self.fault("[\(Self.command("GetDigits", "prompts", "{}"))]")?.explanation
                == "must be an array, not an object")
    }

    @Test("What is nested is named with its place: which prompt of which command, and what of what")
    func nested() throws {
        let prompt = try #require(
            Self.fault(
                #"[{"Pause":{"length":1}},{"GetDigits":{"actionUrl":"http://a/b","prompts":[{"Say":{"text":"x"}},"#
                    + #"{"Pause":{"length":-1}}]}}]"#))
        #expect(prompt.index == 1 && prompt.command == "Pause")
        #expect(prompt.field == "GetDigits.prompts[1].Pause.length")
        #expect(
            prompt.description
                == "PerCL command 1 (Pause), GetDigits.prompts[1].Pause.length, is -1; 0 to 86400000 is allowed")
        let other = try #require(
            Self.fault(#"[{"GetDigits":{"actionUrl":"http://a/b","prompts":[{"Hangup":{}}]}}]"#))
        #expect(other.explanation == "must be one of Pause, Play, Say, not Hangup")
        for (value, field, words) in [
            (#"{"maxLengthSec":0}"#, "maxLengthSec", "is 0; 1 to 60 is allowed"),
            (#"{"maxLengthSec":61}"#, "maxLengthSec", "is 61; 1 to 60 is allowed"),
            (#"{"rcrdTerminationSilenceTimeMs":0}"#, "rcrdTerminationSilenceTimeMs", "is 0; 1 to 3000 is allowed"),
            (
                #"{"rcrdTerminationSilenceTimeMs":3001}"#, "rcrdTerminationSilenceTimeMs",
                "is 3001; 1 to 3000 is allowed"
            ),
            ("7", "record", "must be an object, not"),
        ] {
            let fault = try #require(
                Self.fault("[\(Self.command("TranscribeUtterance", "record", value))]"), "\(value)")
            #expect(fault.field == field && fault.explanation.hasPrefix(words), "\(fault)")
        }
        for value in [#"{"maxLengthSec":1}"#, #"{"maxLengthSec":60,"rcrdTerminationSilenceTimeMs":3000}"#, "{}"] {
            #expect(Self.fault("[\(Self.command("TranscribeUtterance", "record", value))]") == nil, "\(value)")
        }
    }

    @Test("Texts that are too long or none")
    func texts() throws {
        let alias = String(repeating: "a", count: 64)
        #expect(Self.fault("[\(Self.command("CreateConference", "alias", #""\#(alias)""#))]") == nil)
        let long = try #require(Self.fault("[\(Self.command("CreateConference", "alias", #""\#(alias)a""#))]"))
        #expect(long.field == "alias" && long.explanation == "is longer than 64 characters")
        for (value, isGood) in [
            (#""\#(String(repeating: "a", count: 2048))""#, true),
            (#""\#(String(repeating: "a", count: 2049))""#, false),
            (#""""#, false), (#"{"uri":"wss://a"}"#, true), (#"{"url":"wss://a"}"#, false), ("7", false),
        ] {
            let fault = Self.fault("[\(Self.command("AudioStream", "location", value))]")
            #expect((fault == nil) == isGood, "\(value)")
            if !isGood { #expect(fault?.field == "location") }
        }
        let none = try #require(Self.fault(#"[{"AudioStream":{}}]"#))
        #expect(none.field == "location" && none.explanation == "is missing; a URI is required")
    }

    @Test("Say's engine is one of those that there are, with the name where it stands")
    func engine() throws {
        for name in ["freeclimb.standard", "freeclimb.neural", "ElevenLabs"] {
            guard
                case .script(let script, _) = ScriptAnswer(
                    body: Array(#"[{"Say":{"text":"x","engine":{"name":"\#(name)"}}}]"#.utf8)),
                case .say(let say)? = script.commands.first
            else {
                Issue.record("no Say")
                return
            }
            #expect(say.engine?.name.rawValue == name)
        }
        for (value, field, words) in [
            (#""ElevenLabs""#, "engine", "must be an object with a name, not a string"),
            ("{}", "engine.name", "is missing; allowed: freeclimb.standard"),
            (#"{"name":"Other"}"#, "engine.name", #"is "Other"; allowed: freeclimb.standard"#),
        ] {
            let fault = try #require(Self.fault("[\(Self.command("Say", "engine", value))]"), "\(value)")
            #expect(fault.field == field && fault.explanation.hasPrefix(words), "\(fault)")
        }
    }

    @Test("ifMachineUrl and ifMachineBeepSeconds belong to redirect; neither stands beside hangup")
    func machine() throws {
        func script(_ more: String) -> String {
            #"[{"OutDial":{"actionUrl":"http://a/b","callConnectUrl":"http://a/b","destination":"+15555550123","#
                + #""callingNumber":"+15555550100",\#(more)}}]"#
        }
        for more in [
            #""ifMachine":"hangup""#, #""ifMachine":"redirect","ifMachineUrl":"http://a/m","ifMachineBeepSeconds":5"#,
        ] {
            #expect(Self.fault(script(more)) == nil, "\(more)")
        }
        for (more, field) in [
            (#""ifMachine":"hangup","ifMachineUrl":"http://a/m""#, "ifMachineUrl"),
            (#""ifMachine":"hangup","ifMachineBeepSeconds":5"#, "ifMachineBeepSeconds"),
            (#""ifMachine":"redirect""#, "ifMachineUrl"), (#""ifMachine":"wait""#, "ifMachine"),
        ] {
            #expect(Self.fault(script(more))?.field == field, "\(more)")
        }
    }

    @Test("What is needed and not there is named, and its form")
    func missing() throws {
        for (script, field, words) in [
            (#"[{"SendDigits":{}}]"#, "digits", "is missing; a string of digits is required"),
            (#"[{"Pause":{}}]"#, "length", "is missing; a whole number from 0 to 86400000 is required"),
            (#"[{"Enqueue":{"queueId":"QU1"}}]"#, "queueId", #"is "QU1"; QU and 40 hexadecimal digits are required"#),
            (#"[{"AddToConference":{"conferenceId":"CF1"}}]"#, "conferenceId", #"is "CF1"; CF and 40 hexadecimal"#),
            (#"[{"GetDigits":{"actionUrl":"http://a/b","finishOnKey":"A"}}]"#, "finishOnKey", "may hold the keys 0-9"),
            (#"[{"GetDigits":{"actionUrl":7}}]"#, "actionUrl", "must be a string, not"),
            (#"[{"GetDigits":{"actionUrl":"http://a/b","flushBuffer":"maybe"}}]"#, "flushBuffer", #"is "maybe"; true"#),
            (
                #"[{"GetDigits":{"actionUrl":"http://a/b","flushBuffer":1}}]"#, "flushBuffer",
                "must be true or false, not"
            ),
            (#"[{"Pause":{"length":1.5}}]"#, "length", "must be a whole number, not"),
            (#"[{"Pause":{"length":1e30}}]"#, "length", "is beyond 64 bits; 0 to"),
            (#"[{"Pause":{"length":"1.5"}}]"#, "length", #"is "1.5"; a whole number is required"#),
            (#"[{"Pause":{"length":"99999999999999999999"}}]"#, "length", "is beyond 64 bits; 0 to"),
        ] {
            let fault = try #require(Self.fault(script), "\(script)")
            #expect(fault.field == field && fault.explanation.hasPrefix(words), "\(fault)")
        }
    }
}

@Suite("The beginning of what came, as a log shows it (docs/contract/privacy.md#the-mask)")
struct ExcerptTests {
    @Test("Two hundred bytes are shown, and how many there were where there were more")
    func length() {
        let text = String(repeating: "a", count: 200)
        #expect(Excerpt.of(Array(text.utf8)) == "\"\(text)\"")
        #expect(Excerpt.of(Array((text + "b").utf8)) == "\"\(text)\" … (201 bytes)")
        #expect(Excerpt.of([]) == "\"\"")
    }

    @Test("A URL's password is hidden, also where it begins within what is shown and ends behind it")
    func masked() {
        let secret = String(repeating: "s", count: 100)
        let text = String(repeating: "a", count: 150) + "http://u:\(secret)@host/"
        let shown = Excerpt.of(Array(text.utf8))
        #expect(
            !shown.contains("ss") && shown.contains("http://XXXXX@host/")
                && shown.contains("(\(text.utf8.count) bytes)"))
    }
}
