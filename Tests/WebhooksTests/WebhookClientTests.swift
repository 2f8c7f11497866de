import NIOCore
import NIOPosix
import NameResolution
import Telephony
import Testing

@testable import Webhooks

@Suite struct WebhookClientTests {
    // MARK: What is sent

    @Test("The signature is that of the official test vector, and one more for each further secret")
    func signature() {
        let body =
            #"{"accountId":"AC1334ffb694cd8d969f51cddf5f7c9b478546d50c","callId":"CAccb0b00506553cda09b51c5477f672a49e0b2213","callStatus":"ringing","conferenceId":null,"direction":"inbound","from":"+13121000109","parentCallId":null,"queueId":null,"requestType":"inboundCall","to":"+13121000096"}"#
        let v1 = "v1=c3957749baf61df4b1506802579cc69a74c77a1ae21447b930e5a704f9ec4120"
        #expect(
            WebhookSignature.header(body: Array(body.utf8), secrets: [Sample.secret], now: Sample.time)
                == "t=1679944186,\(v1)")
        let two = WebhookSignature.header(
            body: Array(body.utf8), secrets: ["sigsec_other", Sample.secret], now: Sample.time)
        #expect(two.hasPrefix("t=1679944186,v1=") && two.hasSuffix(",\(v1)") && !two.contains(" "))
        #expect(two.split(separator: ",").count == 3)
    }

    @Test("A webhook is posted with its headers, its body and nothing of the URL lost")
    func request() async throws {
        let server = try await ScriptedServer { _ in
            [ScriptedServer.answer(headers: ["Content-Type: text/html"], body: "[]")]
        }
        let client = WebhookClient.testing()
        let webhook = Sample.webhook("http://127.0.0.1:\(server.port)/a%20b/c?x=1&y=%2F")
        let outcome = await client.post(webhook, secrets: [Sample.secret], now: Sample.time)
        #expect(outcome == .ok("[]", contentType: "text/html"))
        let request = try #require(server.requests.first)
        #expect(request.line == "POST /a%20b/c?x=1&y=%2F HTTP/1.1")
        #expect(request.headers["content-type"] == "application/json")
        #expect(request.headers["user-agent"] == "Belay")
        #expect(request.headers["host"] == "127.0.0.1:\(server.port)")
        #expect(request.headers["request-id"] == webhook.requestID.text)
        #expect(request.headers["belay-event-id"] == webhook.eventID.text)
        #expect(request.headers["belay-event-sequence"] == "3")
        #expect(request.headers["content-length"] == "\(webhook.body.count)")
        #expect(
            request.headers["freeclimb-signature"]
                == WebhookSignature.header(body: webhook.body, secrets: [Sample.secret], now: Sample.time))
        #expect(request.body == webhook.body)
        #expect(await eventually { client.load == (0, 0) })
        await client.close()
        await server.stop()
    }

    // MARK: Answers

    @Test(
        "Every status is an answer",
        arguments: [
            "200 OK", "404 Not Found", "429 Too Many Requests", "500 Internal Server Error",
        ])
    func statuses(_ status: String) async throws {
        let server = try await ScriptedServer { _ in
            [ScriptedServer.answer(status, headers: ["Location: /elsewhere"], body: "text")]
        }
        let client = WebhookClient.testing()
        let outcome = await client.post("http://127.0.0.1:\(server.port)/")
        #expect(
            outcome
                == .answered(
                    status: Int(status.prefix(3)) ?? 0, contentType: nil, body: Array("text".utf8)))
        #expect(server.requests.count == 1)
        await client.close()
        await server.stop()
    }

    @Test(
        "A redirect is not followed: it is an answer of its own kind",
        arguments: [300, 301, 302, 303, 304, 307, 308], [true, false])
    func redirects(_ status: Int, _ hasLocation: Bool) async throws {
        let server = try await ScriptedServer { _ in
            [.send("HTTP/1.1 \(status) Elsewhere\r\n\(hasLocation ? "Location: /x\r\n" : "")Content-Length: 0\r\n\r\n")]
        }
        let client = WebhookClient.testing()
        let outcome = await client.post("http://127.0.0.1:\(server.port)/")
        #expect(outcome == .redirected(status: status, location: hasLocation ? "/x" : nil))
        #expect(server.requests.count == 1)
        await client.close()
        await server.stop()
    }

    @Test("User and password of the URL are sent as Basic (RFC 7617 §2), and not in the request line or Host")
    func basic() async throws {
        let server = try await ScriptedServer { _ in [ScriptedServer.answer()] }
        let client = WebhookClient.testing()
        #expect(await client.post("http://Aladdin:open%20sesame@127.0.0.1:\(server.port)/x") == .ok())
        #expect(await client.post("http://127.0.0.1:\(server.port)/x") == .ok())
        // The example of RFC 7617 §2.
        #expect(
            server.requests.map { $0.headers["authorization"] } == ["Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", nil])
        #expect(
            server.requests.allSatisfy { $0.line == "POST /x HTTP/1.1" && $0.headers["host"]?.contains("@") == false })
        await client.close()
        await server.stop()
    }

    @Test(
        "Bodies come whole however they are delimited",
        arguments: [
            ("HTTP/1.1 204 No Content\r\n\r\n", 204, "", false),
            ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "", false),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 200, "abcde",
                false
            ),
            ("HTTP/1.1 200 OK\r\n\r\nuntil the end", 200, "until the end", true),
            ("HTTP/1.0 200 OK\r\n\r\nold", 200, "old", true),
            ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok", false),
        ])
    func delimiters(_ answer: String, _ status: Int, _ body: String, _ closes: Bool) async throws {
        let server = try await ScriptedServer { _ in [.send(answer)] + (closes ? [.close] : []) }
        let client = WebhookClient.testing()
        let outcome = await client.post("http://127.0.0.1:\(server.port)/")
        #expect(outcome == .answered(status: status, contentType: nil, body: Array(body.utf8)))
        await client.close()
        await server.stop()
    }

    @Test("An answer of exactly the limit is taken, one byte more is too large", arguments: [0, 1])
    func limit(_ excess: Int) async throws {
        let size = WebhookClient.maximumAnswerBytes + excess
        let server = try await ScriptedServer { _ in
            [.send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n"), .fill(size)]
        }
        let client = WebhookClient.testing()
        switch await client.post("http://127.0.0.1:\(server.port)/") {
        case .answered(200, nil, let body): #expect(excess == 0 && body.count == size)
        case .answerTooLarge(200): #expect(excess == 1)
        case let other: Issue.record("\(other)")
        }
        await client.close()
        await server.stop()
    }

    @Test("An endless answer is cut off at the limit and its connection closed")
    func endless() async throws {
        let server = try await ScriptedServer { _ in
            [.send("HTTP/1.1 500 Oh\r\n\r\n"), .fill(20 << 20)]
        }
        let client = WebhookClient.testing()
        #expect(await client.post("http://127.0.0.1:\(server.port)/") == .answerTooLarge(status: 500))
        await server.waitForClosedConnections(1)
        #expect(await eventually { client.load == (0, 0) })
        await client.close()
        await server.stop()
    }

    // MARK: Connections

    @Test("Requests one after the other share a connection")
    func keepAlive() async throws {
        let server = try await ScriptedServer { _ in [ScriptedServer.answer()] }
        let client = WebhookClient.testing()
        for _ in 0..<5 { #expect(await client.post("http://127.0.0.1:\(server.port)/") == .ok()) }
        #expect(server.requests.map(\.connection) == [1, 1, 1, 1, 1])
        await client.close()
        await server.stop()
    }

    @Test("A kept connection that the server closes at the next request is closed before the answer")
    func staleConnection() async throws {
        let seen = Counter()
        let server = try await ScriptedServer { _ in
            seen.increment() == 2 ? [.close] : [ScriptedServer.answer()]
        }
        let client = WebhookClient.testing()
        let url = "http://127.0.0.1:\(server.port)/"
        #expect(await client.post(url) == .ok())
        let outcome = await client.post(url)
        #expect(outcome.failureKind == .closedBeforeAnswer)
        if case .failed(let failure) = outcome { #expect(failure.allowsImmediateRetry) }
        #expect(await client.post(url) == .ok())
        #expect(server.connections == 2)
        await client.close()
        await server.stop()
    }

    @Test("A connection that the server closed between two requests is not used again")
    func closedBetween() async throws {
        let server = try await ScriptedServer { _ in [ScriptedServer.answer(headers: ["Connection: close"]), .close] }
        let client = WebhookClient.testing()
        for _ in 0..<3 { #expect(await client.post("http://127.0.0.1:\(server.port)/") == .ok()) }
        #expect(server.connections == 3)
        await client.close()
        await server.stop()
    }

    @Test("Servers that answer and close at once do no harm, whatever loops the requests come from")
    func answersThatClose() async throws {
        let server = try await ScriptedServer { _ in [ScriptedServer.answer(body: "x"), .close] }
        let client = WebhookClient.testing()
        await withTaskGroup(of: WebhookOutcome.self) { tasks in
            for _ in 0..<16 {
                tasks.addTask {
                    var last = WebhookOutcome.ok("x")
                    for _ in 0..<50 {
                        let outcome = await client.post("http://127.0.0.1:\(server.port)/")
                        // The close can overtake the next request on the kept connection.
                        if outcome.failureKind != .closedBeforeAnswer { last = outcome }
                    }
                    return last
                }
            }
            for await outcome in tasks { #expect(outcome == .ok("x")) }
        }
        #expect(await eventually { client.load == (0, 0) })
        await client.close()
        await server.stop()
    }

    // MARK: Failures

    @Test(
        "A broken answer is named by where it broke",
        arguments: [
            ("", WebhookFailure.Kind.closedBeforeAnswer),
            ("HTTP/1.1 200 OK\r\nContent-Le", .closedBeforeAnswer),
            ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", .closedWithinAnswer),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", .closedWithinAnswer),
            ("SSH-2.0-OpenSSH_9.2\r\n", .closedWithinAnswer),
        ])
    func broken(_ answer: String, _ kind: WebhookFailure.Kind) async throws {
        let server = try await ScriptedServer { _ in [.send(answer), .close] }
        let client = WebhookClient.testing()
        let outcome = await client.post("http://127.0.0.1:\(server.port)/")
        #expect(outcome.failureKind == kind, "\(outcome)")
        #expect(outcome.explanation.contains("127.0.0.1:\(server.port)"))
        #expect(await eventually { client.load == (0, 0) })
        await client.close()
        await server.stop()
    }

    @Test("A port where nobody listens is a failure to connect, at once")
    func refused() async throws {
        let server = try await ScriptedServer { _ in [] }
        await server.stop()
        let client = WebhookClient.testing(limits: RequestLimits(connect: .seconds(60), whole: .seconds(60)))
        let outcome = await client.post("http://127.0.0.1:\(server.port)/")
        #expect(outcome.failureKind == .connect)
        #expect(outcome.explanation.contains("127.0.0.1:\(server.port)") && outcome.explanation.contains("refused"))
        await client.close()
    }

    @Test("TLS with a port that speaks none fails as TLS", arguments: ["127.0.0.1", "localhost"])
    func noTLS(_ host: String) async throws {
        let server = try await RawServer(answer: "HTTP/1.1 400 Bad Request\r\n\r\n")
        let client = WebhookClient.testing(
            addressGuard: AddressGuard(allowing: [AddressRange("127.0.0.0/8")!]),
            resolver: NameResolver { _ in [.v4(0x7F00_0001)] })
        let outcome = await client.post("https://\(host):\(server.port)/")
        #expect(outcome.failureKind == .tls, "\(outcome)")
        await client.close()
        await server.stop()
    }

    @Test("A server that closes within the TLS handshake fails as TLS")
    func tlsClosed() async throws {
        let server = try await RawServer(answer: nil)
        let client = WebhookClient.testing()
        let outcome = await client.post("https://127.0.0.1:\(server.port)/")
        #expect(outcome.failureKind == .tls, "\(outcome)")
        await client.close()
        await server.stop()
    }

    @Test("A TLS handshake that does not end is a time-out of the connection")
    func tlsSilent() async throws {
        let server = try await ScriptedServer { _ in [] }
        let client = WebhookClient.testing(limits: RequestLimits(connect: .milliseconds(150), whole: .seconds(60)))
        let outcome = await client.post("https://127.0.0.1:\(server.port)/")
        #expect(outcome.failureKind == .timeout)
        #expect(outcome.explanation.contains("within 150 ms"), "\(outcome)")
        await client.close()
        await server.stop()
    }

    @Test(
        "A request that was sent whole and not answered in time is unanswered, before the answer's head and within its body",
        arguments: [
            ("", nil), ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", 200),
            ("HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n", 503),
        ])
    func unanswered(_ beginning: String, _ status: Int?) async throws {
        let server = try await ScriptedServer { _ in [.send(beginning), .hold] }
        let client = WebhookClient.testing(limits: RequestLimits(whole: .milliseconds(200)))
        let outcome = await client.post("http://127.0.0.1:\(server.port)/")
        #expect(outcome.failureKind == .unanswered)
        #expect(outcome.explanation.contains(status == nil ? "within 200 ms" : "(\(status ?? 0))"))
        if case .failed(let failure) = outcome {
            #expect(!failure.allowsImmediateRetry)
            #expect(failure.status == status)
        }
        #expect(await eventually { server.closedConnections == server.connections })
        #expect(await eventually { client.load == (0, 0) })
        await client.close()
        await server.stop()
    }

    // MARK: Limits

    @Test("A slow host occupies its own places and no other host's")
    func slowHost() async throws {
        let slow = try await ScriptedServer { _ in [.hold, ScriptedServer.answer(body: "slow")] }
        let quick = try await ScriptedServer { _ in [ScriptedServer.answer(body: "quick")] }
        let client = WebhookClient.testing(limits: RequestLimits(perHost: 2, total: 3))
        await withTaskGroup(of: WebhookOutcome.self) { tasks in
            for _ in 0..<6 { tasks.addTask { await client.post("http://127.0.0.1:\(slow.port)/") } }
            await slow.waitForRequests(2)
            for _ in 0..<5 { #expect(await client.post("http://127.0.0.1:\(quick.port)/") == .ok("quick")) }
            #expect(slow.requests.count == 2)
            #expect(client.load.running == 2)
            slow.release()
            for await outcome in tasks { #expect(outcome == .ok("slow")) }
        }
        #expect(await eventually { client.load == (0, 0) })
        await client.close()
        await slow.stop()
        await quick.stop()
    }

    @Test("Time runs from a request's turn: who waits behind slow ones has his own time all the same")
    func waitingDoesNotCount() async throws {
        let server = try await ScriptedServer { _ in [.hold] }
        let client = WebhookClient.testing(
            limits: RequestLimits(whole: .milliseconds(300), wait: .seconds(60), perHost: 1))
        let url = "http://127.0.0.1:\(server.port)/"
        async let first = client.post(url)
        async let second = client.post(url)
        async let third = client.post(url)
        let outcomes = await [first, second, third]
        #expect(outcomes.allSatisfy { $0.failureKind == .unanswered }, "\(outcomes)")
        #expect(server.requests.count == 3)
        await client.close()
        await server.stop()
    }

    @Test("Waiting for a place has a limit of its own, and who does not get one is not sent")
    func waitingIsBounded() async throws {
        let server = try await ScriptedServer { _ in [.hold, ScriptedServer.answer()] }
        let client = WebhookClient.testing(limits: RequestLimits(wait: .milliseconds(100), perHost: 1))
        let url = "http://127.0.0.1:\(server.port)/"
        async let first = client.post(url)
        await server.waitForRequests(1)
        let second = await client.post(url)
        #expect(second.failureKind == .noPlace && second.explanation.contains("127.0.0.1:\(server.port)"), "\(second)")
        server.release()
        #expect(await first == .ok())
        #expect(server.requests.count == 1)
        #expect(await eventually { client.load == (0, 0) })
        await client.close()
        await server.stop()
    }

    @Test("A script that has waited for as long as it may is sent all the same, and says that it waits")
    func scriptsAreNotDropped() async throws {
        let server = try await ScriptedServer { _ in [.hold, ScriptedServer.answer(body: "[]")] }
        let client = WebhookClient.testing(
            limits: RequestLimits(wait: .milliseconds(50), perHost: 1, perAccount: 10, mayExceedHost: true))
        let script = Sample.webhook("http://127.0.0.1:\(server.port)/", purpose: .script)
        let waits = Counter()
        await withTaskGroup(of: WebhookOutcome.self) { tasks in
            for _ in 0..<4 {
                tasks.addTask {
                    await withCheckedContinuation { continuation in
                        client.post(script, secrets: [], now: Sample.time) { explanation in
                            #expect(explanation.contains("127.0.0.1:\(server.port)"), "\(explanation)")
                            waits.increment()
                        } completion: {
                            continuation.resume(returning: $0)
                        }
                    }
                }
            }
            await server.waitForRequests(4)
            server.release()
            for await outcome in tasks { #expect(outcome == .ok("[]"), "\(outcome)") }
        }
        #expect(waits.count == 3)
        #expect(await eventually { client.load == (0, 0) })
        await client.close()
        await server.stop()
    }

    @Test("Notifications have places of their own: a dead status handler holds up no script of its host")
    func lanes() async throws {
        let server = try await ScriptedServer { request in
            request.line.contains("/status") ? [.hold] : [ScriptedServer.answer(body: "[]")]
        }
        let client = WebhookClient.testing(limits: RequestLimits(perHost: 2, total: 2))
        let base = "http://127.0.0.1:\(server.port)"
        await withTaskGroup(of: Void.self) { tasks in
            for _ in 0..<6 { tasks.addTask { _ = await client.post("\(base)/status") } }
            await server.waitForRequests(2)
            for _ in 0..<5 {
                let script = Sample.webhook("\(base)/script", purpose: .script)
                #expect(await client.post(script, secrets: [], now: Sample.time) == .ok("[]"))
            }
            #expect(client.load(.notification).running == 2)
            await client.close()
        }
        await server.stop()
    }

    @Test("Closing ends requests under way and refuses later ones")
    func close() async throws {
        let server = try await ScriptedServer { _ in [.hold] }
        let client = WebhookClient.testing()
        async let outcome = client.post("http://127.0.0.1:\(server.port)/")
        await server.waitForRequests(1)
        await client.close()
        #expect(await outcome.failureKind != nil)
        #expect(await client.post("http://127.0.0.1:\(server.port)/").failureKind == .connect)
        await server.stop()
    }
}
