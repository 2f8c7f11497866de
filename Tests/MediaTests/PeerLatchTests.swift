import RTP
import Testing

@testable import Media

/// Peers that send a packet each 20 ms, and a latch that hears them; nothing waits.
struct Scene {
    /// 192.0.2.1 and 198.51.100.9 (RFC 5737).
    static let host = SocketAddress.Host(high: 0, low: 0xFFFF_C000_0201, scope: 0)
    static let foreignHost = SocketAddress.Host(high: 0, low: 0xFFFF_C633_6409, scope: 0)
    static let described = SocketAddress(host: host, port: 4000)
    static let gateway = SocketAddress(host: host, port: 4444)
    static let stray = SocketAddress(host: host, port: 5555)
    static let next = SocketAddress(host: host, port: 6000)
    static let foreign = SocketAddress(host: foreignHost, port: 4000)

    var latch: PeerLatch
    var now: Int64 = 1_000_000_000
    private var sequences: [SocketAddress: UInt16] = [:]

    init(follows: Bool = false, hosts: [SocketAddress.Host] = [], any: Bool = false) {
        latch = PeerLatch(
            described: Self.described,
            PeerLatch.Policy(hosts: hosts, allowsAnyHost: any, followsSource: follows), now: now)
    }

    static func packet(_ sequence: UInt16, ssrc: UInt32 = 1) -> RTPPacket {
        RTPPacket(
            payloadType: 0, sequence: SequenceNumber(sequence), timestamp: RTPTimestamp(UInt32(sequence) * 160),
            ssrc: ssrc)
    }

    mutating func pass(_ milliseconds: Int64) { now += milliseconds * 1_000_000 }

    /// One packet, now. Each address has an SSRC of its own, unless one is given.
    @discardableResult
    mutating func hear(
        _ address: SocketAddress, sequence: UInt16? = nil, ssrc: UInt32? = nil, isEvent: Bool = false
    ) -> PeerLatch.Verdict {
        let number = sequence ?? sequences[address, default: 100] &+ 1
        sequences[address] = number
        let bytes: [UInt8] = [UInt8(truncatingIfNeeded: number)]
        return latch.receive(
            Self.packet(number, ssrc: ssrc ?? UInt32(address.port)), bytes.span, isEvent: isEvent, from: address,
            now: now)
    }

    /// A packet each 20 ms from each of them.
    ///
    /// - Returns: how many of the first one's were accepted.
    @discardableResult
    mutating func stream(_ addresses: SocketAddress..., milliseconds: Int) -> Int {
        var accepted = 0
        for _ in 0..<(milliseconds / 20) {
            for address in addresses {
                let verdict = hear(address)
                guard address == addresses[0] else { continue }
                if verdict == .accepted { accepted += 1 }
                if verdict == .acceptedFromNewSource { accepted += 1 + latch.takeHeld().count }
            }
            pass(20)
        }
        return accepted
    }

    mutating func describe(_ address: SocketAddress, follows: Bool = false) {
        latch.describe(as: address, PeerLatch.Policy(followsSource: follows), now: now)
    }
}

@Suite("Whose packets are the peer's, and where ours go")
struct PeerLatchTests {
    @Test("The described peer is heard from its second packet on, and the first is kept", arguments: [false, true])
    func describedPeer(follows: Bool) {
        var scene = Scene(follows: follows)
        #expect(scene.hear(Scene.described, sequence: 7) == .onProbation)
        #expect(scene.latch.peer == nil)
        #expect(scene.hear(Scene.described, sequence: 8) == .acceptedFromNewSource)
        let bytes: [UInt8] = [7]
        let first = HeldPacket(Scene.packet(7, ssrc: 4000), bytes.span)
        #expect(scene.latch.takeHeld() == [first])
        #expect(scene.latch.peer == Scene.described)
        #expect(scene.hear(Scene.described, sequence: 9) == .accepted)
        #expect(scene.hear(Scene.described, sequence: 9) == .duplicate)
        #expect(scene.latch.received == 3)
    }

    @Test("Ours go to where the description says, unless the trunk's media is followed", arguments: [false, true])
    func gatewayWithTwoPorts(follows: Bool) {
        var scene = Scene(follows: follows)
        #expect(scene.stream(Scene.gateway, milliseconds: 400) == 20, "all of it is heard")
        #expect(scene.latch.peer == Scene.gateway)
        #expect(scene.latch.destination == (follows ? Scene.gateway : Scene.described))
        #expect(scene.latch.sendsElsewhere == !follows)
    }

    @Test("The described address wins whenever it speaks", arguments: [false, true], [400, 60_000])
    func describedSpeaksLate(follows: Bool, after: Int) {
        var scene = Scene(follows: follows)
        scene.stream(Scene.gateway, milliseconds: after)
        #expect(scene.stream(Scene.described, Scene.gateway, milliseconds: 100) == 5)
        #expect(scene.latch.peer == Scene.described)
        #expect(scene.latch.destination == Scene.described)
        #expect(scene.stream(Scene.gateway, milliseconds: 3000) == 0, "and nobody else is let in any more")
    }

    @Test("Strays win nothing, however they come", arguments: [1, 2, 3, 4, 20])
    func strays(count: Int) {
        var burst = Scene(follows: true)
        for _ in 0..<count { #expect(burst.hear(Scene.stray) == .onProbation) }
        var slow = Scene(follows: true)
        for _ in 0..<min(count, 4) {
            #expect(slow.hear(Scene.stray) == .onProbation)
            slow.pass(20)
        }
        for scene in [burst, slow] {
            #expect(scene.latch.peer == nil)
            #expect(scene.latch.destination == Scene.described)
        }
    }

    @Test("A stream is heard, however many others begin from another port meanwhile", arguments: [1, 4, 40, 400])
    func everNewSources(betweenTwo count: Int) {
        var scene = Scene(follows: true)
        var ssrc: UInt32 = 100_000
        for _ in 0..<20 where scene.latch.peer == nil {
            scene.hear(Scene.gateway)
            for _ in 0..<count {
                ssrc += 1
                scene.hear(Scene.stray, ssrc: ssrc)
            }
            scene.pass(20)
        }
        #expect(scene.latch.peer == Scene.gateway)
    }

    // RFC 3264 §8.3.1: media moves; what was sent to the former address, or from it, comes for a round trip.
    @Test(
        "A source that goes on from before a move does not win, and is heard until the new one is",
        arguments: [false, true], [0, 40, 60, 100, 200, 500, 1000, 5000])
    func move(follows: Bool, overlap: Int) {
        var scene = Scene(follows: follows)
        scene.stream(Scene.described, milliseconds: 1000)
        scene.describe(Scene.next, follows: follows)
        #expect(scene.latch.destination == Scene.next)
        #expect(scene.stream(Scene.described, milliseconds: overlap) == overlap / 20)
        if overlap < 2000 { #expect(scene.latch.destination == Scene.next) }
        #expect(scene.stream(Scene.next, Scene.described, milliseconds: 400) == 20)
        #expect(scene.latch.peer == Scene.next)
        #expect(scene.latch.destination == Scene.next)
        #expect(scene.stream(Scene.described, milliseconds: 400) == 0, "its time is over")
    }

    @Test("Behind a NAT the new source is found as the first was, while the former goes on")
    func moveBehindNAT() {
        var scene = Scene(follows: true)
        scene.stream(Scene.gateway, milliseconds: 1000)
        scene.describe(Scene.next, follows: true)
        #expect(scene.stream(Scene.stray, Scene.gateway, milliseconds: 400) == 20)
        #expect(scene.latch.peer == Scene.stray)
        #expect(scene.latch.destination == Scene.stray)
    }

    @Test("A ringback server's last packets do not shut the callee out, who is not where the SDP says")
    func earlyMedia() {
        var scene = Scene(follows: true)
        scene.stream(Scene.gateway, milliseconds: 140)
        #expect(scene.latch.peer == Scene.gateway)
        #expect(scene.stream(Scene.stray, milliseconds: 400) >= 16, "heard as soon as the server has been quiet")
        #expect(scene.latch.destination == Scene.stray)
    }

    @Test("Behind a NAT the description may change and the source not: it is followed when nobody else has turned up")
    func describedAnew() {
        var scene = Scene(follows: true)
        scene.stream(Scene.gateway, milliseconds: 1000)
        scene.describe(Scene.next, follows: true)
        #expect(scene.stream(Scene.gateway, milliseconds: 1980) == 99)
        #expect(scene.latch.destination == Scene.next)
        #expect(scene.stream(Scene.gateway, milliseconds: 100) == 5)
        #expect(scene.latch.destination == Scene.gateway)
        #expect(scene.stream(Scene.stray, milliseconds: 3000) == 0, "and nobody else is let in any more")
    }

    // RFC 3264 §8.4: hold. RFC 2543's form of it names no address.
    @Test("Hold and resume leave the peer where it was")
    func hold() throws {
        let nowhere = try #require(SocketAddress("0.0.0.0", port: 4000))
        var scene = Scene(follows: true)
        scene.stream(Scene.gateway, milliseconds: 1000)
        for description in [Scene.described, nowhere, Scene.described] {
            scene.describe(description, follows: true)
            #expect(scene.latch.destination == Scene.gateway)
        }
        #expect(scene.stream(Scene.gateway, milliseconds: 100) == 5)
    }

    @Test("Music on hold from a server of its own, and back")
    func musicOnHold() {
        var scene = Scene()
        scene.stream(Scene.described, milliseconds: 1000)
        scene.describe(Scene.next)
        #expect(scene.stream(Scene.next, milliseconds: 3000) == 150)
        scene.describe(Scene.described)
        #expect(scene.stream(Scene.described, Scene.next, milliseconds: 200) == 10)
        #expect(scene.latch.peer == Scene.described)
    }

    @Test(
        "A third party that guesses the port later gets in nowhere", arguments: [Scene.described, Scene.gateway],
        [false, true])
    func thirdParty(peer: SocketAddress, follows: Bool) {
        var scene = Scene(follows: follows, any: true)
        scene.stream(peer, milliseconds: 2500)
        for stranger in [Scene.stray, Scene.foreign] {
            for number: UInt16 in 0..<200 {
                #expect(scene.hear(stranger, sequence: number) == .foreign)
                scene.pass(20)
            }
        }
        #expect(scene.latch.peer == peer)
        #expect(scene.stream(peer, milliseconds: 100) == 5)
    }

    @Test("While the peer speaks, a third party does not get in sooner either")
    func earlyThirdParty() {
        var scene = Scene(follows: true, any: true)
        scene.stream(Scene.gateway, milliseconds: 200)
        #expect(scene.stream(Scene.foreign, Scene.gateway, milliseconds: 3000) == 0)
        #expect(scene.latch.destination == Scene.gateway)
    }

    @Test("Another host is foreign, unless its host is allowed or any is")
    func hosts() {
        var strict = Scene(follows: true)
        var allowed = Scene(follows: true, hosts: [Scene.foreignHost])
        var open = Scene(follows: true, any: true)
        #expect(strict.stream(Scene.foreign, milliseconds: 400) == 0)
        #expect(strict.hear(Scene.foreign) == .foreign)
        #expect(allowed.stream(Scene.foreign, milliseconds: 400) == 20)
        #expect(open.stream(Scene.foreign, milliseconds: 400) == 20)
        #expect(strict.latch.destination == Scene.described)
        #expect(open.latch.destination == Scene.foreign)
        #expect(strict.latch.allowsControl(from: Scene.foreign) == false)
        #expect(open.latch.allowsControl(from: Scene.foreign))
    }

    @Test("Packets of changing SSRCs or in no order latch nothing")
    func noOrder() {
        var scene = Scene(follows: true)
        for number: UInt16 in 0..<200 {
            scene.hear(Scene.gateway, sequence: number, ssrc: UInt32(number))
            scene.hear(Scene.stray, sequence: number &* 7, ssrc: 9)
            scene.pass(20)
        }
        #expect(scene.latch.peer == nil)
    }

    @Test("A crowd of other candidates does not keep the described peer out")
    func crowd() {
        var scene = Scene()
        scene.hear(Scene.described)
        for port: UInt16 in 0..<100 { scene.hear(Scene.stray.with(port: 6000 + port)) }
        #expect(scene.hear(Scene.described) == .acceptedFromNewSource)
    }

    @Test("A network that doubles every packet hinders neither audition", arguments: [Scene.described, Scene.gateway])
    func doubled(peer: SocketAddress) {
        var scene = Scene(follows: true)
        var accepted = 0
        for number: UInt16 in 0..<20 {
            for _ in 0..<2 where scene.hear(peer, sequence: number) == .acceptedFromNewSource {
                accepted += 1
            }
            scene.pass(20)
        }
        #expect(accepted == 1)
        #expect(scene.latch.peer == peer)
    }

    // RFC 3550 §8.2
    @Test("A new SSRC from the peer's address takes over after two packets, and the figures add up")
    func newSource() {
        var scene = Scene()
        scene.stream(Scene.described, milliseconds: 200)
        #expect(scene.hear(Scene.described, sequence: 500, ssrc: 2) == .onProbation)
        #expect(scene.hear(Scene.described, sequence: 501, ssrc: 2) == .acceptedFromNewSource)
        #expect(scene.latch.takeHeld().map(\.packet.sequence) == [SequenceNumber(500)])
        #expect(scene.latch.received == 12)
        #expect(scene.latch.lost == 0)
        #expect(scene.latch.source?.ssrc == 2)
    }

    // RFC 3550 A.1: two in a row after a leap.
    @Test("A sequence that begins anew loses nothing")
    func restart() {
        var scene = Scene()
        scene.stream(Scene.described, milliseconds: 200)
        #expect(scene.hear(Scene.described, sequence: 40_000) == .onProbation)
        #expect(scene.hear(Scene.described, sequence: 40_001) == .acceptedFromNewSource)
        #expect(scene.latch.takeHeld().map(\.packet.sequence) == [SequenceNumber(40_000)])
        #expect(scene.latch.received == 12)
        #expect(scene.latch.lost == 0)
    }

    @Test("Events on an SSRC of their own come in beside the audio and do not touch its source")
    func eventsBeside() {
        var scene = Scene()
        scene.stream(Scene.described, milliseconds: 200)
        let source = scene.latch.source
        for number: UInt16 in 900..<911 {
            #expect(scene.hear(Scene.described, sequence: number, ssrc: 77, isEvent: true) == .accepted)
        }
        #expect(scene.hear(Scene.described, sequence: 910, ssrc: 77, isEvent: true) == .duplicate)
        #expect(scene.latch.source == source)
        #expect(scene.latch.received == 21)
        #expect(scene.hear(Scene.described, sequence: 111) == .accepted)
        #expect(scene.latch.lost == 0)
    }

    @Test("Events on an SSRC of their own that count on with the audio's numbers are no loss")
    func eventsInOneRow() {
        var scene = Scene()
        scene.stream(Scene.described, milliseconds: 200)
        for _ in 0..<11 { #expect(scene.hear(Scene.described, ssrc: 77, isEvent: true) == .accepted) }
        #expect(scene.hear(Scene.described) == .accepted)
        #expect(scene.latch.lost == 0)
    }

    @Test("An IPv4 address is the same in its IPv6 form, and a name is none")
    func addresses() throws {
        #expect(SocketAddress("::ffff:192.0.2.1", port: 4000) == Scene.described)
        #expect(SocketAddress("2001:db8::1", port: 9)?.description == "[2001:db8::1]:9")
        #expect(Scene.described.description == "192.0.2.1:4000")
        for text in ["localhost", "", "1.2.3", "1.2.3.4.5", "::g", String(repeating: "1", count: 300)] {
            #expect(SocketAddress(text, port: 1) == nil)
        }
    }
}

@Suite("A peer that is missed")
struct PeerWatchTests {
    static func seconds(_ seconds: Double) -> Int64 { Int64(seconds * 1e9) }

    /// Whether it is overdue at each of these moments.
    static func look(_ watch: inout PeerWatch, lastHeard: Double?, at moments: Double...) -> [Bool] {
        moments.map { watch.isOverdue(lastHeard: lastHeard.map(seconds), now: seconds($0)) }
    }

    @Test("Counted from the connect where nothing ever comes, and from the last packet where something did")
    func counts() {
        for heard in [nil, 10.0] {
            var watch = PeerWatch()
            watch.expect(within: 60, isAnew: true, now: Self.seconds(1))
            let from = heard ?? 1
            let looks = Self.look(&watch, lastHeard: heard, at: from + 60, from + 60.1, from + 500)
            #expect(looks == [false, true, false], "told once")
        }
    }

    // RFC 3264 §8.4
    @Test("A held peer is not missed, and the watch begins anew when it resumes")
    func hold() {
        var watch = PeerWatch()
        watch.expect(within: 60, isAnew: true, now: 0)
        watch.expect(within: nil, isAnew: false, now: Self.seconds(30))
        let held = Self.look(&watch, lastHeard: 20, at: 4000)
        #expect(held == [false])
        watch.expect(within: 60, isAnew: false, now: Self.seconds(4000))
        let resumed = Self.look(&watch, lastHeard: 20, at: 4060, 4061)
        #expect(resumed == [false, true])
    }

    @Test("A refresh that says the same again does not make a dead line live; a move begins anew")
    func refresh() {
        for isAnew in [false, true] {
            var watch = PeerWatch()
            watch.expect(within: 60, isAnew: true, now: 0)
            watch.expect(within: 60, isAnew: isAnew, now: Self.seconds(50))
            let looks = Self.look(&watch, lastHeard: nil, at: 61)
            #expect(looks == [!isAnew])
        }
    }

    @Test("Whom no deadline is set for is never missed")
    func never() {
        var watch = PeerWatch()
        watch.expect(within: nil, isAnew: true, now: 0)
        let looks = Self.look(&watch, lastHeard: nil, at: 1e9)
        #expect(looks == [false])
    }
}

// RFC 3264 §5.1, §6.1: each side names the numbers that it wants to be sent.
@Suite("Numbers of payload types")
struct PayloadTypesTests {
    func route(_ payload: G711, _ number: UInt8? = nil, events: UInt8?, offered: UInt8? = 101) -> MediaRoute {
        MediaRoute(
            remoteAddress: "192.0.2.1", remotePort: 4000, payload: payload, payloadType: number,
            telephoneEventPayload: events, offeredEventPayload: offered)
    }

    @Test("Events are understood under our number and under theirs", arguments: [96, 101, 127] as [UInt8])
    func events(theirs: UInt8) {
        var types = PayloadTypes()
        types.learn(route(.pcmu, events: theirs))
        #expect(types[theirs] == .events)
        #expect(types[101] == .events)
    }

    @Test("Without an agreement about events there are none")
    func noEvents() {
        var types = PayloadTypes()
        types.learn(route(.pcmu, events: nil))
        #expect(types[101] == .unknown)
    }

    @Test("Static numbers, comfort noise, and what was agreed before go on being understood")
    func former() {
        var types = PayloadTypes()
        types.learn(route(.pcmu, 97, events: 101))
        types.learn(route(.pcma, events: 96))
        #expect(
            [0, 97, 8, 13, 19, 18].map { types[$0] } == [
                .audio(.pcmu), .audio(.pcmu), .audio(.pcma), .comfortNoise, .comfortNoise, .unknown,
            ])
        #expect(types[101] == .events)
        types.learn(route(.pcma, 96, events: 97))
        #expect(types[96] == .audio(.pcma), "the newest description's meaning")
        #expect(types[97] == .events)
    }
}
