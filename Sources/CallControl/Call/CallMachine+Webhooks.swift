import JSON
import PerCL
import SIP
import Telephony

extension CallMachine {
    mutating func notificationCommitted(_ event: EventID, now: Moment, into directives: inout [CallDirective]) {
        var steps: [CallOutbox.Directive] = []
        outbox.committed(event, into: &steps)
        carryOut(steps, &directives)
    }

    /// The caller hears nothing meanwhile; whoever looks at the call finds the reason. Nobody listens to a notification.
    mutating func webhookWaits(
        _ event: EventID, _ explanation: String, now: Moment, into directives: inout [CallDirective]
    ) {
        guard let webhook = outbox.inFlight(event), webhook.purpose == .script else { return }
        note(
            .warning, .webhook, "Webhook \(webhook.requestType) waits for its turn",
            [
                "eventId": .string(webhook.eventID.text), "url": .string(webhook.url.description),
                "explanation": .string(explanation),
            ], now, &directives)
    }

    /// The call goes on, or ends, without the script that it has asked for.
    func withdrawScript(_ directives: inout [CallDirective]) {
        if let event = outbox.scriptInFlight { directives.append(.effect(.withdrawWebhook(event))) }
    }

    mutating func webhookFinished(
        _ event: EventID, _ outcome: WebhookOutcome, milliseconds: Int, now: Moment, random: inout RandomSource,
        into directives: inout [CallDirective]
    ) {
        var steps: [CallOutbox.Directive] = []
        outbox.finished(event, outcome, into: &steps)
        for step in steps {
            switch step {
            case .deliver(let webhook, let attempt) where webhook.eventID == event:
                noteAnswer(webhook, outcome, milliseconds, attempt: attempt - 1, now, &directives)
                carryOut([step], &directives)
            case .deliver:
                carryOut([step], &directives)
            case .scriptAnswered(let webhook, let outcome):
                noteAnswer(webhook, outcome, milliseconds, attempt: nil, now, &directives)
                scriptAnswered(webhook, outcome, now, &random, &directives)
            case .answerIgnored(let webhook):
                noteAnswer(webhook, outcome, milliseconds, attempt: nil, now, &directives)
            case .retryLater(let webhook, _):
                noteAnswer(webhook, outcome, milliseconds, attempt: 1, now, &directives)
                carryOut([step], &directives)
            case .ended(let webhook, let end):
                noteAnswer(webhook, outcome, milliseconds, attempt: 1, now, &directives)
                noteEnd(of: webhook, end, attempts: 1, now, &directives)
                carryOut([step], &directives)
            }
        }
        settle(&directives)
    }

    func carryOut(_ steps: [CallOutbox.Directive], _ directives: inout [CallDirective]) {
        for step in steps {
            switch step {
            case .deliver(let webhook, let attempt): directives.append(.effect(.deliver(webhook, attempt: attempt)))
            case .ended(let webhook, let end):
                directives.append(.store(.removeNotification(webhook.eventID)))
                directives.append(.notificationEnded(end))
            case .retryLater(let webhook, let wasAnswered):
                directives.append(.retryLater(webhook, wasAnswered: wasAnswered))
            case .scriptAnswered, .answerIgnored: break
            }
        }
    }

    mutating func fetchScript(
        from url: WebURL, type: String, extras: [String: JSONValue], privateFields: Set<String> = [],
        _ random: inout RandomSource, _ now: Moment, _ directives: inout [CallDirective]
    ) {
        if type != CallWebhook.redirect {
            lastRequest = ScriptRequest(type: type, extras: extras, privateFields: privateFields)
        }
        emit(type, extras: extras, privateFields: privateFields, purpose: .script, to: url, &random, now, &directives)
    }

    mutating func emit(
        _ type: String, extras: [String: JSONValue], privateFields: Set<String> = [], purpose: Webhook.Purpose,
        to url: WebURL, _ random: inout some RandomNumberGenerator, _ now: Moment, _ directives: inout [CallDirective]
    ) {
        eventSequence += 1
        var fields = CallWebhook.standard(type, call)
        fields.merge(extras) { _, extra in extra }
        let webhook = Webhook(
            eventID: EventID(random: &random), eventSequence: eventSequence, requestID: requestID,
            accountID: call.accountID, callID: call.callID, requestType: type, purpose: purpose, url: url,
            body: JSONValue.object(fields).bytes)
        for field in privateFields { fields[field] = .string(Mask.text) }
        note(
            .info, .webhook, "Webhook \(type) : POST \(url)",
            ["eventId": .string(webhook.eventID.text), "requestBody": .object(fields)], now, &directives)
        if purpose == .notification {
            owe(webhook, now, &directives)
        }
        var steps: [CallOutbox.Directive] = []
        outbox.enqueue(webhook, into: &steps)
        carryOut(steps, &directives)
    }

    /// It goes to disk, and leaves when it is there.
    func owe(_ webhook: Webhook, _ now: Moment, _ directives: inout [CallDirective]) {
        directives.append(
            .store(
                .saveNotification(
                    PendingNotification(
                        webhook: webhook, attempts: 0, firstAttempt: now.wall, nextAttempt: now.wall))))
        directives.append(.awaitCommit(.notification(webhook.eventID)))
    }

    mutating func scriptAnswered(
        _ webhook: Webhook, _ outcome: WebhookOutcome, _ now: Moment, _ random: inout RandomSource,
        _ directives: inout [CallDirective]
    ) {
        // A hang-up while the script was being fetched: the answer is ignored (docs/contract/webhooks.md#order).
        switch phase {
        case .connected, .incoming: break
        case .accepted, .queued, .opening, .ringing, .over: return
        }
        switch ScriptFetch(outcome) {
        case .script(let script, let hints):
            noteHints(hints, now, &directives)
            guard case .connected(var conversation) = phase, !mayRunScript else {
                return start(script, now, &random, &directives)
            }
            conversation.held = script
            phase = .connected(conversation)
        case .refused(let reason, let explanation):
            if tryFallback(explanation, now, &random, &directives) { return }
            note(
                .error, .webhook, "Webhook \(webhook.requestType) gave no script : \(reason.rawValue)",
                ["url": .string(webhook.url.description), "explanation": .string(explanation)], now, &directives)
            let status: CallStatus = if case .incoming = phase { .failed } else { .completed }
            finish(CallOutcome(status, reason, explanation), now, &directives)
        }
    }

    /// What was taken although it is not as it should be. Calls whose scripts repeat the same mistake tell of it for a
    /// while.
    private mutating func noteHints(_ hints: ScriptHints, _ now: Moment, _ directives: inout [CallDirective]) {
        for hint in hints.shown {
            guard noteHint(hint.description, hint.journalMetadata, now, &directives) else { return }
        }
        if hints.more > 0 {
            _ = noteHint(
                "\(hints.more) more of the script's attributes are not as they should be", [:], now, &directives)
        }
    }

    private mutating func noteHint(
        _ message: String, _ metadata: [String: JSONValue], _ now: Moment, _ directives: inout [CallDirective]
    ) -> Bool {
        guard hintsNoted < Self.maximumHintsNoted else { return false }
        hintsNoted += 1
        note(.warning, .percl, message, metadata, now, &directives)
        if hintsNoted == Self.maximumHintsNoted {
            note(
                .warning, .percl, "Further attributes of this call that are not as they should be are not logged", [:],
                now, &directives)
        }
        return true
    }
}

extension ScriptError {
    fileprivate var journalMetadata: [String: JSONValue] {
        ["index": JSONValue(index), "command": JSONValue(command), "field": JSONValue(field)].filter {
            $0.value != .null
        }
    }
}
