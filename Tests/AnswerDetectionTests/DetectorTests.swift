import AnswerDetection
import AnswerTrials
import Telephony
import Testing

@Suite("The detector")
struct DetectorTests {
    @Test("A verdict is given once", arguments: AnswerDetectionConfiguration.Method.allCases)
    func once(method: AnswerDetectionConfiguration.Method) {
        let talk = Listening.talk(milliseconds: 9000)
        let findings = Listening.findings(talk + TrialSignals.fax(milliseconds: 6000) + talk, method)
        let verdicts = findings.filter { if case .verdict = $0 { true } else { false } }
        #expect(verdicts.count == 1)
    }

    @Test("The rule: a hello and quiet are a person, going on is a machine")
    func rule() {
        let hello = Listening.silence(400) + Listening.talk(milliseconds: 500) + Listening.silence(3000)
        let person = Listening.verdict(Listening.findings(hello, .rule))
        #expect(person?.answerer == .human)
        #expect(person?.cause == .lengthRule)
        let greeting = Listening.silence(400) + Listening.talk(milliseconds: 4000)
        #expect(Listening.verdict(Listening.findings(greeting, .rule))?.answerer == .answeringMachine)
    }

    @Test("A verdict tells what decided")
    func features() {
        let greeting = Listening.silence(400) + Listening.talk(milliseconds: 8000)
        let verdict = Listening.verdict(Listening.findings(greeting))
        #expect(verdict?.features.map(\.name) == GreetingModel.featureNames)
        #expect(verdict.map { (0...1).contains($0.confidence) } == true)
    }

    @Test("What the model is never sure of is undecided after six seconds of sound")
    func undecided() {
        let detector = AnswerDetector(model: .silent)
        let verdict = Listening.verdict(Listening.findings(Listening.talk(milliseconds: 12_000), by: detector))
        #expect(verdict?.answerer == .undecided)
        #expect(verdict?.cause == .soundLimit)
        #expect(verdict.map { (5900...7500).contains($0.milliseconds) } == true)
    }

    @Test("Ringback before the answer does not count")
    func ringbackFirst() {
        let ring = Listening.tone([425], milliseconds: 1000) + Listening.silence(4000)
        let hello = Listening.talk(milliseconds: 500) + Listening.silence(3000)
        let alone = Listening.verdict(Listening.findings(Listening.silence(600) + hello, .rule))
        let after = Listening.verdict(Listening.findings(ring + ring + hello, .rule))
        #expect(alone?.answerer == .human)
        #expect(after?.answerer == .human)
    }

    @Test("Garbage crashes nothing", arguments: AnswerDetectionConfiguration.Method.allCases)
    func garbage(method: AnswerDetectionConfiguration.Method) {
        var random = SystemRandomNumberGenerator()
        for round in 0..<12 {
            let detector = AnswerDetector(configuration: AnswerDetectionConfiguration(method: method))
            var findings: [AnswerFinding] = []
            for frame in 0..<700 {
                let length = round % 4 == 3 ? Int.random(in: 0...320, using: &random) : AnswerDetector.frame
                var samples = [Int16](repeating: 0, count: length)
                for index in samples.indices {
                    samples[index] =
                        switch round % 6 {
                        case 0: .random(in: .min ... .max, using: &random)
                        case 1: frame % 2 == 0 ? .min : .max
                        case 2: index % 2 == 0 ? .min : .max
                        case 3: .min
                        case 4: frame / 50 % 2 == 0 ? .random(in: -3...3, using: &random) : .max
                        default: index % 8 < 4 ? .max : .min
                        }
                }
                if Int.random(in: 0..<9, using: &random) == 0 { detector.observeGap(into: &findings) }
                samples.withUnsafeBufferPointer { detector.observe($0, into: &findings) }
            }
            let verdicts = findings.filter { if case .verdict = $0 { true } else { false } }
            #expect(verdicts.count <= 1)
        }
    }
}
