import HTTPTypes
import HummingbirdTesting
import JSON
import Telephony
import Testing

@testable import API

@Suite("What the operator may do")
struct AdministrationTests {
    private func send(
        _ test: TestServer, _ method: HTTPRequest.Method, _ path: String, _ body: String? = nil
    ) async throws -> Reply {
        try await test.send(
            method, "/admin" + path, body: body, authorization: "Bearer \(TestServer.operatorToken)")
    }

    @Test(
        "Nobody but the operator gets in",
        arguments: ["", "Bearer ", "Bearer 0123", "bearer fedcba9876543210fedcba9876543210fedcba98"])
    func strangers(_ authorization: String) async throws {
        let test = try TestServer()
        for authorization in [authorization, test.authorization] {
            let reply = try await test.send(.get, "/admin/accounts", authorization: authorization)
            #expect(reply.status == 401)
            #expect(reply.json["code"] == 50)
        }
    }

    @Test(
        "With a place of its own it is answered there alone, as metrics are, which need no token at an address of theirs"
    )
    func places() async throws {
        let test = try TestServer(
            administration: .address(host: "127.0.0.1", port: 0), metrics: .address(host: "127.0.0.1", port: 0),
            isMetricsOpen: true)
        let token = "Bearer \(TestServer.operatorToken)"
        func status(_ application: APIServer.HTTPApplication, _ path: String, _ authorization: String?) async throws
            -> Int
        {
            try await application.test(.router) { client in
                try await TestServer.send(client, .get, path, authorization: authorization).status
            }
        }
        let (main, own) = (test.server.application, try #require(test.server.administration))
        let metrics = try #require(test.server.metrics)
        for path in ["/admin/accounts", "/admin/status", "/metrics"] {
            #expect(try await status(main, path, token) == 404, "\(path)")
            #expect(try await status(own, path, token) == 200, "\(path)")
            #expect(try await status(own, path, nil) == 401, "\(path)")
        }
        #expect(try await status(main, test.base, test.authorization) == 200)
        #expect(try await status(own, test.base, test.authorization) == 404)
        #expect(try await status(metrics, "/metrics", nil) == 200)
        #expect(try await status(metrics, "/admin/accounts", token) == 404)
        for application in [main, own, metrics] { #expect(try await status(application, "/health", nil) == 200) }
    }

    @Test("An account is made with a key and a secret that are told once, and that work")
    func create() async throws {
        let test = try TestServer()
        let made = try await send(test, .post, "/accounts", #"{"label": "Night shift", "callsAtOnce": 5}"#)
        #expect(made.status == 201)
        #expect(made.json["type"] == "trial")
        #expect(made.json["callsAtOnce"] == 5)
        let id = try #require(made.json["accountId"]?.string)
        let key = try #require(made.json["apiKey"]?.string)
        #expect(made.json["signingSecret"]?.string?.hasPrefix("sigsec_") == true)
        let seen = try await test.send(
            .get, "/apiserver/Accounts/\(id)", authorization: TestServer.basic(id, key))
        #expect(seen.status == 200)
        #expect(seen.json["label"] == "Night shift")
        let shown = try await send(test, .get, "/accounts/\(id)")
        #expect(shown.json["apiKey"] == nil)
        #expect(shown.json["signingSecret"] == nil)
        let list = try await send(test, .get, "/accounts")
        #expect(list.json["accounts"]?.elements.compactMap { $0["accountId"]?.string }.contains(id) == true)
    }

    @Test("How many keys are good is told, and when each was shown last; never a key")
    func goodKeys() async throws {
        let test = try TestServer()
        let path = "/accounts/\(test.account)/keys"
        let one = try await send(test, .get, path)
        #expect(one.json == ["keys": [["lastUsed": .null]], "signingSecrets": 0])
        #expect(try await test.send(.get, test.base).status == 200)
        _ = try await test.send(.get, test.base, authorization: TestServer.basic(test.account.text, "wrong"))
        #expect(try await send(test, .post, path).status == 201)
        let two = try await send(test, .get, path)
        let used = JSONValue.string(TestServer.start.iso8601)
        #expect(two.json["keys"] == [["lastUsed": .null], ["lastUsed": used]], "the latest first")
    }

    @Test("Rules are set, kept where they are not named, and taken away by null")
    func rules() async throws {
        let test = try TestServer()
        let path = "/accounts/\(test.account)"
        let body = """
            {"callsPerSecond": 0.5, "callsPerDay": 10, "minutesPerDay": 20, "allowedPrefixes": ["+1", "+44"], \
            "refusedPrefixes": ["+1900"], "callsAtOnceByPrefix": {"+44": 2}, "allowsInternational": true, \
            "homeCountries": ["de", "+1", "881"], \
            "verifiedNumbers": ["+13125550199", "+13125550100", "+13125550100"]}
            """
        #expect(try await send(test, .post, path, body).status == 200)
        var rules = try #require(test.directory.account(test.account)).rules
        #expect(rules.callsPerSecond == 0.5)
        #expect(rules.allowedPrefixes == ["+1", "+44"])
        #expect(rules.callsAtOnceByPrefix == ["+44": 2])
        #expect(rules.homeCountries?.description == "+881, CA, DE, US")
        #expect(rules.verifiedNumbers.map(\.text) == ["+13125550100", "+13125550199"])
        let changed = try await send(test, .post, path, #"{"callsPerDay": null, "allowedPrefixes": null}"#)
        #expect(changed.json["callsPerDay"] == .null)
        rules = try #require(test.directory.account(test.account)).rules
        #expect(rules.allowedPrefixes.isEmpty)
        #expect(rules.minutesPerDay == 20)
        #expect(rules.allowsInternational)
        #expect(rules.homeCountries != nil)
        let emptied = try await send(test, .post, path, #"{"homeCountries": null}"#)
        #expect(emptied.json["homeCountries"] == [])
        rules = try #require(test.directory.account(test.account)).rules
        #expect(rules.homeCountries == nil)
    }

    @Test(
        "What cannot be is a 400 that names the field",
        arguments: [
            (#"{"callsPerSecond": 0}"#, "callsPerSecond"), (#"{"callsAtOnce": "many"}"#, "callsAtOnce"),
            (#"{"allowedPrefixes": ["1"]}"#, "allowedPrefixes"), (#"{"refusedPrefixes": "+1"}"#, "refusedPrefixes"),
            (#"{"callsAtOnceByPrefix": {"+44": -1}}"#, "callsAtOnceByPrefix"), (#"{"type": "gold"}"#, "type"),
            (#"{"status": "gone"}"#, "status"), (#"{"verifiedNumbers": ["911"]}"#, "verifiedNumbers"),
            (#"{"homeCountries": ["Atlantis"]}"#, "homeCountries"), (#"{"homeCountries": "US"}"#, "homeCountries"),
            (#"{"allowsInternational": "yes"}"#, "allowsInternational"), (#"{"minutesPerDay": 1.5}"#, "minutesPerDay"),
        ])
    func malformed(_ body: String, _ field: String) async throws {
        let test = try TestServer()
        let before = test.directory.account(test.account)
        let reply = try await send(test, .post, "/accounts/\(test.account)", body)
        #expect(reply.status == 400)
        #expect(reply.json["details"]?["fields"]?.elements.first?["field"]?.string == field)
        #expect(test.directory.account(test.account) == before)
    }

    @Test(
        "Every rule has its bounds, and they are within",
        arguments: [
            ("callsPerSecond", ["0.001", "10000"], ["0.0009", "10000.5", "-1"]),
            ("callsAtOnce", ["1", "1000000"], ["0", "1000001"]),
            ("callsPerDay", ["0", "100000000"], ["-1", "100000001"]),
            ("minutesPerDay", ["0", "100000000"], ["-1", "100000001"]),
            (
                "callsAtOnceByPrefix", [#"{"+4": 0}"#, #"{"+123456789012345": 1000000}"#],
                [#"{"+44": 1000001}"#, #"{"+": 1}"#, #"{"+1234567890123456": 1}"#, #"{"+4a": 1}"#, #"{"44": 1}"#]
            ),
            (
                "allowedPrefixes", [#"["+1"]"#, #"["+123456789012345"]"#, "[]"],
                [#"["+"]"#, #"["+1234567890123456"]"#, #"["+1/"]"#, #"["+1:"]"#]
            ),
        ] as [(String, [String], [String])])
    func bounds(_ field: String, _ good: [String], _ bad: [String]) async throws {
        let test = try TestServer()
        for value in good {
            let reply = try await send(test, .post, "/accounts/\(test.account)", #"{"\#(field)": \#(value)}"#)
            #expect(reply.status == 200, "\(value): \(reply.text)")
        }
        for value in bad {
            let reply = try await send(test, .post, "/accounts/\(test.account)", #"{"\#(field)": \#(value)}"#)
            #expect(reply.status == 400 && reply.blamed == [field], "\(value): \(reply.text)")
        }
    }

    @Test("A list of rules has a thousand entries and no more")
    func manyEntries() async throws {
        let test = try TestServer()
        for (count, status) in [(1000, 200), (1001, 400)] {
            let prefixes = (0..<count).map { "\"+\(1000 + $0)\"" }.joined(separator: ",")
            let reply = try await send(
                test, .post, "/accounts/\(test.account)", #"{"refusedPrefixes": [\#(prefixes)]}"#)
            #expect(reply.status == status)
        }
        #expect(test.directory.account(test.account)?.rules.refusedPrefixes.count == 1000)
    }

    @Test("A suspended account is shut out until it is resumed; a closed one for good")
    func status() async throws {
        let test = try TestServer()
        let path = "/accounts/\(test.account)"
        _ = try await send(test, .post, path, #"{"status": "suspended"}"#)
        #expect(try await test.send(.get, test.base).status == 403)
        _ = try await send(test, .post, path, #"{"status": "active"}"#)
        #expect(try await test.send(.get, test.base).status == 200)
        _ = try await send(test, .post, path, #"{"status": "closed"}"#)
        #expect(try await send(test, .post, path, #"{"status": "active"}"#).status == 409)
        #expect(try await test.send(.get, test.base).status == 403)
    }

    @Test("Two keys are good while one is being replaced, and then the latest alone")
    func rotation() async throws {
        let test = try TestServer()
        let path = "/accounts/\(test.account)/keys"
        let second = try #require(try await send(test, .post, path).json["apiKey"]?.string)
        #expect(try await get(test, TestServer.key) == 200)
        #expect(try await get(test, second) == 200)
        let third = try #require(try await send(test, .post, path).json["apiKey"]?.string)
        #expect(try await get(test, TestServer.key) == 401)
        #expect(try await get(test, second) == 200)
        #expect(try await send(test, .delete, path).status == 204)
        #expect(try await get(test, second) == 401)
        #expect(try await get(test, third) == 200)
    }

    private func get(_ test: TestServer, _ key: String) async throws -> Int {
        try await test.send(.get, test.base, authorization: TestServer.basic(test.account.text, key)).status
    }

    @Test("Signing secrets are replaced in the same way")
    func secrets() async throws {
        let test = try TestServer()
        let path = "/accounts/\(test.account)/signing-secrets"
        let first = try #require(try await send(test, .post, path).json["signingSecret"]?.string)
        let second = try #require(try await send(test, .post, path).json["signingSecret"]?.string)
        #expect(test.directory.credentials(of: test.account)?.signingSecrets == [second, first])
        #expect(try await send(test, .delete, path).status == 204)
        #expect(test.directory.credentials(of: test.account)?.signingSecrets == [second])
    }

    @Test("Unknown accounts are not found")
    func unknown() async throws {
        let test = try TestServer()
        for id in ["AC" + String(repeating: "0", count: 40), "nobody"] {
            #expect(try await send(test, .get, "/accounts/\(id)").status == 404)
            #expect(try await send(test, .post, "/accounts/\(id)/keys").status == 404)
        }
    }

    @Test("Dialling is stopped and started")
    func brake() async throws {
        let test = try TestServer()
        #expect(try await send(test, .get, "/dialling").json["stopped"] == false)
        #expect(try await send(test, .post, "/dialling", #"{"stopped": true, "hangUp": true}"#).json["stopped"] == true)
        #expect(test.administration.hangsUp)
        #expect(try await send(test, .get, "/dialling").json["stopped"] == true)
        #expect(try await send(test, .post, "/dialling", #"{"stopped": false}"#).json["stopped"] == false)
        #expect(try await send(test, .post, "/dialling", "{}").status == 400)
    }
}
