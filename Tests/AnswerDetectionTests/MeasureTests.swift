import Foundation
import Telephony
import Testing

@testable import AnswerDetection

/// Steady sound, frame by frame: sines of whole periods in a frame, so that no frame's end clicks.
private struct Sound {
    /// Amplitudes of 1000 Hz in the middle between two decibels above one step: 80, 58 and 57.
    static let loud = 14_980.0, soft = 1190.0, softer = 1061.0

    let spectrum = FrameSpectrum()

    /// The next 20 ms, already looked at.
    func next(_ amplitude: Double, _ frequencies: [Double] = [1000]) -> [Int16] {
        let frame = (0..<FrameSpectrum.frame).map { index -> Int16 in
            Int16(frequencies.reduce(0) { $0 + amplitude * sin(2 * .pi * $1 * Double(index) / 8000) })
        }
        frame.withUnsafeBufferPointer { spectrum.observe($0) }
        return frame
    }

    /// What is remembered of so many frames of each.
    static func history(_ stretches: [(amplitude: Double, frames: Int)]) -> GreetingHistory {
        let sound = Sound()
        var history = GreetingHistory()
        for stretch in stretches {
            for _ in 0..<stretch.frames {
                _ = sound.next(stretch.amplitude)
                history.append(sound.spectrum)
            }
        }
        return history
    }
}

@Suite("What a frame sounds like")
struct FrameSpectrumTests {
    @Test("A tone's power is that of its sine, and all of it lies at its pitch", arguments: [500.0, 1000, 2500])
    func tone(hertz: Double) {
        let sound = Sound()
        for _ in 0..<3 { _ = sound.next(Sound.loud, [hertz]) }
        let spectrum = sound.spectrum
        #expect(abs(Double(spectrum.power) / (Sound.loud * Sound.loud / 2) - 1) < 0.01)
        #expect(abs(Double(spectrum.first.hertz) - hertz) < 2 && spectrum.first.share > 0.99)
        #expect(spectrum.second.share < 0.01 && spectrum.modemShare < 0.01)
    }

    @Test("Two tones at once are both seen, each with its half")
    func pair() {
        let sound = Sound()
        for _ in 0..<3 { _ = sound.next(5000, [700, 1200]) }
        let peaks = [sound.spectrum.first, sound.spectrum.second].sorted { $0.hertz < $1.hertz }
        #expect(abs(peaks[0].hertz - 700) < 5 && abs(peaks[1].hertz - 1200) < 5)
        #expect(peaks.allSatisfy { abs($0.share - 0.5) < 0.05 })
    }

    @Test(
        "Where V.21's answering side sends is told from beside it",
        arguments: [(1650.0, true), (1850, true), (1300, false), (2200, false)])
    func modem(hertz: Double, isThere: Bool) {
        let sound = Sound()
        for _ in 0..<3 { _ = sound.next(5000, [hertz]) }
        #expect(isThere ? sound.spectrum.modemShare > 0.95 : sound.spectrum.modemShare < 0.05)
    }

    @Test("A voice hums at its pitch; silence after it is silence in everything")
    func voice() {
        let sound = Sound()
        let harmonics = (1...15).map { Double($0) * 100 }
        _ = sound.next(600, harmonics)
        #expect(sound.spectrum.change > 1)
        for _ in 0..<2 { _ = sound.next(600, harmonics) }
        // An octave above 50 Hz.
        #expect(sound.spectrum.voicing > 0.99 && abs(sound.spectrum.pitch - 1) < 0.01)
        #expect(sound.spectrum.change == 0, "it goes on as it was")
        for _ in 0..<3 { _ = sound.next(0) }
        let spectrum = sound.spectrum
        #expect(spectrum.power == 0 && spectrum.voicing == 0 && spectrum.modemShare == 0 && spectrum.change == 0)
        let none = FrameSpectrum.Peak(hertz: 0, share: 0)
        #expect(spectrum.first == none && spectrum.second == none)
    }
}

@Suite("Tones are followed from their beginning to their end")
struct ToneTrackerTests {
    /// What so many frames of sound, then frames that never arrive, and so on, bring.
    private func follow(_ stretches: [(amplitude: Double?, frames: Int)]) -> (tones: [ToneSegment], frames: [Int]) {
        let sound = Sound()
        var tracker = ToneTracker()
        var tones: [ToneSegment] = []
        var frames: [Int] = []
        var frame = 0
        for stretch in stretches {
            for _ in 0..<stretch.frames {
                var tone: ToneSegment?
                if let amplitude = stretch.amplitude {
                    sound.next(amplitude).withUnsafeBufferPointer {
                        tone = tracker.observe($0, sound.spectrum, at: frame * 20)
                    }
                } else {
                    tone = tracker.observeGap(at: frame * 20)
                }
                if let tone {
                    tones.append(tone)
                    frames.append(frame)
                }
                frame += 1
            }
        }
        return (tones, frames)
    }

    @Test("A sender that stops within a tone ends it, in quiet, with the fourth frame that is missed")
    func stops() throws {
        let (tones, frames) = follow([(Sound.loud, 10), (nil, 8)])
        #expect(frames == [13])
        let tone = try #require(tones.first)
        #expect(tone.endsInQuiet && tone.startMilliseconds == 0 && tone.endMilliseconds == 200)
        #expect(abs(tone.hertz - 1000) < 2 && tone.secondHertz == nil)
        #expect(tone.hertzSpread < 1 && tone.decibelSpread < 0.1)
    }

    @Test("Up to three frames that are lost within it do not end it, however often", arguments: 1...3)
    func loses(frames: Int) throws {
        let (tones, _) = follow([
            (Sound.loud, 10), (nil, frames), (Sound.loud, 5), (nil, frames), (Sound.loud, 5), (0, 5),
        ])
        #expect(tones.count == 1)
        let tone = try #require(tones.first)
        #expect(tone.startMilliseconds == 0 && tone.endMilliseconds == (20 + 2 * frames) * 20 && tone.endsInQuiet)
    }
}

@Suite("Talk and pauses")
struct GreetingMeasureTests {
    private static let hush = (amplitude: 0.0, frames: 10)

    @Test("A crest as loud as talk is a syllable, one a decibel below it none")
    func syllables() throws {
        // The peak lies at 80 dB, silence at 0: talk is from 22 dB below the peak on.
        for (amplitude, count) in [(Sound.soft, 2), (Sound.softer, 1)] {
            let history = Sound.history([(0, 20), (Sound.loud, 30), (0, 20), (amplitude, 10), (0, 20)])
            let greeting = try #require(Greeting(history))
            #expect(greeting.syllables == count && greeting.words == count)
            #expect(greeting.firstSoundMilliseconds == 400)
            #expect(greeting.loudestLevel > 79 && greeting.loudestLevel <= 80)
        }
    }

    @Test("Silence and a steady sound are no greeting")
    func nothing() {
        #expect(Greeting(Sound.history([(0, 100)])) == nil)
        #expect(Greeting(Sound.history([(Sound.loud, 100)])) == nil)
        #expect(Greeting(Sound.history([(0, 3), (Sound.loud, 4)])) == nil, "seven frames are too few")
        #expect(Greeting(Sound.history([(0, 4), (Sound.loud, 4)])) != nil)
    }

    @Test("What is interrupted for 200 ms is one spurt, for longer two; three frames are none")
    func spurts() throws {
        // A tone rings in the frame after it, whose window still holds it.
        func spurts(_ stretches: [(amplitude: Double, frames: Int)]) -> GreetingSpurts? {
            GreetingSpurts(Sound.history([Self.hush] + stretches), threshold: 60)
        }
        #expect(spurts([(Sound.loud, 2), (0, 4)]) == nil)
        #expect(spurts([(Sound.loud, 3), (0, 4)])?.count == 1)
        #expect(spurts([(Sound.loud, 5), (0, 10), (Sound.loud, 3), (0, 4)])?.count == 1)
        let two = try #require(spurts([(Sound.loud, 5), (0, 11), (Sound.loud, 3), (0, 4)]))
        func seconds(_ frames: Int) -> Float { Float(frames) * 0.02 }
        #expect(two.count == 2 && two.span == 10..<30)
        #expect(two.first == seconds(6) && two.longest == seconds(6) && two.last == seconds(4))
        #expect(two.talk == seconds(10) && two.elapsed == seconds(23))
        #expect(two.lastInnerPause == seconds(10) && two.longestInnerPause == seconds(10))
        #expect(two.meanInnerPause == seconds(10) && two.longestPause == seconds(10))
        #expect(two.pauseNow == seconds(3) && two.runNow == seconds(4))
        #expect(spurts([(Sound.loud, 5), (0, 11)])?.runNow == seconds(6))
        #expect(spurts([(Sound.loud, 5), (0, 12)])?.runNow == 0)
    }

    @Test("The rule: going on for 1.5 s or a fourth word is a machine's, a wait of 0.8 s a person's")
    func rule() throws {
        func judged(_ stretches: [(amplitude: Double, frames: Int)]) throws -> Answerer? {
            LengthRule.judge(try #require(Greeting(Sound.history([Self.hush] + stretches))))
        }
        #expect(try judged([(Sound.loud, 74)]) == nil)
        #expect(try judged([(Sound.loud, 75)]) == .answeringMachine)
        #expect(try judged([(Sound.loud, 75), (0, 60)]) == .answeringMachine, "it stays one, whatever waits then")
        var words: [(amplitude: Double, frames: Int)] = []
        for _ in 0..<3 { words += [(Sound.loud, 6), (0, 5)] }
        #expect(try judged(words) == nil)
        words += [(Sound.loud, 6), (0, 5)]
        #expect(try judged(words) == .answeringMachine)
        #expect(try judged([(Sound.loud, 20), (0, 40)]) == nil)
        #expect(try judged([(Sound.loud, 20), (0, 42)]) == .human)
    }

    @Test("The rule: what clicks for five seconds, and says no word, is undecided")
    func patience() throws {
        for (frames, answerer) in [(9, nil), (10, .undecided)] as [(Int, Answerer?)] {
            var stretches: [(amplitude: Double, frames: Int)] = [Self.hush]
            for _ in 0..<8 { stretches += [(Sound.loud, 3), (0, 27)] }
            stretches += [(Sound.loud, 3), (0, frames - 3)]
            #expect(LengthRule.judge(try #require(Greeting(Sound.history(stretches)))) == answerer)
        }
    }
}

@Suite("What is remembered of a greeting")
struct GreetingHistoryTests {
    @Test("Of silence that lasts, the last two seconds are kept once there are more than five")
    func silence() {
        var history = Sound.history([(0, 250)])
        history.forgetSilence()
        #expect(history.count == 250 && history.startMilliseconds == 0)
        history = Sound.history([(0, 249), (Sound.loud, 2)])
        history.forgetSilence()
        #expect(history.count == 100 && history.startMilliseconds == 151 * 20 && history.endMilliseconds == 251 * 20)
        // What is kept is the newest.
        #expect(history.levels[98..<100].allSatisfy { $0 > 70 } && history.levels[..<98].allSatisfy { $0 == 0 })
        #expect(history.histogram.reduce(0, +) == 100 && history.histogram[0] == 98)
    }

    @Test("A tone's frames count no longer, each once; a gap's never did; a restart forgets all but the time")
    func disregards() {
        var history = Sound.history([(0, 5), (Sound.loud, 5)])
        history.appendGap()
        #expect(history.count == 11 && history.histogram.reduce(0, +) == 10)
        history.disregard(last: 3)
        #expect(
            history.kinds[..<8].allSatisfy { $0 == .heard } && history.kinds[8..<11].allSatisfy { $0 == .disregarded })
        #expect(history.histogram.reduce(0, +) == 8)
        history.disregard(last: 3)
        #expect(history.histogram.reduce(0, +) == 8)
        history.disregard(last: 99)
        #expect(history.histogram.allSatisfy { $0 == 0 } && history.count == 11)
        history.restart()
        #expect(history.count == 0 && history.startMilliseconds == 220 && history.endMilliseconds == 220)
    }

    @Test("It has room for 20 s, and takes no more")
    func full() {
        var history = Sound.history([(0, 1023)])
        #expect(!history.isFull)
        history.appendGap()
        #expect(history.isFull && history.count == 1024)
        history.appendGap()
        history.append(FrameSpectrum())
        #expect(history.count == 1024)
    }
}
