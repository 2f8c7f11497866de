import Telephony

/// Where a call's journal stands: how many entries it has, and how many of each kind that may not grow with what others
/// send.
struct CallJournal: Sendable {
    /// Of what a far end, or an app, can make as much of as it likes, so much is noted.
    enum Budget: Int, CaseIterable, Sendable {
        /// SIP messages.
        case messages
        /// Keys: nobody presses more in a call, but a far end may send events as fast as it can.
        case keys
        /// Tones and beeps: a line may sound for hours.
        case tones
        /// What of its scripts is taken although it is not as it should be.
        case hints
        /// Ports that could not be bound: the range may be another program's from end to end.
        case ports
        /// A waitUrl that gives no script.
        case waits

        var limit: UInt16 {
            switch self {
            case .messages: 1999
            case .keys: 2000
            case .tones: 100
            case .hints: 50
            case .ports: 3
            case .waits: 100
            }
        }

        /// What is said in place of the first that is left out; nil: nothing.
        var lastWords: (scope: JournalScope, message: String)? {
            switch self {
            case .messages: (.sip, "Further SIP messages of this call are not logged")
            case .keys: (.media, "Further digits of this call are not logged")
            case .hints: (.percl, "Further attributes of this call that are not as they should be are not logged")
            case .tones, .ports, .waits: nil
            }
        }
    }

    /// How one more of a kind is noted.
    enum Allowance: Hashable, Sendable {
        case noted
        /// It is the first that is left out.
        case lastWords
        case leftOut
    }

    private(set) var sequence: Int
    /// By ``Budget``.
    private var spent = SIMD8<UInt16>()

    init(sequence: Int = 0) { self.sequence = sequence }

    mutating func nextSequence() -> Int {
        sequence += 1
        return sequence
    }

    mutating func spend(_ budget: Budget) -> Allowance {
        let spent = spent[budget.rawValue]
        guard spent <= budget.limit else { return .leftOut }
        self.spent[budget.rawValue] = spent + 1
        return spent < budget.limit ? .noted : .lastWords
    }
}
