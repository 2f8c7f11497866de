import SDP
import Telephony
import Testing

@testable import Media

@Suite("Who should speak and does not is missed, once")
struct PeerWatchBoundTests {
    private static let second: Int64 = 1_000_000_000

    @Test("After so long, to the nanosecond, counted from when it may speak or was last heard")
    func overdue() {
        var watch = PeerWatch()
        #expect(watch.isOverdue(lastHeard: nil, now: 99 * Self.second) == false, "nobody is waited for")
        watch.expect(within: 1, isAnew: true, now: Self.second)
        #expect(watch.isOverdue(lastHeard: nil, now: 2 * Self.second) == false)
        var (heard, former) = (watch, watch)
        #expect(watch.isOverdue(lastHeard: nil, now: 2 * Self.second + 1) == true)
        #expect(watch.isOverdue(lastHeard: nil, now: 99 * Self.second) == false, "it is told once")
        // What was heard before it was to speak is not counted, what was heard since is.
        #expect(former.isOverdue(lastHeard: 5, now: 2 * Self.second) == false)
        #expect(former.isOverdue(lastHeard: 5, now: 2 * Self.second + 1) == true)
        let last = 3 * Self.second / 2
        #expect(heard.isOverdue(lastHeard: last, now: last + Self.second) == false)
        #expect(heard.isOverdue(lastHeard: last, now: last + Self.second + 1) == true)
    }

    @Test("What is said again changes nothing (RFC 4028 §7.4); a move begins anew, and so does the end of a hold")
    func again() {
        var watch = PeerWatch()
        watch.expect(within: 1, isAnew: true, now: 0)
        var refreshed = watch, moved = watch, longer = watch, held = watch
        let late = Self.second + 1
        refreshed.expect(within: 1, isAnew: false, now: Self.second / 2)
        #expect(refreshed.isOverdue(lastHeard: nil, now: late) == true)
        moved.expect(within: 1, isAnew: true, now: Self.second / 2)
        #expect(moved.isOverdue(lastHeard: nil, now: late) == false)
        #expect(moved.isOverdue(lastHeard: nil, now: late + Self.second / 2) == true)
        longer.expect(within: 3, isAnew: false, now: Self.second / 2)
        #expect(longer.isOverdue(lastHeard: nil, now: 3 * Self.second) == false)
        #expect(longer.isOverdue(lastHeard: nil, now: 3 * Self.second + 1) == true)
        held.expect(within: nil, isAnew: false, now: 0)
        #expect(held.isOverdue(lastHeard: nil, now: 99 * Self.second) == false)
        held.expect(within: 1, isAnew: false, now: 99 * Self.second)
        #expect(held.isOverdue(lastHeard: nil, now: 100 * Self.second) == false, "it counts from the hold's end")
        #expect(held.isOverdue(lastHeard: nil, now: 100 * Self.second + 1) == true)
    }

    @Test("No time is shorter than a packet's, nor longer than a day")
    func bounds() {
        for (seconds, nanoseconds) in [(0.0, 20_000_000), (-5, 20_000_000), (1e12, 86_400 * Self.second)] {
            var watch = PeerWatch()
            watch.expect(within: seconds, isAnew: true, now: 0)
            #expect(watch.isOverdue(lastHeard: nil, now: nanoseconds) == false)
            #expect(watch.isOverdue(lastHeard: nil, now: nanoseconds + 1) == true)
        }
    }
}

@Suite("Playbacks, to their limits")
struct PlaybackLimitTests {
    private func fill(_ queue: inout PlaybackQueue) -> (frame: [Int16], ended: [PlaybackID]) {
        var frame = [Int16](repeating: 77, count: 160)
        var ended: [(PlaybackID, PlaybackEnd)] = []
        frame.withUnsafeMutableBufferPointer { queue.fill($0, ended: &ended) }
        return (frame, ended.map(\.0))
    }

    private static func id(_ number: Int) -> PlaybackID { PlaybackID(rawValue: UInt64(number)) }

    @Test("64 wait, and no 65th; each that is removed makes room, and the others keep their order")
    func most() {
        var queue = PlaybackQueue()
        let clip = AudioClip(samples: [1])
        for number in 0..<64 { #expect(queue.add(Self.id(number), clip, loop: 1) == true) }
        #expect(queue.add(Self.id(64), clip, loop: 1) == false)
        #expect(queue.remove(Self.id(3)) == true)
        #expect(queue.add(Self.id(65), clip, loop: 1) == true)
        #expect(queue.removeAll() == ([0, 1, 2] + Array(4..<64) + [65]).map(Self.id))
        #expect(queue.isEmpty)
    }

    @Test("A clip sounds as often as it was asked for, over frames, and is ended once, when nothing of it is left")
    func rounds() {
        for (loop, samples, end) in [(1, 100, 0), (2, 200, 1), (3, 300, 1), (0, 640, nil), (-1, 640, nil)] {
            var queue = PlaybackQueue()
            _ = queue.add(Self.id(1), AudioClip(samples: [Int16](repeating: 9, count: 100)), loop: loop)
            let frames = (0..<4).map { _ in fill(&queue) }
            let heard = frames.flatMap(\.frame)
            #expect(heard[..<samples].allSatisfy { $0 == 9 } && heard[samples...].allSatisfy { $0 == 0 })
            #expect(frames.map(\.ended) == (0..<4).map { $0 == end ? [Self.id(1)] : [] }, "\(loop)")
            #expect(queue.isEmpty == (end != nil))
        }
    }

    @Test("One that fills a frame to its last sample ends with the next, which is the next clip's")
    func exact() {
        var queue = PlaybackQueue()
        _ = queue.add(Self.id(1), AudioClip(samples: [Int16](repeating: 9, count: 160)), loop: 1)
        _ = queue.add(Self.id(2), AudioClip(samples: [5]), loop: 1)
        let (first, second) = (fill(&queue), fill(&queue))
        #expect(first.frame.allSatisfy { $0 == 9 } && first.ended.isEmpty)
        #expect(second.frame == [5] + [Int16](repeating: 0, count: 159) && second.ended == [1, 2].map(Self.id))
    }
}

@Suite("Levels and voices, to their bounds")
struct LevelBoundTests {
    private static func frame(_ amplitude: Int16) -> [Int16] { [Int16](repeating: amplitude, count: 160) }

    @Test("A square wave of full amplitude is 0 dB, and no silence is quieter than 96 dB below it")
    func levels() {
        #expect(abs(SignalLevel.decibels(Self.frame(.min))) < 0.001)
        #expect(abs(SignalLevel.decibels(Self.frame(3277)) + 20) < 0.01)
        #expect(SignalLevel.decibels(Self.frame(0)) == -96 && SignalLevel.decibels([]) == -96)
        #expect(SignalLevel.decibels([1] + [Int16](repeating: 0, count: 8000)) == -96)
    }

    @Test("Of speech the frames within 30 dB of the loudest count, and no quieter ones")
    func speech() {
        let loud = Self.frame(10_000)
        // A thirty-first of the amplitude is 29.8 dB below, a thirty-second 30.1.
        let within = SignalLevel.speechDecibels(loud + Self.frame(323))
        #expect(abs(within - SignalLevel.decibels(loud + Self.frame(323))) < 0.001)
        #expect(abs(SignalLevel.speechDecibels(loud + Self.frame(312)) - SignalLevel.decibels(loud)) < 0.001)
        #expect(SignalLevel.speechDecibels([]) == -96 && SignalLevel.speechDecibels(Self.frame(0)) == -96)
    }

    /// What each frame brings.
    private func changes(_ amplitudes: [Int16], _ observation: SpeechObservation) -> [VoiceActivityDetector.Change?] {
        var detector = VoiceActivityDetector(observation)
        return amplitudes.map { amplitude in
            Self.frame(amplitude).withUnsafeBufferPointer { detector.feed($0) }
        }
    }

    @Test("A frame above the threshold is voice, and none at it")
    func threshold() {
        let observation = SpeechObservation(thresholdDecibels: -40, startMilliseconds: 20, endMilliseconds: 20)
        // 40 dB below full scale is an amplitude of 327.68.
        #expect(changes([327], observation) == [nil])
        guard case .started(let decibels)? = changes([328], observation)[0] else {
            Issue.record("no voice")
            return
        }
        #expect(abs(decibels + 40) < 0.1)
    }

    @Test("So many frames of voice begin speech, a pause of one among them, and so many of quiet end it")
    func stretches() {
        let observation = SpeechObservation(thresholdDecibels: -40, startMilliseconds: 60, endMilliseconds: 80)
        let (voice, quiet): (Int16, Int16) = (3277, 0)
        let all = changes(
            [voice, voice, quiet, voice, quiet, quiet, quiet, voice, quiet, quiet, quiet, quiet], observation)
        #expect(all.indices.filter { all[$0] != nil } == [3, 11])
        guard case .ended(let milliseconds, let decibels)? = all[11] else {
            Issue.record("no end")
            return
        }
        // Eight frames from the first to the last voice; the level is that of the voice alone.
        #expect(milliseconds == 160 && abs(decibels + 20) < 0.01)
        // Two quiet frames, and what came before is forgotten.
        #expect(changes([voice, voice, quiet, quiet, voice, voice], observation).allSatisfy { $0 == nil })
        #expect(changes([voice, voice, quiet, quiet, voice, voice, voice], observation).last != .some(nil))
    }

    @Test("A tone is as long, as high and as loud as it is to be, with edges of 5 ms")
    func tone() {
        let tone = AudioClip.tone(hertz: 1000, milliseconds: 100, decibels: 0).samples()
        #expect(tone.count == 800)
        // Eight samples a period: a quarter after its beginning it is at its height.
        #expect(tone[42] >= 32_766 && tone[46] <= -32_766)
        #expect(tone[0] == 0 && abs(Int(tone[2]) - 32_767 * 2 / 40) <= 1 && abs(Int(tone[797])) < 2000)
        #expect(abs(Int(AudioClip.tone(hertz: 1000, milliseconds: 100, decibels: -20).samples()[42]) - 3276) <= 1)
        #expect(AudioClip.tone(hertz: 1000, milliseconds: 100, decibels: 6).samples()[42] >= 32_766)
        #expect(AudioClip.tone(hertz: 1000, milliseconds: -5, decibels: 0).count == 0)
        #expect(AudioClip.tone(hertz: 1000, milliseconds: 2, decibels: 0).samples().allSatisfy { $0 < 32_767 })
    }

    @Test("A key's tone is over when it is, and then silence; what is no key is silence")
    func key() {
        for (code, length) in [(UInt8(5), 100), (16, 0), (255, 0)] {
            var generator = DTMFGenerator(code: code, samples: 100)
            var samples = [Int16](repeating: 77, count: 160)
            samples.withUnsafeMutableBufferPointer { generator.fill($0) }
            #expect(samples[..<length].contains { abs(Int($0)) > 5000 } == (length > 0))
            #expect(samples[length...].allSatisfy { $0 == 0 })
        }
    }
}

@Suite("What the header of a recording says")
struct WAVFileHeaderTests {
    @Test("Its length in seconds, a part of one counted whole, of one channel and of two", arguments: [1, 2])
    func seconds(_ channels: Int) throws {
        let scratch = try Scratch()
        for (samples, seconds) in [(0, 0), (1, 1), (7999, 1), (8000, 1), (8001, 2), (16_000, 2)] {
            let path = scratch.file("r\(samples).wav")
            let file = try WAVFileWriter(path: path, channels: channels)
            try file.append([Int16](repeating: 1, count: samples * channels))
            #expect(file.milliseconds == samples / 8)
            #expect(try #require(WAVFileHeader(path: path)).secondsRoundedUp == seconds, "\(samples)")
        }
    }

    @Test("What is not ours has none")
    func others() throws {
        let scratch = try Scratch()
        _ = try WAVFileWriter(path: scratch.file("good.wav"), channels: 1)
        #expect(WAVFileHeader(path: scratch.file("good.wav")) != nil)
        #expect(WAVFileHeader(path: scratch.file("none.wav")) == nil)
        var header: [UInt8] = Array("RIFF".utf8) + [UInt8](repeating: 0, count: 18) + [1, 0]
        header += [UInt8](repeating: 0, count: 12) + Array("data".utf8) + [0, 0, 0, 0]
        #expect(header.count == 44)
        #expect(try WAVFileHeader(path: scratch.write(header, to: "a.wav")) != nil)
        #expect(try WAVFileHeader(path: scratch.write(Array(header.dropLast()), to: "b.wav")) == nil)
        for (place, byte) in [(0, UInt8(ascii: "r")), (36, UInt8(ascii: "D")), (22, 0)] {
            var other = header
            other[place] = byte
            #expect(try WAVFileHeader(path: scratch.write(other, to: "c.wav")) == nil, "\(place)")
        }
    }
}
