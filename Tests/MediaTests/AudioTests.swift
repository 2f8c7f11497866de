import Foundation
import Synchronization
import Testing

@testable import Media

@Suite("G.711")
struct G711Tests {
    @Test("Every octet decodes to a value that encodes to it again", arguments: [G711.pcmu, .pcma])
    func identity(law: G711) {
        for octet in UInt8.min ... .max {
            let again = law.encode(law.decode(octet))
            // µ-law has two octets for 0.
            #expect(again == octet || law == .pcmu && octet == 0x7F && again == 0xFF)
        }
    }

    @Test("Values of the standard's tables")
    func tables() {
        #expect(G711.pcmu.decode(0x00) == -32_124)
        #expect(G711.pcmu.decode(0x80) == 32_124)
        #expect(G711.pcmu.decode(0xFF) == 0)
        #expect(G711.pcma.decode(0xD5) == 8)
        #expect(G711.pcma.decode(0x55) == -8)
        #expect(G711.pcma.decode(0xAA) == 32_256)
        #expect(G711.pcma.decode(0x2A) == -32_256)
        #expect(G711.pcmu.encode(0) == 0xFF)
        #expect(G711.pcma.encode(0) == 0xD5)
        #expect(G711.pcmu.encode(.min) == 0x00)
        #expect(G711.pcma.encode(.min) == 0x2A)
        #expect(G711.pcmu.encode(.max) == 0x80)
    }

    @Test("No sample is off by more than its segment allows", arguments: [G711.pcmu, .pcma])
    func error(law: G711) {
        for sample in Int16.min ... .max {
            let off = abs(Int(law.decode(law.encode(sample))) - Int(sample))
            #expect(off <= max(8, Int(sample.magnitude) / 16 + 16), "\(sample)")
            if off > max(8, Int(sample.magnitude) / 16 + 16) { return }
        }
    }

    @Test("One law decoded as the other is not the same sound")
    func wrongLaw() {
        let noise = Sound.noise(milliseconds: 500)
        let wrong = noise.map { G711.pcma.decode(G711.pcmu.encode($0)) }
        let right = noise.map { G711.pcma.decode(G711.pcma.encode($0)) }
        #expect(Sound.correlation(of: noise, in: right) > 0.99)
        #expect(Sound.correlation(of: noise, in: wrong) < 0.95)
    }
}

@Suite("Sound files")
struct AudioDecoderTests {
    @Test("A file of 8 kHz comes out sample for sample")
    func plain() throws {
        let scratch = try Scratch()
        let noise = Sound.noise(milliseconds: 700)
        let path = try scratch.write(
            Sound.wav(format: 1, rate: 8000, channels: 1, bits: 16, data: Sound.bytes(noise)), to: "a.wav")
        #expect(try AudioDecoder().samples(of: path) == noise)
    }

    @Test("Both laws of G.711 are decoded", arguments: [(G711.pcmu, UInt16(7)), (.pcma, 6)])
    func laws(law: G711, format: UInt16) throws {
        let scratch = try Scratch()
        let octets = Sound.noise(milliseconds: 300).map(law.encode)
        let path = try scratch.write(
            Sound.wav(format: format, rate: 8000, channels: 1, bits: 8, data: octets), to: "a.wav")
        let samples = try AudioDecoder().samples(of: path)
        #expect(samples.count == octets.count)
        #expect(zip(samples, octets).allSatisfy { abs(Int($0) - Int(law.decode($1))) <= 1 })
    }

    @Test("Any rate becomes 8 kHz in its length, pitch and level", arguments: [1000, 11_025, 22_050, 44_100, 96_000])
    func rates(rate: Int) throws {
        let scratch = try Scratch()
        let tone = Sound.sine(300, milliseconds: 1000, rate: rate)
        let path = try scratch.write(
            Sound.wav(format: 1, rate: rate, channels: 1, bits: 16, data: Sound.bytes(tone)), to: "a.wav")
        let samples = try AudioDecoder().samples(of: path)
        #expect(abs(samples.count - 8000) < 80)
        let middle = Array(samples[1000..<7000])
        #expect(Sound.correlation(of: middle, in: Sound.sine(300, milliseconds: 1000)) > 0.99)
        #expect(abs(SignalLevel.decibels(middle) - SignalLevel.decibels(tone)) < 1)
    }

    @Test("Channels are mixed")
    func channels() throws {
        let scratch = try Scratch()
        let tone = Sound.sine(440, milliseconds: 200)
        let pairs = tone.flatMap { [$0, Int16(0)] }
        let path = try scratch.write(
            Sound.wav(format: 1, rate: 8000, channels: 2, bits: 16, data: Sound.bytes(pairs)), to: "a.wav")
        let samples = try AudioDecoder().samples(of: path)
        #expect(zip(samples, tone).allSatisfy { abs(Int($0) - Int($1) / 2) <= 1 })
    }

    @Test("A clip that is still being decoded is read to its end")
    func growing() throws {
        let scratch = try Scratch()
        let tone = Sound.noise(milliseconds: 5000)
        let path = try scratch.write(
            Sound.wav(format: 1, rate: 8000, channels: 1, bits: 16, data: Sound.bytes(tone)), to: "a.wav")
        let clip = try AudioDecoder().open(path, decodingInto: scratch.path)
        var heard: [Int16] = []
        var frame = [Int16](repeating: 0, count: 160)
        reading: while true {
            switch frame.withUnsafeMutableBufferPointer({ clip.read(at: heard.count, into: $0) }) {
            case .samples(let count): heard += frame[..<count]
            case .notYet: continue
            case .end: break reading
            case .failed(let reason):
                Issue.record("\(reason)")
                break reading
            }
        }
        #expect(heard == tone)
        #expect(clip.isComplete)
        #expect(clip.milliseconds == 5000)
    }

    /// A WAV file of one channel and 16 bits, with lengths as they may be written.
    private static func wav(
        _ samples: [Int16], dataLength: UInt32?, riffLength: UInt32? = nil, before: [UInt8] = [], after: [UInt8] = []
    ) -> [UInt8] {
        func bytes(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
        let plain = Sound.wav(format: 1, rate: 8000, channels: 1, bits: 16, data: Sound.bytes(samples))
        let data = Sound.bytes(samples)
        let chunk = Array("data".utf8) + bytes(dataLength ?? UInt32(data.count)) + data + after
        let body = plain[8..<36] + before + chunk
        return Array("RIFF".utf8) + bytes(riffLength ?? UInt32(body.count)) + body
    }

    @Test(
        "A WAV file whose writer did not know its length is played to its end",
        arguments: [0, 0x7FFF_F000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFE, 0xFFFF_FFFF] as [UInt32],
        [nil, 0, 0xFFFF_FFFF] as [UInt32?])
    func streamedWAV(_ dataLength: UInt32, _ riffLength: UInt32?) throws {
        let scratch = try Scratch()
        let noise = Sound.noise(milliseconds: 500)
        // What ffmpeg writes before the sound.
        let list = Array("LIST".utf8) + [18, 0, 0, 0] + Array("INFOISFT".utf8) + [6, 0, 0, 0] + Array("Lavf59".utf8)
        for before in [[], list] {
            let path = try scratch.write(
                Self.wav(noise, dataLength: dataLength, riffLength: riffLength, before: before), to: "a.wav")
            #expect(try AudioDecoder().samples(of: path) == noise)
        }
    }

    @Test("A WAV file that is cut off is played as far as it goes, and an odd chunk before the sound is passed over")
    func oddWAV() throws {
        let scratch = try Scratch()
        let noise = Sound.noise(milliseconds: 500)
        let whole = Self.wav(noise, dataLength: nil, before: Array("junk".utf8) + [3, 0, 0, 0, 1, 2, 3, 0])
        #expect(try AudioDecoder().samples(of: scratch.write(whole, to: "a.wav")) == noise)
        let half = try AudioDecoder().samples(of: scratch.write(Array(whole.prefix(whole.count / 2)), to: "b.wav"))
        #expect(!half.isEmpty && noise.starts(with: half))
    }

    @Test("Of a file with nothing to be heard in it the clip says so; of one with sound it says nothing")
    func silence() async throws {
        let scratch = try Scratch()
        func silence(_ samples: [Int16], after: [UInt8] = []) async throws -> String? {
            let path = try scratch.write(Self.wav(samples, dataLength: nil, after: after), to: "a.wav")
            let clip = try AudioDecoder().open(path, decodingInto: scratch.path)
            while !clip.isComplete, clip.failureReason == nil { await Task.yield() }
            return clip.silence
        }
        #expect(try await silence([])?.contains("no sound") == true)
        // An empty sound with a chunk behind it is empty, and no stream.
        #expect(try await silence([], after: Array("LIST".utf8) + [4, 0, 0, 0] + Array("INFO".utf8)) != nil)
        #expect(try await silence([Int16](repeating: 0, count: 800))?.contains("silence") == true)
        #expect(try await silence(Sound.sine(440, milliseconds: 100, amplitude: 100)) == nil)
    }

    @Test("Who waits for a clip is told once when nothing more comes: whole or failed, before or after he asked")
    func settled() {
        for fails in [false, true] {
            let clip = AudioClip(growingIn: -1)
            let told = EventCount()
            clip.whenSettled { told.add() }
            #expect(told.count == 0)
            if fails { clip.fail("cut off") } else { clip.finish() }
            #expect(told.count == 1)
            clip.whenSettled { told.add() }
            #expect(told.count == 2)
            clip.finish()
            #expect(told.count == 2)
        }
    }

    @Test("What is no sound is refused with a reason")
    func garbage() throws {
        let scratch = try Scratch()
        var random = Seeded(6)
        let noise = try scratch.write((0..<5000).map { _ in random.byte() }, to: "a.wav")
        #expect(throws: MediaFailure.self) { try AudioDecoder().samples(of: noise) }
        #expect(throws: MediaFailure.self) { try AudioDecoder().samples(of: scratch.file("none.wav")) }
        #expect(throws: MediaFailure.self) { try AudioDecoder().samples(of: scratch.write([], to: "empty.wav")) }
    }

    @Test("Limits on bytes, seconds and rate hold")
    func limits() throws {
        let scratch = try Scratch()
        let sound = Sound.wav(
            format: 1, rate: 8000, channels: 1, bits: 16, data: Sound.bytes(Sound.noise(milliseconds: 3000)))
        let path = try scratch.write(sound, to: "a.wav")
        var limits = AudioDecoder.Limits()
        limits.bytes = 1000
        #expect(throws: MediaFailure.self) { try AudioDecoder(limits: limits).samples(of: path) }
        limits = AudioDecoder.Limits()
        limits.seconds = 2
        #expect(throws: MediaFailure.self) { try AudioDecoder(limits: limits).samples(of: path) }
        limits = AudioDecoder.Limits()
        limits.rates = 16_000...48_000
        #expect(throws: MediaFailure.self) { try AudioDecoder(limits: limits).samples(of: path) }
    }

    @Test("Mutated files are decoded or refused")
    func mutations() throws {
        let scratch = try Scratch()
        var random = Seeded(7)
        let sound = Sound.wav(
            format: 1, rate: 16_000, channels: 2, bits: 16, data: Sound.bytes(Sound.noise(milliseconds: 100)))
        for _ in 0..<300 {
            var header = random.mutate(Array(sound[..<44]))
            header += sound[44...]
            let path = try scratch.write(header, to: "a.wav")
            _ = try? AudioDecoder().samples(of: path)
        }
        #expect(try AudioDecoder().samples(of: scratch.write(sound, to: "b.wav")).count == 200)
    }

    @Test("A recording is a valid file after every append")
    func writer() throws {
        let scratch = try Scratch()
        let file = try WAVFileWriter(path: scratch.file("r.wav"), channels: 1)
        let noise = Sound.noise(milliseconds: 1000)
        var written: [Int16] = []
        for start in stride(from: 0, to: noise.count, by: 1000) {
            try file.append(Array(noise[start..<(start + 1000)]))
            written += noise[start..<(start + 1000)]
            #expect(try AudioDecoder().samples(of: scratch.file("r.wav")) == written)
        }
        #expect(file.milliseconds == 1000)
    }
}

private final class EventCount: Sendable {
    private let events = Atomic(0)

    var count: Int { events.load(ordering: .relaxed) }

    func add() { events.add(1, ordering: .relaxed) }
}

@Suite("Tones and voices")
struct DetectorTests {
    func detect(_ samples: [Int16]) -> [DTMFDetector.Detected] {
        var detector = DTMFDetector()
        var detected: [DTMFDetector.Detected] = []
        samples.withUnsafeBufferPointer { detector.feed($0, into: &detected) }
        return detected
    }

    func tone(_ code: UInt8, milliseconds: Int, quiet: Int = 100) -> [Int16] {
        var generator = DTMFGenerator(code: code, samples: milliseconds * 8)
        var samples = [Int16](repeating: 0, count: milliseconds * 8)
        samples.withUnsafeMutableBufferPointer { generator.fill($0) }
        return samples + [Int16](repeating: 0, count: quiet * 8)
    }

    @Test("Each digit of 50 and of 100 ms is found once, through either law", arguments: [50, 100])
    func digits(milliseconds: Int) {
        let keys = Array("0123456789*#ABCD")
        for law in [G711.pcmu, .pcma] {
            let line = (UInt8(0)..<16).flatMap { tone($0, milliseconds: milliseconds) }
                .map { law.decode(law.encode($0)) }
            let detected = detect(line)
            #expect(detected.map(\.digit) == keys)
            #expect(detected.allSatisfy { abs($0.milliseconds - milliseconds) <= 20 })
        }
    }

    @Test("One tone alone, noise and silence are no digits")
    func noDigits() {
        #expect(detect(Sound.sine(697, milliseconds: 500)).isEmpty)
        #expect(detect(Sound.sine(1336, milliseconds: 500)).isEmpty)
        #expect(detect(Sound.noise(milliseconds: 20_000, amplitude: 30_000)).isEmpty)
        #expect(detect([Int16](repeating: 0, count: 8000)).isEmpty)
    }

    @Test("Levels are relative to full scale")
    func levels() {
        #expect(abs(SignalLevel.decibels(Sound.sine(1000, milliseconds: 1000, amplitude: 32_767)) + 3.01) < 0.05)
        #expect(abs(SignalLevel.decibels(Sound.sine(1000, milliseconds: 1000, amplitude: 3276.7)) + 23.01) < 0.05)
        #expect(SignalLevel.decibels([]) == SignalLevel.floor)
        let withPauses = [Int16](repeating: 0, count: 16_000) + Sound.sine(1000, milliseconds: 500, amplitude: 3276.7)
        #expect(abs(SignalLevel.speechDecibels(withPauses) + 23.01) < 0.05)
    }

    @Test("Speech begins after its first 60 ms and ends after the quiet asked for")
    func voice() {
        var detector = VoiceActivityDetector(SpeechObservation(endMilliseconds: 200))
        let line =
            [Int16](repeating: 0, count: 1600) + Sound.sine(400, milliseconds: 400) + [Int16](repeating: 3, count: 3200)
        var changes: [(Int, VoiceActivityDetector.Change)] = []
        for start in stride(from: 0, to: line.count, by: 160) {
            let change = line[start..<(start + 160)].withUnsafeBufferPointer { detector.feed($0) }
            if let change { changes.append((start / 8 + 20, change)) }
        }
        #expect(changes.map(\.0) == [260, 800])
        guard case .ended(let milliseconds, let decibels)? = changes.last?.1 else {
            Issue.record("no end")
            return
        }
        #expect(milliseconds == 400)
        #expect(abs(decibels - SignalLevel.decibels(Sound.sine(400, milliseconds: 400))) < 0.1)
    }

    @Test("A click is no speech")
    func click() {
        var detector = VoiceActivityDetector(SpeechObservation())
        for index in 0..<100 {
            let frame = index % 10 == 0 ? Sound.sine(400, milliseconds: 20) : [Int16](repeating: 0, count: 160)
            #expect(frame.withUnsafeBufferPointer { detector.feed($0) } == nil)
        }
    }
}
