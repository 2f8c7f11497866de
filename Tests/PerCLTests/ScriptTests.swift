import PerCL
import Telephony
import Testing

/// docs/contract/percl.md#scripts.
@Suite("PerCL scripts are decoded and checked whole")
struct ScriptTests {
    func answer(_ text: String) -> ScriptAnswer { ScriptAnswer(body: Array(text.utf8)) }

    func script(_ text: String) throws -> Script {
        guard case .script(let script, _) = answer(text) else {
            Issue.record("no script: \(answer(text))")
            throw ScriptError(explanation: "no script")
        }
        return script
    }

    func fault(_ text: String) -> ScriptError? {
        if case .invalid(let error) = answer(text) { return error }
        return nil
    }

    @Test("Say takes its defaults, and what the SDK sends")
    func say() throws {
        let script = try script(#"[{"Say":{"text":"Hello","loop":1,"unknown":[1]}},{"Hangup":{}}]"#)
        guard case .say(let say) = script.commands[0], case .hangup(let hangup) = script.commands[1] else {
            Issue.record("\(script)")
            return
        }
        #expect(say.text == "Hello")
        #expect(say.language == "en-US")
        #expect(say.loop == 1)
        #expect(!say.privacyMode)
        #expect(hangup.reason == nil)
    }

    @Test("Every command of the specification decodes")
    func everyCommand() throws {
        let url = #""actionUrl":"http://a/b""#
        let conference = "CF" + String(repeating: "0", count: 40), queue = "QU" + String(repeating: "0", count: 40)
        let commands = [
            #"{"AddToConference":{"conferenceId":"\#(conference)"}}"#,
            #"{"AudioStream":{"location":{"uri":"grpc://a:443"},"contentType":"audio/mulaw;rate=8000","metadata":{"a":1}}}"#,
            #"{"CreateConference":{\#(url)}}"#, #"{"Dequeue":{}}"#,
            #"{"Enqueue":{"queueId":"\#(queue)","waitUrl":"http://a/w",\#(url)}}"#,
            #"{"GetDigits":{\#(url),"prompts":[{"Say":{"text":"x"}},{"Pause":{"length":5}},{"Play":{"file":"http://a/x.wav"}}]}}"#,
            #"{"GetSpeech":{\#(url),"grammarFile":"http://a/g.xml"}}"#, #"{"Hangup":{"reason":"done"}}"#,
            #"{"OutDial":{\#(url),"destination":"+15551234567","callingNumber":"+15551234568","callConnectUrl":"http://a/c","sendDigits":"1{2}2","ifMachine":"redirect","ifMachineUrl":"http://a/m"}}"#,
            #"{"Park":{"waitUrl":"http://a/w",\#(url)}}"#, #"{"Pause":{"length":1000}}"#,
            #"{"Play":{"file":"/Accounts/AC1/Recordings/RE1/Download"}}"#,
            #"{"PlayEarlyMedia":{"file":"https://a/x.wav"}}"#,
            #"{"RecordUtterance":{\#(url)}}"#, #"{"Redirect":{\#(url)}}"#, #"{"Reject":{}}"#,
            #"{"RemoveFromConference":{}}"#, #"{"Say":{"text":""}}"#,
            #"{"SendDigits":{"digits":"12{2}3","pauseMs":5000}}"#,
            #"{"SetDTMFPassThrough":{}}"#, #"{"SetListen":{"listen":false}}"#, #"{"SetTalk":{"talk":true}}"#,
            #"{"Sms":{"to":"+15551234567","from":"+15551234568","text":"hi"}}"#, #"{"StartRecordCall":{}}"#,
            #"{"TerminateConference":null}"#, #"{"TranscribeUtterance":{\#(url),"record":{"maxLengthSec":5}}}"#,
            #"{"Unpark":{}}"#,
        ]
        let script = try script("[" + commands.joined(separator: ",") + "]")
        #expect(script.commands.count == 27)
        #expect(Set(script.commands.map(\.name)).count == 27)
    }

    /// docs/contract/percl.md#getdigits, docs/contract/percl.md#recordutterance.
    @Test("GetDigits and RecordUtterance have the defaults that are promised")
    func defaults() throws {
        let script = try script(
            #"[{"GetDigits":{"actionUrl":"http://a"}},{"RecordUtterance":{"actionUrl":"http://a"}}]"#)
        guard case .getDigits(let digits) = script.commands[0], case .recordUtterance(let record) = script.commands[1]
        else {
            Issue.record("\(script)")
            return
        }
        #expect(
            [digits.initialTimeoutMilliseconds, digits.digitTimeoutMilliseconds, digits.minDigits, digits.maxDigits]
                == [8000, 3000, 1, 16])
        #expect(digits.finishOnKey == "#")
        #expect(!digits.flushBuffer)
        #expect([record.silenceTimeoutMilliseconds, record.maxLengthSeconds] == [3000, 60])
        #expect(record.playBeep && !record.autoStart && record.finishOnKey == "#")
    }

    @Test("An answer without commands is empty, one that is not JSON says where it is none, and repeats nothing of it")
    func notScripts() {
        for text in ["", "  \r\n\t", "[]", "[ ]"] { #expect(answer(text) == .empty, "\(text)") }
        guard case .notJSON(let explanation) = answer("<html>") else {
            Issue.record("\(answer("<html>"))")
            return
        }
        #expect(explanation == "the answer is not JSON: it looks like HTML or XML; at byte 0 a value is expected")
        #expect(fault(#"{"success":true}"#)?.index == nil)
        #expect(fault(#""text""#) != nil)
    }

    @Test("A fault names the command, its place and its field, and what is allowed")
    func faults() {
        let missing = fault(#"[{"Pause":{"length":1}},{"Say":{}}]"#)
        #expect(missing?.index == 1)
        #expect(missing?.command == "Say")
        #expect(missing?.field == "text")
        let nested = fault(
            #"[{"GetDigits":{"actionUrl":"http://a","prompts":[{"Say":{"text":"a"}},{"Say":{"text":5}}]}}]"#)
        #expect(nested?.index == 0)
        #expect(nested?.field == "GetDigits.prompts[1].Say.text")
        #expect(nested?.description.contains("must be a string, not a number") == true)
    }

    @Test(
        "What is wrong is refused",
        arguments: [
            #"[5]"#, #"[{}]"#, #"[{"Say":{"text":"a"},"Hangup":{}}]"#, #"[{"say":{"text":"a"}}]"#, #"[{"Dance":{}}]"#,
            #"[{"Say":"text"}]"#, #"[{"Say":{"text":"a","loop":-1}}]"#, #"[{"Say":{"text":"a","loop":1.5}}]"#,
            #"[{"Say":{"text":"a","language":"xx-XX"}}]"#,
            #"[{"Say":{"text":"a","engine":{"name":"other"}}}]"#, #"[{"Play":{"file":"x.wav"}}]"#, #"[{"Pause":{}}]"#,
            #"[{"Pause":{"length":-1}}]"#, #"[{"Redirect":{"actionUrl":"example.com"}}]"#,
            #"[{"GetDigits":{"actionUrl":"http://a","minDigits":5,"maxDigits":2}}]"#,
            #"[{"GetDigits":{"actionUrl":"http://a","finishOnKey":"A"}}]"#,
            #"[{"GetDigits":{"actionUrl":"http://a","prompts":[{"Hangup":{}}]}}]"#,
            #"[{"SendDigits":{"digits":""}}]"#, #"[{"SendDigits":{"digits":"1{7}2"}}]"#,
            #"[{"OutDial":{"destination":"+15551234567","callingNumber":"+15551234568","actionUrl":"http://a","callConnectUrl":"http://a","ifMachine":"hangup","ifMachineUrl":"http://a"}}]"#,
            #"[{"OutDial":{"destination":"+15551234567","callingNumber":"+15551234568","actionUrl":"http://a","callConnectUrl":"http://a","ifMachine":"redirect"}}]"#,
            #"[{"AddToConference":{"conferenceId":"CF1"}}]"#,
            #"[{"CreateConference":{"actionUrl":"http://a","playBeep":"maybe"}}]"#,
        ])
    func refused(text: String) {
        let fault = fault(text)
        #expect(fault != nil, "\(text)")
        #expect(fault?.index == 0)
        #expect(fault?.explanation.isEmpty == false)
    }

    @Test("A text of 4096 bytes is spoken, one more is refused")
    func textLimit() throws {
        _ = try script(#"[{"Say":{"text":""# + String(repeating: "a", count: 4096) + #""}}]"#)
        #expect(fault(#"[{"Say":{"text":""# + String(repeating: "a", count: 4097) + #""}}]"#)?.field == "text")
    }

    @Test("Deep nesting and endless scripts are refused, not walked")
    func hostile() {
        #expect(fault(String(repeating: "[", count: 100_000)) != nil)
        #expect(fault("[" + Array(repeating: #"{"Hangup":{}}"#, count: 1001).joined(separator: ",") + "]") != nil)
    }

    @Test("SendDigits brings pauseMs into its range")
    func pauseClamped() throws {
        for (given, used) in [(5, 100), (5000, 1000), (250, 250)] {
            guard
                case .sendDigits(let command) = try script(#"[{"SendDigits":{"digits":"12","pauseMs":\#(given)}}]"#)
                    .commands[0]
            else {
                Issue.record("no SendDigits")
                return
            }
            #expect(command.pauseMilliseconds == used)
        }
    }

    @Test("A whole number may be written with a point or an exponent")
    func wholeNumbers() throws {
        for (given, milliseconds) in [("1000", 1000), ("1000.0", 1000), ("1e3", 1000)] {
            guard case .pause(let pause) = try script(#"[{"Pause":{"length":\#(given)}}]"#).commands[0] else {
                Issue.record("no Pause")
                return
            }
            #expect(pause.lengthMilliseconds == milliseconds)
        }
        for given in ["1000.5", "1e300", "-1.0"] {
            #expect(fault(#"[{"Pause":{"length":\#(given)}}]"#)?.field == "length", "\(given)")
        }
    }

    @Test("A text message has 160 characters at most")
    func messageLength() throws {
        func sms(_ count: Int) -> String {
            let text = String(repeating: "x", count: count)
            return #"[{"Sms":{"to":"+15551234567","from":"+15551234568","text":""# + text + #""}}]"#
        }
        #expect(fault(sms(160)) == nil)
        #expect(fault(sms(161))?.field == "text")
    }
}
