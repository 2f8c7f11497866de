import HTTPTypes
import JSON
import Telephony
import Testing

@testable import API

/// docs/contract/rest.md#logs, docs/contract/rest.md#pql.
@Suite("The account's log and its search")
struct LogTests {
    /// A call with entries of rising times, every tenth of them an error.
    private func insertCall(_ test: TestServer, entries: Int) -> CallID {
        let id = SystemIdentifierSource().draw(CallKind.self)
        let call = Call(
            callID: id, accountID: test.account, applicationID: nil, parentCallID: nil, phoneNumberID: nil,
            from: "+13125550100", to: "+13125550199", direction: .outboundAPI, status: .completed,
            created: TestServer.start)
        test.calls.insert(
            call,
            journal: (1...entries).map { sequence in
                JournalEntry(
                    timestamp: TestServer.start.advanced(byMicroseconds: Int64(sequence)), sequence: sequence,
                    level: sequence % 10 == 0 ? .error : .info, scope: .sip, accountID: test.account, callID: id,
                    requestID: nil, message: "entry \(sequence)", metadata: ["place": JSONValue(sequence)])
            })
        return id
    }

    private func search(_ test: TestServer, _ pql: JSONValue, query: String = "") async throws -> Reply {
        try await test.send(.post, test.base + "/Logs" + query, json: .object(["pql": pql, "maxItems": 5]))
    }

    private func places(_ reply: Reply) -> [Int64?] {
        reply["logs"]?.elements.map { $0["metadata"]?["place"]?.integer } ?? []
    }

    @Test("The whole log comes newest first, page by page, with what belongs to no call")
    func list() async throws {
        let test = try TestServer()
        let call = insertCall(test, entries: 130)
        let refused = try await test.send(.post, test.base + "/Calls", body: "{}")
        let first = try await test.send(.get, test.base + "/Logs")
        #expect(first.status == 200)
        #expect(
            Set(first.json.members.keys) == [
                "end", "logs", "nextPageUri", "numPages", "page", "pageSize", "start", "total",
            ])
        #expect(["total", "start", "end", "page", "numPages"].map { first[$0]?.integer } == [131, 0, 99, 0, 2])
        #expect(first["logs"]?.elements.first?["callId"]?.string == call.text)
        #expect(first["logs"]?.elements.first?["metadata"] == ["place": 130, "scope": "sip", "sequence": 130])
        let next = try #require(first["nextPageUri"]?.string)
        #expect(next.hasPrefix("/Accounts/\(test.account)/Logs?cursor="))
        let second = try await test.send(.get, "/apiserver" + next)
        #expect(["total", "start", "end", "page", "numPages"].map { second[$0]?.integer } == [131, 100, 130, 1, 2])
        #expect(second["nextPageUri"] == .null)
        let expected: [Int64?] = [nil] + (1...130).map { $0 }
        #expect(places(first) + places(second) == expected.reversed())
        let entry = try #require(second["logs"]?.elements.last)
        #expect(entry["callId"] == .null)
        #expect(entry["level"] == "warning")
        #expect(entry["requestId"]?.string == refused.header("Request-Id"))
    }

    @Test("A query chooses, and its further pages are fetched with GET by the cursor alone")
    func searchPages() async throws {
        let test = try TestServer()
        let call = insertCall(test, entries: 250)
        _ = insertCall(test, entries: 10)
        let pql = "callId = \"\(call)\" and NOT level=\"ERROR\""
        let first = try await search(test, .string(pql))
        #expect(first.status == 200)
        #expect(["total", "start", "end", "numPages"].map { first[$0]?.integer } == [225, 0, 99, 3])
        var seen = places(first)
        var next = first["nextPageUri"]?.string
        while let path = next {
            let cursor = try #require(path.split(separator: "=").last)
            #expect(path == "/Accounts/\(test.account)/Logs?cursor=\(cursor)")
            #expect(cursor.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) })
            let page = try await test.send(.get, "/apiserver" + path)
            #expect(page["total"] == 225)
            // Whoever posts the query again with the cursor gets the same page.
            let posted = try await search(test, .string(pql), query: "?cursor=\(cursor)")
            #expect(posted.text == page.text)
            seen += places(page)
            next = page["nextPageUri"]?.string
            try #require(seen.count <= 225)
        }
        let expected = (1...250 as ClosedRange<Int64>).filter { $0 % 10 != 0 }.reversed().map(Optional.some)
        #expect(seen == expected)
    }

    @Test("Where nobody has counted, total and numPages are null")
    func uncounted() async throws {
        let test = try TestServer()
        _ = insertCall(test, entries: 1_001)
        let page = try await test.send(.get, test.base + "/Logs")
        #expect(page["total"] == .null)
        #expect(page["numPages"] == .null)
        #expect(page["nextPageUri"] != .null)
    }

    @Test("Another account's log is not read, whatever the query says")
    func foreign() async throws {
        let test = try TestServer()
        _ = insertCall(test, entries: 3)
        let stranger = SystemIdentifierSource().draw(AccountKind.self)
        let foreign = try await test.send(.get, "/apiserver/Accounts/\(stranger)/Logs")
        #expect(foreign.status == 403)
        let reply = try await search(test, .string("accountId = \"\(stranger)\" OR message = \"entry 2\""))
        #expect(places(reply) == [2])
    }

    @Test(
        "What is no query is a 400 of code 5 that says where",
        arguments: [
            ("level = 'info'", 8, 9), ("", 0, 1), ("lvel = \"info\"", 0, 1), ("message = \"Überlänge\" AND", 27, 26),
            ("(level = \"info\"", 0, 1),
        ])
    func syntax(_ pql: String, _ offset: Int64, _ column: Int64) async throws {
        let test = try TestServer()
        let reply = try await search(test, .string(pql))
        #expect(reply.status == 400)
        #expect(reply.code == 5)
        #expect(reply["call"] == "PQL Syntax Error")
        #expect(reply.blamed == ["pql"])
        let fault = reply["details"]?["fields"]?.elements.first
        #expect(fault?["offset"]?.integer == offset)
        #expect(fault?["column"]?.integer == column)
        #expect(fault?["value"]?.string == pql)
        #expect(reply.message.contains("column \(column)"))
    }

    @Test(
        "A body without a query is a 400 that asks for one",
        arguments: [("", 80), ("{}", 80), (#"{"pql":null}"#, 80), (#"{"pql":5}"#, 9), ("[]", 3), ("{", 3)])
    func noQuery(_ body: String, _ code: Int) async throws {
        let test = try TestServer()
        let reply = try await test.send(.post, test.base + "/Logs", body: body)
        #expect(reply.status == 400)
        #expect(reply.code == code)
        if code != 3 { #expect(reply.blamed == ["pql"]) }
    }

    @Test("A cursor of another query, a malformed one, and a query in the path are refused")
    func cursors() async throws {
        let test = try TestServer()
        _ = insertCall(test, entries: 120)
        let page = try await search(test, "level = \"info\"")
        let cursor = try #require(page["nextPageUri"]?.string?.split(separator: "=").last)
        let other = try await search(test, "level != \"error\"", query: "?cursor=\(cursor)")
        #expect(other.status == 400 && other.code == 9 && other.blamed == ["cursor"])
        for (query, name) in [
            ("cursor=!", "cursor"), ("cursor=", "cursor"), ("cursor=c1p1", "cursor"), ("cursor=c1ks1p1q", "cursor"),
            ("cursor=c1ks1p10001", "cursor"), ("cursor=c1ks1p1qAAAA", "cursor"), ("pql=level", "pql"),
        ] {
            let reply = try await test.send(.get, test.base + "/Logs?" + query)
            #expect(reply.status == 400, "\(query)")
            #expect(reply.code == 9, "\(query)")
            #expect(reply.blamed == [name], "\(query)")
        }
    }

    @Test("A search that takes too long is a 400 that names what an index serves; too many of them a 503")
    func limits() async throws {
        let test = try TestServer()
        test.calls.refuseLogs(with: .tooSlow(milliseconds: 2_000))
        let slow = try await search(test, "message CONTAINS \"x\"")
        #expect(slow.status == 400 && slow.code == 9 && slow.blamed == ["pql"])
        for word in ["2000 ms", "callId", "requestId", "timestamp"] { #expect(slow.message.contains(word)) }
        test.calls.refuseLogs(with: .busy)
        let busy = try await search(test, "message CONTAINS \"x\"")
        #expect(busy.status == 503 && busy.code == 55)
        #expect(busy.header("Retry-After") == "2")
    }
}
