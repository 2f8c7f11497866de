import NIOCore
import Synchronization
import Testing

@testable import NameResolution

/// A look-up whose answers come when the test says so.
private final class HeldLookup: NameLookup {
    private typealias Completion = @Sendable (Result<NameAnswer, NameFailure>) -> Void
    private let held = Mutex<[(name: String, completion: Completion)]>([])

    var names: [String] { held.withLock { $0.map(\.name) } }

    func lookUp(_ name: String, completion: @escaping @Sendable (Result<NameAnswer, NameFailure>) -> Void) {
        held.withLock { $0.append((name, completion)) }
    }

    func answer(_ result: Result<NameAnswer, NameFailure>) {
        let first = held.withLock { $0.removeFirst() }
        first.completion(result)
    }

    func close() {}
}

private final class Clock: Sendable {
    private let time = Mutex(NIODeadline.uptimeNanoseconds(1_000_000_000))
    var now: NIODeadline { time.withLock { $0 } }
    func pass(_ amount: TimeAmount) { time.withLock { $0 = $0 + amount } }
}

private final class Outcomes: Sendable {
    private let list = Mutex<[Result<[HostAddress], NameFailure>]>([])
    var all: [Result<[HostAddress], NameFailure>] { list.withLock { $0 } }
    func take(_ result: Result<[HostAddress], NameFailure>) { list.withLock { $0.append(result) } }
}

@Suite struct NameResolverTests {
    private let lookup = HeldLookup()
    private let clock = Clock()
    private let outcomes = Outcomes()
    private let resolver: NameResolver
    private let one = HostAddress.v4(0x7F00_0001), other = HostAddress.v4(0x7F00_0002)

    init() {
        let clock = clock
        resolver = NameResolver(lookup: lookup, now: { clock.now })
    }

    private func ask(_ name: String = "hooks.example") {
        let outcomes = outcomes
        resolver.resolve(name) { outcomes.take($0) }
    }

    @Test("Askers of one name share one look-up, and what it found is kept as long as its records say")
    func kept() {
        ask()
        ask()
        #expect(lookup.names == ["hooks.example"])
        lookup.answer(.success(.init(addresses: [one], lifetimeSeconds: 20)))
        #expect(outcomes.all == [.success([one]), .success([one])])
        clock.pass(.seconds(19))
        #expect(resolver.knownAddresses(of: "hooks.example") == [one])
        clock.pass(.seconds(1))
        #expect(resolver.knownAddresses(of: "hooks.example") == nil)
        ask()
        lookup.answer(.success(.init(addresses: [other], lifetimeSeconds: 20)))
        #expect(outcomes.all.last == .success([other]))
    }

    @Test(
        "A time to live is taken between five seconds and five minutes, and half a minute where nothing tells",
        arguments: [(0, 5), (3600, 300), (nil, 30), (77, 77)] as [(Int?, Int64)])
    func lifetimes(_ told: Int?, _ seconds: Int64) {
        ask()
        lookup.answer(.success(.init(addresses: [one], lifetimeSeconds: told)))
        clock.pass(.seconds(seconds) - .nanoseconds(1))
        #expect(resolver.knownAddresses(of: "hooks.example") == [one])
        clock.pass(.nanoseconds(1))
        #expect(resolver.knownAddresses(of: "hooks.example") == nil)
    }

    @Test(
        "An answer that has run out is used on while its zone cannot be asked (RFC 8767), for a day at most",
        arguments: [NameFailure.notResolved("SERVFAIL"), .overloaded])
    func stale(_ failure: NameFailure) {
        ask()
        lookup.answer(.success(.init(addresses: [one], lifetimeSeconds: 10)))
        clock.pass(.seconds(11))
        ask()
        lookup.answer(.failure(failure))
        #expect(outcomes.all.last == .success([one]))
        // For half a minute nobody waits for the broken zone again.
        clock.pass(.seconds(29))
        #expect(resolver.knownAddresses(of: "hooks.example") == [one])
        clock.pass(.hours(24))
        ask()
        lookup.answer(.failure(failure))
        #expect(outcomes.all.last == .failure(failure))
    }

    @Test("A name that is no more is forgotten at once")
    func gone() {
        ask()
        lookup.answer(.success(.init(addresses: [one], lifetimeSeconds: 10)))
        clock.pass(.seconds(11))
        ask()
        lookup.answer(.failure(.noSuchName))
        #expect(outcomes.all.last == .failure(.noSuchName))
        ask()
        lookup.answer(.failure(.notResolved("SERVFAIL")))
        #expect(outcomes.all.last == .failure(.notResolved("SERVFAIL")))
    }

    @Test("One domain's names get a share of the look-ups, and leave the rest to others")
    func domainsShare() {
        for number in 0..<NameResolver.maximumPendingNamesOfADomain { ask("n\(number).broken.example") }
        #expect(outcomes.all.isEmpty)
        ask("one-more.BROKEN.example".lowercased())
        #expect(outcomes.all == [.failure(.overloaded)])
        ask("sound.example")
        #expect(lookup.names.last == "sound.example")
        lookup.answer(.failure(.notResolved("timeout")))
        ask("again.broken.example")
        #expect(lookup.names.last == "again.broken.example")
    }

    @Test("So many names may be looked up at once, and no more")
    func bounded() {
        for number in 0..<NameResolver.maximumPendingNames { ask("d\(number).example\(number)") }
        #expect(outcomes.all.isEmpty)
        ask("one-more.elsewhere")
        #expect(outcomes.all == [.failure(.overloaded)])
    }

    @Test("A literal address asks nobody", arguments: ["127.0.0.1", "127.1", "0x7f000001", "2130706433"])
    func literal(_ text: String) {
        ask(text)
        #expect(outcomes.all == [.success([one])])
        #expect(lookup.names.isEmpty)
    }
}
