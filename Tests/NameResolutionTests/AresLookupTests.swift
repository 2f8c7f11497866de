import NIOCore
import Synchronization
import Testing

@testable import NameResolution

extension NameLookup {
    func addresses(of name: String) async -> Result<NameAnswer, NameFailure> {
        await withCheckedContinuation { continuation in
            lookUp(name) { continuation.resume(returning: $0) }
        }
    }
}

@Suite struct AresLookupTests {
    @Test("A name server's answer comes with its addresses in order and the shortest time to live")
    func answer() async throws {
        let server = ModelNameServer { _ in .addresses([0x7F00_0002, 0x7F00_0003], lifetime: 77) }
        let lookup = try AresLookup(servers: try await server.start())
        let answer = try await lookup.addresses(of: "hooks.example").get()
        #expect(Set(answer.addresses) == [.v4(0x7F00_0002), .v4(0x7F00_0003)])
        #expect(answer.lifetimeSeconds == 77)
        lookup.close()
        try await server.stop()
    }

    @Test("What a name server says of a name that has no address is told apart from a server in trouble")
    func failures() async throws {
        let server = ModelNameServer { name in
            name.hasPrefix("gone") ? .noSuchName : name.hasPrefix("empty") ? .addresses([], lifetime: 1) : .failure
        }
        let lookup = try AresLookup(servers: try await server.start())
        #expect(await lookup.addresses(of: "gone.example") == .failure(.noSuchName))
        #expect(await lookup.addresses(of: "empty.example") == .failure(.noSuchName))
        guard case .failure(.notResolved(let words)) = await lookup.addresses(of: "broken.example") else {
            Issue.record("a broken zone was taken for an answer")
            return
        }
        #expect(!words.isEmpty)
        lookup.close()
        try await server.stop()
    }

    @Test("Names of servers that do not answer hold up nobody else, and fail in time")
    func silence() async throws {
        let server = ModelNameServer { name in
            name.hasSuffix("silent.example") ? .silence : .addresses([0x7F00_0001], lifetime: 60)
        }
        let lookup = try AresLookup(servers: try await server.start(), deadline: .milliseconds(400))
        await withTaskGroup(of: Result<NameAnswer, NameFailure>.self) { silent in
            for number in 0..<50 {
                silent.addTask { await lookup.addresses(of: "n\(number).silent.example") }
            }
            // Asked after fifty that hang, answered before any of them has been given up.
            #expect(
                await lookup.addresses(of: "sound.other")
                    == .success(.init(addresses: [.v4(0x7F00_0001)], lifetimeSeconds: 60)))
            for await outcome in silent {
                #expect(outcome == .failure(.notResolved("its name servers did not answer in time")))
            }
        }
        lookup.close()
        try await server.stop()
    }

    private static let troubles: [(ModelNameServer.Reply, String)] = [
        (.truncated, "its answer exceeds a datagram, and its name server does not take TCP"),
        (.oversize, "its answer exceeds a datagram, and its name server does not take TCP"),
        (.garbage, "its name server's answer makes no sense"),
        (.code(1), "its name server does not understand the question (FORMERR)"),
        (.code(2), "its name server failed (SERVFAIL)"),
        (.code(4), "its name server does not take the question (NOTIMP)"),
        (.code(5), "the name server refuses to answer (REFUSED)"),
        (.silence, "its name servers did not answer in time"),
    ]

    @Test("Whatever befalls one name's answer is told in words, and others wait on for their own", arguments: troubles)
    func trouble(_ reply: ModelNameServer.Reply, _ words: String) async throws {
        let server = ModelNameServer { $0.hasSuffix("slow.other") ? .slow([0x7F00_0001]) : reply }
        let lookup = try AresLookup(servers: try await server.start(), deadline: .seconds(2))
        async let slow = lookup.addresses(of: "hooks.slow.other")
        async let first = lookup.addresses(of: "a.broken.example")
        async let second = lookup.addresses(of: "b.broken.example")
        #expect(await slow == .success(.init(addresses: [.v4(0x7F00_0001)], lifetimeSeconds: 60)))
        for outcome in [await first, await second] { #expect(outcome == .failure(.notResolved(words))) }
        // And nothing is left behind for who asks next.
        #expect(
            await lookup.addresses(of: "again.slow.other")
                == .success(.init(addresses: [.v4(0x7F00_0001)], lifetimeSeconds: 60)))
        lookup.close()
        try await server.stop()
    }

    @Test("Where no name server listens, that is what is told")
    func nobodyListens() async throws {
        let server = ModelNameServer { _ in .silence }
        let address = try await server.start()
        try await server.stop()
        let lookup = try AresLookup(servers: address, deadline: .seconds(2))
        #expect(
            await lookup.addresses(of: "hooks.example") == .failure(.notResolved("no name server could be reached")))
        lookup.close()
    }

    @Test("localhost is known without a name server, and the system's configuration is read where none is named")
    func localhost() async throws {
        let lookup = try AresLookup()
        let addresses = try await lookup.addresses(of: "localhost").get().addresses
        #expect(addresses.contains(.v4(0x7F00_0001)) || addresses.contains(.v6(0, 1)))
        lookup.close()
    }

    @Test("A list of name servers that is none is refused in words")
    func malformedServers() {
        #expect(throws: NameServersError.self) { try AresLookup(servers: "no server at all") }
    }

    @Test("After the end questions fail at once")
    func closed() async throws {
        let lookup = try AresLookup(servers: "127.0.0.1:1")
        lookup.close()
        guard case .failure(.notResolved) = await lookup.addresses(of: "late.example") else {
            Issue.record("a closed look-up answered")
            return
        }
    }

    @Test("Both tries of a server end before the question's time is over, and it is not much longer than they take")
    func tries() {
        let needed = (0..<AresLookup.tries).reduce(TimeAmount.zero) { $0 + AresLookup.firstTry * (1 << Int($1)) }
        #expect(AresLookup.tries == 2 && AresLookup.defaultDeadline == .seconds(5), "docs/decisions/0021")
        #expect(needed <= AresLookup.defaultDeadline)
        #expect(AresLookup.defaultDeadline - needed <= .seconds(1))
    }

    @Test("A question that got lost is asked again while its time lasts")
    func lost() async throws {
        let asked = Mutex(0)
        // Each try asks for A and for AAAA: the first pair gets lost.
        let server = ModelNameServer { _ in
            let number = asked.withLock { asked in
                asked += 1
                return asked
            }
            return number <= 2 ? .silence : .addresses([0x7F00_0001], lifetime: 60)
        }
        let lookup = try AresLookup(servers: try await server.start(), deadline: .milliseconds(2800))
        #expect(
            await lookup.addresses(of: "hooks.example")
                == .success(.init(addresses: [.v4(0x7F00_0001)], lifetimeSeconds: 60)))
        #expect(server.questions == ["hooks.example", "hooks.example"])
        lookup.close()
        try await server.stop()
    }
}
