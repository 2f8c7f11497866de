import JSON
import SIP
import Telephony
import Testing

@testable import CallControl

@Suite("RTP ports (RFC 3550 §11)")
struct PortTests {
    private static let start = Instant(nanoseconds: 0)

    private static func pool(
        _ range: ClosedRange<UInt16>, rest: Duration = .seconds(5), heldRest: Duration = .seconds(10), seed: UInt64 = 1
    ) -> PortPool {
        var random = RandomSource(seed: seed)
        return PortPool(range: range, rest: rest, heldRest: heldRest, random: &random)
    }

    private static func take(from pool: inout PortPool) throws -> UInt16 {
        let port = pool.take(now: start)
        return try #require(port)
    }

    // MARK: The pool

    @Test("A port rests before it is used again, and only even ones are used")
    func rest() throws {
        var pool = Self.pool(101...104)
        let first = try Self.take(from: &pool)
        let second = try Self.take(from: &pool)
        #expect(Set([first, second]) == [102, 104])
        #expect(pool.take(now: Self.start) == nil)
        pool.giveBack(first, now: Self.start)
        #expect(pool.inUse == 1)
        #expect(pool.take(now: Self.start + .seconds(4)) == nil)
        #expect(pool.nextReady == Self.start + .seconds(5))
        #expect(pool.take(now: Self.start + .seconds(5)) == first)
    }

    @Test(
        "No more ports are in use than there are descriptors for, whatever the range has, and one that is given back is used"
    )
    func most() throws {
        var random = RandomSource(seed: 1)
        var pool = PortPool(range: 1000...1999, rest: .seconds(5), heldRest: .seconds(10), most: 2, random: &random)
        let first = try Self.take(from: &pool)
        _ = try Self.take(from: &pool)
        #expect(!pool.hasFree(now: Self.start))
        #expect(pool.take(now: Self.start) == nil)
        #expect(pool.nextReady == nil, "there is nothing to wait for but a call's end")
        pool.giveBack(first, now: Self.start)
        #expect(pool.hasFree(now: Self.start))
        _ = try Self.take(from: &pool)
        #expect(pool.inUse == 2)
    }

    @Test("A port that was taken for nothing is the next one, wherever the pool stands")
    func unused() {
        var pool = Self.pool(1024...20_000, rest: .zero)
        // Far enough that the pool clears away what lies behind it, at every place.
        for _ in 0..<30_000 {
            guard let port = pool.take(now: Self.start) else { break }
            pool.giveBackUnused(port)
            #expect(pool.take(now: Self.start) == port)
            pool.giveBack(port, now: Self.start)
        }
        #expect(pool.inUse == 0)
    }

    @Test("Two processes begin at different ports, the same seed at the same")
    func spread() {
        let starts = (0..<20).map { seed in
            var pool = Self.pool(16_384...32_767, seed: UInt64(seed))
            return (0..<5).compactMap { _ in pool.take(now: Self.start) }
        }
        #expect(Set(starts.flatMap(\.self)).count > 90)
        var again = Self.pool(16_384...32_767, seed: 7)
        #expect((0..<5).compactMap { _ in again.take(now: Self.start) } == starts[7])
    }

    @Test("A port that another program holds rests, and is tried again after all others")
    func held() throws {
        var pool = Self.pool(100...105)
        let held = try Self.take(from: &pool)
        pool.giveUp(held, "held by freeswitch", now: Self.start)
        #expect(pool.inUse == 0)
        #expect(pool.trouble == "held by freeswitch")
        // It is due, and others are free.
        let later = Self.start + .seconds(10)
        let others = [pool.take(now: later), pool.take(now: later)].compactMap(\.self)
        #expect(others.count == 2 && !others.contains(held))
        #expect(pool.take(now: later) == held)
        #expect(pool.take(now: later) == nil)
    }

    @Test("Only where every port is another program's is there nothing to wait for")
    func heldByOthers() throws {
        var pool = Self.pool(100...103)
        #expect(!pool.isHeldByOthers(now: Self.start))
        let first = try Self.take(from: &pool)
        let second = try Self.take(from: &pool)
        pool.giveUp(first, "", now: Self.start)
        // The other one is a call's, and will come back.
        #expect(!pool.isHeldByOthers(now: Self.start))
        pool.giveUp(second, "", now: Self.start)
        #expect(pool.isHeldByOthers(now: Self.start))
        #expect(pool.nextReady == Self.start + .seconds(10))
        #expect(!pool.isHeldByOthers(now: Self.start + .seconds(10)))
        #expect(pool.hasFree(now: Self.start + .seconds(10)))
    }

    // MARK: Calls out

    /// Of the bench's fifty ports so many are another program's.
    @Test("A free port is found while there is one; the INVITE names it", arguments: [1, 3, 8, 20, 49])
    func found(held: Int) throws {
        var bench = Bench()
        bench.portsTaken = held
        try bench.makeCall()
        #expect(bench.call?.status == .ringing)
        #expect(bench.invites == 1)
        #expect(Set(bench.portsAsked).count == held + 1)
        #expect(bench.sentText("INVITE ")?.contains("m=audio \(bench.portsAsked[held]) ") == true)
        #expect(bench.exchange.gauges.portsInUse == 1)
        // The journal tells of the first few.
        let notes = bench.journal.filter { $0.message.hasPrefix("RTP port cannot be bound") }
        #expect(notes.count == min(held, 3))
    }

    @Test(
        "The whole range is held: the call fails and says by whom; the next does so at once, and a later one tries again"
    )
    func none() throws {
        var bench = Bench()
        bench.portsTaken = 50
        try bench.makeCall()
        #expect(bench.call?.status == .failed)
        #expect(bench.call?.endedReason == .internalError)
        let explanation = bench.journal.last { $0.message == "No RTP port" }?.metadata["explanation"]?.string
        #expect(explanation == "none of 40000-40099 is free: address in use (held by freeswitch)")
        #expect(bench.exchange.gauges.portsInUse == 0)

        let asked = bench.portsAsked.count
        try bench.makeCall(token: 2)
        #expect(bench.portsAsked.count == asked)
        #expect(bench.rows.values.filter { $0.status == .failed }.count == 2)
        #expect(bench.delivered.filter { $0.requestType == "outDialApiConnect" }.count == 2)

        bench.pass(.seconds(10))
        try bench.makeCall(token: 3)
        #expect(bench.rows.values.contains { $0.status == .ringing })
    }

    @Test("A failure that says nothing of the next port is not repeated for the whole range")
    func refused() throws {
        var bench = Bench()
        bench.arePortsHeld = false
        bench.portsTaken = 100
        try bench.makeCall()
        #expect(bench.call?.status == .failed)
        #expect(bench.portsAsked.count == 8)
        #expect(bench.exchange.gauges.portsInUse == 0)
    }

    // MARK: Calls in

    @Test("For a call that comes in, too; the answer names the port", arguments: [true, false], [1, 49])
    func foundInbound(withOffer: Bool, held: Int) throws {
        var bench = try InboundTests.bench()
        bench.portsTaken = held
        _ = try bench.farCall(withOffer: withOffer)
        #expect(bench.call?.status == .ringing)
        #expect(bench.portsAsked.count == held + 1)
        bench.answerWebhook(#"[{"Say":{"text":"Welcome"}}]"#)
        #expect(bench.sentText("SIP/2.0 200")?.contains("m=audio \(bench.portsAsked[held]) ") == true)
    }

    @Test("None at all: 503, so that the network may try another server (RFC 3261 §21.5.4)")
    func noneInbound() throws {
        var bench = try InboundTests.bench()
        bench.portsTaken = 50
        _ = try bench.farCall()
        #expect(bench.farRefusal == 503)
        #expect(bench.call?.status == .failed)
        #expect(bench.exchange.gauges.portsInUse == 0)

        // The next is refused before there is a call of it, and the account's log says why.
        bench.farEffects.removeAll()
        _ = try bench.farCall(id: SessionID(rawValue: 78))
        #expect(bench.farRefusal == 503)
        #expect(bench.refusals.map(\.reason) == [.noPort])
        #expect(bench.refusals.first?.explanation.contains("held by freeswitch") == true)
    }
}
