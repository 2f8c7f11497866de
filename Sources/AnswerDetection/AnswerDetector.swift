internal import Glibc
package import Telephony

/// Listens to what a called party sends from its answer on and tells who it is: a person, an answering machine, a fax.
///
///     frames ──▶ spectrum ──┬──▶ tones: fax, information, busy, ringback, beeps ──┐
///                           └──▶ history ──▶ every 100 ms: greeting ──▶ judgement ┴──▶ findings
///
/// A verdict comes as early as it is sure, and stands; after it only beeps and tones are told. Silence, however long, is
/// no verdict: nothing has been said yet. What has not been decided in 6 s of sound is undecided.
///
/// One thread uses it. After the start it allocates nothing while frames come; an input that makes a finding may.
package final class AnswerDetector {
    /// Samples of a frame: 20 ms at 8 kHz.
    package static let frame = FrameSpectrum.frame
    private static let frameMilliseconds = 20
    /// Frames from one judgement of the greeting to the next.
    private static let checkpoint = 5
    /// A tone that lasts so long is no speech.
    private static let toneMilliseconds = 80
    /// A tone's end rings in the window for so long.
    private static let toneHoldFrames = 2
    /// Of the power of the last fifth of a second, where V.21 is sent.
    private static let leastModemShare: Float = 0.5
    /// So much of 2100 Hz is a fax' or a modem's.
    private static let answerToneMilliseconds = 700
    /// In Hz; ITU-T V.25 allows 15.
    private static let answerToneTolerance: Float = 22
    /// Lost frames in a row after which the sender is silent.
    private static let longestGap = 3
    /// So much talk makes a beep after it a machine's, in seconds.
    private static let talkBeforeBeep: Float = 0.3
    /// A beep after talk is a machine's when so much quiet follows.
    private static let quietAfterBeepMilliseconds = 600
    /// So far below the talk a machine's beep may be.
    private static let softestBeepDecibels: Float = 10
    /// In Hz; up to it a voice, or the lowest of its overtones, may hold a note: less steadily than a machine does.
    private static let highestSung: Float = 1300
    private static let steadyHertzSpread: Float = 2.5
    private static let steadyDecibelSpread: Float = 0.45
    /// In that quiet so many frames may be loud.
    private static let loudAfterBeep = 6
    /// The same where nobody has spoken.
    private static let quietAfterLoneBeepMilliseconds = 2000

    package let configuration: AnswerDetectionConfiguration
    package private(set) var verdict: AnswerVerdict?
    /// Since the first frame.
    package private(set) var milliseconds = 0

    /// A frame, where what came is none.
    private let whole = UnsafeMutableBufferPointer<Int16>.allocate(capacity: frame)
    private let spectrum = FrameSpectrum()
    private let modems = ModemTones()
    private var tracker = ToneTracker()
    private var judge = ToneJudge()
    private var history = GreetingHistory()
    private var gaps = 0
    private var frames = 0
    /// Frames for which a tone that is over still does not count.
    private var toneHold = 0
    /// Of late.
    private var modemShare: Float = 0
    /// What the greeting was judged by last, as ``GreetingModel/featureNames`` names it.
    package private(set) var features: [Float] = []
    /// How often it was judged.
    package private(set) var judgements = 0
    private let model: GreetingModel
    /// The newest assessment of the greeting.
    private var greeting: Greeting?
    /// What the model made of it. Two judgements decide, as one alone swings.
    private var lastLogit: Float?
    private var pending: PendingBeep?

    /// A beep that has ended, and may be followed by quiet.
    private struct PendingBeep {
        let beep: AnswerBeep
        let hasSpoken: Bool
        let features: [AnswerFeature]
        /// What is louder is no quiet.
        let quiet: Float
        var loudFrames = 0

        init(_ segment: ToneSegment, _ beep: AnswerBeep, _ features: [AnswerFeature], hasSpoken: Bool) {
            self.beep = beep
            self.hasSpoken = hasSpoken
            self.features = features
            quiet = segment.power / 8
        }
    }

    /// - Parameter model: another than the one that is built in, to be tried.
    package init(
        configuration: AnswerDetectionConfiguration = AnswerDetectionConfiguration(), model: GreetingModel? = nil
    ) {
        self.configuration = configuration
        self.model = model ?? .trained
        features.reserveCapacity(Greeting.featureNames.count)
    }

    deinit {
        whole.deallocate()
    }

    /// Takes in the next 20 ms: 160 linear samples at 8 kHz. A shorter frame is filled up with silence, a longer one cut.
    package func observe(_ frame: UnsafeBufferPointer<Int16>, into findings: inout [AnswerFinding]) {
        gaps = 0
        guard frame.count != Self.frame else { return hear(frame, into: &findings) }
        for index in 0..<Self.frame { whole[index] = index < frame.count ? frame[index] : 0 }
        hear(UnsafeBufferPointer(whole), into: &findings)
    }

    /// Notes that nothing arrived for the next 20 ms.
    package func observeGap(into findings: inout [AnswerFinding]) {
        gaps += 1
        guard gaps <= Self.longestGap else {
            // The sender has stopped sending, as some do while they are silent.
            whole.update(repeating: 0)
            return hear(UnsafeBufferPointer(whole), into: &findings)
        }
        let segment = tracker.observeGap(at: milliseconds)
        history.appendGap()
        advance(segment, into: &findings)
    }

    private func hear(_ frame: UnsafeBufferPointer<Int16>, into findings: inout [AnswerFinding]) {
        spectrum.observe(frame)
        modemShare += (spectrum.modemShare - modemShare) / 10
        if let heard = modems.observe(frame) {
            // Music has flags in it here and there, but other sound with them.
            if heard != .preamble || modemShare >= Self.leastModemShare { tell(heard, into: &findings) }
        }
        let segment = tracker.observe(frame, spectrum, at: milliseconds)
        if verdict == nil {
            history.append(spectrum)
            let sounding = tracker.soundingMilliseconds
            if sounding >= Self.answerToneMilliseconds, let hertz = tracker.soundingHertz,
                abs(hertz - 2100) < Self.answerToneTolerance
            {
                // As ITU-T T.30 §4.1.1 has it; a lossy line's leaps make spandsp begin anew each time.
                tell(.answer(reversals: false), into: &findings)
            }
            if sounding >= Self.toneMilliseconds {
                history.disregard(last: toneHold > 0 ? 1 : sounding / Self.frameMilliseconds + 1)
                toneHold = Self.toneHoldFrames
            } else if toneHold > 0 {
                history.disregard(last: 1)
                toneHold -= 1
            }
        }
        advance(segment, into: &findings)
    }

    private func advance(_ segment: ToneSegment?, into findings: inout [AnswerFinding]) {
        milliseconds += Self.frameMilliseconds
        frames += 1
        if let segment {
            if let beep = pending?.beep, segment.startMilliseconds > beep.milliseconds { pending = nil }
            tell(segment, into: &findings)
        }
        guard verdict == nil else { return }
        weighBeep(into: &findings)
        guard verdict == nil, pending == nil else { return }
        if frames % Self.checkpoint == 0, toneHold == 0 { assess(into: &findings) }
    }

    // MARK: Tones

    private func tell(_ heard: ModemTones.Heard, into findings: inout [AnswerFinding]) {
        switch heard {
        case .answer(let reversals):
            // spandsp's band is wide: a beep of 2060 Hz lies within it.
            if let hertz = tracker.soundingHertz, abs(hertz - 2100) > Self.answerToneTolerance { return }
            findings.append(.tone(.answer, milliseconds: milliseconds))
            decide(
                .faxModem, .answerTone, 0.99,
                [AnswerFeature("hertz", 2100), AnswerFeature("phaseReversals", reversals ? 1 : 0)], into: &findings)
        case .preamble:
            findings.append(.tone(.preamble, milliseconds: milliseconds))
            decide(.faxModem, .preamble, 0.99, [], into: &findings)
        }
    }

    private func tell(_ segment: ToneSegment, into findings: inout [AnswerFinding]) {
        let hasSpoken = (greeting?.spurts.talk ?? 0) >= Self.talkBeforeBeep || verdict != nil
        guard let meaning = judge.observe(segment, hasSpoken: hasSpoken) else { return }
        let features = [
            AnswerFeature("hertz", Double(segment.hertz.rounded())),
            AnswerFeature("lengthMilliseconds", Double(segment.milliseconds)),
        ]
        switch meaning {
        case .ringback:
            findings.append(.tone(.ringback, milliseconds: milliseconds))
            guard verdict == nil else { return }
            history.restart()
            greeting = nil
            lastLogit = nil
        case .busy:
            findings.append(.tone(.busy, milliseconds: milliseconds))
            decide(.undecided, .busy, 1, features, into: &findings)
        case .reorder:
            findings.append(.tone(.reorder, milliseconds: milliseconds))
            decide(.undecided, .reorder, 1, features, into: &findings)
        case .specialInformation:
            findings.append(.tone(.specialInformation, milliseconds: milliseconds))
            decide(.answeringMachine, .informationTone, 1, features, into: &findings)
        case .calling(let isRepeated):
            findings.append(.tone(.calling, milliseconds: milliseconds))
            if isRepeated { return decide(.faxModem, .callingTone, 0.95, features, into: &findings) }
            // A machine's beep may be of the same pitch and length.
            if hasSpoken { tellBeep(segment, features, hasSpoken: true, into: &findings) }
        case .beep:
            tellBeep(segment, features, hasSpoken: hasSpoken, into: &findings)
        }
    }

    private func tellBeep(
        _ segment: ToneSegment, _ features: [AnswerFeature], hasSpoken: Bool, into findings: inout [AnswerFinding]
    ) {
        let beep = AnswerBeep(
            milliseconds: segment.endMilliseconds, hertz: Int(segment.hertz.rounded()),
            lengthMilliseconds: segment.milliseconds)
        findings.append(.beepEnded(beep))
        // What is much softer than the talk is behind the one who talks.
        let talk = greeting?.loudestLevel ?? 0
        let isClear = 10 * log10f(1 + segment.power) >= talk - Self.softestBeepDecibels
        // What is no steadier may be sung.
        let isSteady =
            segment.hertzSpread < Self.steadyHertzSpread && segment.decibelSpread < Self.steadyDecibelSpread
        let isSung = segment.hertz < Self.highestSung && !isSteady
        if verdict == nil, isClear, !isSung { pending = PendingBeep(segment, beep, features, hasSpoken: hasSpoken) }
    }

    /// A beep is a machine's when quiet follows it: in music another note does.
    private func weighBeep(into findings: inout [AnswerFinding]) {
        guard var pending else { return }
        if spectrum.power > pending.quiet { pending.loudFrames += 1 }
        guard pending.loudFrames < Self.loudAfterBeep, tracker.soundingMilliseconds < Self.toneMilliseconds else {
            self.pending = nil
            return
        }
        self.pending = pending
        let quiet = pending.hasSpoken ? Self.quietAfterBeepMilliseconds : Self.quietAfterLoneBeepMilliseconds
        guard milliseconds - pending.beep.milliseconds >= quiet else { return }
        self.pending = nil
        // Where somebody has begun to speak, it was no machine's.
        guard pending.hasSpoken || Greeting(history) == nil else { return }
        decide(.answeringMachine, .beep, pending.hasSpoken ? 0.97 : 0.8, pending.features, into: &findings)
    }

    // MARK: The greeting

    private func assess(into findings: inout [AnswerFinding]) {
        greeting = Greeting(history)
        guard let greeting else {
            // What has been talk once may be as steady as noise for a while, from a bad line.
            if judgements == 0 { history.forgetSilence() }
            return
        }
        if greeting.spurts.talk >= Self.talkBeforeBeep { judge.spoken() }
        greeting.write(into: &features)
        judgements += 1
        switch configuration.method {
        case .rule:
            if let answerer = LengthRule.judge(greeting) {
                let isLimit = answerer == .undecided
                return decide(answerer, isLimit ? .soundLimit : .lengthRule, 0.5, told(greeting), into: &findings)
            }
        case .model:
            let newest = model.logit(features)
            let logit = (newest + (lastLogit ?? newest)) / 2
            lastLogit = newest
            if let answerer = model.judge(logit, elapsed: greeting.spurts.elapsed, pause: greeting.loudest.pauseNow) {
                let probability = GreetingModel.probability(logit)
                let confidence = Double(answerer == .human ? 1 - probability : probability)
                return decide(answerer, .greeting, confidence, told(greeting), into: &findings)
            }
        }
        if greeting.spurts.talk * 1000 >= Float(configuration.longestSoundMilliseconds) || history.isFull {
            decide(.undecided, .soundLimit, 0, told(greeting), into: &findings)
        }
    }

    private func told(_ greeting: Greeting) -> [AnswerFeature] {
        zip(Greeting.featureNames, features).map { name, value in
            AnswerFeature(name, (Double(value) * 1000).rounded() / 1000)
        }
    }

    private func decide(
        _ answerer: Answerer, _ cause: AnswerVerdict.Cause, _ confidence: Double, _ features: [AnswerFeature],
        into findings: inout [AnswerFinding]
    ) {
        guard verdict == nil else { return }
        let decided = AnswerVerdict(
            answerer, cause, milliseconds: milliseconds, confidence: confidence, features: features)
        verdict = decided
        findings.append(.verdict(decided))
    }
}
