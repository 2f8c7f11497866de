// swift-format-ignore-file: NeverForceUnwrap
// Constants of the tests: one that is malformed fails every test at once.

import Foundation
import RTP
import Synchronization
import Telephony
import Testing

@testable import Media

@Suite("Strangers are dropped by the kernel", .timeLimit(.minutes(1)), .serialized)
struct MediaGateTests {
    private static let described = SocketAddress("192.0.2.1", port: 4000)!
    private static let gateway = SocketAddress("192.0.2.1", port: 5000)!
    private static let elsewhere = SocketAddress("192.0.2.9", port: 6000)!
    private let one = MediaSessionID(rawValue: 1, epoch: 0)

    private func ports(_ addresses: [SocketAddress]?) -> Set<UInt16>? { addresses.map { Set($0.map(\.port)) } }

    // MARK: When

    @Test("It is open until it is settled who the peer is, then for the peer and the described address alone")
    func settles() {
        var gate = MediaGate()
        let plain = route(to: 4000, mux: true)
        #expect(gate.sources(plain) == nil)
        #expect(gate.follow(nil, described: Self.described, isFlooded: false, now: 0) == false)
        #expect(gate.follow(Self.gateway, described: Self.described, isFlooded: false, now: 1) == true)
        #expect(ports(gate.sources(plain)) == [5000, 4000, 5001, 4001])
        #expect(gate.follow(Self.gateway, described: Self.described, isFlooded: true, now: 2) == false)
        #expect(gate.follow(Self.described, described: Self.described, isFlooded: false, now: 3) == true)
        #expect(ports(gate.sources(plain)) == [4000, 4001])
    }

    @Test("A description of elsewhere opens it again")
    func moves() {
        var gate = MediaGate()
        _ = gate.follow(Self.described, described: Self.described, isFlooded: false, now: 0)
        #expect(gate.follow(nil, described: Self.elsewhere, isFlooded: false, now: 1) == true)
        #expect(gate.sources(route(to: 6000)) == nil)
    }

    @Test("In a flood the described address has the queue for itself for a while, again and again")
    func flood() {
        var gate = MediaGate()
        #expect(gate.follow(nil, described: Self.described, isFlooded: true, now: 0) == true)
        #expect(ports(gate.sources(route(to: 4000))) == [4000, 4001])
        #expect(gate.follow(nil, described: Self.described, isFlooded: false, now: MediaGate.patience - 1) == false)
        #expect(gate.follow(nil, described: Self.described, isFlooded: false, now: MediaGate.patience) == true)
        #expect(gate.state == .open)
        #expect(gate.follow(nil, described: Self.described, isFlooded: true, now: MediaGate.patience + 1) == true)
        // A move is not waited out.
        #expect(gate.follow(nil, described: Self.elsewhere, isFlooded: false, now: MediaGate.patience + 2) == true)
    }

    @Test("RTCP at its own port may come from any port of the host until it has come from where it is expected")
    func control() {
        var gate = MediaGate()
        var named = route(to: 4000, mux: false)
        named.remoteRTCPPort = 4007
        #expect(gate.controlSources(named, isKnown: false) == nil)
        _ = gate.follow(Self.described, described: Self.described, isFlooded: false, now: 0)
        #expect(ports(gate.controlSources(named, isKnown: false)) == [0])
        #expect(ports(gate.controlSources(named, isKnown: true)) == [4001, 4007])
    }

    @Test("The latch says when it is settled: at once where the described address speaks, else after two seconds")
    func latch() throws {
        let payload = [UInt8](repeating: 0, count: 160)
        func latch(hearing source: SocketAddress) -> PeerLatch {
            var latch = PeerLatch(described: Self.described, .init(), now: 0)
            for number: UInt16 in 0..<10 {
                let packet = RTPPacket(
                    isMarked: false, payloadType: 0, sequence: SequenceNumber(number),
                    timestamp: RTPTimestamp(UInt32(number) * 160), ssrc: 1)
                _ = latch.receive(packet, payload.span, from: source, now: Int64(number) * 20_000_000)
            }
            return latch
        }
        #expect(PeerLatch(described: Self.described, .init(), now: 0).settled(.max) == nil)
        #expect(latch(hearing: Self.described).settled(200_000_000) == Self.described)
        #expect(latch(hearing: Self.gateway).settled(1_900_000_000) == nil)
        #expect(latch(hearing: Self.gateway).settled(2_000_000_000) == Self.gateway)
        var moved = latch(hearing: Self.described)
        moved.describe(as: Self.elsewhere, .init(), now: 300_000_000)
        #expect(moved.settled(400_000_000) == nil)
        #expect(moved.settled(2_300_000_000) == Self.described, "behind a NAT the description may change alone")
    }

    // MARK: In the kernel

    private final class Speaker {
        let socket: UDPSocket

        init(_ local: SocketAddress) throws { socket = try UDPSocket(boundTo: local) }

        func send(_ byte: UInt8, to target: SocketAddress) {
            _ = [byte].withUnsafeBytes { socket.send($0, to: target) }
        }
    }

    /// A socket, two senders of its host, and which of them it hears.
    private func heard(
        _ host: String, bound: String, _ sources: (SocketAddress, SocketAddress) -> [SocketAddress]?
    ) throws -> Set<UInt8> {
        let listener = try Speaker(try #require(SocketAddress(bound, port: 0)))
        let sender = try #require(SocketAddress(host, port: 0))
        let first = try Speaker(sender)
        let second = try Speaker(sender)
        listener.socket.admit(
            only: sources(sender.with(port: first.socket.port), sender.with(port: second.socket.port)))
        let target = sender.with(port: listener.socket.port)
        first.send(1, to: target)
        second.send(2, to: target)
        let inbox = try DatagramInbox()
        let count = listener.socket.receive(into: inbox)
        return Set((0..<count).map { inbox[$0].bytes[0] })
    }

    @Test(
        "Who is admitted is heard, whatever the family",
        arguments: [("127.0.0.1", "127.0.0.1"), ("127.0.0.1", "0.0.0.0"), ("::1", "::1"), ("127.0.0.1", "::")])
    func kernel(_ host: String, _ bound: String) throws {
        let foreign = try #require(SocketAddress("192.0.2.1", port: 0))
        let other = try #require(SocketAddress("2001:db8::1", port: 7))
        #expect(try heard(host, bound: bound) { _, _ in nil } == [1, 2])
        #expect(try heard(host, bound: bound) { _, _ in [] } == [])
        #expect(try heard(host, bound: bound) { first, _ in [first] } == [1])
        #expect(try heard(host, bound: bound) { _, second in [foreign, other, second] } == [2])
        #expect(try heard(host, bound: bound) { first, _ in [other, first.with(port: 0)] } == [1, 2])
        #expect(try heard(host, bound: bound) { _, _ in [foreign, other] } == [])
        // More than a gate can name: everybody, rather than nobody.
        #expect(try heard(host, bound: bound) { _, _ in [SocketAddress](repeating: foreign, count: 99) } == [1, 2])
    }

    // MARK: In a call

    @Test("A flood from another port of the peer's host costs the call no packet, and none of it is read")
    func floodOfACall() async throws {
        let station = try Station()
        let peer = try RawPeer()
        let port = await station.open(one)
        await station.connect(one, route(to: peer.address.port))
        peer.sendAudio(to: port, count: 2)
        peer.sendDigit("1", to: port)
        _ = await station.log.first { $0 == .digitReceived(one, "1", milliseconds: 100) }

        let flood = try Flood(to: port)
        for number in 0..<50 {
            // The peer's next packet comes when the last was read, however slow the machine is.
            peer.sendDigit("2", to: port)
            await station.log.count(number + 2) { if case .digitReceived = $0 { true } else { false } }
        }
        let sent = flood.stop()
        station.engine.close(one)
        let report = await station.log.report(of: one)
        #expect(sent > 2000)
        #expect(report.packetsLost == 0)
        #expect(report.rejected == 0)
        #expect(station.log.all.filter { $0 == .digitReceived(one, "2", milliseconds: 100) }.count == 50)
    }

    @Test("A flood from the INVITE on does not keep the described address from being heard")
    func floodFromTheStart() async throws {
        let station = try Station()
        let peer = try RawPeer()
        let port = await station.open(one)
        let flood = try Flood(to: port)
        await station.connect(one, route(to: peer.address.port))
        let heard = await station.repeatedly(one, until: { if case .digitReceived = $0 { true } else { false } }) {
            peer.sendAudio(to: port)
            peer.sendDigit("1", to: port)
        }
        #expect(heard != nil)
        _ = flood.stop()
    }

    @Test("After a move the gate lets the other address in, and the former one out")
    func moveOfACall() async throws {
        let station = try Station()
        let (peer, next) = (try RawPeer(), try RawPeer(ssrc: 43))
        let port = await station.open(one)
        var barrier: UInt64 = 0
        for (speaker, digit) in [(peer, "1"), (next, "2"), (peer, "3")] as [(RawPeer, Character)] {
            barrier += 1
            let passed = MediaEvent.played(one, PlaybackID(rawValue: barrier), .completed)
            station.engine.connect(one, route(to: speaker.address.port))
            station.engine.play(one, PlaybackID(rawValue: barrier), AudioClip(samples: []))
            _ = await station.log.first { $0 == passed }
            speaker.sendAudio(to: port, count: 2)
            speaker.sendDigit(digit, to: port)
            _ = await station.log.first { $0 == .digitReceived(one, digit, milliseconds: 100) }
        }
        next.sendAudio(to: port, count: 100)
        peer.sendDigit("4", to: port)
        _ = await station.log.first { $0 == .digitReceived(one, "4", milliseconds: 100) }
        station.engine.close(one)
        #expect(await station.log.report(of: one).rejected == 0)
        let heard = station.log.all.compactMap { event -> Character? in
            if case .digitReceived(_, let digit, _) = event { digit } else { nil }
        }
        #expect(heard == ["1", "2", "3", "4"])
    }
}

/// A stream of audio as fast as one thread sends it, from a port of its own.
private final class Flood: Sendable {
    private let isOver = Atomic(false)
    private let sent = Atomic(0)
    private let ended = DispatchSemaphore(value: 0)

    init(to port: UInt16) throws {
        let stranger = try RawPeer(ssrc: 99)
        nonisolated(unsafe) let sender = stranger
        Thread.detachNewThread { [self] in
            while !isOver.load(ordering: .relaxed) {
                sender.sendAudio(to: port)
                sent.wrappingAdd(1, ordering: .relaxed)
            }
            ended.signal()
        }
    }

    /// How many packets it was.
    func stop() -> Int {
        isOver.store(true, ordering: .relaxed)
        ended.wait()
        return sent.load(ordering: .relaxed)
    }
}
