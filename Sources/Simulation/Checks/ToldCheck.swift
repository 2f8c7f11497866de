import CallControl
import JSON
import Telephony

/// Whoever is to hear of a wait, or of a stay in a conference, is told of it in the transaction in which it begins or ends,
/// so that no crash parts the two (docs/contract/webhooks.md#queues, docs/contract/webhooks.md#conferences).
struct ToldCheck {
    /// Whose application is to be asked how they go on, after a conference.
    private var awaited: Set<CallID> = []

    /// - Parameters:
    ///   - places: where everybody was before it.
    ///   - plan: whose it is that is told.
    mutating func stored(
        _ operations: [StorageOperation], from places: PlaceCheck, _ plan: (CallID) -> RoomPlan?
    ) throws(Violation) {
        let told = Told(operations)
        let ended = Set(operations.compactMap(\.endedCall))
        for operation in operations {
            guard case .appendJournal(let entry) = operation, let note = RoomNote(entry) else { continue }
            switch note {
            case .came(let call, let place):
                guard plan(call)?.hasNotificationURL == true else { continue }
                try told.require(place.arrival, of: call, "it came to \(place.text)")
            case .left(let call, let place, .sentAway) where !ended.contains(call):
                guard plan(call)?.hasLeaveURL == true else { continue }
                try told.require("leaveConference", of: call, "it was sent out of \(place.text)")
                awaited.insert(call)
            case .served(let call, let queue, _) where !ended.contains(call):
                try told.require("dequeue", of: call, "it was taken out of \(queue)")
            case .left, .served: break
            }
        }
        for operation in operations {
            guard let call = operation.endedCall, let place = places.place(of: call) else { continue }
            guard !place.isConference || plan(call)?.hasLeaveURL == true else { continue }
            try told.require(place.departure, of: call, "it ended in \(place.text)")
        }
    }

    /// Its application is asked, or nobody wants to know any more.
    mutating func goesOn(_ call: CallID) { awaited.remove(call) }

    mutating func crashed() { awaited = [] }

    func concluded() throws(Violation) {
        guard let call = awaited.min() else { return }
        throw Violation("everybody is told", "\(call) was sent out of its conference, and its application is not asked")
    }

    /// A start ends what waited and stayed, and empties the conferences (docs/contract/calls.md#a-restart).
    func restored(_ work: UnfinishedWork, _ effects: [Effect]) throws(Violation) {
        let operations = effects.flatMap { effect -> [StorageOperation] in
            if case .store(let operations, _) = effect { operations } else { [] }
        }
        let told = Told(operations)
        for (call, bytes) in work.records {
            guard let talk = (try? JSONValue(parsing: bytes))?["talk"] else { continue }
            if let wait = talk["wait"] {
                let place: PlaceCheck.Place =
                    wait["queueID"]?.string.flatMap { RoomID($0) }.map { .room($0) } ?? .parking
                try told.require(place.departure, of: call, "the server was restarted")
            }
            if talk["stay"]?["leaveConferenceURL"] != nil {
                try told.require("leaveConference", of: call, "the server was restarted")
            }
        }
        for (conference, _) in work.conferences where ![.empty, .terminated].contains(conference.status) {
            let isEmptied = operations.contains { operation in
                if case .saveConference(let row, _) = operation {
                    row.conferenceID == conference.conferenceID && row.status == .empty
                } else {
                    false
                }
            }
            guard isEmptied else {
                throw Violation("nobody is left in a room", "\(conference.conferenceID) is as it was before the crash")
            }
        }
    }
}

/// Notifications that a transaction owes from now on.
private struct Told {
    private var types: [CallID: Set<String>] = [:]

    init(_ operations: [StorageOperation]) {
        for operation in operations {
            guard case .saveNotification(let pending) = operation, let call = pending.webhook.callID else { continue }
            types[call, default: []].insert(pending.webhook.requestType)
        }
    }

    func require(_ type: String, of call: CallID, _ occasion: String) throws(Violation) {
        guard types[call]?.contains(type) == true else {
            throw Violation("everybody is told", "no \(type) of \(call) is owed, although \(occasion)")
        }
    }
}

extension PlaceCheck.Place {
    /// What tells that a call has come there.
    fileprivate var arrival: String {
        switch self {
        case .room(.queue): "addToQueueNotification"
        case .room(.conference): "addToConferenceNotification"
        case .parking: "park"
        }
    }

    /// What tells that a call ended there.
    fileprivate var departure: String {
        switch self {
        case .room(.queue): "removeFromQueueNotification"
        case .room(.conference): "leaveConference"
        case .parking: "unpark"
        }
    }
}

extension StorageOperation {
    /// The call that is over.
    var endedCall: CallID? {
        if case .saveCall(let call) = self, call.status.isTerminal { call.callID } else { nil }
    }
}
