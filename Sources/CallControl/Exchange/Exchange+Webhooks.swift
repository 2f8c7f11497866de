import SIP
import Telephony

extension Exchange {
    mutating func webhookWaits(_ event: EventID, _ explanation: String, _ now: Moment, _ effects: inout [Effect]) {
        guard !retries.contains(event), let id = callsByEvent[event] else { return }
        withCall(id, now, &effects) { call, _, directives in
            call.webhookWaits(event, explanation, now: now, into: &directives)
        }
    }

    mutating func webhookFinished(
        _ event: EventID, _ outcome: WebhookOutcome, _ milliseconds: Int, _ now: Moment, _ effects: inout [Effect]
    ) {
        if retries.contains(event) {
            if let pending = retries.inFlight(event) {
                noteRetry(pending, outcome, milliseconds, now, &effects)
            }
            for directive in retries.finished(event, outcome, now: now) { carryOut(directive, now, &effects) }
            return
        }
        guard let id = callsByEvent[event] else { return }
        callsByEvent[event] = nil
        withCall(id, now, &effects) { call, random, directives in
            call.webhookFinished(
                event, outcome, milliseconds: milliseconds, now: now, random: &random, into: &directives)
        }
    }

    private mutating func noteRetry(
        _ pending: PendingNotification, _ outcome: WebhookOutcome, _ milliseconds: Int, _ now: Moment,
        _ effects: inout [Effect]
    ) {
        let webhook = pending.webhook
        guard calls[webhook.callID] != nil else {
            store(
                .appendJournal(
                    WebhookJournal.lateEntry(
                        for: webhook, outcome, milliseconds: milliseconds, attempt: pending.attempts, now: now.wall)))
            return
        }
        withCall(webhook.callID, now, &effects) { call, _, directives in
            call.noteAnswer(webhook, outcome, milliseconds, attempt: pending.attempts, now, &directives)
        }
    }

    mutating func carryOut(_ directive: NotificationRetries.Directive, _ now: Moment, _ effects: inout [Effect]) {
        switch directive {
        case .deliver(let webhook, let attempt):
            effects.append(.deliver(webhook, attempt: attempt))
        case .schedule(let pending, let pause):
            store(.saveNotification(pending))
            timers.arm(.retry(pending.webhook.eventID), at: now.instant + pause)
        case .ended(let webhook, let end, let attempts):
            store(.removeNotification(webhook.eventID))
            endedNotifications[end, default: 0] += 1
            noteEnd(of: webhook, end, attempts: attempts, now, &effects)
        }
    }

    /// In the journal of the call, be it forgotten or not.
    private mutating func noteEnd(
        of webhook: Webhook, _ end: NotificationEnd, attempts: Int, _ now: Moment, _ effects: inout [Effect]
    ) {
        guard calls[webhook.callID] != nil else {
            if let entry = WebhookJournal.lateEnd(of: webhook, end, attempts: attempts, now: now.wall) {
                store(.appendJournal(entry))
            }
            return
        }
        withCall(webhook.callID, now, &effects) { call, _, directives in
            call.noteEnd(of: webhook, end, attempts: attempts, now, &directives)
        }
    }
}
