package import AnswerDetection
package import Telephony

/// What a detector made of a trial.
package struct TrialOutcome: Sendable {
    package var verdict: AnswerVerdict?
    package var beeps: [AnswerBeep] = []
    package var tones: [AnswerTone] = []
    /// The features at each judgement, for training.
    package var rows: [[Float]] = []

    /// Runs a detector over a trial's whole sound.
    ///
    /// - Parameter model: another than the one that is built in.
    package init(
        of trial: Trial, by method: AnswerDetectionConfiguration.Method, model: GreetingModel? = nil,
        keepingRows: Bool = false
    ) {
        let detector = AnswerDetector(configuration: AnswerDetectionConfiguration(method: method), model: model)
        var findings: [AnswerFinding] = []
        var judged = 0
        var outcome = TrialOutcome()
        trial.line.carry(trial.samples) { frame in
            if let frame {
                detector.observe(frame, into: &findings)
            } else {
                detector.observeGap(into: &findings)
            }
            if keepingRows, detector.judgements > judged {
                judged = detector.judgements
                outcome.rows.append(detector.features)
            }
            return !keepingRows || detector.verdict == nil
        }
        for finding in findings {
            switch finding {
            case .verdict(let verdict): outcome.verdict = verdict
            case .beepEnded(let beep): outcome.beeps.append(beep)
            case .tone(let tone, _): outcome.tones.append(tone)
            }
        }
        self = outcome
    }

    private init() {}
}
