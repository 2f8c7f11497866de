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

    package static func busy(after: ClosedRange<Int> = 0...0) -> Behaviour { .rejects(.busyHere, after: after) }
    package static func declines(after: ClosedRange<Int>) -> Behaviour { .rejects(.decline, after: after) }
    package static var isNotFound: Behaviour { .rejects(.notFound, after: 0...0) }
    package static var isUnavailable: Behaviour { .rejects(.temporarilyUnavailable, after: 0...0) }
    package static var isTrunkError: Behaviour { .rejects(.serviceUnavailable, after: 0...0) }
}

/// What somebody does who has picked up.
package struct Conversation: Hashable, Sendable {
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

    /// Said once the call stands; nil: nothing.
    package var greeting: String?
    /// Digits pressed after so long.
    package var presses: Presses?
    package var ending: Ending

    package struct Presses: Hashable, Sendable {
        package var digits: String
        package var after: ClosedRange<Int>

        package init(_ digits: String, after: ClosedRange<Int>) {
            self.digits = digits
            self.after = after
        }
    }

    package init(greeting: String? = nil, presses: Presses? = nil, ending: Ending) {
        self.greeting = greeting
        self.presses = presses
        self.ending = ending
    }
}
