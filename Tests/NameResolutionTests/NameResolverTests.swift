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

    let isClosed = Mutex(false)

    func close() { isClosed.withLock { $0 = true } }
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

private final class Alarms: Sendable {
    private let list = Mutex<[(TimeAmount, @Sendable () -> Void)]>([])

    func add(_ amount: TimeAmount, _ body: @escaping @Sendable () -> Void) {
        list.withLock { $0.append((amount, body)) }
    }

    func take() -> [(TimeAmount, @Sendable () -> Void)] {
        list.withLock { list in
            defer { list = [] }
            return list
        }
    }
}

@Suite struct NameResolverTests {
    private let lookup = HeldLookup()
    private let clock = Clock()
    private let outcomes = Outcomes()
    private let alarms = Alarms()
    private let resolver: NameResolver
    private let one = HostAddress.v4(0x7F00_0001), other = HostAddress.v4(0x7F00_0002)

    init() {
        let clock = clock
        let alarms = alarms
        resolver = NameResolver(
            lookup: lookup, now: { clock.now }, delay: { amount, body in alarms.add(amount, body) })
    }

    private func ask(_ name: String = "hooks.example", for asker: NameAsker = .account("A")) {
        let outcomes = outcomes
        resolver.resolve(name, for: asker) { outcomes.take($0) }
    }

    /// Lets all delays pass that were asked for.
    private func passDelays() {
        for (amount, body) in alarms.take() {
            clock.pass(amount)
            body()
        }
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

    @Test("A domain's share is each account's own: names below co.uk that do not answer cost another's there nothing")
    func domainOfAnother() {
        for number in 0...NameResolver.maximumPendingNamesOfADomain { ask("n\(number).co.uk", for: .account("B")) }
        #expect(outcomes.all == [.failure(.overloaded)])
        ask("sound.co.uk", for: .account("A"))
        #expect(lookup.names.last == "sound.co.uk")
    }

    @Test("An account has a share of the look-ups; what exceeds it waits, and nobody else does")
    func accountsShare() {
        for number in 0..<NameResolver.maximumPendingNamesOfAnAsker { ask("x.b\(number).example", for: .account("B")) }
        ask("waits.b.example", for: .account("B"))
        #expect(!lookup.names.contains("waits.b.example"))
        for other in [NameAsker.account("A"), .signalling] {
            let name = "hooks.\(other)".lowercased().filter { $0.isLetter || $0 == "." }
            ask(name, for: other)
            #expect(lookup.names.last == name)
        }
        #expect(outcomes.all.isEmpty)
        lookup.answer(.failure(.notResolved("timeout")))
        #expect(lookup.names.last == "waits.b.example")
    }

    @Test("Of one account so many names wait, and no more; the others' are taken")
    func bounded() {
        let most = NameResolver.maximumPendingNamesOfAnAsker + NameResolver.maximumWaitingNamesOfAnAsker
        for number in 0..<most { ask("d\(number).example\(number)", for: .account("B")) }
        #expect(outcomes.all.isEmpty && resolver.waitingCount == NameResolver.maximumWaitingNamesOfAnAsker)
        ask("one-more.elsewhere", for: .account("B"))
        #expect(outcomes.all == [.failure(.overloaded)])
        ask("hooks.example", for: .account("A"))
        #expect(lookup.names.last == "hooks.example")
    }

    @Test("While all look-ups are under way the next is that of an account which has none, not of one with hundreds")
    func allUnderWay() {
        let accounts = NameResolver.maximumPendingNames / NameResolver.maximumPendingNamesOfAnAsker
        for account in 0..<accounts {
            for number in 0..<(NameResolver.maximumPendingNamesOfAnAsker + 20) {
                ask("n\(number).a\(account)x\(number)", for: .account("B\(account)"))
            }
        }
        #expect(lookup.names.count == NameResolver.maximumPendingNames)
        ask("hooks.example", for: .account("A"))
        #expect(!lookup.names.contains("hooks.example"))
        for _ in 0...(2 * accounts) { lookup.answer(.failure(.notResolved("timeout"))) }
        #expect(lookup.names.contains("hooks.example"))
    }

    @Test("A name that one account waits for with hundreds before it is asked for at another's turn")
    func sharedName() {
        for number in 0..<(NameResolver.maximumPendingNamesOfAnAsker + 10) {
            ask("n\(number).b\(number).example", for: .account("B"))
        }
        let last = NameResolver.maximumPendingNamesOfAnAsker + 9
        let waits = "n\(last).b\(last).example"
        #expect(!lookup.names.contains(waits))
        ask(waits, for: .account("A"))
        #expect(lookup.names.last == waits)
        #expect(resolver.waitingCount == 9)
        while !lookup.names.isEmpty { lookup.answer(.success(.init(addresses: [one]))) }
        #expect(outcomes.all.count == NameResolver.maximumPendingNamesOfAnAsker + 11)
        #expect(outcomes.all.allSatisfy { $0 == .success([one]) })
    }

    @Test("Where the new answer takes long, the one that has run out is used meanwhile (RFC 8767 §5)")
    func staleMeanwhile() {
        ask()
        lookup.answer(.success(.init(addresses: [one], lifetimeSeconds: 10)))
        clock.pass(.seconds(11))
        ask()
        #expect(outcomes.all.count == 1, "for a moment the new one is waited for")
        passDelays()
        #expect(outcomes.all == [.success([one]), .success([one])])
        ask()
        #expect(outcomes.all.count == 3, "nobody waits again")
        lookup.answer(.success(.init(addresses: [other], lifetimeSeconds: 10)))
        #expect(outcomes.all.count == 3, "and nobody is told twice")
        #expect(resolver.knownAddresses(of: "hooks.example") == [other])
    }

    @Test("Whoever fills the memory of names displaces his own: another's, run out or not, is still there")
    func memory() {
        ask("hooks.example", for: .account("A"))
        lookup.answer(.success(.init(addresses: [one], lifetimeSeconds: 5)))
        for number in 0..<(NameResolver.maximumKnownNames + 100) {
            ask("n\(number).b.example", for: .account("B"))
            lookup.answer(.success(.init(addresses: [other], lifetimeSeconds: 300)))
        }
        #expect(resolver.knownAddresses(of: "hooks.example") == [one])
    }

    @Test("A literal address asks nobody", arguments: ["127.0.0.1", "127.1", "0x7f000001", "2130706433"])
    func literal(_ text: String) {
        ask(text)
        #expect(outcomes.all == [.success([one])])
        #expect(lookup.names.isEmpty)
    }

    @Test("The resolver's end is its look-up's")
    func close() {
        resolver.close()
        #expect(lookup.isClosed.withLock { $0 })
    }

    @Test("So many names as docs/sharing.md tells are looked up and kept, of each asker and of all")
    func numbers() {
        #expect(NameResolver.maximumPendingNames == 1024)
        #expect(NameResolver.maximumPendingNamesOfAnAsker == 128 && NameResolver.maximumPendingNamesOfADomain == 64)
        #expect(NameResolver.maximumWaitingNamesOfAnAsker == 256 && NameResolver.maximumKnownNames == 4096)
    }

    @Test("A new answer is waited for 1.8 s where an old one is there (RFC 8767 §5), and nowhere else")
    func patience() {
        ask()
        #expect(alarms.take().isEmpty, "there is nothing to fall back on")
        lookup.answer(.success(.init(addresses: [one], lifetimeSeconds: 10)))
        clock.pass(.seconds(11))
        ask()
        #expect(alarms.take().map(\.0) == [.milliseconds(1800)])
    }

    @Test("What was used though it had run out is used for half a minute, and then asked for again")
    func staleForHalfAMinute() {
        ask()
        lookup.answer(.success(.init(addresses: [one], lifetimeSeconds: 10)))
        clock.pass(.seconds(11))
        ask()
        passDelays()
        clock.pass(.seconds(30) - .nanoseconds(1))
        #expect(resolver.knownAddresses(of: "hooks.example") == [one])
        clock.pass(.nanoseconds(1))
        #expect(resolver.knownAddresses(of: "hooks.example") == nil)
    }

    @Test("An answer may be used until a day after its end, to the nanosecond", arguments: [true, false])
    func aDay(_ isOver: Bool) {
        ask()
        lookup.answer(.success(.init(addresses: [one], lifetimeSeconds: 10)))
        clock.pass(.seconds(10) + .hours(24) - .nanoseconds(isOver ? 0 : 1))
        ask()
        #expect(alarms.take().isEmpty == isOver)
        lookup.answer(.failure(.notResolved("SERVFAIL")))
        #expect(outcomes.all.last == (isOver ? .failure(.notResolved("SERVFAIL")) : .success([one])))
    }

    @Test("Who exceeds the memory of names loses the one that runs out first, once it is full and not before")
    func memoryOfOne() {
        for number in 0..<NameResolver.maximumKnownNames {
            ask("n\(number).b.example")
            lookup.answer(.success(.init(addresses: [one], lifetimeSeconds: number == 7 ? 200 : 300)))
        }
        #expect(resolver.knownAddresses(of: "n7.b.example") == [one])
        ask("more.b.example")
        lookup.answer(.success(.init(addresses: [one], lifetimeSeconds: 100)))
        #expect(resolver.knownAddresses(of: "n7.b.example") == nil)
        for name in ["n0.b.example", "n6.b.example", "n8.b.example", "more.b.example"] {
            #expect(resolver.knownAddresses(of: name) == [one], "\(name)")
        }
    }

    @Test("A name that another's turn came for takes no place of its domain any more from who waited for it too")
    func domainGivenBack() {
        for number in 0..<NameResolver.maximumPendingNamesOfAnAsker {
            ask("n\(number).b\(number).example", for: .account("B"))
        }
        let shared = (0..<NameResolver.maximumPendingNamesOfADomain).map { "n\($0).shared.example" }
        // All of B's look-ups are under way: these wait, until A asks for them.
        for name in shared { ask(name, for: .account("B")) }
        ask("more.shared.example", for: .account("B"))
        #expect(outcomes.all == [.failure(.overloaded)])
        for name in shared { ask(name, for: .account("A")) }
        #expect(lookup.names.suffix(shared.count) == shared[...])
        ask("more.shared.example", for: .account("B"))
        #expect(outcomes.all.count == 1 && resolver.waitingCount == 1)
    }
}
