import AnswerDetection
import AnswerTrials
import Telephony
import Testing

@Suite("Beeps")
struct BeepTests {
    @Test("A beep after talk is told of with its end within 20 ms, and is a machine")
    func end() {
        for hertz in stride(from: 350.0, through: 2200, by: 61.7) {
            // Of 2100 Hz for longer, it is a fax' answer.
            for length in [150, 180, 310, 490] {
                let talk = Listening.talk(milliseconds: 700)
                let samples =
                    talk + Listening.silence(113) + Listening.tone([hertz], milliseconds: length)
                    + Listening.silence(600)
                let findings = Listening.findings(samples)
                let beeps = Listening.beeps(findings)
                let end = 700 + 113 + length
                #expect(beeps.count == 1, "\(hertz) Hz for \(length) ms")
                guard let beep = beeps.first else { continue }
                #expect(abs(beep.milliseconds - end) <= 20, "\(hertz) Hz for \(length) ms")
                #expect(abs(Double(beep.hertz) - hertz) <= 8, "\(hertz) Hz")
                #expect(abs(beep.lengthMilliseconds - length) <= 30)
                #expect(Listening.verdict(findings)?.answerer == .answeringMachine)
            }
        }
    }

    @Test("A beep's end is told at most 60 ms after it")
    func latency() {
        let detector = AnswerDetector()
        _ = Listening.findings(Listening.talk(milliseconds: 600) + Listening.silence(200), by: detector)
        _ = Listening.findings(Listening.tone([1000], milliseconds: 400), by: detector)
        let findings = Listening.findings(Listening.silence(60), by: detector)
        #expect(Listening.beeps(findings).count == 1)
    }

    @Test("A lost frame within a beep does not end it")
    func loss() {
        let detector = AnswerDetector()
        var findings = Listening.findings(Listening.talk(milliseconds: 600) + Listening.silence(200), by: detector)
        let tone = Listening.tone([440], milliseconds: 800)
        findings += Listening.findings(Array(tone[..<(160 * 10)]), by: detector)
        detector.observeGap(into: &findings)
        findings += Listening.findings(Array(tone[(160 * 11)...]) + Listening.silence(400), by: detector)
        #expect(Listening.beeps(findings).map { abs($0.milliseconds - 1600) <= 20 } == [true])
        #expect(Listening.beeps(findings).map { abs($0.lengthMilliseconds - 800) <= 40 } == [true])
    }

    @Test("A beep that nobody has spoken before is a machine's after two seconds of quiet")
    func alone() {
        let samples = Listening.silence(900) + Listening.tone([1400], milliseconds: 300) + Listening.silence(1500)
        #expect(Listening.verdict(Listening.findings(samples)) == nil)
        let longer = Listening.verdict(Listening.findings(samples + Listening.silence(1000)))
        #expect(longer?.answerer == .answeringMachine)
        #expect(longer?.cause == .beep)
    }

    @Test("After a verdict beeps are still told of")
    func afterVerdict() {
        let detector = AnswerDetector()
        var findings = Listening.findings(Listening.talk(milliseconds: 7000), by: detector)
        #expect(Listening.verdict(findings) != nil)
        findings = Listening.findings(
            Listening.silence(300) + Listening.tone([850], milliseconds: 500) + Listening.silence(300), by: detector)
        #expect(Listening.beeps(findings).count == 1)
        #expect(Listening.verdict(findings) == nil)
    }

    @Test("Melodies have no verdict by a tone", arguments: 1...12 as ClosedRange<UInt64>)
    func melodies(seed: UInt64) {
        let findings = Listening.findings(TrialSignals.melody(milliseconds: 20_000, seed: seed))
        guard let verdict = Listening.verdict(findings) else { return }
        #expect([.greeting, .soundLimit].contains(verdict.cause), "\(verdict.cause)")
    }
}
