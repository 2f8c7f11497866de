import CMedia
import RTP
import Testing

@testable import Media

/// A session's ear alone, with packets and a clock of the test's.
private final class Ear {
    static let id = MediaSessionID(rawValue: 1, epoch: 1)

    var route: MediaRoute
    private(set) var receiving: MediaReceiving
    private let workspace: MediaWorkspace

    init(receivesMedia: Bool = true) throws {
        route = MediaRoute(
            remoteAddress: "192.0.2.1", remotePort: Scene.described.port, payload: .pcmu, telephoneEventPayload: 101,
            receivesMedia: receivesMedia)
        workspace = try MediaWorkspace(figures: ThreadFigures(), writer: RecordingWriter { _ in })
        workspace.monotonic = 1_000_000_000
        receiving = MediaReceiving(
            latch: PeerLatch(described: Scene.described, route.policy, now: workspace.monotonic), law: .pcmu,
            jitterDelayMilliseconds: 20...20)
        receiving.describe(as: Scene.described, route, now: workspace.monotonic)
    }

    /// Another direction, as by a re-INVITE.
    func hold(_ isHeld: Bool) {
        route.receivesMedia = !isHeld
        receiving.describe(as: Scene.described, route, now: workspace.monotonic)
    }

    var now: Int64 { workspace.monotonic }

    /// Keys that were told of, pressed or received, in order: `5` and `5 100 ms`.
    func told() -> [String] {
        defer { workspace.events = [] }
        return workspace.events.map { event in
            switch event {
            case .digitPressed(_, let digit): "\(digit)"
            case .digitReceived(_, let digit, let milliseconds): "\(digit) \(milliseconds) ms"
            default: "\(event)"
            }
        }
    }

    /// One packet, now.
    func hear(
        _ payload: [UInt8], type: UInt8, number: UInt16, at timestamp: UInt32, ssrc: UInt32, isMarked: Bool = false
    ) throws {
        var bytes = [UInt8](repeating: 0, count: RTPPacket.headerLength) + payload
        var span = bytes.mutableSpan
        RTPPacket(
            isMarked: isMarked, payloadType: type, sequence: SequenceNumber(number),
            timestamp: RTPTimestamp(timestamp), ssrc: ssrc
        ).printHeader(into: &span)
        guard let packet = RTPPacket(bytes.span) else { throw Unreadable() }
        bytes.withUnsafeBufferPointer { buffer in
            var system = cmedia_datagram()
            system.bytes = buffer.baseAddress
            system.count = UInt32(buffer.count)
            system.arrivalNanoseconds = workspace.monotonic
            system.source = Scene.described.system
            _ = receiving.receive(packet, Datagram(system), route, Self.id, workspace)
        }
    }

    struct Unreadable: Error {}

    /// 20 ms of audio of one level.
    func hearAudio(_ level: Int16, number: UInt16, ssrc: UInt32 = 1) throws {
        try hear(
            [UInt8](repeating: G711.pcmu.encode(level), count: 160), type: 0, number: number,
            at: UInt32(number) * 160, ssrc: ssrc)
    }

    /// A key of 40 ms and its end.
    func hearKey(_ event: UInt8, number: UInt16, at timestamp: UInt32, ssrc: UInt32) throws {
        for (index, duration) in [160, 320, 320].enumerated() {
            let isEnd = index == 2
            try hear(
                [event, isEnd ? 0x8A : 0x0A, UInt8(duration >> 8), UInt8(duration & 0xFF)], type: 101,
                number: number + UInt16(index), at: timestamp, ssrc: ssrc, isMarked: index == 0)
            workspace.monotonic += 20_000_000
        }
    }

    /// The next 20 ms of what is heard.
    func read() -> [Int16] {
        _ = receiving.readFrame(decodes: true, Self.id, workspace)
        workspace.monotonic += 20_000_000
        return Array(workspace.heard)
    }
}

@Suite("What of the peer's packets is heard: its sources' keys, and the directions (RFC 3264 §8.4, RFC 3550 §8.2)")
struct MediaReceivingTests {
    private static let quiet = [Int16](repeating: 0, count: 160)

    @Test(
        "Another source's keys are judged by themselves, whatever the timestamps and numbers of the one before",
        arguments: [(1000, 900), (1000, 999), (1000, 1000), (20, 1000)] as [(UInt16, UInt16)],
        [(500_000, 0), (500_000, 500_000), (0, 500_000)] as [(UInt32, UInt32)])
    func otherEventSource(numbers: (UInt16, UInt16), timestamps: (UInt32, UInt32)) throws {
        let ear = try Ear()
        for number in 1...3 as ClosedRange<UInt16> { try ear.hearAudio(0, number: number) }
        try ear.hearKey(5, number: numbers.0, at: timestamps.0, ssrc: 7)
        #expect(ear.told() == ["5", "5 40 ms"])
        try ear.hearKey(5, number: numbers.1, at: timestamps.1, ssrc: 8)
        #expect(ear.told() == ["5", "5 40 ms"])
        // And the first one's again.
        try ear.hearKey(5, number: numbers.0, at: timestamps.0, ssrc: 7)
        #expect(ear.told() == ["5", "5 40 ms"])
    }

    @Test("After a transfer behind the peer the keys of its new source are keys, with earlier numbers too")
    func otherSource() throws {
        let ear = try Ear()
        for number in 1...3 as ClosedRange<UInt16> { try ear.hearAudio(0, number: number + 500) }
        try ear.hearKey(9, number: 504, at: 504 * 160, ssrc: 1)
        #expect(ear.told() == ["9", "9 40 ms"])
        for number in 1...3 as ClosedRange<UInt16> { try ear.hearAudio(0, number: number + 490, ssrc: 2) }
        try ear.hearKey(9, number: 494, at: 504 * 160, ssrc: 2)
        #expect(ear.told() == ["9", "9 40 ms"])
    }

    @Test("A key that is down when another source begins is over")
    func keyOfFormerSource() throws {
        let ear = try Ear()
        for number in 1...3 as ClosedRange<UInt16> { try ear.hearAudio(0, number: number) }
        try ear.hear([3, 0x0A, 0x01, 0x40], type: 101, number: 1000, at: 0, ssrc: 7, isMarked: true)
        #expect(ear.told() == ["3"])
        try ear.hearKey(4, number: 10, at: 0, ssrc: 8)
        #expect(ear.told() == ["3 40 ms", "4", "4 40 ms"])
    }

    @Test("While the direction forbids it nothing is heard and no key counts, but the peer is there")
    func held() throws {
        let ear = try Ear()
        for number in 1...3 as ClosedRange<UInt16> { try ear.hearAudio(8000, number: number) }
        var heard = (0..<4).map { _ in ear.read() }
        #expect(heard.filter { $0 != Self.quiet }.count == 3)
        ear.hold(true)
        for number in 5...14 as ClosedRange<UInt16> {
            let before = ear.now
            try ear.hearAudio(8000, number: number)
            #expect(ear.receiving.lastHeard == before)
            heard = [ear.read()]
            #expect(heard == [Self.quiet])
        }
        try ear.hearKey(5, number: 15, at: 15 * 160, ssrc: 1)
        #expect(ear.told().isEmpty)
        #expect(ear.receiving.latch.received == 16)
        ear.hold(false)
        try ear.hearAudio(8000, number: 30)
        try ear.hearKey(6, number: 31, at: 31 * 160, ssrc: 1)
        #expect(ear.told() == ["6", "6 40 ms"])
        #expect((0..<20).contains { _ in ear.read() != Self.quiet })
    }

    @Test("A peer that is found during hold is known, and what it sent before is not heard later")
    func foundWhileHeld() throws {
        let ear = try Ear(receivesMedia: false)
        for number in 1...2 as ClosedRange<UInt16> { try ear.hearAudio(8000, number: number) }
        #expect(ear.receiving.latch.peer == Scene.described)
        try ear.hearKey(5, number: 3, at: 480, ssrc: 1)
        ear.hold(false)
        for _ in 0..<10 { #expect(ear.read() == Self.quiet) }
        #expect(ear.told().isEmpty)
        try ear.hearAudio(8000, number: 20)
        #expect((0..<3).contains { _ in ear.read() != Self.quiet })
    }
}

@Suite("RTCP of the peer: from whose hosts it may come (RFC 3605)")
struct ControlSourceTests {
    private static let third = SocketAddress(
        host: SocketAddress.Host(high: 0, low: 0xFFFF_CB00_7105, scope: 0), port: 4001)

    private func expect(
        _ scene: Scene, described: Bool = true, foreign: Bool, third: Bool,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        for port in [1, 4000, 4001, 65_535] as [UInt16] {
            let answers = [Scene.described, Scene.foreign, Self.third].map {
                scene.latch.allowsControl(from: $0.with(port: port))
            }
            #expect(answers == [described, foreign, third], "\(port)", sourceLocation: sourceLocation)
        }
    }

    @Test("Before anybody is heard: the described host's, and the allowed ones'")
    func nobody() {
        expect(Scene(), foreign: false, third: false)
        expect(Scene(hosts: [Scene.foreignHost]), foreign: true, third: false)
        expect(Scene(any: true), foreign: true, third: true)
    }

    @Test("Once the described address is heard, its host's alone", arguments: [false, true])
    func described(any: Bool) {
        var scene = Scene(hosts: [Scene.foreignHost], any: any)
        scene.stream(Scene.described, milliseconds: 100)
        #expect(scene.latch.peer == Scene.described)
        expect(scene, foreign: false, third: false)
    }

    @Test(
        "Once another host is heard, as from behind a NAT, that one's and the described one's",
        arguments: [false, true])
    func latched(any: Bool) {
        var scene = Scene(follows: true, hosts: [Scene.foreignHost], any: any)
        scene.stream(Scene.foreign, milliseconds: 400)
        #expect(scene.latch.peer == Scene.foreign)
        expect(scene, foreign: true, third: false)
    }

    @Test("Where a later description names another host: that one's, and whose media goes on")
    func moved() {
        var scene = Scene()
        scene.stream(Scene.described, milliseconds: 100)
        scene.describe(Scene.foreign)
        expect(scene, foreign: true, third: false)
        scene.stream(Scene.foreign, milliseconds: 100)
        #expect(scene.latch.peer == Scene.foreign)
        expect(scene, described: false, foreign: true, third: false)
    }
}
