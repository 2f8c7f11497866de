/// What a detector of answering machines has to say. Times are milliseconds of sound since the first frame that it was given.
package enum AnswerFinding: Hashable, Sendable {
    /// At most once in a detector's life.
    case verdict(AnswerVerdict)
    /// A steady tone, as a machine gives before it records, is over.
    case beepEnded(AnswerBeep)
    /// A tone of the network, or of a calling fax.
    case tone(AnswerTone, milliseconds: Int)
}

package enum Answerer: String, CaseIterable, Sendable {
    case human
    case answeringMachine
    /// A fax or a modem.
    case faxModem
    /// Could not be told.
    case undecided

    package var isMachine: Bool {
        switch self {
        case .answeringMachine, .faxModem: true
        case .human, .undecided: false
        }
    }

    /// As the Call resource has it (docs/contract/calls.md#the-call-resource).
    package var answeredBy: AnsweredBy? {
        switch self {
        case .human: .human
        case .answeringMachine, .faxModem: .machine
        case .undecided: nil
        }
    }
}

/// Who answered, and why that is held to be so. It stands.
package struct AnswerVerdict: Hashable, Sendable {
    package enum Cause: String, CaseIterable, Sendable {
        /// How the greeting sounded, by the model.
        case greeting
        /// How the greeting sounded, by the plain rule.
        case lengthRule = "length rule"
        /// A fax' or modem's answer tone (ITU-T T.30 §4.1.1, V.25, V.8).
        case answerTone = "answer tone"
        /// A fax' first flags, sent with or without an answer tone before them (ITU-T T.30 §5.3.1).
        case preamble = "V.21 preamble"
        /// A fax that calls, and goes on calling (ITU-T T.30 §4.1.2).
        case callingTone = "calling tone"
        /// Three rising tones before a recorded announcement (ITU-T E.180 §8).
        case informationTone = "special information tone"
        case beep
        case busy
        case reorder
        /// Sound went on for too long to be decided.
        case soundLimit = "sound limit"
    }

    package var answerer: Answerer
    package var cause: Cause
    /// When it was decided.
    package var milliseconds: Int
    /// 0 to 1.
    package var confidence: Double
    /// What decided, in a fixed order.
    package var features: [AnswerFeature]

    package init(
        _ answerer: Answerer, _ cause: Cause, milliseconds: Int, confidence: Double, features: [AnswerFeature] = []
    ) {
        self.answerer = answerer
        self.cause = cause
        self.milliseconds = milliseconds
        self.confidence = confidence
        self.features = features
    }
}

/// One measure that a verdict rests on.
package struct AnswerFeature: Hashable, Sendable {
    package var name: String
    package var value: Double

    package init(_ name: String, _ value: Double) {
        self.name = name
        self.value = value
    }
}

package struct AnswerBeep: Hashable, Sendable {
    /// When it ended.
    package var milliseconds: Int
    package var hertz: Int
    package var lengthMilliseconds: Int

    package init(milliseconds: Int, hertz: Int, lengthMilliseconds: Int) {
        self.milliseconds = milliseconds
        self.hertz = hertz
        self.lengthMilliseconds = lengthMilliseconds
    }
}

/// Tones that are told of.
package enum AnswerTone: String, CaseIterable, Sendable {
    /// Somebody is still being rung, by a switch that answered early: what came before does not count.
    case ringback
    case busy
    case reorder
    case specialInformation = "special information"
    /// One burst of a calling fax' tone. It may as well be a machine's beep of this pitch.
    case calling
    /// A fax' or modem's answer.
    case answer
    case preamble = "V.21 preamble"
}
