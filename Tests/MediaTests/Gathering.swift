import Foundation
import Telephony
import Testing

@testable import Media

/// A conference on one engine, and its participants on another: each has a line, which says a sound over and over and
/// keeps what it hears.
final class Gathering {
    private static let clock = MediaSessionID(rawValue: 999, epoch: 0)

    let mix = MixID(rawValue: 1)
    let room: MixStation
    let lines: Station
    private let scratch: Scratch
    private let wall: RawPeer
    private var numbers: [Int] = []
    private var linePorts: [Int: UInt16] = [:]
    private var passed: UInt64 = 0

    /// - Parameter threads: of the conference's engine.
    init(threads: Int = 1) async throws {
        room = try MixStation(threads: threads)
        lines = try Station()
        scratch = try Scratch()
        wall = try RawPeer()
        _ = await lines.open(Self.clock)
        await lines.connect(Self.clock, route(to: wall.address.port))
        room.engine.openMix(mix)
    }

    var engines: [MediaEngine] { [room.engine, lines.engine] }

    /// A participant's end in the conference, and the one of its own.
    static func session(_ number: Int) -> MediaSessionID { MediaSessionID(rawValue: UInt64(number), epoch: 0) }
    static func line(_ number: Int) -> MediaSessionID { MediaSessionID(rawValue: UInt64(100 + number), epoch: 0) }

    /// - Parameter events: RFC 4733's payload type; nil for keys as tones, on both ends.
    func add(_ number: Int, law: G711 = .pcmu, events: UInt8? = 101, saying sound: [Int16] = []) async {
        let (session, line) = (Self.session(number), Self.line(number))
        let here = await room.open(session)
        let there = await lines.open(line)
        numbers.append(number)
        linePorts[number] = there
        room.engine.connect(session, route(to: there, payload: law, events: events))
        room.engine.detectDigitsInBand(session, events == nil)
        await lines.connect(line, route(to: here, payload: law, events: events))
        lines.engine.detectDigitsInBand(line, events == nil)
        if !sound.isEmpty {
            lines.engine.play(line, PlaybackID(rawValue: 1), AudioClip(samples: sound), loop: 0)
        }
    }

    func join(_ number: Int, _ membership: MixMembership = MixMembership()) {
        room.engine.join(Self.session(number), mix, membership)
    }

    /// To a participant's line.
    func lineRoute(_ number: Int) -> MediaRoute { route(to: linePorts[number] ?? 0) }

    /// Keeps what a participant hears from here on.
    func record(_ number: Int) {
        lines.engine.record(
            Self.line(number), RecordingTarget(path: scratch.file("heard-\(number).wav"), content: .heard))
    }

    func recordAll() { for number in numbers { record(number) } }

    func heard(_ number: Int) throws -> [Int16] {
        try Sound.samples(ofRecording: scratch.file("heard-\(number).wav"))
    }

    func file(_ name: String) -> String { scratch.file(name) }

    /// So much of the lines' time, by their ticks.
    func pass(_ milliseconds: Int) async {
        passed += 1
        let playback = PlaybackID(rawValue: passed)
        lines.engine.play(Self.clock, playback, AudioClip(samples: [Int16](repeating: 0, count: milliseconds * 8)))
        _ = await lines.log.first { $0 == .played(Self.clock, playback, .completed) }
    }

    /// Closes everything; what was recorded is complete then.
    func finish() async {
        for number in numbers { lines.engine.close(Self.line(number)) }
        for number in numbers { room.engine.close(Self.session(number)) }
        for number in numbers {
            _ = await lines.log.report(of: Self.line(number))
            _ = await room.log.report(of: Self.session(number))
        }
    }
}

extension Sound {
    /// Of a tone of which there is a whole number of periods.
    static func amplitude(of hertz: Double, in samples: [Int16]) -> Double {
        var real = 0.0
        var imaginary = 0.0
        for (index, sample) in samples.enumerated() {
            let angle = 2 * Double.pi * hertz * Double(index) / 8000
            real += Double(sample) * cos(angle)
            imaginary += Double(sample) * sin(angle)
        }
        return 2 * (real * real + imaginary * imaginary).squareRoot() / Double(max(1, samples.count))
    }

    static func decibels(of hertz: Double, in samples: [Int16], relativeTo amplitude: Double) -> Double {
        20 * log10(max(1e-9, self.amplitude(of: hertz, in: samples)) / amplitude)
    }

    /// Half a second from shortly before the end.
    static func steady(_ samples: [Int16]) -> [Int16] { Array(samples.dropLast(800).suffix(4000)) }

    /// Whether a tone is heard, frame by frame of 20 ms; for frequencies of which 20 ms have whole periods.
    static func presence(of hertz: Double, in samples: [Int16], above amplitude: Double) -> [Bool] {
        frames(samples).map { self.amplitude(of: hertz, in: $0) > amplitude }
    }
}
