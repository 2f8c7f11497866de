import RTP
import Telephony
import Testing

@testable import Media

@Suite("A member's own call goes on: prompts, hold, silence", .timeLimit(.minutes(3)), .serialized)
struct MixCallTests {
    private let tones = [450.0, 650]

    /// Where a tone is heard without a break, in frames of 20 ms.
    private func stretches(_ presence: [Bool]) -> [Range<Int>] {
        var stretches: [Range<Int>] = []
        var start: Int?
        for (index, isThere) in (presence + [false]).enumerated() {
            if isThere, start == nil { start = index }
            if !isThere, let begun = start {
                stretches.append(begun..<index)
                start = nil
            }
        }
        return stretches
    }

    @Test("A prompt of one's own call is heard instead of the conference, by that one alone, who is not heard then")
    func prompt() async throws {
        let heard = try await onTime {
            let gathering = try await Gathering()
            for (number, hertz) in tones.enumerated() {
                await gathering.add(number, saying: MixByEarTests.tone(hertz))
            }
            await gathering.add(2)
            for number in 0..<3 { gathering.join(number) }
            gathering.room.engine.hear(gathering.mix, .talk)
            await gathering.pass(700)
            gathering.recordAll()
            await gathering.pass(400)
            let prompt = PlaybackID(rawValue: 1)
            gathering.room.engine.play(
                Gathering.session(0), prompt, AudioClip(samples: MixByEarTests.tone(1250)))
            _ = await gathering.room.log.first { $0 == .played(Gathering.session(0), prompt, .completed) }
            await gathering.pass(800)
            await gathering.finish()
            return (try (0..<3).map { try gathering.heard($0) }, gathering.engines)
        }
        let own = stretches(Sound.presence(of: 1250, in: heard[0], above: 1000))
        #expect(own.count == 1)
        #expect(own.allSatisfy { (49...52).contains($0.count) }, "1 s: \(own)")
        // Before it and after it, the other one.
        let other = stretches(Sound.presence(of: tones[1], in: Array(heard[0].dropLast(800)), above: 1000))
        #expect(other.count == 2)
        if let prompt = own.first, let before = other.first, let after = other.last {
            #expect(abs(before.upperBound - prompt.lowerBound) <= 2)
            #expect((-1...4).contains(after.lowerBound - prompt.upperBound))
        }
        for listener in [1, 2] {
            #expect(!Sound.presence(of: 1250, in: heard[listener], above: 1000).contains(true))
            let first = stretches(Sound.presence(of: tones[0], in: Array(heard[listener].dropLast(800)), above: 1000))
            #expect(first.count == 2)
            let gap = (first.last?.lowerBound ?? 0) - (first.first?.upperBound ?? 0)
            #expect((48...56).contains(gap), "\(gap * 20) ms")
        }
        let third = stretches(Sound.presence(of: tones[1], in: Array(heard[2].dropLast(800)), above: 1000))
        #expect(third.count == 1)
    }

    // RFC 3264 §8.4: the other side's music on hold is nothing that the others are to hear.
    @Test("One that holds is not heard, whatever it sends, and is sent nothing; after that it is heard again")
    func hold() async throws {
        let (heard, first) = try await onTime {
            let gathering = try await Gathering()
            for (number, hertz) in tones.enumerated() {
                await gathering.add(number, saying: MixByEarTests.tone(hertz))
                gathering.join(number)
            }
            gathering.room.engine.hear(gathering.mix, .talk)
            await gathering.pass(700)
            gathering.recordAll()
            await gathering.pass(400)
            var held = gathering.lineRoute(0)
            held.sendsMedia = false
            gathering.room.engine.connect(Gathering.session(0), held)
            await gathering.pass(800)
            gathering.room.engine.connect(Gathering.session(0), gathering.lineRoute(0))
            await gathering.pass(800)
            await gathering.finish()
            return ((try gathering.heard(1), try gathering.heard(0)), gathering.engines)
        }
        for (samples, hertz) in [(heard, tones[0]), (first, tones[1])] {
            let there = stretches(Sound.presence(of: hertz, in: Array(samples.dropLast(800)), above: 1000))
            #expect(there.count == 2, "\(hertz): \(there)")
            let gap = (there.last?.lowerBound ?? 0) - (there.first?.upperBound ?? 0)
            #expect(gap >= 35, "\(gap * 20) ms")
        }
    }

    @Test(
        "Where nobody may talk, and where one is alone, packets go on, all of them the same silence",
        arguments: [G711.pcmu, .pcma])
    func silence(law: G711) async throws {
        let packets = try await onTime {
            let station = try MixStation(threads: 1)
            let mix = MixID(rawValue: 1)
            station.engine.openMix(mix)
            station.engine.hear(mix, .talk)
            let ids = (0..<3).map { MediaSessionID(rawValue: $0, epoch: 0) }
            let peers = try ids.map { _ in try RawPeer() }
            for (id, peer) in zip(ids, peers) {
                _ = await station.open(id)
                station.engine.connect(id, route(to: peer.address.port, payload: law))
            }
            for id in ids.prefix(2) { station.engine.join(id, mix, MixMembership(talks: false)) }
            let second = AudioClip(samples: [Int16](repeating: 0, count: 8000))
            station.engine.play(ids[2], PlaybackID(rawValue: 1), second)
            _ = await station.log.first { $0 == .played(ids[2], PlaybackID(rawValue: 1), .completed) }
            var packets = peers.map { $0.received() }
            station.engine.leave(ids[1])
            station.engine.change(ids[0], MixMembership())
            station.engine.play(ids[2], PlaybackID(rawValue: 2), second)
            _ = await station.log.first { $0 == .played(ids[2], PlaybackID(rawValue: 2), .completed) }
            for (index, peer) in peers.enumerated() { packets[index] += peer.received() }
            return (packets[0] + packets[1], [station.engine])
        }
        #expect(packets.count >= 190)
        #expect(packets.allSatisfy { $0.payload == [UInt8](repeating: law.silence, count: 160) })
        let missing = zip(packets, packets.dropFirst()).filter { $0.packet.sequence.next != $1.packet.sequence }
        #expect(missing.count == 1, "from the one's stream to the other's")
    }

    @Test("A mix that is closed leaves plain calls behind, which hear nobody and lose no packet")
    func closed() async throws {
        let heard = try await onTime {
            let gathering = try await Gathering()
            for (number, hertz) in tones.enumerated() {
                await gathering.add(number, saying: MixByEarTests.tone(hertz))
                gathering.join(number)
            }
            gathering.room.engine.hear(gathering.mix, .talk)
            await gathering.pass(700)
            gathering.record(0)
            await gathering.pass(400)
            gathering.room.engine.closeMix(gathering.mix)
            await gathering.pass(800)
            await gathering.finish()
            return (try gathering.heard(0), gathering.engines)
        }
        let there = stretches(Sound.presence(of: tones[1], in: heard, above: 1000))
        #expect(there.count == 1)
        #expect(there.first?.lowerBound == 0)
        #expect(heard.suffix(1600).allSatisfy { $0 == 0 })
        let largest = Sound.largestStep(MixByEarTests.tone(tones[1]))
        #expect(Sound.largestStep(heard) <= largest + 328)
    }
}
