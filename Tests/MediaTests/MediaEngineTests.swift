import AnswerDetection
import RTP
import Telephony
import Testing

@testable import Media

/// An engine and its events; shut down with the test.
final class Station: Sendable {
    let log = EventLog()
    let engine: MediaEngine

    init(
        reportIntervalSeconds: Double = 5, jitterDelayMilliseconds: ClosedRange<Int> = 200...200, threads: Int = 1
    ) throws {
        let log = log
        engine = MediaEngine(
            configuration: MediaConfiguration(
                threads: threads, reportIntervalSeconds: reportIntervalSeconds,
                jitterDelayMilliseconds: jitterDelayMilliseconds)
        ) { log.append($0) }
        try engine.start()
    }

    deinit {
        engine.shutDown()
    }

    func open(_ id: MediaSessionID, port: UInt16 = 0, ssrc: UInt32 = 7) async -> UInt16 {
        engine.open(
            id,
            MediaOpening(
                port: port, synchronizationSource: ssrc, firstSequenceNumber: 65_530, firstTimestamp: .max - 1000),
            at: "127.0.0.1")
        return await log.port(of: id)
    }
}

extension Station {
    /// Connects, and waits until that is done: what a peer sent before is discarded as early.
    func connect(_ id: MediaSessionID, _ route: MediaRoute, deadLineSeconds: Double? = nil) async {
        let barrier = PlaybackID(rawValue: .max)
        engine.connect(id, route, deadLineSeconds: deadLineSeconds)
        engine.play(id, barrier, AudioClip(samples: []))
        _ = await log.first { $0 == .played(id, barrier, .completed) }
    }

    /// Does something at each of the session's ticks or so, until an event has come.
    func repeatedly(
        _ id: MediaSessionID, until matches: @escaping @Sendable (MediaEvent) -> Bool, _ body: () -> Void
    ) async -> MediaEvent? {
        let frame = AudioClip(samples: [Int16](repeating: 0, count: 160))
        for number: UInt64 in 0... {
            if let event = log.all.first(where: matches) { return event }
            body()
            let playback = PlaybackID(rawValue: 1_000_000 + number)
            engine.play(id, playback, frame)
            _ = await log.first { $0 == .played(id, playback, .completed) }
        }
        return nil
    }
}

/// Runs a scenario again where the machine was too busy for a tick each 20 ms: what is heard then says nothing of the
/// engine. The last attempt counts in any case.
func inTime<Result>(_ scenario: () async throws -> (Result, [Station])) async throws -> Result {
    for _ in 0..<5 {
        let (result, stations) = try await scenario()
        if stations.allSatisfy({ $0.engine.figures.lateTicks == 0 }) { return result }
    }
    return try await scenario().0
}

func route(
    to port: UInt16, mux: Bool = true, payload: G711 = .pcmu, events: UInt8? = 101, any: Bool = false,
    follows: Bool = false
) -> MediaRoute {
    MediaRoute(
        remoteAddress: "127.0.0.1", remotePort: port, rtcpMux: mux, payload: payload, telephoneEventPayload: events,
        offeredEventPayload: 101, allowsAnySource: any, followsSource: follows)
}

@Suite("Media engine", .timeLimit(.minutes(1)), .serialized)
struct MediaEngineTests {
    let one = MediaSessionID(rawValue: 1, epoch: 0)
    let two = MediaSessionID(rawValue: 2, epoch: 0)

    /// Two sessions that talk to each other, on two engines.
    func pair(
        _ first: Station, _ second: Station, payload: G711 = .pcmu, events: UInt8? = 101, mux: Bool = true
    ) async {
        let firstPort = await first.open(one, ssrc: 1)
        let secondPort = await second.open(two, ssrc: 2)
        second.engine.connect(two, route(to: firstPort, mux: mux, payload: payload, events: events))
        first.engine.connect(one, route(to: secondPort, mux: mux, payload: payload, events: events))
    }

    @Test("What is played is what is heard, in either law", arguments: [G711.pcmu, .pcma])
    func heardAsPlayed(law: G711) async throws {
        let sound = Sound.noise(milliseconds: 1500)
        let scratch = try Scratch()
        let (heard, sent) = try await inTime {
            let (caller, callee) = (try Station(), try Station())
            await pair(caller, callee, payload: law)
            callee.engine.record(two, RecordingTarget(path: scratch.file("r.wav")))
            // A recording begins with what is said from then on: what was heard and not said yet is older. So that the
            // whole of the sound is in it, whenever the callee's thread takes the command, the sound comes later.
            caller.engine.play(one, PlaybackID(rawValue: 0), AudioClip(samples: [Int16](repeating: 0, count: 3200)))
            caller.engine.play(one, PlaybackID(rawValue: 1), AudioClip(samples: sound))
            // The delay of 200 ms keeps the end of what was played from being heard: the first clip is heard whole.
            caller.engine.play(one, PlaybackID(rawValue: 2), AudioClip(samples: Sound.sine(440, milliseconds: 400)))
            _ = await caller.log.first { $0 == .played(one, PlaybackID(rawValue: 2), .completed) }
            callee.engine.close(two)
            caller.engine.close(one)
            return ((await callee.log.report(of: two), await caller.log.report(of: one)), [caller, callee])
        }

        let recorded = try Sound.channel(0, ofRecording: scratch.file("r.wav"))
        #expect(Sound.correlation(of: sound, in: recorded) >= 0.99)
        let said = try Sound.channel(1, ofRecording: scratch.file("r.wav"))
        #expect(said.allSatisfy { $0 == 0 })
        #expect(heard.codec == law.rawValue)
        #expect(heard.packetsLost == 0)
        #expect(heard.duplicates == 0)
        #expect(heard.rejected == 0)
        #expect(heard.packetsReceived >= 90)
        #expect(sent.packetsSent >= heard.packetsReceived)
        #expect(sent.bytesSent == sent.packetsSent * 160)
        #expect(heard.jitterMilliseconds < 20)
    }

    @Test("The silence that runs from the answer on has one sequence, one timestamp, and its marker first")
    func wire() async throws {
        let packets = try await inTime {
            let station = try Station()
            let peer = try RawPeer()
            _ = await station.open(one)
            station.engine.connect(one, route(to: peer.address.port))
            let clip = AudioClip(samples: Sound.noise(milliseconds: 200))
            station.engine.play(one, PlaybackID(rawValue: 1), clip)
            _ = await station.log.first { $0 == .played(one, PlaybackID(rawValue: 1), .completed) }
            station.engine.sendDigits(
                one, DiallingID(rawValue: 1),
                [.tone("5", milliseconds: 100), .wait(milliseconds: 400), .tone("6", milliseconds: 100)])
            _ = await station.log.first { $0 == .digitsSent(one, DiallingID(rawValue: 1)) }
            station.engine.play(one, PlaybackID(rawValue: 2), clip)
            _ = await station.log.first { $0 == .played(one, PlaybackID(rawValue: 2), .completed) }
            return (peer.received(), [station])
        }

        #expect(packets.count >= 50)
        #expect(packets.first?.packet.sequence == SequenceNumber(65_530))
        #expect(packets.first?.packet.timestamp == RTPTimestamp(.max - 1000))
        #expect(packets.first?.packet.isMarked == true)
        #expect(Set(packets.map(\.packet.ssrc)) == [7])
        for (index, packet) in packets.enumerated().dropFirst() {
            let before = packets[index - 1].packet
            #expect(before.sequence.next == packet.packet.sequence)
            let isEvent = packet.packet.payloadType == 101
            if !isEvent {
                // Audio after an event begins a talkspurt (RFC 3551 §4.1); nothing else does.
                #expect(packet.packet.isMarked == (before.payloadType == 101))
            }
        }
        // Each audio packet's timestamp is its place in time, also over the events between.
        let audio = packets.enumerated().filter { $0.element.packet.payloadType == 0 }
        for (index, packet) in audio {
            #expect(RTPTimestamp(.max - 1000).distance(to: packet.packet.timestamp) == index * 160)
        }
        let onsets = packets.filter { $0.packet.payloadType == 101 && $0.packet.isMarked }
        #expect(onsets.count == 2)
        #expect(onsets[0].packet.timestamp.distance(to: onsets[1].packet.timestamp) == 4000)
        #expect(packets.filter { $0.packet.payloadType == 101 }.count == 14)
    }

    @Test("Digits arrive once each, as events and as tones", arguments: [UInt8(101), nil])
    func digits(events: UInt8?) async throws {
        let keys = Array("1299*0#D")
        let steps =
            keys.flatMap { [DigitStep.tone($0, milliseconds: 100), .wait(milliseconds: 100)] }
            + [.wait(milliseconds: 300)]
        let callee = try await inTime {
            let (caller, callee) = (try Station(), try Station())
            await pair(caller, callee, events: events)
            if events == nil { callee.engine.detectDigitsInBand(two, true) }
            caller.engine.sendDigits(one, DiallingID(rawValue: 5), steps)
            await callee.log.count(keys.count) { if case .digitReceived = $0 { true } else { false } }
            _ = await caller.log.first { $0 == .digitsSent(one, DiallingID(rawValue: 5)) }
            callee.engine.close(two)
            _ = await callee.log.report(of: two)
            return (callee, [caller, callee])
        }
        var heard: [Character] = []
        for case .digitReceived(_, let digit, let milliseconds) in callee.log.all {
            heard.append(digit)
            #expect(abs(milliseconds - 100) <= (events == nil ? 20 : 0))
        }
        #expect(heard == keys)
    }

    @Test("A fax' answer tone is found while it sounds, and nothing is where nobody listens")
    func answererFound() async throws {
        let station = try await inTime {
            let (caller, callee) = (try Station(), try Station())
            await pair(caller, callee, events: 101)
            caller.engine.observeAnswerer(one, AnswerDetectionConfiguration())
            callee.engine.play(
                two, PlaybackID(rawValue: 1), AudioClip(samples: Sound.sine(2100, milliseconds: 2000)), loop: 1)
            _ = await caller.log.first { event in
                if case .answererFound(_, .verdict(let verdict)) = event {
                    verdict.answerer == .faxModem
                } else {
                    false
                }
            }
            caller.engine.observeAnswerer(one, nil)
            _ = await callee.log.first { $0 == .played(two, PlaybackID(rawValue: 1), .completed) }
            return (caller, [caller, callee])
        }
        let found = station.log.all.compactMap { event -> AnswerVerdict? in
            if case .answererFound(_, .verdict(let verdict)) = event { verdict } else { nil }
        }
        #expect(found.map(\.cause) == [.answerTone])
        #expect(found.allSatisfy { (500...1500).contains($0.milliseconds) }, "\(found)")
    }

    @Test("Ends of playbacks: stopped, stopped by the close, queued ones too")
    func playbackEnds() async throws {
        let station = try Station()
        let peer = try RawPeer()
        _ = await station.open(one)
        station.engine.connect(one, route(to: peer.address.port))
        let clip = AudioClip(samples: Sound.noise(milliseconds: 100))
        for playback: UInt64 in 1...3 { station.engine.play(one, PlaybackID(rawValue: playback), clip, loop: 0) }
        station.engine.stopPlaying(one, PlaybackID(rawValue: 1))
        _ = await station.log.first { $0 == .played(one, PlaybackID(rawValue: 1), .stopped) }
        station.engine.sendDigits(one, DiallingID(rawValue: 1), [.wait(milliseconds: 50_000)])
        station.engine.close(one)
        _ = await station.log.report(of: one)
        let events = station.log.all
        for playback: UInt64 in 1...3 {
            #expect(events.filter { $0 == .played(one, PlaybackID(rawValue: playback), .stopped) }.count == 1)
        }
        #expect(events.filter { $0 == .digitsSent(one, DiallingID(rawValue: 1)) }.count == 1)
        guard case .closed? = events.last else {
            Issue.record("\(String(describing: events.last)) came after closed")
            return
        }
    }

    @Test("The very first packets of a call are heard, audio and keys: its source's probation loses nothing")
    func firstPackets() async throws {
        let station = try Station()
        let scratch = try Scratch()
        let peer = try RawPeer()
        let port = await station.open(one)
        station.engine.record(one, RecordingTarget(path: scratch.file("r.wav"), content: .heard))
        await station.connect(one, route(to: peer.address.port))
        peer.sendDigit("5", to: port)
        for number: UInt8 in 1...6 { peer.sendAudio(to: port, of: number) }
        _ = await station.log.first { $0 == .digitReceived(one, "5", milliseconds: 100) }
        station.engine.play(one, PlaybackID(rawValue: 1), AudioClip(samples: Sound.noise(milliseconds: 500)))
        _ = await station.log.first { $0 == .played(one, PlaybackID(rawValue: 1), .completed) }
        station.engine.close(one)
        let report = await station.log.report(of: one)
        let heard = try Sound.samples(ofRecording: scratch.file("r.wav")).filter { $0 != 0 }
        #expect(heard == (1...6).flatMap { [Int16](repeating: G711.pcmu.decode($0), count: 160) })
        #expect(report.packetsReceived == 7 + 6)
        #expect(report.packetsLost == 0)
    }

    @Test("Packets of any length are put into their time, with header extensions, padding and contributing sources")
    func packetForms() async throws {
        let station = try Station()
        let scratch = try Scratch()
        let peer = try RawPeer()
        let port = await station.open(one)
        station.engine.record(one, RecordingTarget(path: scratch.file("r.wav"), content: .heard))
        await station.connect(one, route(to: peer.address.port))
        // 10, 20, 30, 40 and 60 ms.
        for (number, length) in [80, 160, 240, 320, 480].enumerated() {
            peer.sendAudio(to: port, of: UInt8(number + 1), length: length, form: RawPeer.Form.allCases[number % 4])
        }
        for payloadType: UInt8 in [13, 19] { peer.send(peer.packet(payloadType: payloadType, [0x40]), to: port) }
        peer.send(peer.packet(payloadType: 126, []), to: port)
        station.engine.play(one, PlaybackID(rawValue: 1), AudioClip(samples: Sound.noise(milliseconds: 600)))
        _ = await station.log.first { $0 == .played(one, PlaybackID(rawValue: 1), .completed) }
        station.engine.close(one)
        let report = await station.log.report(of: one)
        let heard = try Sound.samples(ofRecording: scratch.file("r.wav")).filter { $0 != 0 }
        let sent = [80, 160, 240, 320, 480].enumerated().flatMap { number, length in
            [Int16](repeating: G711.pcmu.decode(UInt8(number + 1)), count: length)
        }
        #expect(heard == sent)
        #expect(report.rejected == 0, "comfort noise, and a packet that keeps the way open, are the peer's")
        #expect(report.packetsReceived == 8)
    }

    @Test("A gateway that sends from one port is heard, and is sent to where it says that it listens")
    func gatewayWithTwoPorts() async throws {
        let station = try Station()
        let (described, peer) = (try RawPeer(), try RawPeer(ssrc: 1))
        let port = await station.open(one)
        await station.connect(one, route(to: described.address.port))
        let told = await station.repeatedly(one, until: { if case .peerElsewhere = $0 { true } else { false } }) {
            peer.sendAudio(to: port)
        }
        #expect(
            told == .peerElsewhere(one, source: peer.address.description, described: described.address.description))
        peer.sendDigit("1", to: port)
        _ = await station.log.first { $0 == .digitReceived(one, "1", milliseconds: 100) }
        #expect(described.received().count >= 5)
        #expect(peer.received().isEmpty)
    }

    @Test("The peer is followed to where its media comes from, and nobody else is")
    func follows() async throws {
        let station = try Station()
        let (described, peer, stranger) = (try RawPeer(), try RawPeer(ssrc: 1), try RawPeer(ssrc: 2))
        let outsider = try RawPeer(host: "127.0.0.2", ssrc: 3)
        let port = await station.open(one)
        await station.connect(one, route(to: described.address.port, follows: true))

        outsider.sendAudio(to: port, count: 5)
        let moved = await station.repeatedly(one, until: { if case .peerMoved = $0 { true } else { false } }) {
            peer.sendAudio(to: port)
        }
        #expect(
            moved
                == .peerMoved(one, from: described.address.description, to: peer.address.description))
        stranger.sendAudio(to: port, count: 5)
        stranger.sendDigit("9", to: port)
        outsider.sendDigit("8", to: port)
        peer.sendDigit("1", to: port)
        _ = await station.log.first { $0 == .digitReceived(one, "1", milliseconds: 100) }
        _ = peer.received()
        let clip = AudioClip(samples: Sound.noise(milliseconds: 100))
        station.engine.play(one, PlaybackID(rawValue: 1), clip)
        _ = await station.log.first { $0 == .played(one, PlaybackID(rawValue: 1), .completed) }
        #expect(peer.received().count >= 5)
        #expect(stranger.received().isEmpty)
        #expect(outsider.received().isEmpty)
        #expect(station.log.all.filter { if case .peerMoved = $0 { true } else { false } }.count == 1)

        let back = MediaEvent.peerMoved(
            one, from: peer.address.description, to: described.address.description)
        described.sendAudio(to: port, count: 2)
        _ = await station.log.first { $0 == back }
        #expect(station.log.all.filter { if case .digitReceived = $0 { true } else { false } }.count == 1)
    }

    @Test("Any host is followed where the trunk allows it")
    func followsAnyHost() async throws {
        let station = try Station()
        let (described, outsider) = (try RawPeer(), try RawPeer(host: "127.0.0.2", ssrc: 3))
        let port = await station.open(one)
        await station.connect(one, route(to: described.address.port, any: true, follows: true))
        let moved = await station.repeatedly(one, until: { if case .peerMoved = $0 { true } else { false } }) {
            outsider.sendAudio(to: port)
        }
        #expect(moved == .peerMoved(one, from: described.address.description, to: outsider.address.description))
    }

    // RFC 3264 §6.1: an answer may name another number than the offer; each side sends by the other's.
    @Test(
        "Events come under our number and under theirs, on the audio's SSRC and on their own",
        arguments: [96, 101] as [UInt8])
    func eventNumbers(number: UInt8) async throws {
        let station = try Station()
        let peer = try RawPeer()
        let beside = try RawPeer(sharing: peer, ssrc: 4711)
        let port = await station.open(one)
        await station.connect(one, route(to: peer.address.port, events: 96))
        peer.sendAudio(to: port, count: 5)
        for (place, key) in "4242".enumerated() {
            (place < 2 ? peer : beside).sendDigit(key, to: port, payloadType: number)
            peer.sendAudio(to: port, count: 5)
        }
        await station.log.count(4) { if case .digitReceived = $0 { true } else { false } }
        station.engine.close(one)
        let report = await station.log.report(of: one)
        let keys = station.log.all.compactMap { event -> Character? in
            if case .digitReceived(_, let digit, _) = event { digit } else { nil }
        }
        #expect(String(keys) == "4242")
        #expect(report.packetsLost == 0)
        #expect(report.rejected == 0)
        #expect(report.packetsReceived == 25 + 4 * 7)
    }

    @Test("A flood of garbage takes nothing from the call")
    func garbage() async throws {
        let station = try Station()
        let peer = try RawPeer()
        let port = await station.open(one)
        await station.connect(one, route(to: peer.address.port))
        peer.sendAudio(to: port, count: 2)
        peer.sendDigit("7", to: port)
        await station.log.count(1) { if case .digitReceived = $0 { true } else { false } }
        var random = Seeded(9)
        let attacker = try RawPeer(ssrc: 42)
        let valid = peer.packet([UInt8](repeating: 0xFF, count: 160))
        let report = RTCPCompound([.receiverReport(ssrc: 42, []), .goodbye([42])]).print()
        for round in 0..<40 {
            for _ in 0..<60 {
                attacker.send(random.mutate(Bool.random(using: &random) ? valid : report), to: port)
                // From the peer's own address, but nothing that could pass for its packets.
                peer.send((0..<Int.random(in: 0...300, using: &random)).map { _ in random.byte() & 0x3F }, to: port)
            }
            peer.sendDigit("7", to: port)
            await station.log.count(round + 2) { if case .digitReceived = $0 { true } else { false } }
        }
        station.engine.close(one)
        let figures = await station.log.report(of: one)
        // The attacker's are dropped by the kernel, the peer's own are read and refused.
        #expect(figures.rejected >= 2000)
        #expect(figures.rejected <= 2400)
        #expect(station.log.all.filter { $0 == .digitReceived(one, "7", milliseconds: 100) }.count == 41)
        #expect(!station.log.all.contains { if case .peerMoved = $0 { true } else { false } })
    }

    @Test("A peer that is not heard is told once: one that was, one that never was; one that is held is not missed")
    func silentPeer() async throws {
        let station = try Station()
        let three = MediaSessionID(rawValue: 3, epoch: 0)
        let (peer, mute, holder) = (try RawPeer(), try RawPeer(), try RawPeer())
        let port = await station.open(one)
        _ = await station.open(two)
        _ = await station.open(three)
        var held = route(to: holder.address.port)
        held.sendsMedia = false
        await station.connect(three, held, deadLineSeconds: 0.05)
        await station.connect(two, route(to: mute.address.port), deadLineSeconds: 0.1)
        await station.connect(one, route(to: peer.address.port), deadLineSeconds: 1)
        peer.sendAudio(to: port, count: 3)
        _ = await station.log.first { $0 == .peerSilent(one, .fellSilent) }
        _ = await station.log.first { $0 == .peerSilent(two, .neverHeard) }
        let clip = AudioClip(samples: Sound.noise(milliseconds: 300))
        station.engine.play(one, PlaybackID(rawValue: 1), clip)
        _ = await station.log.first { $0 == .played(one, PlaybackID(rawValue: 1), .completed) }
        let silences = station.log.all.filter { if case .peerSilent = $0 { true } else { false } }
        #expect(silences.count == 2, "\(silences)")
        await station.connect(three, route(to: holder.address.port), deadLineSeconds: 0.05)
        _ = await station.log.first { $0 == .peerSilent(three, .neverHeard) }
    }

    @Test("RTCP is a sign of life")
    func controlKeepsAlive() async throws {
        let station = try Station()
        let (peer, other) = (try RawPeer(), try RawPeer())
        let port = await station.open(one)
        let otherPort = await station.open(two)
        await station.connect(one, route(to: peer.address.port), deadLineSeconds: 3)
        await station.connect(two, route(to: other.address.port), deadLineSeconds: 3)
        peer.sendAudio(to: port, count: 3)
        other.sendAudio(to: otherPort, count: 3)
        let report = RTCPCompound([.receiverReport(ssrc: 42, [])]).print()
        // Reports until the other peer, which sends none, is missed.
        _ = await station.repeatedly(two, until: { $0 == .peerSilent(two, .fellSilent) }) {
            peer.send(report, to: port)
        }
        let silent = station.log.all.compactMap { if case .peerSilent(let id, _) = $0 { id } else { nil } }
        #expect(silent == [two])
    }

    @Test("Reports tell loss, jitter and the round trip, on one port and on two", arguments: [true, false])
    func reports(mux: Bool) async throws {
        let (caller, callee) = (try Station(reportIntervalSeconds: 0.1), try Station(reportIntervalSeconds: 0.1))
        await pair(caller, callee, mux: mux)
        caller.engine.play(one, PlaybackID(rawValue: 1), AudioClip(samples: Sound.noise(milliseconds: 1500)))
        _ = await caller.log.first { $0 == .played(one, PlaybackID(rawValue: 1), .completed) }
        caller.engine.close(one)
        callee.engine.close(two)
        for report in [await caller.log.report(of: one), await callee.log.report(of: two)] {
            let roundTrip = try #require(report.roundTripMilliseconds)
            #expect(roundTrip >= 0 && roundTrip < 50)
            #expect(report.remotePacketsLost == 0)
            #expect(report.remoteJitterMilliseconds ?? 1000 < 50)
            #expect(report.firstSentMilliseconds ?? 1000 < 100)
            #expect(report.firstReceivedMilliseconds != nil)
        }
        #expect(caller.engine.figures.openSockets == 0)
    }

    @Test("A port is free again after the close, and commands to the former session are lost")
    func reopened() async throws {
        let station = try Station()
        let peer = try RawPeer()
        let port = await station.open(one)
        let again = MediaSessionID(rawValue: 1, epoch: 1)
        #expect(await station.open(again, port: port) == 0)
        station.engine.close(one)
        _ = await station.log.report(of: one)
        let third = MediaSessionID(rawValue: 1, epoch: 2)
        #expect(await station.open(third, port: port) == port)
        station.engine.connect(third, route(to: peer.address.port))
        station.engine.play(one, PlaybackID(rawValue: 8), AudioClip(samples: []))
        station.engine.play(third, PlaybackID(rawValue: 9), AudioClip(samples: []))
        _ = await station.log.first { $0 == .played(third, PlaybackID(rawValue: 9), .completed) }
        #expect(
            !station.log.all.contains { $0.session == one && $0 == .played(one, PlaybackID(rawValue: 8), .completed) })
        #expect(station.engine.figures.sessions == 1)
        #expect(station.engine.figures.openSockets == 1)
    }

    @Test("An address that is none, or not of this host, cannot be opened", arguments: ["localhost", "192.0.2.1", ""])
    func openFails(address: String) async throws {
        let station = try Station()
        station.engine.open(
            one,
            MediaOpening(
                port: 0, synchronizationSource: 1, firstSequenceNumber: 0, firstTimestamp: 0), at: address)
        let event = await station.log.first { $0.session == one }
        guard case .openFailed(_, let reason, _) = event else {
            Issue.record("\(event)")
            return
        }
        #expect(!reason.isEmpty)
        #expect(station.engine.figures.sessions == 0)
    }

    @Test("An address that no packet can reach is a silent peer; port 0 and 0.0.0.0 are nowhere for now")
    func unreachable() async throws {
        let station = try Station()
        _ = await station.open(one)
        station.engine.connect(one, MediaRoute(remoteAddress: "host.invalid", remotePort: 4000, payload: .pcmu))
        _ = await station.log.first { $0 == .peerSilent(one, .unreachable) }
        _ = await station.open(two)
        for (address, port) in [("0.0.0.0", UInt16(4000)), ("127.0.0.1", 0)] {
            await station.connect(two, MediaRoute(remoteAddress: address, remotePort: port, payload: .pcmu))
        }
        station.engine.close(two)
        let report = await station.log.report(of: two)
        #expect(report.packetsSent == 0)
        #expect(station.engine.figures.sendFailures == 0)
    }

    // RFC 3264 §8: an offer that comes to nothing leaves the session as it was.
    @Test(
        "A later route that cannot be reached leaves the media as it was", arguments: ["host.invalid", "2001:db8::1"])
    func laterUnreachable(address: String) async throws {
        let station = try Station()
        let peer = try RawPeer()
        let port = await station.open(one)
        await station.connect(one, route(to: peer.address.port))
        await station.connect(one, MediaRoute(remoteAddress: address, remotePort: 4000, payload: .pcma))
        peer.sendDigit("3", to: port)
        _ = await station.log.first { $0 == .digitReceived(one, "3", milliseconds: 100) }
        _ = peer.received()
        station.engine.play(one, PlaybackID(rawValue: 1), AudioClip(samples: Sound.noise(milliseconds: 100)))
        _ = await station.log.first { $0 == .played(one, PlaybackID(rawValue: 1), .completed) }
        #expect(peer.received().allSatisfy { $0.packet.payloadType == 0 })
        #expect(!station.log.all.contains { if case .peerSilent = $0 { true } else { false } })
    }

    @Test("Audio goes out under the number that the peer names for it")
    func dynamicNumber() async throws {
        let station = try Station()
        let peer = try RawPeer()
        _ = await station.open(one)
        await station.connect(
            one,
            MediaRoute(
                remoteAddress: "127.0.0.1", remotePort: peer.address.port, payload: .pcma, payloadType: 97))
        station.engine.play(one, PlaybackID(rawValue: 1), AudioClip(samples: Sound.noise(milliseconds: 100)))
        _ = await station.log.first { $0 == .played(one, PlaybackID(rawValue: 1), .completed) }
        let sent = peer.received()
        #expect(!sent.isEmpty && sent.allSatisfy { $0.packet.payloadType == 97 })
    }

    @Test("Another route goes elsewhere with the same numbers")
    func rerouted() async throws {
        let station = try Station()
        let (first, second) = (try RawPeer(), try RawPeer())
        _ = await station.open(one)
        station.engine.connect(one, route(to: first.address.port))
        let clip = AudioClip(samples: Sound.noise(milliseconds: 100))
        station.engine.play(one, PlaybackID(rawValue: 1), clip)
        _ = await station.log.first { $0 == .played(one, PlaybackID(rawValue: 1), .completed) }
        station.engine.connect(one, route(to: second.address.port, payload: .pcma))
        station.engine.play(one, PlaybackID(rawValue: 2), clip)
        _ = await station.log.first { $0 == .played(one, PlaybackID(rawValue: 2), .completed) }
        let (before, after) = (first.received(), second.received())
        let last = try #require(before.last?.packet)
        let next = try #require(after.first?.packet)
        #expect(last.sequence.next == next.sequence)
        #expect(last.timestamp.distance(to: next.timestamp) == 160)
        #expect(last.payloadType == 0)
        #expect(next.payloadType == 8)
        #expect(next.isMarked)
    }

    @Test("A held call sends nothing, and goes on where its time is")
    func held() async throws {
        let station = try Station()
        let peer = try RawPeer()
        _ = await station.open(one)
        station.engine.connect(one, route(to: peer.address.port))
        let clip = AudioClip(samples: Sound.noise(milliseconds: 100))
        station.engine.play(one, PlaybackID(rawValue: 1), clip)
        _ = await station.log.first { $0 == .played(one, PlaybackID(rawValue: 1), .completed) }
        var held = route(to: peer.address.port)
        held.sendsMedia = false
        station.engine.connect(one, held)
        station.engine.play(one, PlaybackID(rawValue: 2), clip)
        _ = await station.log.first { $0 == .played(one, PlaybackID(rawValue: 2), .completed) }
        let before = peer.received()
        station.engine.connect(one, route(to: peer.address.port))
        station.engine.play(one, PlaybackID(rawValue: 3), clip)
        _ = await station.log.first { $0 == .played(one, PlaybackID(rawValue: 3), .completed) }
        let last = try #require(before.last?.packet)
        let next = try #require(peer.received().first?.packet)
        #expect(last.sequence.next == next.sequence)
        #expect(last.timestamp.distance(to: next.timestamp) >= 6 * 160)
        #expect(next.isMarked)
    }

    @Test("Speech is noticed when asked for")
    func voice() async throws {
        let tone = Sound.sine(400, milliseconds: 500)
        let (event, callee) = try await inTime {
            let (caller, callee) = (try Station(), try Station(jitterDelayMilliseconds: 60...60))
            await pair(caller, callee)
            callee.engine.observeSpeech(two, SpeechObservation(endMilliseconds: 200))
            caller.engine.sendDigits(one, DiallingID(rawValue: 1), [.wait(milliseconds: 100)])
            caller.engine.play(one, PlaybackID(rawValue: 1), AudioClip(samples: tone))
            let event = await callee.log.first { if case .voiceEnded = $0 { true } else { false } }
            return ((event, callee), [caller, callee])
        }
        guard case .voiceEnded(_, let milliseconds, let decibels) = event else { return }
        #expect(abs(milliseconds - 500) <= 60)
        #expect(abs(decibels - SignalLevel.decibels(tone)) < 1.5)
        #expect(callee.log.all.contains { if case .voiceStarted(two, _) = $0 { true } else { false } })
    }

    @Test("A recording that cannot be written says so, and the call goes on")
    func failedRecording() async throws {
        let station = try Station()
        let peer = try RawPeer()
        _ = await station.open(one)
        station.engine.connect(one, route(to: peer.address.port))
        station.engine.record(one, RecordingTarget(path: "/dev/null/r.wav"))
        station.engine.stopRecording(one, path: "/dev/null/r.wav")
        let event = await station.log.first { if case .recordingEnded = $0 { true } else { false } }
        guard case .recordingEnded(_, _, let milliseconds, let failure) = event else { return }
        #expect(milliseconds == 0)
        #expect(failure != nil)
        station.engine.close(one)
        _ = await station.log.report(of: one)
    }

    @Test("Shutting down closes every session and reports each")
    func shutDown() async throws {
        let station = try Station(threads: 3)
        let peer = try RawPeer()
        let ids = (0..<30).map { MediaSessionID(rawValue: $0, epoch: 4) }
        for id in ids {
            #expect(await station.open(id) != 0)
            station.engine.connect(id, route(to: peer.address.port))
        }
        #expect(station.engine.figures.sessions == 30)
        station.engine.shutDown()
        for id in ids { _ = await station.log.report(of: id) }
        #expect(station.engine.figures.sessions == 0)
        #expect(station.engine.figures.openSockets == 0)
        station.engine.open(
            one,
            MediaOpening(
                port: 0, synchronizationSource: 1, firstSequenceNumber: 0, firstTimestamp: 0), at: "127.0.0.1")
        #expect(await station.log.port(of: one) == 0)
    }
}
