import HTTPTypes
import JSON
import Telephony
import Testing

@testable import API

@Suite("Calls: get, list, update, logs")
struct CallTests {
    private func makeCall(
        _ test: TestServer, to: String = "+13125550199", status: CallStatus = .queued, account: AccountID? = nil
    ) -> Call {
        Call(
            callID: SystemIdentifierSource().draw(CallKind.self), accountID: account ?? test.account,
            applicationID: nil, parentCallID: nil, phoneNumberID: test.phoneNumberID, from: test.number.text, to: to,
            direction: .outboundAPI, status: status, created: TestServer.start)
    }

    // MARK: Get

    @Test("A finished call shows its times, durations and why it ended")
    func finished() async throws {
        let test = try TestServer()
        var call = makeCall(test, status: .completed)
        call.applicationID = try await test.makeApplication()
        call.endedReason = .farEndHangup
        call.answeredBy = .human
        call.revision = 4
        call.startTime = TestServer.start.advanced(byMicroseconds: 1_000_000)
        call.connectTime = TestServer.start.advanced(byMicroseconds: 3_200_000)
        call.endTime = TestServer.start.advanced(byMicroseconds: 13_100_000)
        call.dateUpdated = TestServer.start.advanced(byMicroseconds: 13_100_000)
        test.calls.insert(call)
        let reply = try await test.send(.get, "\(test.base)/Calls/\(call.callID)")
        #expect(reply.status == 200)
        #expect(reply.json.members.count == 29)
        #expect(reply["status"] == "completed")
        #expect(reply["callEndedReason"] == "farEndHangup")
        #expect(reply["answeredBy"] == "human")
        #expect(reply["applicationId"]?.string == call.applicationID?.text)
        #expect(reply["revision"] == 4)
        #expect(reply["startTime"] == "Wed, 09 Oct 2024 15:05:04 GMT")
        #expect(reply["startTimeISO"] == "2024-10-09T15:05:04.358Z")
        #expect(reply["connectTime"] == "Wed, 09 Oct 2024 15:05:06 GMT")
        #expect(reply["connectTimeISO"] == "2024-10-09T15:05:06.558Z")
        #expect(reply["endTime"] == "Wed, 09 Oct 2024 15:05:16 GMT")
        #expect(reply["endTimeISO"] == "2024-10-09T15:05:16.458Z")
        #expect(reply["dateUpdatedISO"] == "2024-10-09T15:05:16.458Z")
        #expect(reply["duration"] == 13)
        #expect(reply["connectDuration"] == 10)
    }

    @Test(
        "What is no identifier is shown as it was given, in quotes and bounded, with what one looks like",
        arguments: [
            ("Calls", "CA and 40"), ("Applications", "AP and 40"), ("IncomingPhoneNumbers", "PN and 40"),
            ("Recordings", "RE and 40"),
        ])
    func malformedIdentifiers(_ list: String, _ form: String) async throws {
        let test = try TestServer()
        func message(_ text: String) async throws -> String {
            let reply = try await test.send(.get, "\(test.base)/\(list)/\(text)")
            #expect(reply.status == 404)
            return reply.message
        }
        let short = try await message("CAxyz.")
        #expect(short.hasSuffix(" \"CAxyz.\"; allowed: \(form) hexadecimal digits."), "\(short)")
        let long = try await message(String(repeating: "a", count: 1_000))
        #expect(
            long.hasSuffix(
                " \"\(String(repeating: "a", count: 200))\" and 800 characters more; allowed: \(form) hexadecimal digits."
            ),
            "\(long)")
        // A letter with hundreds of marks is as long as they are.
        let marked = try await message("e" + String(repeating: "%CC%81", count: 300))
        #expect(marked.utf8.count < 1_000 && marked.contains(" characters more"), "\(marked)")
        let broken = try await message("CA%0Ax%22y")
        #expect(broken.utf8.allSatisfy { $0 >= 0x20 }, "\(broken)")
        let known = String(form.prefix(2)) + String(repeating: "0", count: 40)
        #expect(try await message(known).hasSuffix(" \(known)."))
    }

    @Test(
        "A call that does not exist, is no id, or is another account's is a 404",
        arguments: ["unknown", "nonsense", "foreign"])
    func notFound(_ kind: String) async throws {
        let test = try TestServer()
        let foreign = makeCall(test, account: SystemIdentifierSource().draw(AccountKind.self))
        test.calls.insert(foreign)
        let id =
            switch kind {
            case "unknown": SystemIdentifierSource().draw(CallKind.self).text
            case "foreign": foreign.callID.text
            default: "CAxyz"
            }
        for (method, suffix) in [(.get, ""), (.get, "/Logs")] as [(HTTPRequest.Method, String)] {
            let reply = try await test.send(method, "\(test.base)/Calls/\(id)\(suffix)")
            #expect(reply.status == 404)
            #expect(reply.code == 1)
            #expect(reply.message.contains(id))
        }
        let reply = try await test.send(.post, "\(test.base)/Calls/\(id)", body: #"{"status":"completed"}"#)
        #expect(reply.status == 404)
        #expect(reply.code == 1)
    }

    @Test("A failure within the server is a 500 that tells nothing of its inside")
    func failure() async throws {
        let test = try TestServer()
        let call = makeCall(test)
        test.calls.insert(call)
        test.calls.failReads()
        let reply = try await test.send(.get, "\(test.base)/Calls/\(call.callID)")
        #expect(reply.status == 500)
        #expect(reply.code == 0)
        #expect(!reply.text.contains("471147114711"))
        #expect(reply.json.members.count == 5)
    }

    @Test(
        "What passes is 503 with Retry-After and why, without the server's insides", arguments: PassingTrouble.allCases)
    func passingFailure(trouble: PassingTrouble) async throws {
        struct Failure: PassingFailure {
            let trouble: PassingTrouble?
            let secret = "row 471147114711 of calls.sqlite"
        }
        let test = try TestServer()
        let call = makeCall(test)
        test.calls.insert(call)
        test.calls.failReads(with: Failure(trouble: trouble))
        let reply = try await test.send(.get, "\(test.base)/Calls/\(call.callID)")
        #expect(reply.status == 503)
        #expect(reply.header("retry-after").flatMap { Int($0) } ?? 0 > 0)
        #expect(reply.text.contains(trouble == .diskFailing ? "disk" : "Too many"))
        #expect(!reply.text.contains("471147114711"))
        test.calls.failReads(with: Failure(trouble: nil))
        #expect(try await test.send(.get, "\(test.base)/Calls/\(call.callID)").status == 500)
    }

    // MARK: List

    @Test("250 calls come in three pages, newest first, each once, by following nextPageUri")
    func paging() async throws {
        let test = try TestServer()
        let calls = (0..<250).map { _ in makeCall(test) }
        for call in calls { test.calls.insert(call) }
        var path: String? = "/Accounts/\(test.account)/Calls"
        var seen: [String] = []
        var figures: [[Int64?]] = []
        while let next = path {
            let reply = try await test.send(.get, "/apiserver" + next)
            #expect(reply.status == 200)
            #expect(
                Set(reply.json.members.keys) == [
                    "calls", "end", "nextPageUri", "numPages", "page", "pageSize", "start", "total",
                ])
            seen += reply["calls"]?.elements.compactMap { $0["callId"]?.string } ?? []
            figures.append(["total", "start", "end", "page", "numPages", "pageSize"].map { reply[$0]?.integer })
            path = reply["nextPageUri"]?.string
            #expect(figures.count <= 3)
        }
        #expect(seen == calls.reversed().map(\.callID.text))
        #expect(figures == [[250, 0, 99, 0, 3, 100], [250, 100, 199, 1, 3, 100], [250, 200, 249, 2, 3, 100]])
    }

    @Test("A call that is made while somebody pages moves nothing and shows nothing twice")
    func stablePaging() async throws {
        let test = try TestServer()
        let calls = (0..<150).map { _ in makeCall(test) }
        for call in calls { test.calls.insert(call) }
        let first = try await test.send(.get, test.base + "/Calls")
        test.calls.insert(makeCall(test))
        let next = try #require(first["nextPageUri"]?.string)
        let second = try await test.send(.get, "/apiserver" + next)
        let seen = [first, second].flatMap { $0["calls"]?.elements ?? [] }.compactMap { $0["callId"]?.string }
        #expect(seen == calls.reversed().map(\.callID.text))
    }

    @Test("The next page repeats the filters and has a purely alphanumeric cursor that suffices by itself")
    func nextPage() async throws {
        let test = try TestServer()
        for _ in 0..<101 { test.calls.insert(makeCall(test, to: "+13125550111")) }
        for _ in 0..<50 { test.calls.insert(makeCall(test, to: "+13125550122")) }
        let reply = try await test.send(
            .get, test.base + "/Calls?to=%2B13125550111&from=%2B13125550100&status=queued&active=true&webRTC=0")
        let next = try #require(reply["nextPageUri"]?.string)
        #expect(
            next.hasPrefix(
                "/Accounts/\(test.account)/Calls?to=%2B13125550111&from=%2B13125550100&status=queued&active=true&cursor="
            ))
        let cursor = try #require(next.split(separator: "=").last)
        #expect(cursor.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) })
        let last = try await test.send(.get, "/apiserver" + next)
        #expect(last["total"] == 101)
        #expect(last["calls"]?.elements.count == 1)
        #expect(last["nextPageUri"] == .null)
        // As the command-line client pages: by the cursor alone.
        let alone = try await test.send(.get, test.base + "/Calls?cursor=\(cursor)")
        #expect(alone.status == 200)
    }

    @Test("An empty list is 200 with nothing in it")
    func emptyList() async throws {
        let test = try TestServer()
        let reply = try await test.send(.get, test.base + "/Calls")
        #expect(
            reply.text
                == #"{"calls":[],"end":0,"nextPageUri":null,"numPages":0,"page":0,"pageSize":100,"start":0,"total":0}"#)
    }

    @Test(
        "Each filter lets through exactly what it names",
        arguments: [
            ("to=%2B13125550111", ["ringing", "completed"]), ("to=+13125550111", ["ringing", "completed"]),
            ("from=%2B13125550100", ["busy", "ringing", "completed"]), ("from=%2B1999", []),
            ("status=busy", ["busy"]), ("active=true", ["ringing"]), ("active=1", ["ringing"]),
            ("active=false", ["busy", "ringing", "completed"]),
            ("active=true&status=completed", []), ("to=%2B13125550111&status=completed", ["completed"]),
            ("usedAudioStream=0&webRTC=0&active=0", ["busy", "ringing", "completed"]),
            ("unknown=1", ["busy", "ringing", "completed"]),
        ])
    func filters(_ query: String, _ expected: [String]) async throws {
        let test = try TestServer()
        test.calls.insert(makeCall(test, to: "+13125550111", status: .completed))
        test.calls.insert(makeCall(test, to: "+13125550111", status: .ringing))
        test.calls.insert(makeCall(test, to: "+13125550122", status: .busy))
        let reply = try await test.send(.get, test.base + "/Calls?" + query)
        #expect(reply.status == 200)
        #expect(reply["calls"]?.elements.compactMap { $0["status"]?.string } == expected)
    }

    @Test("Family, application and time filter the list; the next page repeats them")
    func families() async throws {
        let test = try TestServer()
        var random = SystemRandomNumberGenerator()
        let parent = makeCall(test, to: "+13125550111", status: .inProgress)
        var children: [Call] = []
        for minute in 0..<101 {
            var child = makeCall(test, to: "+13125550122", status: .completed)
            child.parentCallID = parent.callID
            child.applicationID = ApplicationID(random: &random)
            child.startTime = TestServer.start.advanced(byMicroseconds: Int64(minute) * 60_000_000)
            child.endTime = child.startTime?.advanced(byMicroseconds: 5_000_000)
            children.append(child)
        }
        for call in [parent] + children { test.calls.insert(call) }
        func total(_ query: String) async throws -> Int64? {
            try await test.send(.get, test.base + "/Calls?" + query)["total"]?.integer
        }
        let page = try await test.send(.get, test.base + "/Calls?parentCallId=\(parent.callID)")
        #expect(page["total"] == 101)
        let next = try #require(page["nextPageUri"]?.string)
        #expect(next.contains("parentCallId=\(parent.callID)"))
        #expect(try await test.send(.get, "/apiserver" + next)["calls"]?.elements.count == 1)
        let ids = try children.prefix(2).map { try #require($0.applicationID).text }
        #expect(try await total("applicationId=\(ids[0])&applicationId=\(ids[1])") == 2)
        #expect(try await total("applicationId%5B0%5D=\(ids[0])&applicationId[1]=\(ids[1])") == 2)
        #expect(try await total("startTime=2024-10-09%2016:44:00") == 2)
        #expect(try await total("endTime=2024-10-09%2015:05:07") == 0)
        #expect(try await total("endTime=2024-10-09%2015:05:08") == 1)
        #expect(try await total("endTime=2024-10-09%2015:06:10") == 2)
        let many = (0..<17).map { _ in "applicationId=\(ids[0])" }.joined(separator: "&")
        let refused = try await test.send(.get, test.base + "/Calls?" + many)
        #expect(refused.blamed == ["applicationId"])
        #expect(refused.message.contains("allowed: at most 16 of it"), "\(refused.message)")
    }

    @Test(
        "A parameter that cannot be, or that this version does not apply, is a 400 that names it",
        arguments: [
            ("status=answered", "status"), ("status=", "status"), ("active=yes", "active"), ("to=", "to"),
            ("cursor=!", "cursor"), ("cursor=", "cursor"), ("cursor=c1", "cursor"), ("cursor=c-1ip0", "cursor"),
            ("cursor=c99999999999999999999ip0", "cursor"), ("startTime=1.1.2024", "startTime"),
            ("endTime=x", "endTime"), ("applicationId=A", "applicationId"), ("parentCallId=A", "parentCallId"),
            ("endTime=2024-02-30", "endTime"), ("page=1", "page"), ("page=", "page"), ("page=first", "page"),
            ("pageSize=10", "pageSize"), ("pageSize=0", "pageSize"), ("page=0&cursor=c5ip100", "page"),
            ("riskScoreMin=1", "riskScoreMin"), ("webRTC=true", "webRTC"), ("usedAudioStream=1", "usedAudioStream"),
        ])
    func badFilters(_ query: String, _ name: String) async throws {
        let test = try TestServer()
        let reply = try await test.send(.get, test.base + "/Calls?" + query)
        #expect(reply.status == 400)
        #expect(reply.code == 9)
        #expect(reply.blamed == [name])
        #expect(!name.contains("web") || reply.message.contains("allowed: false, "), "\(reply.message)")
    }

    @Test("A call is found by every form of the times that its own resource shows, and by its day, on both sides")
    func shownTimes() async throws {
        let test = try TestServer()
        var call = makeCall(test, to: "+13125550122", status: .completed)
        call.startTime = TestServer.start
        call.endTime = TestServer.start.advanced(byMicroseconds: 5_000_900)
        test.calls.insert(call)
        func isFound(_ query: String) async throws -> Bool {
            let reply = try await test.send(.get, test.base + "/Calls?" + query)
            #expect(reply.status == 200, "\(reply.text)")
            return reply["total"] == 1
        }
        let shown = try await test.send(.get, "\(test.base)/Calls/\(call.callID)")
        for (filter, fields) in [
            ("startTime", ["startTime", "startTimeISO"]), ("endTime", ["endTime", "endTimeISO"]),
        ] {
            for field in fields {
                let text = try #require(shown[field]?.string)
                #expect(try await isFound("\(filter)=\(Query.encode(text))"), "\(filter)=\(text)")
            }
            for text in ["2024-10-09", "2024-10-09T15:05", "2024-10-09 15:05"] {
                #expect(try await isFound("\(filter)=\(Query.encode(text))"), "\(filter)=\(text)")
            }
        }
        #expect(try await isFound("startTime=2024-10-09&endTime=2024-10-09"))
        #expect(try await isFound("startTime=2024-10-09T17:05:03+02:00"), "a + that was not encoded")
        #expect(try await isFound("endTime=2024-10-09T15:05:08.359Z"))
        for query in [
            "startTime=2024-10-10", "endTime=2024-10-08", "startTime=2024-10-09T15:05:03.359Z",
            "endTime=2024-10-09T15:05:08.358Z", "endTime=2024-10-09T15:05:07Z", "startTime=2024-10-09T15:05:04Z",
        ] {
            #expect(try await !isFound(query), "\(query)")
        }
    }

    @Test("page and pageSize are taken where they ask for what comes anyway, on every list")
    func pages() async throws {
        let test = try TestServer()
        for minute in 0..<101 {
            var call = makeCall(test, to: "+13125550122", status: .completed)
            call.startTime = TestServer.start.advanced(byMicroseconds: Int64(minute))
            test.calls.insert(call)
        }
        let lists = ["/Calls", "/Recordings", "/Applications", "/IncomingPhoneNumbers", "/Logs"].map { test.base + $0 }
        for list in lists + ["/apiserver/AvailablePhoneNumbers"] {
            let reply = try await test.send(.get, list + "?page=0&pageSize=100")
            #expect(reply.status == 200, "\(list)")
            #expect(reply["page"] == 0 && reply["pageSize"] == 100)
            #expect(try await test.send(.get, list + "?page=3").blamed == ["page"], "\(list)")
            #expect(try await test.send(.get, list + "?pageSize=50").blamed == ["pageSize"], "\(list)")
        }
        let next = try #require(try await test.send(.get, test.base + "/Calls?page=0")["nextPageUri"]?.string)
        let second = try await test.send(.get, "/apiserver" + next + "&page=1")
        #expect(second["page"] == 1)
        #expect(second["calls"]?.elements.count == 1)
    }

    // MARK: Update

    @Test("Canceled and completed are taken with a bare 202", arguments: CallUpdate.allCases)
    func update(_ change: CallUpdate) async throws {
        let test = try TestServer()
        let call = makeCall(test, status: .ringing)
        test.calls.insert(call)
        let reply = try await test.send(
            .post, "\(test.base)/Calls/\(call.callID)", json: ["status": .string(change.rawValue)])
        #expect(reply.status == 202)
        #expect(reply.text.isEmpty)
        let update = try #require(test.calls.updates.first)
        #expect(update.0 == call.callID)
        #expect(update.1 == change)
        #expect(update.2.text == reply.header("Request-Id"))
    }

    @Test("A call that has ended is a 404")
    func updateEnded() async throws {
        let test = try TestServer()
        let call = makeCall(test, status: .completed)
        test.calls.insert(call)
        let reply = try await test.send(.post, "\(test.base)/Calls/\(call.callID)", body: #"{"status":"completed"}"#)
        #expect(reply.status == 404)
        #expect(reply.code == 1)
    }

    @Test(
        "Any other update is a 400 that lists what there is",
        arguments: [
            ("", 80), ("{}", 80), (#"{"status":null}"#, 80), (#"{"status":""}"#, 9), (#"{"status":"ringing"}"#, 9),
            (#"{"status":"Completed"}"#, 9), (#"{"status":1}"#, 9), ("[]", 3),
        ])
    func badUpdate(_ body: String, _ code: Int) async throws {
        let test = try TestServer()
        let call = makeCall(test)
        test.calls.insert(call)
        let reply = try await test.send(.post, "\(test.base)/Calls/\(call.callID)", body: body)
        #expect(reply.status == 400)
        #expect(reply.code == code)
        if code != 3 {
            #expect(reply.blamed == ["status"])
            #expect(reply.message.contains("canceled, completed, inProgress"))
        }
        #expect(test.calls.updates.isEmpty)
    }

    // MARK: Logs

    @Test("A call's log has the API's fields, scope and sequence in the metadata, and pages by following the link")
    func logs() async throws {
        let test = try TestServer()
        let call = makeCall(test)
        let requestID = SystemIdentifierSource().draw(RequestKind.self)
        let entries = (1...120).map { sequence in
            JournalEntry(
                timestamp: TestServer.start.advanced(byMicroseconds: Int64(sequence)), sequence: sequence,
                level: sequence == 120 ? .error : .info, scope: .sip, accountID: test.account, callID: call.callID,
                requestID: sequence == 120 ? requestID : nil, message: "INVITE \"sent\"\n", metadata: ["cseq": 1])
        }
        test.calls.insert(call, journal: entries)
        let path = "/Accounts/\(test.account)/Calls/\(call.callID)/Logs"
        let reply = try await test.send(.get, "/apiserver" + path)
        #expect(reply.status == 200)
        #expect(reply["total"] == 120)
        #expect(
            reply["logs"]?.elements.first == [
                "accountId": .string(test.account.text), "callId": .string(call.callID.text), "level": "error",
                "message": "INVITE \"sent\"\n", "metadata": ["cseq": 1, "scope": "sip", "sequence": 120],
                "requestId": .string(requestID.text), "timestamp": 1_728_486_303_359_041,
            ])
        #expect(reply["logs"]?.elements.dropFirst().first?["requestId"] == .null)
        let next = try #require(reply["nextPageUri"]?.string)
        #expect(next.hasPrefix(path + "?cursor="))
        let last = try await test.send(.get, "/apiserver" + next)
        #expect(last["logs"]?.elements.count == 20)
        #expect(last["nextPageUri"] == .null)
    }
}
