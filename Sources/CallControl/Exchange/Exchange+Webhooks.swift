import SIP
import Telephony

extension Exchange {
    mutating func webhookWaits(_ event: EventID, _ explanation: String) {
        guard !retries.contains(event), let id = callsByEvent[event] else { return }
        withCall(id) { call, turn in
            call.withDossier { $0.webhookWaits(event, explanation, &turn) }
        }
    }

    mutating func webhookFinished(
        _ event: EventID, _ outcome: WebhookOutcome, _ milliseconds: Int
    ) {
        if retries.contains(event) {
            if let pending = retries.inFlight(event) {
                noteRetry(pending, outcome, milliseconds)
            }
            for directive in retries.finished(event, outcome, now: now) { carryOut(directive) }
            return
        }
        if let id = conferencesByEvent.removeValue(forKey: event) {
            withConference(id) { room, turn in
                room.story.webhookFinished(event, outcome, milliseconds: milliseconds, &turn)
                room.settle(&turn)
            }
            return
        }
        guard let id = callsByEvent[event] else { return }
        callsByEvent[event] = nil
        withCall(id) { call, turn in
            call.webhookFinished(event, outcome, milliseconds: milliseconds, &turn)
        }
    }

    private mutating func noteRetry(
        _ pending: PendingNotification, _ outcome: WebhookOutcome, _ milliseconds: Int
    ) {
        let webhook = pending.webhook
        switch webhook.owner {
        case .call(let id) where calls.contains(id):
            withCall(id) { call, turn in
                call.withDossier { $0.noteAnswer(webhook, outcome, milliseconds, attempt: pending.attempts, &turn) }
            }
        case .conference(let id) where conferences.contains(id):
            withConference(id) { room, turn in
                room.story.noteAnswer(webhook, outcome, milliseconds, attempt: pending.attempts, &turn)
            }
        case .call, .conference:
            store(
                .appendJournal(
                    WebhookJournal.lateEntry(
                        for: webhook, outcome, milliseconds: milliseconds, attempt: pending.attempts, now: now.wall)))
        }
    }

    mutating func carryOut(_ directive: NotificationRetries.Directive) {
        switch directive {
        case .deliver(let webhook, let attempt):
            emit(.deliver(webhook, attempt: attempt))
        case .schedule(let pending, let pause):
            store(.saveNotification(pending))
            timers.arm(.retry(pending.webhook.eventID), at: now.instant + pause)
        case .ended(let webhook, let end, let attempts):
            store(.removeNotification(webhook.eventID))
            endedNotifications[end, default: 0] += 1
            noteEnd(of: webhook, end, attempts: attempts)
        }
    }

    /// In the journal of the call, or the conference, be it forgotten or not.
    private mutating func noteEnd(
        of webhook: Webhook, _ end: NotificationEnd, attempts: Int
    ) {
        switch webhook.owner {
        case .call(let id) where calls.contains(id):
            withCall(id) { call, turn in
                call.withDossier { $0.noteEnd(of: webhook, end, attempts: attempts, &turn) }
            }
        case .conference(let id) where conferences.contains(id):
            withConference(id) { room, turn in room.story.noteEnd(of: webhook, end, attempts: attempts, &turn) }
        case .call, .conference:
            if let entry = WebhookJournal.lateEnd(of: webhook, end, attempts: attempts, now: now.wall) {
                store(.appendJournal(entry))
            }
        }
    }
}
