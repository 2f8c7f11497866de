import PerCL
import Telephony

/// What a call wants of what it shares with others.
enum RoomOrder: Equatable, Sendable {
    /// A place in a queue: ``RoomFact/enqueued(_:_:)`` or another one of its kind is owed.
    case enqueue(Enqueue)
    case leaveQueue(QueueID)
    /// Where it stands: ``RoomFact/stands(_:in:)`` is owed.
    case findPlace(QueueID)
    /// ``RoomFact/conferenceCreated(_:_:)`` is owed, or why not.
    case createConference(CreateConference)
    /// ``RoomFact/joined(_:_:_:_:)`` is owed, or why not.
    case join(AddToConference, MediaHandle)
    /// The call is gone from it, whatever becomes of the call.
    case leaveConference(ConferenceID)
    /// It asks to be taken out of it: ``RoomFact/left(_:_:)`` is owed.
    case removeFromConference(ConferenceID)
    case changeStanding(ConferenceID, ParticipantChange)
    case terminateConference(ConferenceID)
    /// ``RoomFact/participants(_:in:)`` is owed.
    case countParticipants(ConferenceID)
    /// It has talked for so long.
    case talked(ConferenceID, milliseconds: Int)
}

/// Where a call stands in a queue.
struct QueuePlace: Equatable, Sendable {
    /// From 1 on.
    var position: Int
    /// With itself.
    var size: Int
}
