import HTTPTypes
import Hummingbird
import HummingbirdTesting
import JSON
import NIOCore
import Telephony
import Testing

@testable import API

@Suite("Over a socket")
struct LiveTests {
    /// Runs `body` against a live server on loopback.
    private func withServer(_ test: TestServer, _ body: @Sendable (any TestClientProtocol, Int) async throws -> Void)
        async throws
    {
        try await test.server.application.test(.live) { client in
            try await body(client, try #require(client.port))
        }
    }

    private func head(_ test: TestServer, _ extra: String) -> String {
        "POST \(test.base)/Calls HTTP/1.1\r\nHost: localhost\r\nAuthorization: \(test.authorization)\r\n\(extra)\r\n\r\n"
    }

    @Test("One connection serves request after request, each with its own Request-Id")
    func keepAlive() async throws {
        let test = try TestServer()
        try await withServer(test) { client, _ in
            var seen: Set<String> = []
            for _ in 0..<20 {
                let reply = try await TestServer.send(
                    client, .post, test.base + "/Calls", body: JSONValue.object(test.goodCall).text,
                    authorization: test.authorization)
                #expect(reply.status == 202)
                seen.insert(try #require(reply.header("Request-Id")))
            }
            #expect(seen.count == 20)
            #expect(test.calls.requests.count == 20)
        }
    }

    @Test("The port that was bound is told")
    func port() async throws {
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        let test = try TestServer(onBound: { continuation.yield($0) })
        try await withServer(test) { _, port in
            for await told in ports {
                #expect(told == port)
                break
            }
        }
    }

    @Test("Whoever asks before the body is told at once to go on (RFC 9110 §10.1.1)")
    func expectContinue() async throws {
        let test = try TestServer()
        let head = head(test, "Content-Length: 100\r\nExpect: 100-Continue")
        try await withServer(test) { _, port in
            // The body never comes: what is read came for the head alone.
            let received = try await RawClient.exchange(port: port, sending: [head]) { $0.contains("\r\n\r\n") }
            #expect(received.hasPrefix("HTTP/1.1 100 Continue\r\n"))
        }
    }

    /// docs/contract/feed.md#limits.
    @Test(
        "Whoever goes gives his feed's place back at once; a feed that has ended closes its connection",
        .timeLimit(.minutes(1)))
    func feeds() async throws {
        let test = try TestServer()
        let live = CallFeedTests.call(test, .inProgress), over = CallFeedTests.call(test, .completed)
        test.calls.insert(live)
        test.calls.insert(over, journal: [CallFeedTests.entry(over, 1)])
        func get(_ call: Call) -> String {
            "GET \(test.base)/Calls/\(call.callID)/Feed HTTP/1.1\r\nHost: localhost\r\n"
                + "Authorization: \(test.authorization)\r\n\r\n"
        }
        let (following, whole) = (get(live), get(over))
        try await withServer(test) { _, port in
            let begun = try await RawClient.exchange(port: port, sending: [following]) { $0.contains("event: call\n") }
            #expect(begun.hasPrefix("HTTP/1.1 200 "))
            while test.feed.count > 0 { await Task.yield() }
            let ended = try await RawClient.exchange(port: port, sending: [whole])
            #expect(ended.contains("event: end\n") && ended.hasSuffix("\r\n0\r\n\r\n"))
            #expect(ended.lowercased().contains("\r\nconnection: close\r\n"))
        }
    }

    @Test("A body of exactly 64 KiB is taken, one byte more is a 413")
    func limit() async throws {
        let test = try TestServer()
        let call = JSONValue.object(test.goodCall).text
        let largest = call + String(repeating: " ", count: APIConfiguration.maximumBodyLength - call.utf8.count)
        try await withServer(test) { client, _ in
            let taken = try await TestServer.send(
                client, .post, test.base + "/Calls", body: largest, authorization: test.authorization)
            #expect(taken.status == 202)
            let refused = try await TestServer.send(
                client, .post, test.base + "/Calls", body: largest + " ", authorization: test.authorization)
            #expect(refused.status == 413)
            #expect(refused.code == 3)
        }
    }

    @Test("An announced body over the limit is refused before a byte of it is sent, and the connection closed")
    func announced() async throws {
        let test = try TestServer()
        try await withServer(test) { _, port in
            let reply = try await RawClient.exchange(port: port, sending: [head(test, "Content-Length: 10000000")])
            #expect(reply.hasPrefix("HTTP/1.1 413 "))
            #expect(reply.lowercased().contains("connection: close\r\n"))
            #expect(reply.contains(#""code":3"#))
            #expect(test.calls.requests.isEmpty)
        }
    }

    @Test("A body without a length is refused at the limit, though it never ends, and the connection closed")
    func chunked() async throws {
        let test = try TestServer()
        let chunk = "1000\r\n" + String(repeating: "x", count: 4096) + "\r\n"
        try await withServer(test) { _, port in
            let reply = try await RawClient.exchange(
                port: port,
                sending: [head(test, "Transfer-Encoding: chunked")] + Array(repeating: chunk, count: 20))
            #expect(reply.hasPrefix("HTTP/1.1 413 "))
            #expect(test.calls.requests.isEmpty)
        }
    }

    @Test("A chunked body within the limit is taken")
    func chunkedWithinLimit() async throws {
        let test = try TestServer()
        let call = JSONValue.object(test.goodCall).text
        let chunk = String(call.utf8.count, radix: 16) + "\r\n" + call + "\r\n"
        try await withServer(test) { _, port in
            let reply = try await RawClient.exchange(
                port: port, sending: [head(test, "Transfer-Encoding: chunked"), chunk, "0\r\n\r\n"],
                until: { $0.contains("queued") })
            #expect(reply.hasPrefix("HTTP/1.1 202 "))
        }
    }

    @Test("A stranger is refused without his body being read")
    func strangerFirst() async throws {
        let test = try TestServer()
        try await withServer(test) { _, port in
            let reply = try await RawClient.exchange(
                port: port,
                sending: ["POST \(test.base)/Calls HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n"],
                until: { $0.contains(#""code":50"#) })
            #expect(reply.hasPrefix("HTTP/1.1 401 "))
            #expect(reply.lowercased().contains("www-authenticate: basic realm="))
        }
    }

    @Test(
        "What is no HTTP is answered 400 or nothing, and the connection closed",
        arguments: [
            "nonsense\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\u{0}\u{1}\u{2}\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "GET / HTTP/1.1\r\nX: " + String(repeating: "y", count: 200_000) + "\r\n\r\n",
        ])
    func garbage(_ text: String) async throws {
        let test = try TestServer()
        try await withServer(test) { client, port in
            let reply = try await RawClient.exchange(port: port, sending: [text])
            #expect(reply.isEmpty || reply.hasPrefix("HTTP/1.1 400 "))
            // And the server goes on.
            #expect(try await TestServer.send(client, .get, "/health", authorization: nil).status == 200)
        }
    }

    @Test("A bad chunk within a body makes no call")
    func badChunk() async throws {
        let test = try TestServer()
        let call = JSONValue.object(test.goodCall).text
        let chunk = String(call.utf8.count, radix: 16) + "\r\n" + call + "\r\n"
        try await withServer(test) { _, port in
            let reply = try await RawClient.exchange(
                port: port, sending: [head(test, "Transfer-Encoding: chunked"), chunk, "zz\r\n"])
            #expect(reply.isEmpty || reply.hasPrefix("HTTP/1.1 400 "))
        }
        #expect(test.calls.requests.isEmpty)
    }
}
