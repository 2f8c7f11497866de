import NameResolution
import Telephony
import Testing

@testable import Webhooks

/// What ``RequestLimits`` promise, on the wire.
@Suite struct ConnectionLimitTests {
    @Test("A connection that nobody uses is closed when its time is over")
    func idle() async throws {
        let server = try await ScriptedServer { _ in [ScriptedServer.answer()] }
        let client = WebhookClient.testing(limits: RequestLimits(idle: .milliseconds(50)))
        #expect(await client.post("http://127.0.0.1:\(server.port)/") == .ok())
        #expect(await eventually { server.closedConnections == 1 })
        await client.close()
        await server.stop()
    }

    @Test("All of an account's places at a host are used at once")
    func allPlaces() async throws {
        let server = try await ScriptedServer { _ in [.hold, ScriptedServer.answer()] }
        let client = WebhookClient.testing(limits: RequestLimits(perHost: 20))
        await withTaskGroup(of: WebhookOutcome.self) { tasks in
            for _ in 0..<21 { tasks.addTask { await client.post("http://127.0.0.1:\(server.port)/") } }
            #expect(await eventually { server.requests.count == 20 && client.load.waiting == 1 })
            server.release()
            for await outcome in tasks { #expect(outcome == .ok()) }
        }
        #expect(server.requests.count == 21)
        await client.close()
        await server.stop()
    }

    @Test("Who finds as many waiting as may wait is refused at once, and is told how many that are")
    func tooManyWait() async throws {
        let server = try await ScriptedServer { _ in [.hold, ScriptedServer.answer()] }
        let client = WebhookClient.testing(limits: RequestLimits(perHost: 1, maximumWaiting: 1))
        let url = "http://127.0.0.1:\(server.port)/"
        async let first = client.post(url)
        await server.waitForRequests(1)
        async let second = client.post(url)
        #expect(await eventually { client.load == (1, 1) })
        let third = await client.post(url)
        #expect(third.failureKind == .noPlace, "\(third)")
        #expect(third.explanation.contains("not sent: 1 requests"), "\(third)")
        server.release()
        #expect(await [first, second] == [.ok(), .ok()])
        #expect(server.requests.count == 2)
        await client.close()
        await server.stop()
    }

    @Test("Of a name's permitted addresses three are tried, and no fourth", arguments: [3, 4])
    func addresses(_ place: Int) async throws {
        let server = try await ScriptedServer { _ in [ScriptedServer.answer()] }
        // 10.0.0.1 is forbidden and counts not; on 127.0.1.x nobody listens.
        let others = (1..<place).map { HostAddress.v4(0x7F00_0100 + UInt32($0)) }
        let addresses = [HostAddress.v4(0x0A00_0001)] + others + [.v4(0x7F00_0001)]
        let client = WebhookClient.testing(resolver: NameResolver { _ in addresses })
        let outcome = await client.post("http://many.example:\(server.port)/")
        if place == 3 {
            #expect(outcome == .ok())
        } else {
            #expect(outcome.failureKind == .connect, "\(outcome)")
            #expect(outcome.explanation.contains("(127.0.1.3)"), "the last that was tried: \(outcome)")
        }
        #expect(server.requests.count == (place == 3 ? 1 : 0))
        await client.close()
        await server.stop()
    }

    @Test("An answer that says that it is too large is not waited for")
    func announced() async throws {
        let size = WebhookClient.maximumAnswerBytes + 1
        let server = try await ScriptedServer { _ in
            [.send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n"), .hold]
        }
        let client = WebhookClient.testing()
        #expect(await client.post("http://127.0.0.1:\(server.port)/") == .answerTooLarge(status: 200))
        await client.close()
        await server.stop()
    }

    @Test(
        "Why a name was not resolved is told: by its servers, and for want of a place",
        arguments: [
            (NameFailure.notResolved("its name server failed (SERVFAIL)"), "its name server failed (SERVFAIL)"),
            (.overloaded, "too many look-ups of this account"),
        ])
    func names(_ failure: NameFailure, _ words: String) async {
        let client = WebhookClient.testing(resolver: NameResolver { _ throws(NameFailure) in throw failure })
        let outcome = await client.post("http://hooks.example/")
        #expect(outcome.failureKind == .nameResolution, "\(outcome)")
        #expect(outcome.explanation.contains("hooks.example") && outcome.explanation.contains(words), "\(outcome)")
        #expect(await eventually { client.load == (0, 0) })
        await client.close()
    }
}
