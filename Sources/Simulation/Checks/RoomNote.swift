import JSON
import Telephony

/// What an entry of a story says of somebody's coming and going.
enum RoomNote {
    enum Leaving {
        case ofItself
        /// Removed, or the conference was emptied: its application says how it goes on.
        case sentAway
        case terminated
    }

    case came(CallID, PlaceCheck.Place)
    case left(CallID, PlaceCheck.Place, Leaving)
    /// Out of a queue, by that request.
    case served(CallID, QueueID, RequestID?)

    /// Nil for what says nothing of it.
    init?(_ entry: JournalEntry) {
        if let call = entry.callID {
            switch entry.message {
            case "Parked": self = .came(call, .parking)
            case "No longer parked": self = .left(call, .parking, .ofItself)
            default: return nil
            }
            return
        }
        guard let room = entry.room, let call = entry.metadata["callId"]?.string.flatMap({ CallID($0) }) else {
            return nil
        }
        switch (room, entry.message) {
        case (.queue, "Call enqueued"), (.conference, "Participant came"): self = .came(call, .room(room))
        case (.queue, "Call left"): self = .left(call, .room(room), .ofItself)
        case (.queue(let queue), "Call dequeued"): self = .served(call, queue, entry.requestID)
        case (.conference, "Participant left"):
            self = .left(call, .room(room), Self.leaving(entry.metadata["reason"]?.string))
        default: return nil
        }
    }

    private static func leaving(_ reason: String?) -> Leaving {
        switch reason {
        case "removed", "the conference was emptied": .sentAway
        case "the conference was terminated": .terminated
        default: .ofItself
        }
    }
}
