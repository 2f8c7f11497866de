package import SIP

/// How somebody deals with a call. Times are ranges in milliseconds; the person draws from them, so that no two
/// people of a kind are alike and a seed repeats them all.
package enum Behaviour: Hashable, Sendable {
    /// Rings, picks up, and has the conversation. A range of 0...0 picks up without ringing.
    case answers(after: ClosedRange<Int>, Conversation)
    /// Refuses: 486 busy, 603 declined, 404 not found, 480 unavailable, 503 the trunk is in trouble, any other.
    /// A range of 0...0 refuses without ringing.
    case rejects(StatusCode, after: ClosedRange<Int>)
    /// Rings until the caller gives up.
    case ringsForEver
    /// Nobody is there at all: not even the network answers.
    case neverResponds
    /// Rings, and picks up in the instant in which the caller gives up, so that CANCEL and 200 cross.
    case answersAsCanceled(Conversation)
    /// Early media (RFC 3261 §13.2.1, a 183 with SDP): the utterances one after the other, then picks up.
    case announces([Utterance], Conversation)

    package static func busy(after: ClosedRange<Int> = 0...0) -> Behaviour { .rejects(.busyHere, after: after) }
    package static func declines(after: ClosedRange<Int>) -> Behaviour { .rejects(.decline, after: after) }
    package static var isNotFound: Behaviour { .rejects(.notFound, after: 0...0) }
    package static var isUnavailable: Behaviour { .rejects(.temporarilyUnavailable, after: 0...0) }
    package static var isTrunkError: Behaviour { .rejects(.serviceUnavailable, after: 0...0) }

    /// Everything that may be uttered, to be prepared before it is.
    package var utterances: [Utterance] {
        switch self {
        case .answers(_, let conversation), .answersAsCanceled(let conversation): conversation.utterances
        case .announces(let announcement, let conversation): announcement + conversation.utterances
        case .rejects, .ringsForEver, .neverResponds: []
        }
    }
}

/// What somebody does whose call stands: steps, one after the other, and beside them an ending.
package struct Conversation: Hashable, Sendable {
    package enum Step: Hashable, Sendable {
        case wait(ClosedRange<Int>)
        /// Goes on when it has been heard to its end.
        case utter(Utterance)
        /// Goes on when the last digit has been sent.
        case press(String)
        /// Until the other side has spoken and been quiet for `quiet`. Where it does not begin `within` that time,
        /// the expectation is missed, and the person hangs up.
        case hearSpeech(quiet: ClosedRange<Int>, within: ClosedRange<Int>)
        /// Until these digits have been heard, one after the other; those count that came since the last expectation.
        case hearDigits(String, within: ClosedRange<Int>)
        /// An answering machine's: keeps what it hears, until the other side has been quiet for `quiet` or the tape is
        /// full.
        case takeMessage(quiet: ClosedRange<Int>, atMost: ClosedRange<Int>)
        case hangUp
    }

    /// Who ends it, and when.
    package enum Ending: Hashable, Sendable {
        /// Hangs up so long after the answer, whatever is said.
        case hangsUp(after: ClosedRange<Int>)
        /// Listens; hangs up so long after the other side has stopped speaking, or when patience ends.
        case hangsUpWhenSpokenTo(silence: ClosedRange<Int>, patience: ClosedRange<Int>)
        /// Hangs up in the instant in which the other side does, so that two BYEs cross.
        case hangsUpWithTheOther
        /// Waits for the other side to hang up.
        case waits
    }

    package var steps: [Step]
    package var ending: Ending

    package init(_ steps: [Step] = [], ending: Ending) {
        self.steps = steps
        self.ending = ending
    }

    package var utterances: [Utterance] {
        steps.compactMap { if case .utter(let utterance) = $0 { utterance } else { nil } }
    }
}
