import RTP
import Telephony
import Testing

@testable import Media

@Suite("Members of a mix go to its thread, and lose nothing on the way", .timeLimit(.minutes(3)), .serialized)
struct MixMovesTests {
    private static func isClosed(_ id: MediaSessionID) -> (MediaEvent) -> Bool {
        { if case .closed(id, _) = $0 { true } else { false } }
    }

    @Test("A session that goes from thread to thread is one stream to its peer: no number is missing or out of time")
    func oneStream() async throws {
        let ids = (0..<6).map { MediaSessionID(rawValue: $0, epoch: 0) }
        let (streams, events) = try await onTime {
            let station = try MixStation(threads: 3)
            let peers = try ids.map { _ in try RawPeer() }
            var streams = [[RTPPacket]](repeating: [], count: ids.count)
            for (id, peer) in zip(ids, peers) {
                #expect(await station.open(id) != 0)
                station.engine.connect(id, route(to: peer.address.port))
                await station.settle(id, 1000)
            }
            for mix in 0..<3 as Range<UInt64> {
                station.engine.openMix(MixID(rawValue: mix))
                station.engine.hear(MixID(rawValue: mix), .talk)
            }
            for round in 0..<25 as Range<UInt64> {
                for (number, id) in ids.enumerated() {
                    let mix = MixID(rawValue: (round + UInt64(number)) % 3)
                    station.engine.join(id, mix, MixMembership())
                }
                for id in ids { await station.settle(id, round) }
                for (index, peer) in peers.enumerated() { streams[index] += peer.received().map(\.packet) }
            }
            for id in ids { station.engine.close(id) }
            for id in ids { _ = await station.log.report(of: id) }
            #expect(station.engine.figures.sessions == 0)
            #expect(station.engine.figures.openSockets == 0)
            return ((streams, station.log.all), [station.engine])
        }
        for packets in streams {
            #expect(packets.count > 25)
            #expect(packets.first?.isMarked == true)
            for (before, packet) in zip(packets, packets.dropFirst()) {
                #expect(before.sequence.next == packet.sequence)
                #expect(before.timestamp.distance(to: packet.timestamp) == 160)
                #expect(!packet.isMarked)
            }
        }
        for id in ids { #expect(events.filter(Self.isClosed(id)).count == 1) }
    }

    @Test("What is asked of a session after its join waits for it there, in its order; its end too, told once")
    func waits() async throws {
        let station = try MixStation(threads: 2)
        let peer = try RawPeer()
        let sound = AudioClip(samples: Sound.noise(milliseconds: 100))
        for number in 0..<40 as Range<UInt64> {
            let (id, mix) = (MediaSessionID(rawValue: number, epoch: 0), MixID(rawValue: number))
            #expect(await station.open(id) != 0)
            station.engine.connect(id, route(to: peer.address.port))
            // Both threads have one in turn.
            station.engine.openMix(mix)
            station.engine.join(id, mix, MixMembership())
            station.engine.play(id, PlaybackID(rawValue: 1), sound, loop: 0)
            station.engine.stopPlaying(id, PlaybackID(rawValue: 1))
            station.engine.sendDigits(id, DiallingID(rawValue: 1), [.wait(milliseconds: 50_000)])
            station.engine.leave(id)
            station.engine.close(id)
            _ = await station.log.report(of: id)
            let told = station.log.all.filter { $0.session == id }
            guard case .closed(_, let report)? = told.last else {
                Issue.record("\(told)")
                return
            }
            #expect(
                told.dropFirst().dropLast() == [
                    .played(id, PlaybackID(rawValue: 1), .stopped), .digitsSent(id, DiallingID(rawValue: 1)),
                ])
            #expect(report.codec == "PCMU")
        }
        #expect(station.engine.figures.sessions == 0)
    }

    @Test("Where the session is over before it could go, what waited for it is forgotten")
    func neverArrives() async throws {
        let station = try MixStation(threads: 2)
        let peer = try RawPeer()
        for number in 0..<20 as Range<UInt64> {
            let (id, mix) = (MediaSessionID(rawValue: 1, epoch: UInt32(number)), MixID(rawValue: number))
            #expect(await station.open(id) != 0)
            station.engine.openMix(mix)
            station.engine.close(id)
            station.engine.join(id, mix, MixMembership())
            station.engine.play(id, PlaybackID(rawValue: 1), AudioClip(samples: []))
            _ = await station.log.report(of: id)
            #expect(station.log.all.filter(Self.isClosed(id)).count == 1)
        }
        // Both threads go on.
        for number in 0..<2 as Range<UInt64> {
            let id = MediaSessionID(rawValue: 10 + number, epoch: 0)
            #expect(await station.open(id) != 0)
            station.engine.connect(id, route(to: peer.address.port))
            await station.settle(id, 1)
        }
    }

    @Test("Shut down in the midst of moves, every session is closed, and told of once", arguments: 1...10)
    func shutDown(round: Int) async throws {
        let station = try MixStation(threads: 4)
        let peer = try RawPeer()
        let ids = (0..<24).map { MediaSessionID(rawValue: $0, epoch: 0) }
        for id in ids {
            #expect(await station.open(id) != 0)
            station.engine.connect(id, route(to: peer.address.port))
        }
        for mix in 0..<4 as Range<UInt64> { station.engine.openMix(MixID(rawValue: mix)) }
        // From each thread to each other one, some of them several times.
        for turn in 0..<(1 + round % 3) {
            for (number, id) in ids.enumerated() {
                station.engine.join(id, MixID(rawValue: UInt64((number / 4 + turn + round) % 4)), MixMembership())
            }
        }
        station.engine.shutDown()
        let events = station.log.all
        for id in ids { #expect(events.filter(Self.isClosed(id)).count == 1, "\(id)") }
        #expect(station.engine.figures.sessions == 0)
        #expect(station.engine.figures.openSockets == 0)
        station.engine.join(ids[0], MixID(rawValue: 0), MixMembership())
        station.engine.openMix(MixID(rawValue: 9))
        #expect(station.log.all.count == events.count)
    }

    @Test("Members of a mix are heard wherever they came from, a hundred of them too")
    func hundred() async throws {
        let ids = (0..<100).map { MediaSessionID(rawValue: $0, epoch: 0) }
        let station = try MixStation(threads: 4)
        let peer = try RawPeer()
        station.engine.openMix(MixID(rawValue: 0))
        station.engine.hear(MixID(rawValue: 0), .talk)
        for id in ids {
            #expect(await station.open(id) != 0)
            station.engine.connect(id, route(to: peer.address.port))
            station.engine.join(id, MixID(rawValue: 0), MixMembership())
        }
        for id in ids { await station.settle(id, 1) }
        #expect(station.engine.figures.sessions == 100)
        // As many sockets as sessions: they have come along.
        #expect(station.engine.figures.openSockets == 100)
        station.engine.closeMix(MixID(rawValue: 0))
        for id in ids { await station.settle(id, 2) }
        for id in ids { station.engine.close(id) }
        for id in ids { _ = await station.log.report(of: id) }
        #expect(station.engine.figures.sessions == 0)
    }

    @Test("What names a mix or a session that is not there has no effect")
    func nobody() async throws {
        let station = try MixStation(threads: 2)
        let peer = try RawPeer()
        let (one, nobody) = (MediaSessionID(rawValue: 1, epoch: 0), MediaSessionID(rawValue: 2, epoch: 0))
        let (open, closed, never) = (MixID(rawValue: 1), MixID(rawValue: 2), MixID(rawValue: 3))
        _ = await station.open(one)
        station.engine.connect(one, route(to: peer.address.port))
        for mix in [open, closed] { station.engine.openMix(mix) }
        station.engine.closeMix(closed)
        for mix in [closed, never] {
            station.engine.join(one, mix, MixMembership())
            station.engine.hear(mix, .talk)
            station.engine.beep(mix)
            station.engine.recordMix(mix, path: "/dev/null/r.wav")
            station.engine.stopRecordingMix(mix)
            station.engine.closeMix(mix)
        }
        station.engine.join(nobody, open, MixMembership())
        station.engine.change(one, MixMembership())
        station.engine.leave(one)
        station.engine.leave(nobody)
        await station.settle(one, 1)
        station.engine.close(one)
        _ = await station.log.report(of: one)
        #expect(station.mixLog.all.isEmpty)
        #expect(station.log.all.allSatisfy { $0.session == one })
    }

    @Test("A mix that is closed, or shut down with the engine, ends its recording; one that cannot be written says so")
    func recordingsEnd() async throws {
        let scratch = try Scratch()
        let station = try MixStation(threads: 2)
        for (number, path) in [scratch.file("1.wav"), scratch.file("2.wav"), "/dev/null/r.wav"].enumerated() {
            let mix = MixID(rawValue: UInt64(number))
            station.engine.openMix(mix)
            station.engine.recordMix(mix, path: path)
        }
        // Another one ends the first.
        station.engine.recordMix(MixID(rawValue: 0), path: scratch.file("3.wav"))
        station.engine.closeMix(MixID(rawValue: 0))
        station.engine.shutDown()
        let ended = station.mixLog.all.compactMap { event -> String? in
            guard case .recordingEnded(let mix, let path, _, let failure) = event else { return nil }
            return "\(mix.rawValue) \(path.split(separator: "/").last ?? "") \(failure == nil)"
        }
        #expect(ended.sorted() == ["0 1.wav true", "0 3.wav true", "1 2.wav true", "2 r.wav false"])
        for name in ["1.wav", "2.wav", "3.wav"] {
            #expect(try Sound.samples(ofRecording: scratch.file(name)).allSatisfy { $0 == 0 })
        }
    }
}
