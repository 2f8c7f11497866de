import PerCL
import Telephony

/// What a call hears of another call, or of what several calls share.
enum RoomFact: Equatable, Sendable {
    /// The call that its OutDial asked for is there.
    case childMade(CallID, OutDial)
    /// The call that its OutDial asked for is not made.
    case childRefused(ChildRefusal)
    /// Its turn would not come in time.
    case turnTooLate(explanation: String)
    /// It has a place in the queue.
    case enqueued(Enqueue, QueuePlace)
    case queueFull(Enqueue)
    /// There is no such queue for this call.
    case queueRefused(Enqueue, explanation: String)
    case stands(QueuePlace, in: QueueID)
    /// Its turn has come: it is in the queue no more.
    case dequeued(QueueID)
    case conferenceCreated(CreateConference, ConferenceID)
    case conferenceNotCreated(explanation: String)
    /// It is in the conference from here on, whose state is that; or was in it already, and has other terms.
    case joined(AddToConference, MixID, ParticipantStanding, Conference.Status)
    /// It cannot be added: the conference has been terminated, or there is none for this call.
    case conferenceRefused(ConferenceID, isTerminated: Bool)
    case standingChanged(ConferenceID, ParticipantStanding)
    /// What is said in it is recorded, and what this participant says and hears is to be, from here on.
    case recorded(in: ConferenceID)
    /// It is in it no more.
    case left(ConferenceID, ConferenceRoom.Departure)
    /// So many are in it, itself among them.
    case participants(Int, in: ConferenceID)
}

/// Why OutDial makes no call.
struct ChildRefusal: Equatable, Sendable {
    var explanation: String
    /// PerCL's error code, where it has one for it.
    var code: Int?
    /// The account's rule that forbids it.
    var rule: String?
}

/// Facts that wait for the turn of the call they go to.
///
/// No call's turn begins within another's: what one does to another is told when its own turn has been carried out whole,
/// in the order in which it came about, and within the same input, so that one transaction holds both.
struct RoomFacts: Sendable {
    private var waiting: [(call: CallID, fact: RoomFact)] = []
    private var taken = 0

    mutating func tell(_ call: CallID, _ fact: RoomFact) { waiting.append((call, fact)) }

    mutating func next() -> (call: CallID, fact: RoomFact)? {
        guard taken < waiting.count else {
            waiting.removeAll(keepingCapacity: true)
            taken = 0
            return nil
        }
        defer { taken += 1 }
        return waiting[taken]
    }
}
