import HTTPTypes
import JSON
import Telephony
import Testing

@testable import API

@Suite("Applications and the account")
struct ApplicationTests {
    private static let urls = [
        "voiceUrl", "voiceFallbackUrl", "callConnectUrl", "statusCallbackUrl", "smsUrl", "smsFallbackUrl",
    ]

    @Test("An application is created with 201, read, changed with 200 and deleted with 204")
    func lifecycle() async throws {
        let test = try TestServer()
        var body: [String: JSONValue] = ["alias": "Front desk"]
        for name in Self.urls { body[name] = .string("https://app.example/\(name)") }
        let created = try await test.send(.post, test.base + "/Applications", json: .object(body))
        #expect(created.status == 201)
        #expect(created.header("Request-Id")?.hasPrefix("RQ") == true)
        let id = try #require(created["applicationId"]?.string.flatMap { ApplicationID($0) })
        var expected = body
        expected["accountId"] = .string(test.account.text)
        expected["applicationId"] = .string(id.text)
        expected["dateCreated"] = "Wed, 09 Oct 2024 15:05:03 GMT"
        expected["dateUpdated"] = "Wed, 09 Oct 2024 15:05:03 GMT"
        expected["revision"] = 1
        expected["uri"] = .string("/Accounts/\(test.account)/Applications/\(id)")
        #expect(created.json == .object(expected))

        let read = try await test.send(.get, "\(test.base)/Applications/\(id)")
        #expect(read.status == 200)
        #expect(read.text == created.text)

        let updated = try await test.send(
            .post, "\(test.base)/Applications/\(id)", body: #"{"alias":"Back desk","smsUrl":null}"#)
        #expect(updated.status == 200)
        expected["alias"] = "Back desk"
        expected["smsUrl"] = .null
        expected["revision"] = 2
        #expect(updated.json == .object(expected))
        #expect(try await test.send(.get, "\(test.base)/Applications/\(id)").text == updated.text)

        let deleted = try await test.send(.delete, "\(test.base)/Applications/\(id)")
        #expect(deleted.status == 204)
        #expect(deleted.text.isEmpty)
        for method in [.get, .post, .delete] as [HTTPRequest.Method] {
            let gone = try await test.send(method, "\(test.base)/Applications/\(id)")
            #expect(gone.status == 404)
            #expect(gone.code == 1)
        }
    }

    @Test(
        "User and password in a URL are taken and masked wherever they can be read; the masked URL sent back changes nothing"
    )
    func userInfo() async throws {
        let test = try TestServer()
        let created = try await test.send(
            .post, test.base + "/Applications", json: ["voiceUrl": "https://user:secret@app.example/voice"])
        #expect(created.status == 201)
        #expect(created["voiceUrl"] == "https://XXXXX@app.example/voice" && !created.text.contains("secret"))
        let id = try #require(created["applicationId"]?.string.flatMap { ApplicationID($0) })
        let updated = try await test.send(
            .post, "\(test.base)/Applications/\(id)",
            json: ["alias": "desk", "voiceUrl": "https://XXXXX@app.example/voice"])
        #expect(updated.status == 200 && !updated.text.contains("secret"))
        let kept = test.directory.application(id, of: test.account)
        #expect(kept?.voiceURL?.text == "https://user:secret@app.example/voice")
        let refused = try await test.send(
            .post, "\(test.base)/Applications/\(id)", json: ["voiceUrl": "https://user:secret@app.example:0/"])
        #expect(refused.status == 400 && refused.blamed == ["voiceUrl"] && !refused.text.contains("secret"))
    }

    @Test("A body may begin with a byte order mark (RFC 8259 §8.1)")
    func byteOrderMark() async throws {
        let test = try TestServer()
        let reply = try await test.send(.post, test.base + "/Applications", body: "\u{FEFF}{\"alias\":\"desk\"}")
        #expect(reply.status == 201 && reply["alias"] == "desk")
    }

    @Test("An application needs nothing: an empty body makes one of nulls")
    func bare() async throws {
        let test = try TestServer()
        let reply = try await test.send(.post, test.base + "/Applications", body: "")
        #expect(reply.status == 201)
        #expect(reply.json.members.count == 13)
        for name in Self.urls + ["alias"] { #expect(reply[name] == .null) }
    }

    @Test(
        "A malformed field is named, and nothing is made or changed",
        arguments: [
            ("alias", .string("")), ("alias", .string(String(repeating: "x", count: 65))), ("alias", 5),
            ("alias", "a\u{0}b"), ("voiceUrl", "app.example"), ("voiceFallbackUrl", ""), ("callConnectUrl", 1),
            ("statusCallbackUrl", "file:///etc/passwd"), ("smsUrl", ["http://a.example/"]), ("smsFallbackUrl", true),
        ] as [(String, JSONValue)])
    func malformed(_ field: String, _ value: JSONValue) async throws {
        let test = try TestServer()
        let created = try await test.send(.post, test.base + "/Applications", json: .object([field: value]))
        #expect(created.status == 400)
        #expect(created.code == 9)
        #expect(created.blamed == [field])
        let id = try await test.makeApplication(callConnectURL: "http://app.example/")
        let before = try await test.send(.get, "\(test.base)/Applications/\(id)").text
        let updated = try await test.send(.post, "\(test.base)/Applications/\(id)", json: .object([field: value]))
        #expect(updated.status == 400)
        #expect(try await test.send(.get, "\(test.base)/Applications/\(id)").text == before)
        #expect(try await test.send(.get, test.base + "/Applications")["total"] == 1)
    }

    @Test("A text's length is counted in code points, and what is wrong with it can be read from the answer")
    func texts() async throws {
        let test = try TestServer()
        func send(_ alias: String) async throws -> Reply {
            try await test.send(.post, test.base + "/Applications", json: ["alias": .string(alias)])
        }
        // One letter for a reader, two code points each.
        let accented = "e\u{301}"
        #expect(try await send(String(repeating: accented, count: 32)).status == 201)
        #expect(try await send(String(repeating: accented, count: 33)).blamed == ["alias"])
        let reply = try await send("a\u{7}b")
        #expect(reply.message.contains("1 to 64 characters, none of them a control character"))
    }

    @Test("The list is newest first, filtered by the exact alias, and paged with the filter repeated")
    func list() async throws {
        let test = try TestServer()
        for index in 0..<130 {
            let alias = index % 10 == 0 ? "Rare one" : "Common & plain"
            _ = try await test.send(.post, test.base + "/Applications", json: ["alias": .string(alias)])
        }
        let rare = try await test.send(.get, test.base + "/Applications?alias=Rare+one")
        #expect(rare["total"] == 13)
        #expect(rare["applications"]?.elements.allSatisfy { $0["alias"] == "Rare one" } == true)
        let common = try await test.send(.get, test.base + "/Applications?alias=Common%20%26%20plain")
        #expect(common["total"] == 117)
        let next = try #require(common["nextPageUri"]?.string)
        #expect(next.hasPrefix("/Accounts/\(test.account)/Applications?alias=Common%20%26%20plain&cursor="))
        let last = try await test.send(.get, "/apiserver" + next)
        #expect(last["applications"]?.elements.count == 17)
        #expect(last["end"] == 116)
        #expect(try await test.send(.get, test.base + "/Applications?alias=rare")["total"] == 0)
    }

    @Test("A change that cannot be stored is a 500")
    func notStored() async throws {
        let test = try TestServer()
        let id = try await test.makeApplication()
        test.directory.failStorage()
        #expect(try await test.send(.post, test.base + "/Applications", body: "{}").status == 500)
        #expect(try await test.send(.post, "\(test.base)/Applications/\(id)", body: "{}").status == 500)
        #expect(try await test.send(.delete, "\(test.base)/Applications/\(id)").status == 500)
        #expect(try await test.send(.post, test.base, body: "{}").status == 500)
    }

    @Test("The account is read without its key, and changed with 204")
    func account() async throws {
        let test = try TestServer()
        let before = try await test.send(.get, test.base)
        #expect(before.status == 200)
        let uri = "/Accounts/\(test.account)"
        var expected: [String: JSONValue] = [
            "accountId": .string(test.account.text), "alias": nil, "dateCreated": "Wed, 09 Oct 2024 15:05:03 GMT",
            "dateCreatedISO": "2024-10-09T15:05:03.358Z", "dateUpdated": "Wed, 09 Oct 2024 15:05:03 GMT",
            "dateUpdatedISO": "2024-10-09T15:05:03.358Z", "label": nil, "revision": 1, "status": "active",
            "subresourceUris": [
                "applications": .string(uri + "/Applications"), "calls": .string(uri + "/Calls"),
                "conferences": .string(uri + "/Conferences"),
                "incomingPhoneNumbers": .string(uri + "/IncomingPhoneNumbers"),
                "logs": .string(uri + "/Logs"), "queues": .string(uri + "/Queues"),
                "recordings": .string(uri + "/Recordings"),
            ],
            "type": "full", "uri": .string(uri),
        ]
        #expect(before.json == .object(expected))
        let changed = try await test.send(.post, test.base, body: #"{"alias":"Acme","label":"eu"}"#)
        #expect(changed.status == 204)
        #expect(changed.text.isEmpty)
        expected["alias"] = "Acme"
        expected["label"] = "eu"
        expected["revision"] = 2
        #expect(try await test.send(.get, test.base).json == .object(expected))
        #expect(try await test.send(.post, test.base, body: "").status == 204)
        #expect(try await test.send(.post, test.base, body: #"{"alias":""}"#).blamed == ["alias"])
    }
}
