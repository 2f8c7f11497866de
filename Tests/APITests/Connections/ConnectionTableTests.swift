import NIOCore
import Telephony
import Testing

@testable import API

@Suite("Who has a connection, and who gives way")
struct ConnectionTableTests {
    private static func source(_ text: String) throws -> ConnectionSource { try #require(ConnectionSource(text: text)) }

    private static func account() -> AccountID {
        var random = SystemRandomNumberGenerator()
        return AccountID(random: &random)
    }

    @Test("A new connection takes the place of the stranger's that waits longest, of the address that has the most")
    func strangers() throws {
        var table = ConnectionTable<Int>(total: 5, perSource: 5, refusals: 1)
        let (many, one) = (try Self.source("192.0.2.1"), try Self.source("192.0.2.2"))
        #expect(table.open(0, from: one) == .taken(closing: []))
        for id in 1...4 { #expect(table.open(id, from: many) == .taken(closing: [])) }
        #expect(table.open(5, from: try Self.source("192.0.2.3")) == .taken(closing: [1]))
        #expect(table.open(6, from: many) == .taken(closing: [2]))
        #expect(table.count == 5)
    }

    @Test("Who showed a good key gives way after all strangers, and of accounts the one that has the most")
    func accounts() throws {
        var table = ConnectionTable<Int>(total: 4, perSource: 4, refusals: 1)
        let (here, there) = (try Self.source("192.0.2.1"), try Self.source("192.0.2.2"))
        let (busy, calm) = (Self.account(), Self.account())
        for id in 0...3 { _ = table.open(id, from: here) }
        table.claim(0, by: calm)
        table.claim(1, by: busy)
        table.claim(2, by: busy)
        #expect(table.open(4, from: there) == .taken(closing: [3]))
        #expect(table.open(5, from: there) == .taken(closing: [4]))
        table.claim(5, by: busy)
        #expect(table.open(6, from: there) == .taken(closing: [1]))
    }

    @Test("A stranger who asks again and again does not come before one who has just come")
    func busyStrangers() throws {
        var table = ConnectionTable<Int>(total: 2, perSource: 2, refusals: 1)
        let source = try Self.source("192.0.2.1")
        _ = table.open(0, from: source)
        _ = table.open(1, from: source)
        table.setWaiting(false, 0)
        table.setWaiting(true, 0)
        #expect(table.open(2, from: source) == .taken(closing: [0]))
    }

    @Test("What is being answered is not closed: where all are, a further one is refused, and more are dropped")
    func answered() throws {
        var table = ConnectionTable<Int>(total: 2, perSource: 2, refusals: 1)
        let source = try Self.source("192.0.2.1")
        for id in 0...1 {
            _ = table.open(id, from: source)
            table.setWaiting(false, id)
        }
        #expect(table.open(2, from: source) == .refused)
        #expect(table.open(3, from: source) == .dropped)
        table.close(2)
        #expect(table.open(4, from: source) == .refused)
        table.setWaiting(true, 1)
        #expect(table.open(5, from: source) == .taken(closing: [1]))
    }

    @Test("An address with as many as it may have takes its own places, and nobody else's")
    func perAddress() throws {
        var table = ConnectionTable<Int>(total: 10, perSource: 2, refusals: 1)
        let (flood, other) = (try Self.source("192.0.2.1"), try Self.source("192.0.2.2"))
        _ = table.open(0, from: other)
        _ = table.open(1, from: flood)
        _ = table.open(2, from: flood)
        #expect(table.open(3, from: flood) == .taken(closing: [1]))
        #expect(table.open(4, from: flood) == .taken(closing: [2]))
        #expect(table.count == 3)
    }

    @Test("Of many places a thirty-second gives way together, but no more than half of what a stranger has")
    func together() throws {
        var table = ConnectionTable<Int>(total: 128, perSource: 128, refusals: 1)
        let (many, other) = (try Self.source("192.0.2.1"), try Self.source("192.0.2.2"))
        for id in 0..<128 { _ = table.open(id, from: many) }
        #expect(table.open(128, from: other) == .taken(closing: [0, 1, 2, 3]))
        #expect(table.count == 125)

        var small = ConnectionTable<Int>(total: 128, perSource: 128, refusals: 1)
        for id in 0..<128 {
            _ = small.open(id, from: many)
            // All but four show a good key.
            if id >= 4 { small.claim(id, by: Self.account()) }
        }
        #expect(small.open(128, from: other) == .taken(closing: [0, 1]), "half of four")
        #expect(small.open(129, from: other) == .taken(closing: []))
    }

    @Test("Who showed a good key gives one place way and no more")
    func oneOfAnAccount() throws {
        var table = ConnectionTable<Int>(total: 128, perSource: 128, refusals: 1)
        let (source, account) = (try Self.source("192.0.2.1"), Self.account())
        for id in 0..<128 {
            _ = table.open(id, from: source)
            table.claim(id, by: account)
        }
        #expect(table.open(128, from: try Self.source("192.0.2.2")) == .taken(closing: [0]))
    }

    @Test("Of holders with as many the one gives way that has waited longest")
    func tie() throws {
        for turned in [false, true] {
            var table = ConnectionTable<Int>(total: 4, perSource: 4, refusals: 1)
            let sources = [try Self.source("192.0.2.\(turned ? 2 : 1)"), try Self.source("192.0.2.\(turned ? 1 : 2)")]
            for id in 0..<4 { _ = table.open(id, from: sources[id % 2]) }
            #expect(table.open(4, from: try Self.source("192.0.2.3")) == .taken(closing: [0]))
            #expect(table.open(5, from: try Self.source("192.0.2.4")) == .taken(closing: [1]))
        }
    }

    @Test("An account's connection that has just been answered waits least")
    func justAnswered() throws {
        var table = ConnectionTable<Int>(total: 2, perSource: 2, refusals: 1)
        let (source, account) = (try Self.source("192.0.2.1"), Self.account())
        for id in 0..<2 {
            _ = table.open(id, from: source)
            table.claim(id, by: account)
        }
        table.setWaiting(false, 0)
        table.setWaiting(true, 0)
        #expect(table.open(2, from: source) == .taken(closing: [1]))
    }

    @Test("However many come, there are never more than may be, and each close gives its place back")
    func bounded() throws {
        var table = ConnectionTable<Int>(total: 64, perSource: 40, refusals: 4)
        var random = SystemRandomNumberGenerator()
        for id in 0..<5000 {
            _ = table.open(id, from: try Self.source("192.0.2.\(id % 7)"))
            table.setWaiting(Bool.random(using: &random), id - Int.random(in: 0..<64, using: &random))
            #expect(table.count <= 64)
        }
        for id in 0..<5000 { table.close(id) }
        #expect(table.count == 0)
        #expect(table.open(0, from: try Self.source("192.0.2.1")) == .taken(closing: []))
    }

    @Test(
        "An IPv6 network of 64 bits is one source, an IPv4 address is one in either spelling",
        arguments: [
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true), ("2001:db8:1:2::1", "2001:db8:1:3::1", false),
            ("192.0.2.1", "::ffff:192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false), ("::1", "127.0.0.1", false),
        ])
    func sources(_ one: String, _ other: String, _ isSame: Bool) throws {
        #expect((try Self.source(one) == Self.source(other)) == isSame)
    }

    @Test("A source is told as an address")
    func words() throws {
        #expect(try Self.source("192.0.2.1").description == "192.0.2.1")
        #expect(try Self.source("2001:db8:1:2::1").description == "2001:db8:1:2::/64")
        #expect(ConnectionSource(nil).description == "this machine")
        #expect(ConnectionSource(text: "host.example") == nil)
    }

    @Test("News of a subject is due once a minute, and of no more subjects than there is room for")
    func news() {
        var news = SpacedNews<Int>(maximumSubjects: 2)
        let start = NIODeadline.uptimeNanoseconds(0)
        #expect(news.isDue(1, now: start) == true)
        #expect(news.isDue(1, now: start + .seconds(59)) == false)
        #expect(news.isDue(2, now: start + .seconds(59)) == true)
        #expect(news.isDue(3, now: start + .seconds(59)) == false)
        #expect(news.isDue(3, now: start + .seconds(60)) == true, "the first has had its minute")
        #expect(news.isDue(1, now: start + .seconds(61)) == false, "there is room for two")
    }
}
