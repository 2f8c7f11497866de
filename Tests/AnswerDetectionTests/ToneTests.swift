import AnswerDetection
import AnswerTrials
import Telephony
import Testing

@Suite("Tones")
struct ToneTests {
    @Test("Silence, however long, gives no finding", arguments: AnswerDetectionConfiguration.Method.allCases)
    func silence(method: AnswerDetectionConfiguration.Method) {
        #expect(Listening.findings(Listening.silence(60_000), method).isEmpty)
    }

    @Test("Where nothing arrives nothing is found")
    func nothing() {
        let detector = AnswerDetector()
        var findings: [AnswerFinding] = []
        for _ in 0..<3000 { detector.observeGap(into: &findings) }
        #expect(findings.isEmpty)
        #expect(detector.milliseconds == 60_000)
    }

    @Test("A fax' T.30 session is a fax", arguments: [0, 300, 3000])
    func session(delay: Int) {
        let findings = Listening.findings(Listening.silence(delay) + TrialSignals.fax(milliseconds: 8000))
        #expect(Listening.verdict(findings)?.answerer == .faxModem)
    }

    @Test("A V.21 preamble without an answer tone is a fax")
    func preamble() {
        let verdict = Listening.verdict(Listening.findings(TrialSignals.faxPreamble()))
        #expect(verdict?.answerer == .faxModem)
        #expect(verdict?.cause == .preamble)
    }

    @Test("An answer tone is a fax or modem within 1.6 s", arguments: [false, true], [false, true])
    func answerTone(hasReversals: Bool, isModulated: Bool) {
        let tone = TrialSignals.answerTone(hasReversals: hasReversals, isModulated: isModulated, milliseconds: 3000)
        let verdict = Listening.verdict(Listening.findings(Listening.silence(500) + tone))
        #expect(verdict?.answerer == .faxModem)
        #expect(verdict?.cause == .answerTone)
        #expect(verdict.map { $0.milliseconds <= 2100 } == true)
    }

    @Test("One burst of a calling tone decides nothing, two are a fax")
    func callingTone() {
        let burst = Listening.tone([1100], milliseconds: 500) + Listening.silence(3000)
        let once = Listening.findings(burst.dropLast(8 * 1200) + [])
        #expect(Listening.tones(once) == [.calling])
        #expect(Listening.verdict(once) == nil)
        let twice = Listening.verdict(Listening.findings(burst + burst))
        #expect(twice?.answerer == .faxModem)
        #expect(twice?.cause == .callingTone)
    }

    @Test(
        "Special information tones are a machine",
        arguments: [
            ([913.8, 1370.6, 1776.7], [274, 274, 380]), ([985.2, 1370.6, 1776.7], [380, 274, 380]),
            ([985.2, 1428.5, 1776.7], [380, 380, 380]), ([950, 1400, 1800], [330, 330, 330]),
        ] as [([Double], [Int])])
    func information(frequencies: [Double], lengths: [Int]) {
        var samples = Listening.silence(700)
        for (frequency, length) in zip(frequencies, lengths) {
            samples += Listening.tone([frequency], milliseconds: length)
        }
        let findings = Listening.findings(samples + Listening.silence(500) + Listening.talk(milliseconds: 3000))
        let verdict = Listening.verdict(findings)
        #expect(verdict?.answerer == .answeringMachine)
        #expect(verdict?.cause == .informationTone)
        #expect(Listening.beeps(findings).isEmpty)
    }

    @Test("Keys that a person presses are neither beep nor verdict")
    func keys() {
        for row in [697.0, 770, 852, 941] {
            for column in [1209.0, 1336, 1477, 1633] {
                for twist in [-6.0, 0, 6] {
                    var samples = Listening.silence(400)
                    let low = Listening.tone([row], milliseconds: 600, decibels: -18 - twist / 2)
                    let high = Listening.tone([column], milliseconds: 600, decibels: -18 + twist / 2)
                    samples += zip(low, high).map { $0 + $1 } + Listening.silence(3000)
                    #expect(Listening.findings(samples).isEmpty, "\(row) and \(column) Hz")
                }
            }
        }
    }

    @Test(
        "Ringback is told of and decides nothing",
        arguments: [([440.0, 480.0], 2000, 4000), ([425.0], 1000, 4000), ([425.0], 1000, 3000)])
    func ringback(frequencies: [Double], on: Int, off: Int) {
        let ring = Listening.tone(frequencies, milliseconds: on) + Listening.silence(off)
        let findings = Listening.findings(ring + ring + ring)
        #expect(Set(Listening.tones(findings)) == [.ringback])
        #expect(findings.allSatisfy { if case .tone = $0 { true } else { false } })
    }

    @Test(
        "Busy and reorder are undecided",
        arguments: [
            ([480.0, 620.0], 500, AnswerTone.busy), ([425.0], 480, .busy), ([400.0], 375, .busy),
            ([480.0, 620.0], 250, .reorder), ([425.0], 240, .reorder), ([425.0], 200, .reorder),
        ])
    func busy(frequencies: [Double], length: Int, tone: AnswerTone) {
        let cycle = Listening.tone(frequencies, milliseconds: length) + Listening.silence(length)
        let findings = Listening.findings((0..<8).flatMap { _ in cycle })
        #expect(Listening.tones(findings).first == tone)
        #expect(Listening.verdict(findings)?.answerer == .undecided)
    }
}
