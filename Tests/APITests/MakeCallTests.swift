import HTTPTypes
import JSON
import Telephony
import Testing

@testable import API

@Suite("Make a Call")
struct MakeCallTests {
    @Test("A good request is answered 202 with the queued call, every field written")
    func accepted() async throws {
        let test = try TestServer()
        let reply = try await test.send(.post, test.base + "/Calls", json: .object(test.goodCall))
        #expect(reply.status == 202)
        #expect(reply.header("Content-Type") == "application/json")
        let request = try #require(test.calls.requests.first)
        #expect(reply.header("Request-Id") == request.terms.requestID.text)
        let callID = try #require(reply["callId"]?.string.flatMap { CallID($0) })
        let uri = "/Accounts/\(test.account)/Calls/\(callID)"
        let expected: JSONValue = [
            "accountId": .string(test.account.text), "answeredBy": nil, "applicationId": nil,
            "audioStreamDuration": nil, "callEndedReason": nil, "callId": .string(callID.text), "callerName": nil,
            "connectDuration": nil, "connectTime": nil, "connectTimeISO": nil,
            "dateCreated": "Wed, 09 Oct 2024 15:05:03 GMT", "dateCreatedISO": "2024-10-09T15:05:03.358Z",
            "dateUpdated": "Wed, 09 Oct 2024 15:05:03 GMT", "dateUpdatedISO": "2024-10-09T15:05:03.358Z",
            "direction": "outboundAPI", "duration": nil, "endTime": nil, "endTimeISO": nil,
            "from": .string(test.number.text), "parentCallId": nil, "phoneNumberId": .string(test.phoneNumberID.text),
            "revision": 1, "startTime": nil, "startTimeISO": nil, "status": "queued",
            "subresourceUris": ["logs": .string(uri + "/Logs"), "recordings": .string(uri + "/Recordings")],
            "to": "+13125550199", "uri": .string(uri), "webRTC": false,
        ]
        #expect(reply.json == expected)
        // Compact, keys in alphabetical order.
        #expect(reply.text == expected.text)
        #expect(reply.header("Belay-Expected-Wait") == nil)
    }

    @Test("A call that waits for its turn is answered with how long that is expected to take")
    func expectedWait() async throws {
        let test = try TestServer()
        test.calls.expectWait(seconds: 7)
        let reply = try await test.send(.post, test.base + "/Calls", json: .object(test.goodCall))
        #expect(reply.status == 202)
        #expect(reply.header("Belay-Expected-Wait") == "7")
    }

    @Test("Where there is a trunk, the simulated carrier's numbers are refused by name", arguments: [true, false])
    func carrierNumbers(hasTrunk: Bool) async throws {
        let test = try TestServer(hasTrunk: hasTrunk)
        var body = test.goodCall
        body["to"] = "+15005550486"
        let reply = try await test.send(.post, test.base + "/Calls", json: .object(body))
        guard hasTrunk else {
            #expect(reply.status == 202)
            return
        }
        #expect(reply.status == 400)
        #expect(test.calls.requests.isEmpty)
        let fault = try #require(reply["details"]?["fields"]?.elements.first)
        #expect(fault["field"] == "to")
        #expect(fault["value"] == "+15005550486")
        let allowed = try #require(fault["allowed"]?.string)
        #expect(allowed.contains(CarrierNumber.range))
        #expect(allowed.contains("no trunk"))
    }

    @Test("What was asked reaches the service whole, with the defaults of the decisions")
    func request() async throws {
        let test = try TestServer()
        _ = try await test.send(.post, test.base + "/Calls", json: .object(test.goodCall))
        let request = try #require(test.calls.requests.first)
        #expect(request.accountID == test.account)
        #expect(request.phoneNumberID == test.phoneNumberID)
        #expect(request.from == test.number)
        #expect(request.to.text == "+13125550199")
        #expect(request.terms.callConnectURL?.text == "http://127.0.0.1:9/connect")
        #expect(request.terms.statusCallbackURL == nil)
        #expect(request.applicationID == nil)
        #expect(request.terms.sendDigits == nil)
        #expect(request.terms.ringTimeoutSeconds == 40)
    }

    @Test("The request's callConnectUrl wins over the application's, whose statusCallbackUrl still counts")
    func precedence() async throws {
        let test = try TestServer()
        let application = try await test.makeApplication(
            callConnectURL: "http://app.example/connect", statusCallbackURL: "http://app.example/status")
        var body = test.goodCall
        body["applicationId"] = .string(application.text)
        body["sendDigits"] = "12{2}34#"
        body["timeout"] = 30
        _ = try await test.send(.post, test.base + "/Calls", json: .object(body))
        body["callConnectUrl"] = nil
        _ = try await test.send(.post, test.base + "/Calls", json: .object(body))
        #expect(
            test.calls.requests.map(\.terms.callConnectURL?.text) == [
                "http://127.0.0.1:9/connect", "http://app.example/connect",
            ])
        #expect(test.calls.requests.allSatisfy { $0.terms.statusCallbackURL?.text == "http://app.example/status" })
        #expect(test.calls.requests.allSatisfy { $0.applicationID == application && $0.terms.ringTimeoutSeconds == 30 })
        #expect(test.calls.requests.allSatisfy { $0.terms.sendDigits?.text == "12{2}34#" })
    }

    @Test("Under --compat sdk-5.1 the answer is 200, and the same resource")
    func compatibility() async throws {
        let test = try TestServer(compatibility: .sdk51)
        let reply = try await test.send(.post, test.base + "/Calls", json: .object(test.goodCall))
        #expect(reply.status == 200)
        #expect(reply["status"] == "queued")
    }

    @Test("Fields that nobody knows are passed over, and a null counts as absent")
    func leniency() async throws {
        let test = try TestServer()
        var body = test.goodCall
        body["colour"] = ["deep": ["deeper": 1]]
        for name in ["applicationId", "parentCallId", "ifMachine", "ifMachineUrl", "sendDigits", "timeout"] {
            body[name] = .null
        }
        body["privacyMode"] = false
        #expect(try await test.send(.post, test.base + "/Calls", json: .object(body)).status == 202)
        body["privacyMode"] = 0
        body["timeout"] = .number(30)
        #expect(try await test.send(.post, test.base + "/Calls", json: .object(body)).status == 202)
        #expect(test.calls.requests.last?.terms.ringTimeoutSeconds == 30)
    }

    @Test(
        "A form in place of JSON is said to be one",
        arguments: ["from=%2B13125550100&to=%2B13125550199", "x=1", "false"])
    func form(_ body: String) async throws {
        let test = try TestServer()
        let reply = try await test.send(
            .post, test.base + "/Calls", body: body,
            headers: [.contentType: "application/x-www-form-urlencoded; charset=utf-8"])
        #expect(reply.status == 400)
        #expect(reply.code == 3)
        let message = try #require(reply["message"]?.string)
        #expect(message.contains("form-encoded"))
        #expect(message.contains("application/json"))
    }

    @Test("JSON is taken whatever its content type says, as curl sends it by itself")
    func jsonAsForm() async throws {
        let test = try TestServer()
        let reply = try await test.send(
            .post, test.base + "/Calls", body: JSONValue.object(test.goodCall).text,
            headers: [.contentType: "application/x-www-form-urlencoded"])
        #expect(reply.status == 202)
    }

    /// docs/contract/calls.md#ifmachine.
    @Test("ifMachine and ifMachineUrl belong together")
    func ifMachine() async throws {
        let test = try TestServer()
        let url = try #require(WebURL("https://app.example/machine"))
        let good: [([String: JSONValue], MachineHandling?)] = [
            (["ifMachine": "hangup"], .hangup), (["ifMachine": "hangup", "ifMachineUrl": .null], .hangup),
            (["ifMachine": "redirect", "ifMachineUrl": .string(url.text)], .redirect(url)),
            (["ifMachineUrl": .string(url.text)], nil), ([:], nil),
        ]
        for (fields, handling) in good {
            let body = test.goodCall.merging(fields) { _, new in new }
            #expect(try await test.send(.post, test.base + "/Calls", json: .object(body)).status == 202)
            #expect(test.calls.requests.last?.terms.ifMachine == handling)
        }
        let bad: [([String: JSONValue], String)] = [
            (["ifMachine": "hangup", "ifMachineUrl": .string(url.text)], "nothing: with ifMachine hangup"),
            (["ifMachine": "redirect"], "ifMachineUrl is missing"),
            (["ifMachine": "redirect", "ifMachineUrl": .null], "ifMachine redirect needs it"),
            (["ifMachine": "redirect", "ifMachineUrl": "machine"], "absolute http or https URL"),
        ]
        for (fields, words) in bad {
            let body = test.goodCall.merging(fields) { _, new in new }
            let reply = try await test.send(.post, test.base + "/Calls", json: .object(body))
            #expect(reply.status == 400)
            #expect(reply.blamed == ["ifMachineUrl"])
            #expect(reply.message.contains(words), "\(reply.message)")
        }
        #expect(test.calls.requests.count == good.count)
    }

    @Test(
        "The content type does not matter",
        arguments: ["application/json", "application/json; charset=utf-8", "text/plain", "application/vnd.x+json", ""])
    func contentType(_ type: String) async throws {
        let test = try TestServer()
        let reply = try await test.send(
            .post, test.base + "/Calls", body: JSONValue.object(test.goodCall).text,
            headers: type.isEmpty ? [:] : [.contentType: type])
        #expect(reply.status == 202)
    }

    // MARK: Bad input

    /// A fault in one field of an otherwise good request.
    struct Fault: Sendable, CustomTestStringConvertible {
        let field: String
        let value: JSONValue
        /// Part of what the answer says is allowed.
        let allowed: String

        init(_ field: String, _ value: JSONValue, _ allowed: String) {
            self.field = field
            self.value = value
            self.allowed = allowed
        }

        var testDescription: String { "\(field) = \(value.text)" }
    }

    static let faults: [Fault] = [
        Fault("to", "", "E.164"), Fault("to", "3125550199", "E.164"), Fault("to", "+0312555019", "E.164"),
        Fault("to", "+1312555019912345678", "E.164"), Fault("to", "+1 312 555 0199", "E.164"),
        Fault("to", "+1312555٠١٩٩", "E.164"), Fault("to", 13_125_550_199, "E.164"),
        Fault("to", ["+13125550199"], "E.164"),
        Fault("to", "sip:anna@example.com;transport=tcp", "sip:user@host"),
        Fault("to", "sips:anna@example.com", "sip:user@host"), Fault("from", "sip:anna@example.com", "E.164"),
        Fault("from", "", "E.164"), Fault("from", "anonymous", "E.164"), Fault("from", true, "E.164"),
        Fault("callConnectUrl", "", "absolute http or https URL"),
        Fault("callConnectUrl", "app.example/connect", "absolute http or https URL"),
        Fault("callConnectUrl", "ftp://app.example/", "absolute http or https URL"),
        Fault("callConnectUrl", "http:///connect", "absolute http or https URL"),
        Fault("callConnectUrl", 5, "absolute http or https URL"),
        Fault("callConnectUrl", "http://app.example:0/", "port 0 does not exist"),
        Fault("callConnectUrl", "http://app.example:99999/", "port 99999 does not exist"),
        Fault("callConnectUrl", "http://a b.example/", "blank"),
        Fault("callConnectUrl", "http://app.example/%zz", "two hexadecimal digits"),
        Fault("callConnectUrl", "http://[fe80::1%25eth0]/", "zone"),
        Fault("callConnectUrl", "http://app.example/#connect", "never sent"),
        Fault("applicationId", "", "AP and 40 hexadecimal digits"),
        Fault("applicationId", "AP123", "AP and 40 hexadecimal digits"),
        Fault("applicationId", "CA0123456789abcdef0123456789abcdef01234567", "AP and 40 hexadecimal digits"),
        Fault("applicationId", "AP0123456789abcdef0123456789abcdef01234567", "an application of the account"),
        Fault("sendDigits", "", "digits 0-9"), Fault("sendDigits", "12w34", "digits 0-9"),
        Fault("sendDigits", "1{0}2", "positive whole number"), Fault("sendDigits", "1{7}2", "3000 ms"),
        Fault("sendDigits", "1{2", "without its }"), Fault("sendDigits", "{2}", "holds no digit"),
        Fault("sendDigits", 1234, "digits 0-9"),
        Fault("timeout", 0, "from 1 to 600"), Fault("timeout", 601, "from 1 to 600"),
        Fault("timeout", -1, "from 1 to 600"), Fault("timeout", "30", "whole number of seconds"),
        Fault("timeout", .number(30.5), "whole number of seconds"), Fault("timeout", .number(1e300), "from 1 to 600"),
        Fault("timeout", true, "whole number"),
        Fault("ifMachine", "Hangup", "redirect, hangup"), Fault("ifMachine", true, "redirect, hangup"),
        Fault("ifMachineUrl", "app.example/machine", "absolute http or https URL"),
        Fault("parentCallId", "CA0123456789abcdef0123456789abcdef01234567", "a call of the account"),
        Fault("parentCallId", "CA1", "40 hexadecimal digits"),
        Fault("privacyMode", "yes", "true or false"),
    ]

    @Test(
        "A malformed field is answered 400 with field, value and what is allowed, and reaches nobody", arguments: faults
    )
    func malformed(_ fault: Fault) async throws {
        let test = try TestServer()
        var body = test.goodCall
        body[fault.field] = fault.value
        let reply = try await test.send(.post, test.base + "/Calls", json: .object(body))
        #expect(reply.status == 400)
        #expect(reply.code == 9)
        #expect(reply.blamed == [fault.field])
        #expect(reply.message.contains(fault.field))
        #expect(reply.message.contains(fault.allowed))
        let detail = try #require(reply["details"]?["fields"]?.elements.first)
        #expect(detail["allowed"]?.string?.contains(fault.allowed) == true)
        switch fault.value {
        case .array: #expect(detail["value"] == "an array")
        default: #expect(detail["value"] == fault.value)
        }
        #expect(Set(reply.json.members.keys) == ["call", "code", "details", "message", "url"])
        #expect(test.calls.requests.isEmpty)
    }

    @Test("All missing fields are named at once, the three sources of the connect URL with them")
    func missing() async throws {
        let test = try TestServer()
        for body in ["{}", "", #"{"from":null,"to":null}"#, #"{"_from":"+13125550100"}"#] {
            let reply = try await test.send(.post, test.base + "/Calls", body: body)
            #expect(reply.status == 400)
            #expect(reply.code == 80)
            #expect(reply["call"] == "Missing Required Parameter(s)")
            #expect(reply.blamed == ["from", "to", "callConnectUrl"])
            for source in ["callConnectUrl", "applicationId", "parentCallId"] {
                #expect(reply.message.contains(source))
            }
        }
    }

    @Test("Missing and malformed fields are named together")
    func severalFaults() async throws {
        let test = try TestServer()
        let reply = try await test.send(.post, test.base + "/Calls", body: #"{"to":"x","timeout":"y"}"#)
        #expect(reply.code == 80)
        #expect(reply.blamed == ["to", "timeout", "from", "callConnectUrl"])
    }

    @Test("An application without a callConnectUrl needs one in the request")
    func applicationWithoutURL() async throws {
        let test = try TestServer()
        let application = try await test.makeApplication()
        let reply = try await test.send(
            .post, test.base + "/Calls",
            json: [
                "from": .string(test.number.text), "to": "+13125550199", "applicationId": .string(application.text),
            ])
        #expect(reply.status == 400)
        #expect(reply.code == 80)
        #expect(reply.blamed == ["callConnectUrl"])
    }

    @Test("A `from` that the account does not own is a 400 with code 46")
    func notOwned() async throws {
        let test = try TestServer()
        var body = test.goodCall
        body["from"] = "+13125550177"
        let reply = try await test.send(.post, test.base + "/Calls", json: .object(body))
        #expect(reply.status == 400)
        #expect(reply.code == 46)
        #expect(reply.blamed == ["from"])
        // Both of the rules (docs/contract/calls.md#from).
        #expect(reply.message.contains("a number that the account owns"))
        #expect(reply.message.contains("the To or From of a call that came in to it"))
        #expect(test.calls.requests.isEmpty)
    }

    @Test("Another account's application is as unknown as none")
    func foreignApplication() async throws {
        let test = try TestServer()
        let other = try TestServer()
        var foreign = Application(
            applicationID: SystemIdentifierSource().draw(ApplicationKind.self), accountID: other.account,
            created: TestServer.start)
        foreign.callConnectURL = WebURL("http://other.example/")
        try await test.directory.createApplication(foreign)
        var body = test.goodCall
        body["applicationId"] = .string(foreign.applicationID.text)
        let reply = try await test.send(.post, test.base + "/Calls", json: .object(body))
        #expect(reply.status == 400)
        #expect(reply.blamed == ["applicationId"])
    }

    @Test("A parent lends its connect URL where no application is named, and the child carries its id")
    func parent() async throws {
        let test = try TestServer()
        var body = test.goodCall
        let made = try await test.send(.post, test.base + "/Calls", json: .object(body))
        body["callConnectUrl"] = nil
        body["parentCallId"] = made["callId"]
        let early = try await test.send(.post, test.base + "/Calls", json: .object(body))
        #expect(early.status == 409)
        #expect(early.code == 108)
        #expect(early.message.contains("queued"))
        test.calls.setStatus(.inProgress)
        let child = try await test.send(.post, test.base + "/Calls", json: .object(body))
        #expect(child.status == 202)
        #expect(child["parentCallId"] == made["callId"])
        #expect(test.calls.requests.last?.terms.callConnectURL?.text == "http://127.0.0.1:9/parent")
        let application = try await test.makeApplication()
        body["applicationId"] = .string(application.text)
        let named = try await test.send(.post, test.base + "/Calls", json: .object(body))
        #expect(named.status == 400, "a named application without URL is not made good for by the parent")
    }

    /// docs/contract/calls.md#from.
    @Test("A number that called in, or was called, may be `from`")
    func fromOfInboundCall() async throws {
        let test = try TestServer()
        var random = SystemRandomNumberGenerator()
        var body = test.goodCall
        body["from"] = "+13125550177"
        #expect(try await test.send(.post, test.base + "/Calls", json: .object(body)).code == 46)
        test.calls.insert(
            Call(
                callID: CallID(random: &random), accountID: test.account, applicationID: nil, parentCallID: nil,
                phoneNumberID: nil, from: "+13125550177", to: test.number.text, direction: .inbound,
                status: .completed, created: TestServer.start))
        let made = try await test.send(.post, test.base + "/Calls", json: .object(body))
        #expect(made.status == 202)
        #expect(made["phoneNumberId"] == .null)
    }

    @Test("privacyMode reaches the call")
    func privacy() async throws {
        let test = try TestServer()
        var body = test.goodCall
        #expect(try await test.send(.post, test.base + "/Calls", json: .object(body)).status == 202)
        #expect(test.calls.requests.last?.terms.isPrivate == false)
        body["privacyMode"] = true
        #expect(try await test.send(.post, test.base + "/Calls", json: .object(body)).status == 202)
        #expect(test.calls.requests.last?.terms.isPrivate == true)
    }

    @Test("1 and 0 are true and false, as PHP programs send them; no other number is")
    func privacyOfNumbers() async throws {
        let test = try TestServer()
        for (value, isPrivate) in [(1, true), (0, false)] as [(Int64, Bool)] {
            let body = test.goodCall.merging(["privacyMode": .integer(value)]) { $1 }
            #expect(try await test.send(.post, test.base + "/Calls", json: .object(body)).status == 202)
            #expect(test.calls.requests.last?.terms.isPrivate == isPrivate)
        }
        for value in [2, -1] as [Int64] {
            let body = test.goodCall.merging(["privacyMode": .integer(value)]) { $1 }
            #expect(try await test.send(.post, test.base + "/Calls", json: .object(body)).blamed == ["privacyMode"])
        }
    }

    @Test("Whatever privacy is asked for by hides the digits, though it be no truth; what asks for none does not")
    func maskedByWhatever() async throws {
        let test = try TestServer()
        for (value, isMasked) in [
            (true, true), (1, true), ("yes", true), ("true", true), (2, true), (["a"], true), (false, false),
            (0, false),
            (.null, false),
        ] as [(JSONValue, Bool)] {
            for digits in ["471147114711w", 471147114711] as [JSONValue] {
                let body = test.goodCall.merging(["privacyMode": value, "sendDigits": digits]) { $1 }
                let reply = try await test.send(.post, test.base + "/Calls", json: .object(body))
                #expect(reply.status == 400 && reply.blamed.contains("sendDigits"))
                #expect(reply.text.contains("471147114711") != isMasked, "\(value.text): \(reply.text)")
            }
        }
    }

    @Test("Digits are masked in the answer and the log where privacy was asked for")
    func masked() async throws {
        let test = try TestServer()
        var body = test.goodCall
        body["privacyMode"] = true
        body["sendDigits"] = "471147114711w"
        let reply = try await test.send(.post, test.base + "/Calls", json: .object(body))
        #expect(reply.blamed == ["sendDigits"])
        #expect(!reply.text.contains("471147114711"))
        #expect(reply.text.contains("XXXXX"))
        let note = try #require(test.calls.notes.first)
        #expect(!JSONValue.object(note.metadata).text.contains("471147114711"))
        #expect(!note.message.contains("471147114711"))
    }

    @Test("A long value is cut in the answer")
    func cut() async throws {
        let test = try TestServer()
        var body = test.goodCall
        // The second one is a single letter, with 20,000 accents.
        for long in [String(repeating: "x", count: 20_000), "x" + String(repeating: "\u{301}", count: 20_000)] {
            body["to"] = .string(long)
            let reply = try await test.send(.post, test.base + "/Calls", json: .object(body))
            #expect(reply.status == 400)
            #expect(reply.text.utf8.count < 2000)
        }
    }

    @Test(
        "What is no JSON object is a 400 with code 3 that says where",
        arguments: [
            ("nonsense", "at byte 0"), ("[1]", "an array"), ("\"x\"", "a string"), ("null", "null"), ("{", "at byte 1"),
            (#"{"from":"+1"#, "within a string"), (#"{"a":1}}"#, "something follows"), ("{'a':1}", "quotation marks"),
            (String(repeating: "[", count: 30_000), "nests deeper"),
            (String(repeating: #"{"a":"#, count: 10_000), "nests deeper"),
        ])
    func notJSON(_ body: String, _ words: String) async throws {
        let test = try TestServer()
        let reply = try await test.send(.post, test.base + "/Calls", body: body)
        #expect(reply.status == 400)
        #expect(reply.code == 3)
        #expect(reply.message.contains(words))
    }

    @Test("A body that is no JSON is answered with what is wanted, and with the Content-Type that came")
    func noJSON() async throws {
        let test = try TestServer()
        for (body, type, words) in [
            ("from=%2B1&to=x", "application/x-www-form-urlencoded", "it looks like a form-encoded body (name=value)"),
            ("false=1", "text/plain; charset=utf-8", "it looks like a form-encoded body"), ("<a/>", nil, "HTML or XML"),
            ("[]", "application/json", "The body is an array."),
        ] as [(String, String?, String)] {
            let reply = try await test.send(
                .post, test.base + "/Calls", body: body, headers: type.map { [.contentType: $0] } ?? [:])
            #expect(reply.status == 400)
            #expect(reply.code == 3)
            #expect(reply.message.contains(words), "\(reply.message)")
            #expect(reply.message.contains("A JSON object is wanted"), "\(reply.message)")
            let sent = type.map { "came with Content-Type \"\($0)\"." } ?? "came with no Content-Type."
            #expect(reply.message.hasSuffix(sent), "\(reply.message)")
        }
    }

    // MARK: What is passed over

    @Test("A field that does not exist is passed over, and the answer and the call's log name the nearest")
    func unknownFields() async throws {
        let test = try TestServer()
        let body = test.goodCall.merging(["machineDetection": "Enable", "nothing": .null]) { _, new in new }
        let reply = try await test.send(.post, test.base + "/Calls", json: .object(body))
        let remark =
            "\"machineDetection\" is no field of this request and is passed over: did you mean ifMachine?"
        #expect(reply.status == 202)
        #expect(reply.header("Belay-Warning") == remark)
        #expect(test.calls.requests.last?.remarks == [remark])
        let plain = try await test.send(.post, test.base + "/Calls", json: .object(test.goodCall))
        #expect(plain.header("Belay-Warning") == nil)
        #expect(test.calls.requests.last?.remarks == [])
    }

    @Test("A field that is missing may stand there under a name that is like it, and the message says so")
    func misspelled() async throws {
        let test = try TestServer()
        var body = test.goodCall
        body["form"] = body.removeValue(forKey: "from")
        let reply = try await test.send(.post, test.base + "/Calls", json: .object(body))
        #expect(reply.code == 80)
        #expect(reply.message.hasSuffix("\"form\" is no field of this request and is passed over: did you mean from?"))
        #expect(reply.header("Belay-Warning")?.contains("did you mean from?") == true)
    }

    @Test("However much is unknown, what is said of it is short, in ASCII, and on one line")
    func boundedRemarks() async throws {
        let test = try TestServer()
        var body = test.goodCall
        for index in 0..<300 { body["é\r\n\"" + String(repeating: "x", count: 100) + "\(index)"] = 1 }
        let reply = try await test.send(.post, test.base + "/Calls?a=1&b=2", json: .object(body))
        #expect(reply.status == 202)
        let warning = try #require(reply.header("Belay-Warning"))
        #expect(warning.utf8.count < 2000)
        #expect(warning.utf8.allSatisfy { (0x20...0x7E).contains($0) })
        #expect(warning.hasSuffix("more names are not known."))
        #expect(test.calls.requests.last?.remarks.count == Remarks.maximum + 1)
    }

    @Test("Parameters of a query that do not exist are told on every operation, lists and others")
    func unknownParameters() async throws {
        let test = try TestServer()
        for (path, words) in [
            ("~/Calls?frm=%2B1", "\"frm\" is no parameter of this request and is passed over: did you mean from?"),
            ("~/Recordings?callID=x", "did you mean callId?"), ("~/Applications?alais=x", "did you mean alias?"),
            ("~/IncomingPhoneNumbers?phone=1", "did you mean phoneNumber?"),
            ("~/Logs?level=info", "\"level\" is no parameter"),
            ("/apiserver/AvailablePhoneNumbers?contry=US", "did you mean country?"),
            ("~?verbose=1", "\"verbose\" is no parameter of this request and is passed over: it has none."),
        ] {
            let reply = try await test.send(.get, path.replacing("~", with: test.base))
            #expect(reply.status == 200, "\(path)")
            #expect(reply.header("Belay-Warning")?.contains(words) == true, "\(path) \(reply.headers)")
        }
        let known = try await test.send(
            .get, test.base + "/Calls?applicationId[0]=AP\(String(repeating: "0", count: 40))")
        #expect(known.header("Belay-Warning") == nil)
    }

    @Test("Every body tells of unknown fields", arguments: ["", "/Applications", "/Logs", "/Carrier/Calls"])
    func unknownFieldsElsewhere(_ path: String) async throws {
        let test = try TestServer()
        let body: JSONValue = ["aliass": "x", "pql": "level = \"info\"", "to": .string(test.number.text)]
        let reply = try await test.send(.post, test.base + path, json: body)
        #expect(reply.status < 300)
        #expect(reply.header("Belay-Warning")?.contains("\"aliass\" is no field of this request") == true)
    }

    @Test("ifMachineBeepSeconds goes with redirect, from 0 to 300 seconds")
    func beepSeconds() async throws {
        let test = try TestServer()
        func send(_ fields: [String: JSONValue]) async throws -> Reply {
            let body = test.goodCall.merging(fields) { _, new in new }
            return try await test.send(.post, test.base + "/Calls", json: .object(body))
        }
        let redirect: [String: JSONValue] = ["ifMachine": "redirect", "ifMachineUrl": "https://app.example/machine"]
        for (seconds, taken) in [(0, 0), (20, 20), (300, 300), (.null, nil)] as [(JSONValue, Int?)] {
            #expect(try await send(redirect.merging(["ifMachineBeepSeconds": seconds]) { _, new in new }).status == 202)
            #expect(test.calls.requests.last?.terms.machineBeepSeconds == taken)
        }
        for seconds in [-1, 301, "20", .number(1.5)] as [JSONValue] {
            let reply = try await send(redirect.merging(["ifMachineBeepSeconds": seconds]) { _, new in new })
            #expect(reply.blamed == ["ifMachineBeepSeconds"])
        }
        #expect(try await send(["ifMachine": "hangup", "ifMachineBeepSeconds": 5]).blamed == ["ifMachineBeepSeconds"])
    }

    // MARK: Refusals

    @Test(
        "What the service refuses is answered by its reason",
        arguments: [
            (CallRefusal.queueFull(retryAfterSeconds: 17), 429, 24, "17"), (.draining, 503, 55, "10"),
            (.notStored, 500, 16, nil), (.queueFull(retryAfterSeconds: 0), 429, 24, "1"),
            (.turnTooLate(waitSeconds: 34, longestSeconds: 20, retryAfterSeconds: 16), 429, 24, "16"),
            (.turnTooLate(waitSeconds: 21, longestSeconds: 20, retryAfterSeconds: 0), 429, 24, "1"),
            (.diskFailing, 503, 55, "60"), (.diskFull, 503, 55, "60"),
        ] as [(CallRefusal, Int, Int, String?)])
    func refused(_ refusal: CallRefusal, _ status: Int, _ code: Int, _ retryAfter: String?) async throws {
        let test = try TestServer()
        test.calls.refuse(with: refusal)
        let reply = try await test.send(.post, test.base + "/Calls", json: .object(test.goodCall))
        #expect(reply.status == status)
        #expect(reply.code == code)
        #expect(reply.header("Retry-After") == retryAfter)
        #expect(test.calls.notes.count == 1)
    }

    @Test("A refused request goes into the log as a warning with the reason; an accepted one is left to the core")
    func noted() async throws {
        let test = try TestServer()
        _ = try await test.send(.post, test.base + "/Calls", json: .object(test.goodCall))
        #expect(test.calls.notes.isEmpty)
        let reply = try await test.send(.post, test.base + "/Calls", body: #"{"to":"x"}"#)
        let note = try #require(test.calls.notes.first)
        #expect(test.calls.notes.count == 1)
        #expect(note.level == .warning)
        #expect(note.scope == .request)
        #expect(note.accountID == test.account)
        #expect(note.callID == nil)
        #expect(note.requestID?.text == reply.header("Request-Id"))
        #expect(note.timestamp == TestServer.start)
        #expect(note.message.contains(reply.message))
        #expect(note.metadata["status"] == 400)
        #expect(note.metadata["code"] == 80)
        #expect(note.metadata["details"] == reply["details"])
    }

    /// docs/contract/rest.md#idempotency.
    @Test("A repeated request with its Idempotency-Key is the same call; another body is a 409")
    func idempotency() async throws {
        let test = try TestServer()
        let name = try #require(HTTPField.Name("Idempotency-Key"))
        let replayed = try #require(HTTPField.Name("Idempotent-Replayed"))
        func make(_ body: [String: JSONValue], key: String = "order-17") async throws -> Reply {
            try await test.send(
                .post, test.base + "/Calls", body: JSONValue.object(body).text, headers: [name: key])
        }
        let first = try await make(test.goodCall)
        #expect(first.status == 202)
        #expect(first.headers[replayed] == nil)
        let second = try await make(test.goodCall)
        #expect(second.status == 202)
        #expect(second.headers[replayed] == "true")
        #expect(second.json["callId"] == first.json["callId"])
        #expect(test.calls.requests.count == 1)
        let other = try await make(test.goodCall.merging(["timeout": 20]) { $1 })
        #expect(other.status == 409)
        #expect(other.json["code"] == 108)
        #expect(try await make(test.goodCall, key: "order-18").json["callId"] != first.json["callId"])
        // A refusal keeps nothing: the request may be mended.
        #expect(try await make(["from": "x"], key: "order-19").status == 400)
        #expect(try await make(test.goodCall, key: "order-19").status == 202)
        for key in ["!", "~", String(repeating: "k", count: 255)] {
            #expect(try await make(test.goodCall, key: key).status == 202, "\(key)")
        }
        for key in ["", "a b", String(repeating: "k", count: 256), "ü"] {
            #expect(try await make(test.goodCall, key: key).status == 400, "\(key)")
        }
    }

    @Test("Private digits are not in what a repeated request is known by")
    func privateFingerprint() async throws {
        let test = try TestServer()
        let name = try #require(HTTPField.Name("Idempotency-Key"))
        for digits in ["1234", "5678"] {
            let body = test.goodCall.merging(["sendDigits": .string(digits), "privacyMode": true]) { $1 }
            let reply = try await test.send(
                .post, test.base + "/Calls", body: JSONValue.object(body).text, headers: [name: "k"])
            #expect(reply.status == 202)
        }
        #expect(test.calls.requests.count == 1)
    }
}
