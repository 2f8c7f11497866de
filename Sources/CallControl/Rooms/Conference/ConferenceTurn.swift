import SIP
import Telephony

/// What one event of a conference is taken with, and what the conference wants done about it.
struct ConferenceTurn: Sendable {
    let now: Moment
    /// Where customers reach this server (docs/contract/webhooks.md#recording-urls).
    let publicURL: String
    /// Where a conference is recorded, each of its participants is too.
    let recordsParticipants: Bool
    var random: RandomSource
    /// Of the next mix.
    var nextMix: UInt64
    private(set) var directives: [ConferenceDirective] = []

    init(now: Moment, publicURL: String, recordsParticipants: Bool, random: RandomSource, nextMix: UInt64) {
        self.now = now
        self.publicURL = publicURL
        self.recordsParticipants = recordsParticipants
        self.random = random
        self.nextMix = nextMix
    }

    mutating func want(_ directive: ConferenceDirective) { directives.append(directive) }

    mutating func store(_ operation: StorageOperation) { directives.append(.store(operation)) }

    mutating func tell(_ call: CallID, _ fact: RoomFact) { directives.append(.tell(call, fact)) }

    mutating func drawMix() -> MixID {
        nextMix += 1
        return MixID(rawValue: nextMix)
    }
}

/// What one conference wants of the exchange: small steps, carried out in order.
enum ConferenceDirective: Equatable, Sendable {
    case effect(Effect)
    case store(StorageOperation)
    /// One of its calls is to hear of it.
    case tell(CallID, RoomFact)
    /// Its record, as it is at the end of this event, goes to disk with its row.
    case save
    /// A notification may leave when this input's transaction is on disk.
    case awaitCommit(EventID)
    case retryLater(Webhook, wasAnswered: Bool)
    case notificationEnded(NotificationEnd)
    /// It has been terminated and owes nothing any more.
    case settled
}
