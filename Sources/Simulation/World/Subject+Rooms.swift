import CallControl
import Telephony

/// Defects of rooms.
extension Subject {
    private static let arrivals = ["addToQueueNotification", "addToConferenceNotification", "park"]
    static let departures = ["removeFromQueueNotification", "leaveConference", "unpark"]

    func distortRooms(_ effect: Effect, by defect: Defect, _ effects: inout [Effect]) {
        switch (defect, effect) {
        case (.dequeueUnasked, .deliver(let webhook, _)) where webhook.requestType == "dequeue": return
        case (.participantLeftBehind, .media(_, .leaveMix)): return
        case (.mixLeftOpen, .mix(_, .close)): return
        case (.arrivalUntold, .store): effects.append(effect.untold(Self.arrivals))
        case (.departureUntold, .store): effects.append(effect.untold(Self.departures))
        case (.statusUntold, .store(let operations, let token)):
            effects.append(.store(operations.filter { !$0.tellsOfBeginning }, token))
        case (.recordingUntold, .store): effects.append(effect.untold(["conferenceRecordingStatus"]))
        case (.conferenceRevived, .store(let operations, let token)):
            effects.append(.store(operations.map(\.revived), token))
        case (.departureUnnoted, .store(let operations, let token)):
            effects.append(.store(operations.filter { !$0.notesDeparture }, token))
        default: effects.append(effect)
        }
    }

    mutating func lastMember(
        of queue: QueueID, _ account: AccountID, _ request: RequestID, _ now: Moment
    ) -> CallID? {
        let token = ReplyToken(rawValue: .max)
        let input = Input.queueRequest(token, account, .members(queue, after: nil), request)
        for case .reply(_, .queue(.members(let page))) in exchange.handle(input, now: now) {
            return page.items.last?.callID
        }
        return nil
    }
}

extension Effect {
    /// Without what is owed of those kinds.
    func untold(_ types: [String]) -> Effect {
        guard case .store(let operations, let token) = self else { return self }
        let rest = operations.filter { operation in
            if case .saveNotification(let pending) = operation {
                !types.contains(pending.webhook.requestType)
            } else {
                true
            }
        }
        return .store(rest, token)
    }
}

extension StorageOperation {
    fileprivate var tellsOfBeginning: Bool {
        guard case .saveNotification(let pending) = self, pending.webhook.requestType == "conferenceStatus" else {
            return false
        }
        return pending.webhook.body.holds(#""status":"inProgress""#)
    }

    /// A conference that was terminated, as if it had been left.
    fileprivate var revived: StorageOperation {
        guard case .saveConference(var conference, _) = self, conference.status == .terminated else { return self }
        conference.status = .empty
        return .saveConference(conference, record: nil)
    }

    fileprivate var notesDeparture: Bool {
        if case .appendJournal(let entry) = self { entry.message == "Participant left" } else { false }
    }
}
