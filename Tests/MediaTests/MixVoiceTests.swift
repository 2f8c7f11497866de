import Testing

@testable import Media

@Suite("A voice in a mix comes and goes without a click, and is otherwise as it is")
struct MixVoiceTests {
    /// −40 dB of full scale: a step beyond it is a click.
    private static let click = 328

    /// One voice, and all that is heard of it.
    private struct Heard {
        var voice = MixVoice()
        var total = MixTotal()
        var samples: [Int16] = []

        mutating func frame(_ body: (inout MixVoice, inout MixTotal) -> Void) {
            body(&voice, &total)
            var heard = [Int16](repeating: 0, count: 160)
            var span = heard.mutableSpan
            total.copy(into: &span)
            samples += heard
        }

        mutating func say(_ frame: [Int16]) { self.frame { $0.say(frame.span, in: &$1) } }
        mutating func pause() { frame { $0.pause(in: &$1) } }
        mutating func lose() { frame { $0.lose(in: &$1) } }
        mutating func stop() { frame { $0.stop(in: &$1) } }
    }

    private let level = [Int16](repeating: 8000, count: 160)

    @Test("The first frame fades in over 10 ms; all others are heard sample by sample")
    func fadesIn() {
        var heard = Heard()
        let frames = Sound.frames(Sound.noise(milliseconds: 200))
        for frame in frames { heard.say(frame) }
        #expect(heard.samples[0] == 0)
        #expect(heard.samples[80..<160].elementsEqual(frames[0][80...]))
        #expect(heard.samples[160...].elementsEqual(frames.dropFirst().joined()))
        for index in 0..<80 { #expect(abs(Int(heard.samples[index])) <= abs(Int(frames[0][index]))) }
    }

    @Test("It ends by its last sample running out within 10 ms, and is gone after that frame")
    func runsOut() {
        var heard = Heard()
        for _ in 0..<3 { heard.say(level) }
        heard.stop()
        #expect(heard.voice.isIn)
        #expect(Sound.largestStep(heard.samples) <= 100)
        #expect(heard.samples[559...].allSatisfy { $0 == 0 })
        heard.stop()
        #expect(!heard.voice.isIn)
        #expect(heard.total.voices == 0)
        #expect(heard.samples.suffix(160).allSatisfy { $0 == 0 })
    }

    @Test("One that ends in silence is gone at once")
    func endsInSilence() {
        var heard = Heard()
        heard.say(level)
        heard.say([Int16](repeating: 8000, count: 159) + [0])
        heard.stop()
        #expect(!heard.voice.isIn)
        #expect(heard.total.voices == 0)
    }

    @Test("The peer's own silence, and what follows it, are as they are")
    func pauses() {
        var heard = Heard()
        for _ in 0..<2 { heard.say(level) }
        heard.pause()
        #expect(!heard.voice.isIn)
        heard.pause()
        heard.say(level)
        #expect(heard.samples[320..<640].allSatisfy { $0 == 0 })
        #expect(heard.samples[640...].elementsEqual(level))
    }

    @Test("What is lost is made up for by what came before, fainter and fainter, for 60 ms; then it is silence")
    func conceals() {
        var heard = Heard()
        for _ in 0..<2 { heard.say(level) }
        for _ in 0..<6 { heard.lose() }
        #expect(!heard.voice.isIn)
        let gap = heard.samples[320...].map(Int.init)
        #expect(zip(gap, gap.dropFirst()).allSatisfy { $0 >= $1 })
        #expect(abs(gap[159] - 5333) <= 50)
        #expect(abs(gap[319] - 2667) <= 50)
        #expect(gap[479...].allSatisfy { $0 == 0 })
        #expect(Sound.largestStep(Array(heard.samples[160...])) < Self.click)
    }

    @Test("A concealed frame goes on where the one before ended, and what comes after it joins on", arguments: 1...5)
    func joinsOn(lost: Int) {
        let tone = Sound.sine(440, milliseconds: 400, amplitude: 8000)
        let frames = Sound.frames(tone)
        var heard = Heard()
        for frame in frames[..<6] { heard.say(frame) }
        for _ in 0..<lost { heard.lose() }
        for frame in frames[(6 + lost)...] { heard.say(frame) }
        #expect(Sound.largestStep(heard.samples) <= Sound.largestStep(tone) + Self.click)
        // 10 ms after the gap it is the peer's own again.
        let rest = (6 + lost) * 160 + 80
        #expect(heard.samples[rest...].elementsEqual(tone[rest...]))
    }

    @Test(
        "Whatever happens to it, nothing clicks, and in the end nothing is left in the total",
        arguments: 1...200 as ClosedRange<UInt64>)
    func anything(seed: UInt64) {
        var random = Seeded(seed)
        let tone = Sound.sine(150, milliseconds: 2000, amplitude: 10_000)
        var heard = Heard()
        var isPaused = false
        for frame in Sound.frames(tone) {
            switch Int.random(in: 0..<6, using: &random) {
            case 0: heard.lose()
            case 1: heard.stop()
            case 2:
                // The peer's own silence ends and begins as the peer has it.
                if !isPaused { heard.stop() }
                heard.pause()
                isPaused = true
                continue
            default:
                if isPaused { heard.stop() }
                heard.say(frame)
            }
            isPaused = false
        }
        #expect(Sound.largestStep(heard.samples) <= Sound.largestStep(tone) + Self.click)
        for _ in 0..<2 { heard.stop() }
        #expect(heard.total.voices == 0)
        #expect(heard.total.peak() == 0)
    }
}
