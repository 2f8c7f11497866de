import SIP
import Testing

@testable import CallControl

/// docs/decisions/0015-calls-that-come-in.md
@Suite("Where the trunk's calls may come from")
struct TrunkSourcesTests {
    private static let one = IPAddress.v4(0xC000_0201), two = IPAddress.v4(0xC000_0202),
        three = IPAddress.v4(0xC000_0203)

    private static func sources() -> TrunkSources {
        var sources = TrunkSources([IPAddressRange(one), IPAddressRange(.v4(0xCB00_7100), prefixLength: 24)])
        sources.add("a.example", [one, two])
        sources.add("b.example", [two])
        sources.add("a.example", [three])
        return sources
    }

    private func texts(_ sources: TrunkSources) -> [String] { sources.ranges.map(\.description) }

    @Test("What was given and what names have, each once; a name that is named twice counts once")
    func ranges() {
        let sources = Self.sources()
        #expect(sources.hosts == ["a.example", "b.example"])
        #expect(texts(sources) == ["192.0.2.1", "203.0.113.0/24", "192.0.2.2"])
    }

    @Test("Other addresses take the place of the former ones; what was given, and what another name has, stays")
    func changed() {
        var sources = Self.sources()
        let news = sources.take([Self.three], of: "a.example")
        #expect(news == .changed(from: [Self.one, Self.two], to: [Self.three]))
        #expect(texts(sources) == ["192.0.2.1", "203.0.113.0/24", "192.0.2.3", "192.0.2.2"])
        #expect(sources.take([Self.three], of: "b.example") == .changed(from: [Self.two], to: [Self.three]))
        #expect(texts(sources) == ["192.0.2.1", "203.0.113.0/24", "192.0.2.3"])
    }

    @Test("The same addresses in another order are no news, nor is a name that nobody asked for")
    func same() {
        var sources = Self.sources()
        #expect(sources.take([Self.two, Self.one], of: "a.example") == nil)
        #expect(sources.take([Self.three], of: "c.example") == nil)
        #expect(texts(sources) == texts(Self.sources()))
    }

    @Test("What cannot be looked up keeps what it had, and is news once, until it can be again")
    func failed() {
        var sources = Self.sources()
        for expected in [TrunkSources.News.failed(keeping: [Self.two]), nil, nil] {
            #expect(sources.take([], of: "b.example") == expected)
            #expect(texts(sources) == texts(Self.sources()))
        }
        // Another name's failure is news of its own.
        #expect(sources.take([], of: "a.example") == .failed(keeping: [Self.one, Self.two]))
        #expect(sources.take([Self.two], of: "b.example") == .recovered)
        #expect(sources.take([Self.two], of: "b.example") == nil)
        #expect(sources.take([], of: "b.example") == .failed(keeping: [Self.two]))
        #expect(sources.take([Self.three], of: "b.example") == .changed(from: [Self.two], to: [Self.three]))
        #expect(sources.take([Self.three], of: "b.example") == nil)
    }

    @Test("Calls go where they went as long as the host is there, and then to its first address of the same family")
    func destination() {
        var sources = Self.sources()
        #expect(sources.destination(at: "a.example", insteadOf: Self.two) == .stays)
        #expect(sources.destination(at: "a.example", insteadOf: Self.three) == .moves(to: Self.one))
        #expect(sources.destination(at: "c.example", insteadOf: Self.three) == .stays)
        let six = IPAddress.v6(high: 0x2001_0DB8_0000_0000, low: 1)
        _ = sources.take([six, Self.two], of: "a.example")
        #expect(sources.destination(at: "a.example", insteadOf: Self.one) == .moves(to: Self.two))
        #expect(sources.destination(at: "a.example", insteadOf: .v6(high: 0, low: 1)) == .moves(to: six))
        _ = sources.take([six], of: "a.example")
        #expect(sources.destination(at: "a.example", insteadOf: Self.two) == .otherFamilyAlone)
        // What cannot be looked up stays where it is.
        _ = sources.take([], of: "a.example")
        #expect(sources.destination(at: "a.example", insteadOf: six) == .stays)
    }
}
