import Dispatch
import NameResolution
import Telephony
import Testing

@testable import Webhooks

@Suite struct AddressPinningTests {
    @Test("A name is resolved once, and its requests go to the address that was judged, under the name")
    func pinned() async throws {
        let server = try await ScriptedServer { _ in [ScriptedServer.answer()] }
        let lookups = Counter()
        // A rebinding server would answer the second question with something else.
        let resolver = NameResolver { host in
            host == "hooks.example" && lookups.increment() == 1 ? [.v4(0x7F00_0001)] : [.v4(0x7F00_0002)]
        }
        let client = WebhookClient.testing(resolver: resolver)
        for _ in 0..<3 { #expect(await client.post("http://Hooks.Example.:\(server.port)/x") == .ok()) }
        #expect(lookups.count == 1)
        #expect(server.requests.count == 3)
        #expect(server.requests.allSatisfy { $0.headers["host"] == "hooks.example:\(server.port)" })
        await client.close()
        await server.stop()
    }

    @Test(
        "A name or literal that leads to a forbidden address is refused without a connection",
        arguments: [
            "127.0.0.1", "127.1", "0x7f000001", "2130706433", "017700000001", "localhost", "rebound.example",
            "[::ffff:127.0.0.1]", "0",
        ])
    func forbidden(_ host: String) async throws {
        let server = try await ScriptedServer { _ in [ScriptedServer.answer()] }
        let client = WebhookClient.testing(
            addressGuard: AddressGuard(), resolver: NameResolver { _ in [.v4(0x7F00_0001), .v4(0x0A00_0001)] })
        for scheme in ["http", "https"] {
            let outcome = await client.post("\(scheme)://\(host):\(server.port)/")
            #expect(outcome.failureKind == .forbiddenAddress, "\(outcome)")
            #expect(outcome.explanation.contains("--webhook-allow"))
        }
        #expect(server.connections == 0)
        #expect(await eventually { client.load == (0, 0) })
        await client.close()
        await server.stop()
    }

    @Test("Of a name's addresses the forbidden are passed over, and the next is tried when one refuses")
    func severalAddresses() async throws {
        let server = try await ScriptedServer { _ in [ScriptedServer.answer()] }
        // 10.0.0.1 is forbidden, nobody listens on 127.0.0.9.
        let client = WebhookClient.testing(
            resolver: NameResolver { _ in [.v4(0x0A00_0001), .v4(0x7F00_0009), .v4(0x7F00_0001)] })
        #expect(await client.post("http://many.example:\(server.port)/") == .ok())
        await client.close()
        await server.stop()
    }

    @Test("TLS connects to the pinned address and asks for the name")
    func tlsNamesTheHost() async throws {
        let hello = HelloServer()
        let port = try await hello.start()
        let client = WebhookClient.testing(resolver: NameResolver { _ in [.v4(0x7F00_0001)] })
        let outcome = await client.post("https://secure.example:\(port)/")
        #expect(outcome.failureKind == .tls)
        // SNI stands in the ClientHello in clear text (RFC 6066 §3).
        #expect(String(decoding: hello.received, as: UTF8.self).contains("secure.example"))
        await client.close()
        await hello.stop()
    }

    @Test("A name that cannot be resolved says why")
    func unresolved() async {
        let client = WebhookClient.testing(
            resolver: NameResolver { _ throws(NameFailure) in throw .noSuchName })
        let outcome = await client.post("http://nowhere.example/")
        #expect(outcome.failureKind == .nameResolution)
        #expect(outcome.explanation.contains("nowhere.example") && outcome.explanation.contains("no such name"))
        await client.close()
    }

    @Test("A look-up that does not end counts in the time limit")
    func slowLookup() async {
        let release = DispatchSemaphore(value: 0)
        let resolver = NameResolver { _ in
            release.wait()
            return [.v4(0x7F00_0001)]
        }
        let client = WebhookClient.testing(resolver: resolver, limits: RequestLimits(whole: .milliseconds(150)))
        let outcome = await client.post("http://slow.example/")
        #expect(outcome.failureKind == .timeout)
        #expect(await eventually { client.load == (0, 0) })
        release.signal()
        await client.close()
    }

    @Test("Clients that nobody uses are kept up to the limit, the most recently used ones")
    func clientsAreBounded() async throws {
        let server = try await ScriptedServer { _ in [ScriptedServer.answer()] }
        let client = WebhookClient.testing(resolver: NameResolver { _ in [.v4(0x7F00_0001)] })
        for number in 0..<(PinnedClients.maximumIdleClients + 10) {
            #expect(await client.post("http://h\(number).example:\(server.port)/") == .ok())
        }
        // The first ten clients were ended, and their connections with them.
        await server.waitForClosedConnections(10)
        #expect(await client.post("http://h0.example:\(server.port)/") == .ok())
        #expect(server.connections == PinnedClients.maximumIdleClients + 11)
        await client.close()
        await server.stop()
    }
}
