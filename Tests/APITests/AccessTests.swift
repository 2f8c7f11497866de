import HTTPTypes
import JSON
import Telephony
import Testing

@testable import API

@Suite("Who may ask, and for what")
struct AccessTests {
    @Test("Every route under an account asks for credentials, before it looks at the body")
    func everyRoute() async throws {
        let test = try TestServer()
        for route in test.server.routes.routes where route.path.hasPrefix("/apiserver") {
            let path = route.path.replacing("{accountId}", with: test.account.text)
                .replacing("{callId}", with: SystemIdentifierSource().draw(CallKind.self).text)
                .replacing("{applicationId}", with: SystemIdentifierSource().draw(ApplicationKind.self).text)
            let reply = try await test.send(
                route.method, path, body: route.method == .post ? "not JSON" : nil,
                authorization: TestServer.basic(test.account.text, "wrong"))
            #expect(reply.status == 401, "\(route.operation)")
            #expect(reply.code == 50)
            #expect(reply.header("WWW-Authenticate")?.hasPrefix("Basic realm=") == true)
        }
    }

    @Test("Missing and wrong credentials are a 401 that does not tell which part was wrong")
    func unauthorized() async throws {
        let test = try TestServer()
        let unknown = SystemIdentifierSource().draw(AccountKind.self)
        let values = [
            " ", "Basic", "Basic ", "Basic !!!", "Basic " + "AAAA", "Bearer abc",
            test.authorization.replacing("Basic", with: "Digest"), TestServer.basic(test.account.text, ""),
            TestServer.basic(test.account.text, TestServer.key + "0"),
            TestServer.basic(test.account.text, String(TestServer.key.dropLast())),
            TestServer.basic(test.account.text, TestServer.key.uppercased()),
            TestServer.basic(unknown.text, TestServer.key), TestServer.basic("admin", TestServer.key),
            TestServer.basic("", ""), TestServer.basic(test.account.text, String(repeating: "k", count: 4000)),
        ]
        var bodies: Set<String> = []
        for value in values {
            let reply = try await test.send(.get, test.base, authorization: value)
            #expect(reply.status == 401, "\(value)")
            bodies.insert(reply.text)
        }
        #expect(bodies.count == 1)
    }

    @Test("The scheme's case does not matter (RFC 9110 §11.1)")
    func scheme() async throws {
        let test = try TestServer()
        for scheme in ["basic", "BASIC", "Basic "] {
            let reply = try await test.send(
                .get, test.base, authorization: test.authorization.replacing("Basic", with: scheme))
            #expect(reply.status == 200)
        }
    }

    @Test("Another account in the path is a 403, whether it exists or not")
    func anotherAccount() async throws {
        let test = try TestServer()
        let other = SystemIdentifierSource().draw(AccountKind.self)
        test.directory.add(Account(accountID: other, kind: .full, status: .active, created: TestServer.start), key: "k")
        for path in ["/\(other)", "/\(SystemIdentifierSource().draw(AccountKind.self))/Calls", "/nonsense"] {
            let reply = try await test.send(.get, "/apiserver/Accounts" + path)
            #expect(reply.status == 403)
            #expect(reply.code == 50)
        }
    }

    @Test("A suspended or closed account is a 403", arguments: [Account.Status.suspended, .closed])
    func notActive(_ status: Account.Status) async throws {
        let test = try TestServer()
        test.directory.setStatus(status, of: test.account)
        let reply = try await test.send(.get, test.base)
        #expect(reply.status == 403)
        #expect(reply.code == 51)
        #expect(reply.message.contains(status.rawValue))
    }

    @Test("The key stands in no answer and no log")
    func keyStaysSecret() async throws {
        let test = try TestServer()
        for reply in [
            try await test.send(.get, test.base), try await test.send(.post, test.base + "/Calls", body: "x"),
            try await test.send(.get, "/apiserver/Accounts/AC"),
        ] {
            #expect(!reply.text.contains(TestServer.key))
            #expect(!reply.text.contains("apiKey"))
        }
        #expect(test.calls.notes.allSatisfy { !$0.message.contains(TestServer.key) })
    }

    // MARK: Paths and methods

    @Test(
        "An unknown path is a 404 with code 1",
        arguments: [
            "/", "/nothing", "/apiserver", "/apiserver/Accounts", "/apiserver/AvailableNumbers", "~/Logs/x",
            "~/calls",
            "~/Calls/x/Conferences", "~/Calls/x/Logs/y", "~/Queue", "~/CallingNumbers", "//", "/..", "/%00",
        ])
    func unknownPath(_ path: String) async throws {
        let test = try TestServer()
        let full = path.replacing("~", with: test.base)
        for method in [.get, .post] as [HTTPRequest.Method] {
            let reply = try await test.send(method, full)
            #expect(reply.status == 404)
            #expect(reply.code == 1)
            #expect(reply.message.contains(full))
            #expect(reply.header("Request-Id") != nil)
        }
    }

    @Test(
        "What the API has and this version has not is told from a slip of the keys, with any method and below it",
        arguments: [
            ("GET", "~/Messages", "list-messages"), ("POST", "~/Messages", "send-message"),
            ("GET", "~/Messages/SM1", "get-message"), ("DELETE", "~/Messages/SM1", nil),
            ("GET", "~/Messages/10DLC/Brands", nil), ("POST", "~/Calls/WebRTC/Token", "make-a-webrtc-jwt"),
            ("GET", "~/Calls/WebRTC/Token", nil), ("GET", "~/Exports", nil), ("GET", "~/Exports/EX1/Download", nil),
            ("PATCH", "~/Blobs/BL1", nil), ("POST", "~/KnowledgeBases/KB1/Completion", nil),
            ("GET", "~/Messages/", "list-messages"),
        ] as [(String, String, String?)])
    func notInThisVersion(_ method: String, _ path: String, _ operation: String?) async throws {
        let test = try TestServer()
        let full = path.replacing("~", with: test.base)
        let reply = try await test.send(try #require(HTTPRequest.Method(method)), full)
        #expect(reply.status == 404)
        #expect(reply.code == 1)
        #expect(reply.message.contains("\(full)\" is not in this version"), "\(reply.message)")
        #expect(reply["details"]?["notInThisVersion"] == true)
        #expect(reply["details"]?["operation"]?.string == operation)
    }

    @Test(
        "A slip of the keys is asked about",
        arguments: [
            ("~/calls", "~/Calls"), ("~/Call", "~/Calls"), ("~/Recording", "~/Recordings"),
            ("/apiserver/AvailableNumbers", nil), ("/Accounts/AC1/Calls", "/apiserver/Accounts/AC1/Calls"),
            ("/AvailablePhoneNumbers", "/apiserver/AvailablePhoneNumbers"), ("~/Calls/CA1/Log", "~/Calls/CA1/Logs"),
            ("/apiserver/accounts/AC1/Applications", "/apiserver/Accounts/AC1/Applications"), ("~/Nothing", nil),
            ("~/Conference", "~/Conferences"), ("~/Conferences/CF1/Participant", "~/Conferences/CF1/Participants"),
        ] as [(String, String?)])
    func slips(_ path: String, _ meant: String?) async throws {
        let test = try TestServer()
        let reply = try await test.send(.get, path.replacing("~", with: test.base))
        #expect(reply.status == 404)
        #expect(reply["details"]?["notInThisVersion"] == nil)
        if let meant {
            #expect(
                reply.message.hasSuffix("Did you mean \"\(meant.replacing("~", with: test.base))\"?"),
                "\(reply.message)")
        } else {
            #expect(!reply.message.contains("Did you mean"), "\(reply.message)")
        }
    }

    @Test(
        "A known path with another method is a 405 with code 2 that lists what it has",
        arguments: [
            (.put, "~/Calls", "GET, HEAD, POST"), (.delete, "~/Calls", "GET, HEAD, POST"),
            (.delete, "~", "GET, HEAD, POST"), (.patch, "~/Applications/x", "GET, HEAD, POST, DELETE"),
            (.post, "~/Calls/x/Logs", "GET, HEAD"), (.post, "/health", "GET, HEAD"),
            (.options, "~/Calls", "GET, HEAD, POST"),
        ] as [(HTTPRequest.Method, String, String)])
    func unknownMethod(_ method: HTTPRequest.Method, _ path: String, _ allowed: String) async throws {
        let test = try TestServer()
        let reply = try await test.send(method, path.replacing("~", with: test.base))
        #expect(reply.status == 405)
        #expect(reply.code == 2)
        #expect(reply.header("Allow") == allowed)
        #expect(reply["call"] == "Method Not Allowed")
    }

    @Test("HEAD answers as GET does, without the body")
    func head() async throws {
        let test = try TestServer()
        let get = try await test.send(.get, test.base)
        let head = try await test.send(.head, test.base)
        #expect(head.status == 200)
        #expect(head.text.isEmpty)
        #expect(head.header("Content-Length") == String(get.text.utf8.count))
    }

    @Test("Every POST carries a fresh Request-Id, whatever comes of it")
    func requestIDs() async throws {
        let test = try TestServer()
        var seen: Set<String> = []
        for path in [test.base + "/Calls", test.base, "/nothing", test.base + "/Calls/x"] {
            let reply = try await test.send(.post, path, body: "{}")
            let id = try #require(reply.header("Request-Id"))
            #expect(RequestID(id) != nil)
            #expect(seen.insert(id).inserted)
        }
    }

    // MARK: The server itself

    @Test("Health, readiness and metrics need no credentials and follow the service")
    func server() async throws {
        let test = try TestServer()
        #expect(try await test.send(.get, "/health", authorization: "").text == "ok\n")
        #expect(try await test.send(.get, "/ready", authorization: "").status == 200)
        test.health.set(ready: false)
        let notReady = try await test.send(.get, "/ready", authorization: "")
        #expect(notReady.status == 503)
        #expect(notReady.text == "not ready: the disk failed: disk I/O error\n")
        let metrics = try await test.send(.get, "/metrics", authorization: "Bearer \(TestServer.operatorToken)")
        #expect(metrics.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8")
        #expect(metrics.text.contains("belay_calls_live 3\n"))
    }

    @Test("An error's url leads to a page that explains its code", arguments: ErrorCode.allCases)
    func explanations(_ code: ErrorCode) async throws {
        let test = try TestServer()
        let page = try await test.send(.get, "/errors/\(code.rawValue)", authorization: "")
        #expect(page.status == 200)
        #expect(page.text.hasPrefix("\(code.rawValue) \(code.title)\n"))
        #expect(page.text.utf8.count > code.title.utf8.count + 20)
    }

    @Test("The link is absolute where the public URL is known, and unknown codes are a 404")
    func errorLinks() async throws {
        let relative = try TestServer()
        let link = try #require(try await relative.send(.get, "/x")["url"]?.string)
        #expect(link.hasSuffix("/errors/1"))
        for base in ["https://voice.example", "https://voice.example/"] {
            let absolute = try TestServer(publicURL: WebURL(base))
            #expect(try await absolute.send(.get, "/x")["url"] == "https://voice.example/errors/1")
        }
        #expect(try await relative.send(.get, "/errors/4711").status == 404)
        #expect(try await relative.send(.get, "/errors/x").status == 404)
    }
}
