import PerCL
import Telephony

/// What a call wants of what it shares with others.
enum RoomOrder: Equatable, Sendable {
    /// A place in a queue: ``RoomFact/enqueued(_:_:)`` or another one of its kind is owed.
    case enqueue(Enqueue)
    case leaveQueue(QueueID)
    /// Where it stands: ``RoomFact/stands(_:in:)`` is owed.
    case findPlace(QueueID)
}

/// Where a call stands in a queue.
struct QueuePlace: Equatable, Sendable {
    /// From 1 on.
    var position: Int
    /// With itself.
    var size: Int
}
