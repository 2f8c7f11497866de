import HTTPTypes
import JSON
import Telephony
import Testing

@testable import API

@Suite("openapi.yaml tells the truth")
struct OpenAPITests {
    /// `GET /path operation` of each operation in the document.
    private func operations(_ document: OpenAPIDocument) throws -> [String: JSONValue] {
        let common = try #require(document["servers"]?.elements.first?["url"]?.string)
        var operations: [String: JSONValue] = [:]
        for (path, item) in try #require(document["paths"]?.members) {
            let base = item["servers"]?.elements.first?["url"]?.string ?? common
            let full = (base == "/" ? "" : base) + path
            for method in ["get", "put", "post", "delete", "patch"] {
                guard let operation = item[method] else { continue }
                let name = try #require(operation["operationId"]?.string)
                operations["\(method.uppercased()) \(full) \(name)"] = operation
            }
        }
        return operations
    }

    /// A feed that nobody closes has no end.
    private static func closeWhenHeard(_ feed: Feed) async {
        while feed.count == 0 { await Task.yield() }
        feed.close()
    }

    @Test("Its paths, methods and operations are exactly the router's")
    func routes() throws {
        let test = try TestServer()
        let documented = Set(try operations(try OpenAPIDocument()).keys)
        let routed = Set(test.server.routes.routes.map { "\($0.method.rawValue) \($0.path) \($0.operation)" })
        #expect(documented == routed)
        #expect(routed.count == test.server.routes.routes.count)
    }

    @Test("Routes that need credentials are those that it says need them")
    func security() throws {
        let test = try TestServer()
        let operations = try operations(try OpenAPIDocument())
        for route in test.server.routes.routes {
            let operation = try #require(operations["\(route.method.rawValue) \(route.path) \(route.operation)"])
            let isOpen = operation["security"] == []
            switch route.handler {
            case .open: #expect(isOpen, "\(route.operation)")
            case .account, .anyAccount: #expect(operation["security"] == nil, "\(route.operation)")
            case .operator: #expect(operation["security"] == [["operatorToken": []]], "\(route.operation)")
            }
        }
    }

    @Test("Its examples are valid under its schemas")
    func examples() throws {
        let document = try OpenAPIDocument()
        var checked = 0
        func check(_ content: JSONValue?, at place: String) {
            for (type, media) in content?.members ?? [:] {
                guard let schema = media["schema"] else { continue }
                var examples = media["examples"]?.members.values.compactMap { $0["value"] } ?? []
                if let example = media["example"] { examples.append(example) }
                if type == "application/json" { #expect(!examples.isEmpty, "\(place) has no example") }
                for example in examples {
                    checked += 1
                    #expect(document.faults(of: example, under: schema) == [], "\(place)")
                }
            }
        }
        for (name, operation) in try operations(document) {
            check(operation["requestBody"]?["content"], at: name)
            for (status, response) in operation["responses"]?.members ?? [:] {
                check(response["content"], at: "\(name) \(status)")
            }
        }
        for (name, response) in document["components", "responses"]?.members ?? [:] {
            check(response["content"], at: name)
        }
        #expect(checked >= 29)
    }

    @Test("Its error codes are the server's")
    func codes() throws {
        let documented = try OpenAPIDocument()["components", "schemas", "ErrorCode", "enum"]?.elements
        #expect(documented == ErrorCode.allCases.map { .integer(Int64($0.rawValue)) })
    }

    @Test("Answers of every operation have a documented status and a valid body")
    func answers() async throws {
        let document = try OpenAPIDocument()
        let operations = try operations(document)
        let test = try TestServer()
        let application = try await test.makeApplication(callConnectURL: "http://app.example/")
        let made = try await test.send(.post, test.base + "/Calls", json: .object(test.goodCall))
        let call = try #require(made["callId"]?.string)
        let recording = Recording(
            recordingID: try #require(RecordingID("RE" + String(repeating: "a", count: 40))), accountID: test.account,
            owner: .call(try #require(CallID(call))), created: TestServer.start, isPrivate: false)
        var complete = recording
        complete.durationSeconds = 2
        try test.recordings.add(complete, content: Array("RIFF".utf8))
        let queueID = try #require(QueueID("QU" + String(repeating: "c", count: 40)))
        var answered: Set<String> = []

        func check(
            _ method: HTTPRequest.Method, _ template: String, _ body: String? = nil, query: String = "",
            callID: String? = nil, as authorization: String? = nil, status: Int
        ) async throws {
            let path = template.replacing("{accountId}", with: test.account.text)
                .replacing("{applicationId}", with: application.text).replacing("{callId}", with: callID ?? call)
                .replacing("{recordingId}", with: recording.recordingID.text)
                .replacing("{phoneNumberId}", with: test.phoneNumberID.text).replacing("{queueId}", with: queueID.text)
                .replacing("{conferenceId}", with: ConferenceRouteTests.conferenceID)
            let reply = try await test.send(method, path + query, body: body, authorization: authorization)
            #expect(reply.status == status)
            let prefix = "\(method.rawValue) \(template) "
            let key = try #require(operations.keys.first { $0.hasPrefix(prefix) })
            answered.insert(key)
            var response = try #require(operations[key]?["responses"]?[String(status)], "\(key) has no \(status)")
            if let reference = response["$ref"]?.string { response = try #require(document.resolve(reference)) }
            guard let schema = response["content"]?["application/json"]?["schema"] else {
                if response["content"] == nil { #expect(reply.text.isEmpty, "\(key)") }
                return
            }
            #expect(document.faults(of: reply.json, under: schema) == [], "\(key)")
        }

        let account = "/apiserver/Accounts/{accountId}"
        try await check(.get, account, status: 200)
        try await check(.post, account, #"{"alias":"Acme"}"#, status: 204)
        try await check(.post, account, #"{"alias":5}"#, status: 400)
        try await check(.get, account + "/Applications", status: 200)
        try await check(.get, account + "/Applications", query: "?alias=", status: 400)
        try await check(.post, account + "/Applications", "{}", status: 201)
        try await check(.post, account + "/Applications", #"{"smsUrl":""}"#, status: 400)
        try await check(.get, account + "/Applications/{applicationId}", status: 200)
        try await check(.post, account + "/Applications/{applicationId}", #"{"alias":"x"}"#, status: 200)
        try await check(.post, account + "/Applications/{applicationId}", "[]", status: 400)
        try await check(.delete, account + "/Applications/{applicationId}", status: 204)
        try await check(.delete, account + "/Applications/{applicationId}", status: 404)
        try await check(.get, account + "/Calls", status: 200)
        try await check(.get, account + "/Calls", query: "?status=x", status: 400)
        test.calls.slowLists()
        try await check(.get, account + "/Calls", query: "?endTime=2024-01-01", status: 400)
        try await check(.post, account + "/Calls", JSONValue.object(test.goodCall).text, status: 202)
        try await check(.post, account + "/Calls", #"{"from":["x"],"privacyMode":true}"#, status: 400)
        try await check(.post, account + "/Calls", String(repeating: " ", count: 65_537), status: 413)
        try await check(.get, account + "/Calls/{callId}", status: 200)
        try await check(.get, account + "/Calls/{callId}/Logs", status: 200)
        try await check(.get, account + "/Calls/{callId}/Logs", callID: "CAx", status: 404)
        try await check(.get, account + "/Logs", status: 200)
        try await check(.get, account + "/Logs", query: "?cursor=c1", status: 400)
        try await check(.post, account + "/Logs", #"{"pql":"level != \"info\""}"#, status: 200)
        try await check(.post, account + "/Logs", #"{"pql":"level"}"#, status: 400)
        test.calls.refuseLogs(with: .busy)
        try await check(.get, account + "/Logs", status: 503)
        try await check(.post, account + "/Calls/{callId}", #"{"status":"canceled"}"#, status: 202)
        try await check(.post, account + "/Calls/{callId}", #"{"status":"canceled"}"#, status: 404)
        let feed = account + "/Feed", feedOfCall = account + "/Calls/{callId}/Feed"
        try await check(.get, feedOfCall, status: 200)
        try await check(.get, feedOfCall, query: "?after=x", status: 400)
        try await check(.get, feedOfCall, callID: "CAx", status: 404)
        try await check(.get, feed, query: "?after=x", status: 400)
        try await check(.get, feed, query: "?after=1", status: 503)
        do {
            let held = try (0..<32).map { _ in try test.feed.listen(to: nil, of: test.account) }
            for path in [feed, feedOfCall] { try await check(.get, path, status: 429) }
            withExtendedLifetime(held) {}
        }
        async let closing: Void = Self.closeWhenHeard(test.feed)
        try await check(.get, feed, status: 200)
        await closing
        for path in [feed, feedOfCall] { try await check(.get, path, status: 503) }
        try await check(.get, account + "/Calls/{callId}/Recordings", status: 200)
        try await check(.get, account + "/Recordings", status: 200)
        try await check(.get, account + "/Recordings", query: "?dateCreated=yesterday", status: 400)
        try await check(.get, account + "/Recordings/{recordingId}", status: 200)
        try await check(.delete, account + "/Recordings/{recordingId}", status: 204)
        try await check(.get, account + "/Recordings/{recordingId}/Download", status: 404)
        try await check(.get, account + "/Recordings/{recordingId}/Stream", status: 404)
        let queues = account + "/Queues", oneQueue = queues + "/{queueId}"
        let queue = CallQueue(
            queueID: queueID, accountID: test.account, isKept: true, created: TestServer.start)
        let standing = QueueStanding(queue: queue, currentSize: 1, averageRemovalSeconds: 0, averageWaitSeconds: 3)
        let member = QueueMember(
            queueID: queueID, accountID: test.account, callID: try #require(CallID(call)), waitSeconds: 3, position: 1,
            dateEnqueued: TestServer.start)
        test.queues.prepare(
            .queues(Page(items: [standing], total: 1, start: 0, next: nil)), .queue(standing), .tooMany, .notStored,
            .queue(standing), .noQueue, .queue(standing), .noQueue,
            .members(Page(items: [member], total: 1, start: 0, next: nil)), .noQueue)
        try await check(.get, queues, status: 200)
        try await check(.get, queues, query: "?alias=", status: 400)
        try await check(.post, queues, #"{"alias":"sales"}"#, status: 201)
        try await check(.post, queues, #"{"maxSize":0}"#, status: 400)
        try await check(.post, queues, "{}", status: 409)
        try await check(.post, queues, "{}", status: 503)
        try await check(.get, oneQueue, status: 200)
        try await check(.get, oneQueue, status: 404)
        try await check(.post, oneQueue, #"{"maxSize":7}"#, status: 200)
        try await check(.post, oneQueue, #"{"maxSize":7}"#, status: 404)
        try await check(.get, oneQueue + "/Members", status: 200)
        try await check(.get, oneQueue + "/Members", status: 404)
        for place in [oneQueue + "/Members/Front", oneQueue + "/Members/{callId}"] {
            test.queues.prepare(.member(member), .noMember, .member(member), .noMember)
            try await check(.get, place, status: 200)
            try await check(.get, place, status: 404)
            try await check(.post, place, status: 202)
            try await check(.post, place, status: 404)
        }
        try await check(.get, queues + "/{queueId}/Logs", status: 404)
        test.queues.prepare(.queue(standing))
        try await check(.get, queues + "/{queueId}/Logs", status: 200)
        let conferences = account + "/Conferences", oneConference = conferences + "/{conferenceId}"
        let participants = oneConference + "/Participants", participant = participants + "/{callId}"
        for path in [oneConference, participants, oneConference + "/Recordings", oneConference + "/Logs"] {
            try await check(.get, path, status: 404)
        }
        try await check(.get, conferences, query: "?status=over", status: 400)
        try await check(.post, conferences, #"{"alias":"Monday","record":true}"#, status: 200)
        try await check(.post, conferences, #"{"playBeep":"sometimes"}"#, status: 400)
        test.conferences.prepare(.tooMany, .notStored)
        try await check(.post, conferences, "{}", status: 409)
        try await check(.post, conferences, "{}", status: 503)
        let conference = try ConferenceRouteTests.conference(test, .terminated)
        test.conferences.add(conference)
        for path in [conferences, oneConference, participants, oneConference + "/Recordings", oneConference + "/Logs"] {
            try await check(.get, path, status: 200)
        }
        try await check(.get, participants, query: "?talk=loud", status: 400)
        try await check(.post, oneConference, #"{"status":"terminated"}"#, status: 204)
        try await check(.post, oneConference, #"{"status":"inProgress"}"#, status: 400)
        try await check(.post, oneConference, #"{"alias":"late"}"#, status: 409)
        let there = Participant(
            conferenceID: conference.conferenceID, accountID: test.account, callID: try #require(CallID(call)),
            standing: ParticipantStanding(talk: true, listen: true, dtmfPassThrough: false), startConfOnEnter: true,
            created: TestServer.start)
        test.conferences.prepare(
            .participants(Page(items: [there], total: 1, start: 0, next: nil)), .participant(there), .noParticipant,
            .participant(there), .noParticipant, .removed, .noParticipant)
        try await check(.get, participants, status: 200)
        for method in [.get, .post, .delete] as [HTTPRequest.Method] {
            try await check(method, participant, status: method == .delete ? 204 : 200)
            try await check(method, participant, status: 404)
        }
        try await check(.post, participant, #"{"talk":1}"#, status: 400)
        try await check(.get, account + "/IncomingPhoneNumbers", status: 200)
        try await check(.post, account + "/IncomingPhoneNumbers", #"{"phoneNumber":"+13125550177"}"#, status: 200)
        try await check(.post, account + "/IncomingPhoneNumbers", #"{"phoneNumber":"+13125550177"}"#, status: 409)
        try await check(.post, account + "/IncomingPhoneNumbers", "{}", status: 400)
        try await check(.get, account + "/IncomingPhoneNumbers/{phoneNumberId}", status: 200)
        try await check(.post, account + "/IncomingPhoneNumbers/{phoneNumberId}", #"{"alias":"x"}"#, status: 200)
        try await check(.get, "/apiserver/AvailablePhoneNumbers", status: 200)
        try await check(.get, "/apiserver/AvailablePhoneNumbers", query: "?phoneNumber=(a", status: 400)
        let token = "Bearer \(TestServer.operatorToken)"
        try await check(.get, "/admin/calls", as: token, status: 200)
        try await check(.get, "/admin/calls", query: "?since=yesterday", as: token, status: 400)
        try await check(.get, "/admin/calls", status: 401)
        let own = test.number.text
        try await check(.post, account + "/Carrier/Calls", #"{"to":"\#(own)","press":"1,2#"}"#, status: 202)
        #expect(test.carrier.requests.last?.presses == ["1", "2#"])
        try await check(.post, account + "/Carrier/Calls", #"{"to":"\#(own)","press":"x"}"#, status: 400)
        test.carrier.refuse(with: "the server refused it with 503 Service Unavailable")
        try await check(.post, account + "/Carrier/Calls", #"{"to":"\#(own)"}"#, status: 409)
        for refusal in [
            CallRefusal.queueFull(retryAfterSeconds: 3),
            .turnTooLate(waitSeconds: 34, longestSeconds: 20, retryAfterSeconds: 16), .draining, .overloaded,
            .diskFailing, .notStored,
        ] {
            test.calls.refuse(with: refusal)
            let status = APIError(refusal).status
            try await check(.post, account + "/Calls", JSONValue.object(test.goodCall).text, status: status)
        }
        let number = try #require(PhoneNumber("+13125550199"))
        let britain = try #require(Country("GB")), satellites = try #require(Country("881"))
        for rule in [
            DialRule.diallingStopped, .premium(number), .notVerified(.number(number)), .noSuchNumber(number),
            .international(number, home: .northAmerica, to: britain),
            .network(number, satellites), .callsPerDay(limit: 3),
        ] {
            test.calls.refuse(with: .notAllowed(rule))
            let status = APIError(CallRefusal.notAllowed(rule)).status
            try await check(
                .post, account + "/Calls", JSONValue.object(test.goodCall).text, status: status)
        }
        try await check(.delete, account + "/IncomingPhoneNumbers/{phoneNumberId}", status: 204)
        try await check(.delete, account + "/IncomingPhoneNumbers/{phoneNumberId}", status: 404)
        let admin = "/admin/accounts", one = admin + "/{accountId}"
        try await check(.get, admin, as: token, status: 200)
        try await check(.get, admin, as: "Bearer x", status: 401)
        try await check(.post, admin, #"{"label":"Night shift"}"#, as: token, status: 201)
        try await check(.post, admin, #"{"label":5}"#, as: token, status: 400)
        try await check(.get, one, as: token, status: 200)
        try await check(.post, one, #"{"callsAtOnceByPrefix":{"+44":2},"callsPerSecond":0.5}"#, as: token, status: 200)
        try await check(.get, one + "/keys", as: token, status: 200)
        try await check(.get, "/admin/status", as: token, status: 200)
        try await check(.get, "/admin/status", as: "Bearer x", status: 401)
        try await check(.get, "/admin/dialling", as: token, status: 200)
        try await check(.post, "/admin/dialling", #"{"stopped":true}"#, as: token, status: 200)
        test.directory.setStatus(.closed, of: test.account)
        try await check(.get, account, status: 403)
        // The older of two keys, which this test has used until here, is void from then on.
        for kind in ["/keys", "/signing-secrets"] {
            try await check(.post, one + kind, as: token, status: 201)
            try await check(.delete, one + kind, as: token, status: 204)
        }
        try await check(.get, "/health", status: 200)
        try await check(.get, "/ready", status: 200)
        test.health.set(ready: false)
        try await check(.get, "/ready", status: 503)
        try await check(.get, "/metrics", as: token, status: 200)
        try await check(.get, "/metrics", as: "Bearer x", status: 401)
        let explained = try await test.send(.get, "/errors/9")
        #expect(explained.status == 200)
        #expect(
            Set(operations.keys).subtracting(answered).map { $0.split(separator: " ").last } == ["explain-an-error"])
    }
}
