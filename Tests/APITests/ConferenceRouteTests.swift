import HTTPTypes
import JSON
import Telephony
import Testing

@testable import API

/// docs/contract/rest.md#conferences.
@Suite("Conferences over REST")
struct ConferenceRouteTests {
    static let conferenceID = "CF" + String(repeating: "c", count: 40)

    static func conference(_ test: TestServer, _ status: Conference.Status = .inProgress) throws -> Conference {
        var conference = Conference(
            conferenceID: try #require(ConferenceID(conferenceID)), accountID: test.account, alias: "Monday",
            playBeep: .entryOnly, isRecorded: true, waitURL: WebURL("https://app.example/music.wav"),
            actionURL: WebURL("https://me:secret@app.example/made"),
            statusCallbackURL: WebURL("https://app.example/status"), created: TestServer.start)
        conference.status = status
        conference.revision = 3
        return conference
    }

    private static func path(_ test: TestServer) -> String { "\(test.base)/Conferences/\(conferenceID)" }

    // MARK: The resource

    @Test("The resource has every field, and no password")
    func resource() async throws {
        let test = try TestServer()
        test.conferences.add(try Self.conference(test))
        let reply = try await test.send(.get, Self.path(test))
        let uri = "/Accounts/\(test.account)/Conferences/\(Self.conferenceID)"
        #expect(reply.status == 200)
        #expect(
            reply.json
                == [
                    "accountId": .string(test.account.text), "actionUrl": "https://XXXXX@app.example/made",
                    "alias": "Monday", "conferenceId": .string(Self.conferenceID),
                    "dateCreated": "Wed, 09 Oct 2024 15:05:03 GMT", "dateUpdated": "Wed, 09 Oct 2024 15:05:03 GMT",
                    "playBeep": "entryOnly", "record": true, "revision": 3, "status": "inProgress",
                    "statusCallbackUrl": "https://app.example/status",
                    "subresourceUris": [
                        "logs": .string(uri + "/Logs"), "participants": .string(uri + "/Participants"),
                        "recordings": .string(uri + "/Recordings"),
                    ],
                    "uri": .string(uri), "waitUrl": "https://app.example/music.wav",
                ])
        #expect(test.conferences.asked.isEmpty, "what it is, is read from the disk")
    }

    @Test("One that has been terminated is shown as long as it is kept, and is not one that there never was")
    func terminated() async throws {
        let test = try TestServer()
        let never = try await test.send(.get, Self.path(test))
        #expect((never.status, never.code) == (404, 66))
        #expect(never.message == "The account has no conference \(Self.conferenceID).")
        test.conferences.add(try Self.conference(test, .terminated))
        let reply = try await test.send(.get, Self.path(test))
        #expect(reply.status == 200)
        #expect(reply["status"] == "terminated")
        let noID = try await test.send(.get, test.base + "/Conferences/x")
        #expect(noID.status == 404 && noID.message.contains("CF and 40 hexadecimal digits"), "\(noID.text)")
    }

    @Test("What cannot be read now is 503, and not that there is nothing")
    func unreadable() async throws {
        let test = try TestServer()
        test.conferences.failReading(with: .tooManyReads)
        for path in ["", "/\(Self.conferenceID)", "/\(Self.conferenceID)/Logs", "/\(Self.conferenceID)/Recordings"] {
            #expect(try await test.send(.get, "\(test.base)/Conferences\(path)").status == 503, "\(path)")
        }
    }

    // MARK: Making one

    @Test("Nothing said is a beep for everybody, no recording, and the server's own music; the answer is 200")
    func made() async throws {
        let test = try TestServer()
        let reply = try await test.send(.post, test.base + "/Conferences", body: "")
        #expect(reply.status == 200)
        guard case .create(let conference)? = test.conferences.asked.last else {
            Issue.record("nothing was created")
            return
        }
        #expect(conference.alias == nil && conference.playBeep == .always && !conference.isRecorded)
        #expect(conference.waitURL == nil && conference.statusCallbackURL == nil && conference.actionURL == nil)
        #expect(conference.status == .empty && conference.accountID == test.account)
        #expect(reply["conferenceId"] == .string(conference.conferenceID.text))
        #expect(reply["status"] == "empty" && reply["revision"] == 1)
        #expect(reply.header("Request-Id") == test.conferences.requestIDs.last?.text)
    }

    @Test("Each field is taken", arguments: Conference.PlayBeep.allCases)
    func fields(_ beep: Conference.PlayBeep) async throws {
        let test = try TestServer()
        let alias = String(repeating: "ü", count: 64)
        let reply = try await test.send(
            .post, test.base + "/Conferences",
            json: [
                "alias": .string(alias), "playBeep": .string(beep.rawValue), "record": true,
                "waitUrl": "http://app.example/music.wav", "statusCallbackUrl": "http://app.example/status",
            ])
        #expect(reply.status == 200)
        guard case .create(let conference)? = test.conferences.asked.last else {
            Issue.record("nothing was created")
            return
        }
        #expect(conference.alias == alias && conference.playBeep == beep && conference.isRecorded)
        #expect(conference.waitURL?.text == "http://app.example/music.wav")
        #expect(conference.statusCallbackURL?.text == "http://app.example/status")
    }

    @Test(
        "What is no conference is refused by its field, before anything is asked",
        arguments: [
            (["alias": .string(String(repeating: "a", count: 65))], "alias"), (["alias": ""], "alias"),
            (["alias": 7], "alias"), (["playBeep": "sometimes"], "playBeep"), (["playBeep": true], "playBeep"),
            (["record": "true"], "record"), (["waitUrl": "music.wav"], "waitUrl"),
            (["statusCallbackUrl": "ftp://app.example/"], "statusCallbackUrl"),
        ] as [([String: JSONValue], String)])
    func refused(_ body: [String: JSONValue], _ field: String) async throws {
        let test = try TestServer()
        let reply = try await test.send(.post, test.base + "/Conferences", json: .object(body))
        #expect(reply.status == 400)
        #expect(reply.blamed == [field])
        #expect(reply["details"]?["fields"]?.elements.first?["allowed"]?.string?.isEmpty == false)
        #expect(test.conferences.asked.isEmpty)
    }

    @Test("A disk that takes nothing is 503, as many as an account may have 409")
    func notMade() async throws {
        let test = try TestServer()
        test.conferences.prepare(.notStored, .tooMany)
        let notStored = try await test.send(.post, test.base + "/Conferences", json: [:])
        #expect((notStored.status, notStored.code) == (503, 55))
        #expect(notStored.header("Retry-After") != nil)
        let tooMany = try await test.send(.post, test.base + "/Conferences", json: [:])
        #expect((tooMany.status, tooMany.code) == (409, 108))
    }

    // MARK: Changing one

    @Test("A change says what it names and leaves the rest; it is answered with 204 and nothing else")
    func changes() async throws {
        let test = try TestServer()
        let conference = try Self.conference(test)
        for (body, change) in [
            (["alias": "Tuesday"], ConferenceChange(alias: .some("Tuesday"))),
            (["alias": .null, "playBeep": .null], ConferenceChange(alias: .some(nil))),
            (["playBeep": "never"], ConferenceChange(playBeep: .never)),
            (["status": "empty"], ConferenceChange(end: .empty)),
            (["status": "terminated", "alias": "Over"], ConferenceChange(alias: .some("Over"), end: .terminated)),
            ([:], ConferenceChange()),
        ] as [([String: JSONValue], ConferenceChange)] {
            test.conferences.prepare(.conference(conference))
            let reply = try await test.send(.post, Self.path(test), json: .object(body))
            #expect(reply.status == 204 && reply.text.isEmpty)
            #expect(test.conferences.asked.last == .update(conference.conferenceID, change))
        }
        #expect(Set(test.conferences.requestIDs).count == 6)
    }

    @Test(
        "What no conference can become is refused",
        arguments: [
            (["status": "inProgress"], "status"), (["status": "populated"], "status"), (["status": true], "status"),
            (["playBeep": "Always"], "playBeep"), (["alias": [1]], "alias"),
        ] as [([String: JSONValue], String)])
    func noChange(_ body: [String: JSONValue], _ field: String) async throws {
        let test = try TestServer()
        let reply = try await test.send(.post, Self.path(test), json: .object(body))
        #expect(reply.status == 400)
        #expect(reply.blamed == [field])
        #expect(test.conferences.asked.isEmpty)
        if field == "status" {
            #expect(reply["details"]?["fields"]?.elements.first?["allowed"] == "empty, terminated")
        }
    }

    @Test(
        "Terminated a second time, and long ago, it is 204 again; whatever else would change it then is 409",
        arguments: [
            (["status": "terminated"], 204), (["status": "empty"], 204), (["alias": "late"], 409), ([:], 409),
        ] as [([String: JSONValue], Int)])
    func again(_ body: [String: JSONValue], _ status: Int) async throws {
        let test = try TestServer()
        test.conferences.add(try Self.conference(test, .terminated))
        #expect(try await test.send(.post, Self.path(test), json: .object(body)).status == status)
    }

    @Test("One that there never was is 404 for every change, and a disk that takes nothing 503")
    func notThere() async throws {
        let test = try TestServer()
        for body in [["status": "terminated"], ["alias": "x"]] as [JSONValue] {
            let reply = try await test.send(.post, Self.path(test), json: body)
            #expect((reply.status, reply.code) == (404, 66))
        }
        test.conferences.prepare(.notStored)
        #expect(try await test.send(.post, Self.path(test), json: ["alias": "x"]).status == 503)
    }

    // MARK: Lists

    @Test("A list is newest first, and filtered by status, alias, and the days of its making and its change")
    func list() async throws {
        let test = try TestServer()
        var identifiers: [String] = []
        for (status, alias) in [(.empty, "a"), (.terminated, "a"), (.inProgress, nil)]
            as [(Conference.Status, String?)]
        {
            var conference = Conference(
                conferenceID: SystemIdentifierSource().draw(ConferenceKind.self), accountID: test.account, alias: alias,
                created: TestServer.start)
            conference.status = status
            if status == .terminated {
                conference.dateUpdated = TestServer.start.advanced(byMicroseconds: 86_400_000_000)
            }
            test.conferences.add(conference)
            identifiers.insert(conference.conferenceID.text, at: 0)
        }
        func found(_ query: String) async throws -> [String] {
            let reply = try await test.send(.get, "\(test.base)/Conferences\(query)")
            try #require(reply.status == 200, "\(reply.text)")
            return (reply["conferences"]?.elements ?? []).compactMap { $0["conferenceId"]?.string }
        }
        #expect(try await found("") == identifiers)
        #expect(try await found("?status=terminated") == [identifiers[1]])
        #expect(try await found("?alias=a") == Array(identifiers[1...]))
        #expect(try await found("?alias=A") == [])
        #expect(try await found("?dateCreated=2024-10-09") == identifiers)
        #expect(try await found("?dateCreated=2024-10-10") == [])
        #expect(try await found("?dateUpdated=2024-10-10") == [identifiers[1]])
        #expect(try await found("?status=empty&alias=a&dateUpdated=2024-10-09") == [identifiers[2]])
        for (query, field) in [("status=over", "status"), ("alias=", "alias"), ("dateCreated=9.10.", "dateCreated")] {
            #expect(try await test.send(.get, "\(test.base)/Conferences?\(query)").blamed == [field])
        }
    }

    @Test("The link to a further page keeps the filters")
    func pages() async throws {
        let test = try TestServer()
        for number in 0..<205 {
            test.conferences.add(
                Conference(
                    conferenceID: SystemIdentifierSource().draw(ConferenceKind.self), accountID: test.account,
                    alias: number % 41 == 0 ? nil : "a", created: TestServer.start))
        }
        var next: String? = "/Accounts/\(test.account)/Conferences?alias=a&dateCreated=2024-10-09&status=empty"
        var seen: Set<String> = []
        while let uri = next {
            let page = try await test.send(.get, "/apiserver" + uri)
            #expect(page["total"] == 200)
            let found = (page["conferences"]?.elements ?? []).compactMap { $0["conferenceId"]?.string }
            #expect(!found.isEmpty && seen.isDisjoint(with: found))
            seen.formUnion(found)
            next = page["nextPageUri"]?.string
        }
        #expect(seen.count == 200)
    }

    // MARK: Recordings

    @Test("Its recordings are listed under it and by the filter conferenceId, and are of no call but its participants'")
    func recordings() async throws {
        let test = try TestServer()
        let conference = try Self.conference(test, .terminated)
        test.conferences.add(conference)
        for owner in [
            .conference(conference.conferenceID), .conference(SystemIdentifierSource().draw(ConferenceKind.self)),
            .call(SystemIdentifierSource().draw(CallKind.self)),
        ] as [Recording.Owner] {
            var recording = Recording(
                recordingID: SystemIdentifierSource().draw(RecordingKind.self), accountID: test.account, owner: owner,
                created: TestServer.start, isPrivate: false)
            recording.durationSeconds = 4
            try test.recordings.add(recording, content: [1])
        }
        for path in [Self.path(test) + "/Recordings", "\(test.base)/Recordings?conferenceId=\(Self.conferenceID)"] {
            let reply = try await test.send(.get, path)
            #expect(reply["total"] == 1, "\(reply.text)")
            let shown = reply["recordings"]?.elements.first
            #expect(shown?["conferenceId"] == .string(Self.conferenceID) && shown?["callId"] == .null)
        }
        #expect(try await test.send(.get, Self.path(test) + "/Recordings?dateCreated=2024-10-10")["total"] == 0)
        let call = SystemIdentifierSource().draw(CallKind.self)
        #expect(try await test.send(.get, Self.path(test) + "/Recordings?callId=\(call)")["total"] == 0)
        // One of a participant is of both.
        var own = Recording(
            recordingID: SystemIdentifierSource().draw(RecordingKind.self), accountID: test.account,
            owner: .participant(call, in: conference.conferenceID), created: TestServer.start, isPrivate: false)
        own.durationSeconds = 4
        try test.recordings.add(own, content: [1])
        for path in [
            Self.path(test) + "/Recordings?callId=\(call)", test.base + "/Recordings?callId=\(call)",
            test.base + "/Recordings?callId=\(call)&conferenceId=\(Self.conferenceID)",
        ] {
            let reply = try await test.send(.get, path)
            #expect(reply["total"] == 1, "\(reply.text)")
            let shown = reply["recordings"]?.elements.first
            #expect(shown?["conferenceId"] == .string(Self.conferenceID) && shown?["callId"] == .string(call.text))
        }
        #expect(try await test.send(.get, Self.path(test) + "/Recordings")["total"] == 2)
        #expect(try await test.send(.get, test.base + "/Recordings?conferenceId=CF1").blamed == ["conferenceId"])
        let none = try await test.send(
            .get, "\(test.base)/Conferences/CF\(String(repeating: "0", count: 40))/Recordings")
        #expect((none.status, none.code) == (404, 66))
    }

    // MARK: Stories

    private static func entry(_ test: TestServer, _ room: RoomID, _ sequence: Int) -> JournalEntry {
        JournalEntry(
            timestamp: TestServer.start, sequence: sequence, level: .info, scope: .status, accountID: test.account,
            callID: nil, room: room, requestID: nil, message: "No. \(sequence)",
            metadata: ["conferenceId": .string(room.text)])
    }

    @Test("Its story is its log, newest first, page by page")
    func story() async throws {
        let test = try TestServer()
        let conference = try Self.conference(test)
        test.conferences.add(conference)
        for sequence in 1...101 {
            test.conferences.add(Self.entry(test, .conference(conference.conferenceID), sequence))
        }
        let first = try await test.send(.get, Self.path(test) + "/Logs")
        #expect(first["total"] == 101)
        #expect(first["logs"]?.elements.first?["message"] == "No. 101")
        #expect(first["logs"]?.elements.first?["callId"] == .null)
        let next = try #require(first["nextPageUri"]?.string)
        let second = try await test.send(.get, "/apiserver" + next)
        #expect(second["logs"]?.elements.map { $0["message"] } == ["No. 1"])
        #expect(try await test.send(.get, Self.path(test) + "/Logs?cursor=x").blamed == ["cursor"])
    }

    @Test("So is a queue's, for one that is there, and for one that is gone and of which something is told still")
    func storyOfQueue() async throws {
        let test = try TestServer()
        let id = try #require(QueueID("QU" + String(repeating: "d", count: 40)))
        let path = "\(test.base)/Queues/\(id)/Logs"
        #expect(try await test.send(.get, path).status == 404)
        let queue = CallQueue(queueID: id, accountID: test.account, isKept: true, created: TestServer.start)
        test.queues.prepare(
            .queue(QueueStanding(queue: queue, currentSize: 0, averageRemovalSeconds: 0, averageWaitSeconds: 0)))
        let quiet = try await test.send(.get, path)
        #expect(quiet.status == 200 && quiet["total"] == 0)
        test.conferences.add(Self.entry(test, .queue(id), 1))
        let gone = try await test.send(.get, path)
        #expect(gone["logs"]?.elements.map { $0["message"] } == ["No. 1"])
        let noID = try await test.send(.get, test.base + "/Queues/x/Logs")
        #expect(noID.status == 404 && noID.message.contains("QU and 40 hexadecimal digits"))
    }
}
