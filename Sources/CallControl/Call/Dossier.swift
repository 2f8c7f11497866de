import JSON
import SIP
import Telephony

/// What is known of one call, and told of it: the API's resource, what it was asked for, its journal, its webhooks.
struct Dossier: Sendable {
    /// After a crash the events' sequence goes on beyond whatever was sent and not recorded.
    private static let eventSequenceGap = 1000

    var call: Call
    let terms: CallTerms
    /// Whom it goes to; nil where what an earlier process left behind cannot be read.
    let destination: CallDestination?
    let clock: CallClock
    /// Where customers reach this server (docs/contract/webhooks.md#recording-urls).
    var publicURL: String
    /// StartRecordCall's, which callStatus tells of.
    var callRecordingID: RecordingID?
    private(set) var outbox = CallOutbox()
    /// Scripts that are asked for by what must be told: on disk, as notifications are, until their answers have come.
    private var owedScripts: [EventID] = []
    private var journal: CallJournal
    private(set) var eventSequence: Int

    init(_ call: Call, to destination: CallDestination?, terms: CallTerms, publicURL: String, clock: CallClock) {
        self.call = call
        self.destination = destination
        self.terms = terms
        self.publicURL = publicURL
        self.clock = clock
        journal = CallJournal()
        eventSequence = 0
    }

    init(restoring record: CallRecord, journalSequence: Int, publicURL: String, clock: CallClock) {
        call = record.call
        destination = CallDestination(record.call.to)
        terms = record.terms
        self.publicURL = publicURL
        self.clock = clock
        callRecordingID = record.callRecordingID
        journal = CallJournal(sequence: journalSequence)
        eventSequence = record.eventSequence + Self.eventSequenceGap
    }

    // MARK: The call

    /// sendDigits as they may be read later.
    var shownSendDigits: JSONValue {
        terms.isPrivate && terms.sendDigits != nil ? .string(Mask.text) : JSONValue(terms.sendDigits?.text)
    }

    /// Since the answer, of a call that goes on.
    func talkSeconds(at now: Moment) -> Int {
        call.connectTime.map { clock.reading(now).secondsRoundedUp(since: $0) } ?? 0
    }

    mutating func changeStatus(_ status: CallStatus, _ explanation: String, _ turn: inout Turn) {
        call.status = status
        saveChange(&turn)
        var metadata: [String: JSONValue] = ["status": .string(status.rawValue), "explanation": .string(explanation)]
        if let reason = call.endedReason { metadata["callEndedReason"] = .string(reason.rawValue) }
        note(.info, .status, "Call \(status.rawValue)", metadata, &turn)
    }

    mutating func saveChange(_ turn: inout Turn) {
        call.dateUpdated = clock.reading(turn.now)
        call.revision += 1
        turn.store(.saveCall(call))
    }

    // MARK: The journal

    /// - Parameter other: the request that did it, where it is not the one that made the call.
    mutating func note(
        _ level: JournalLevel, _ scope: JournalScope, _ message: String, _ metadata: [String: JSONValue],
        by other: RequestID? = nil, _ turn: inout Turn
    ) {
        turn.store(
            .appendJournal(
                JournalEntry(
                    timestamp: clock.reading(turn.now), sequence: journal.nextSequence(), level: level, scope: scope,
                    accountID: call.accountID, callID: call.callID, requestID: other ?? terms.requestID,
                    message: message, metadata: metadata)))
    }

    /// As above, where there may not be any number of such entries.
    mutating func note(
        within budget: CallJournal.Budget, _ level: JournalLevel, _ scope: JournalScope, _ message: String,
        _ metadata: [String: JSONValue], _ turn: inout Turn
    ) {
        switch journal.spend(budget) {
        case .noted: note(level, scope, message, metadata, &turn)
        case .lastWords:
            if let words = budget.lastWords { note(.warning, words.scope, words.message, [:], &turn) }
        case .leftOut: break
        }
    }

    // MARK: Webhooks

    /// Asks the app for a script.
    mutating func ask(_ request: ScriptRequest, at url: WebURL, _ turn: inout Turn) {
        let event = EventID(random: &turn.random)
        post(request.type, request.extras, request.privateFields, .script, to: url, event, &turn)
    }

    /// Asks the app for a script by telling it of something that has happened: owed from now on, until the answer has
    /// come. Where none can come any more, for the call is over or this process is, it is told as a notification
    /// (docs/contract/webhooks.md#what-is-asked-and-told).
    mutating func askByTelling(_ request: ScriptRequest, at url: WebURL, _ turn: inout Turn) {
        let event = EventID(random: &turn.random)
        owedScripts.append(event)
        post(request.type, request.extras, request.privateFields, .script, to: url, event, &turn)
    }

    /// Tells the app of something; it is owed from now on.
    mutating func tell(_ request: ScriptRequest, at url: WebURL, _ event: EventID, _ turn: inout Turn) {
        post(request.type, request.extras, request.privateFields, .notification, to: url, event, &turn)
    }

    private mutating func post(
        _ type: String, _ extras: [String: JSONValue], _ privateFields: Set<String>, _ purpose: Webhook.Purpose,
        to url: WebURL, _ event: EventID, _ turn: inout Turn
    ) {
        eventSequence += 1
        var fields = CallWebhook.standard(type, call)
        fields.merge(extras) { _, extra in extra }
        let webhook = Webhook(
            eventID: event, eventSequence: eventSequence, requestID: terms.requestID,
            accountID: call.accountID, owner: .call(call.callID), requestType: type, purpose: purpose, url: url,
            body: JSONValue.object(fields).bytes)
        for field in privateFields { fields[field] = .string(Mask.text) }
        note(
            .info, .webhook, "Webhook \(type) : POST \(url)",
            ["eventId": .string(webhook.eventID.text), "requestBody": .object(fields)], &turn)
        if purpose == .notification || owedScripts.contains(event) { owe(webhook, &turn) }
        var steps: [CallOutbox.Directive] = []
        outbox.enqueue(webhook, into: &steps)
        carryOut(steps, &turn)
    }

    /// Notifications of an earlier process, on disk and not sent yet.
    mutating func restore(_ notifications: [PendingNotification], _ turn: inout Turn) {
        var steps: [CallOutbox.Directive] = []
        for pending in notifications {
            outbox.enqueue(pending.webhook, into: &steps)
            outbox.committed(pending.webhook.eventID, into: &steps)
        }
        carryOut(steps, &turn)
    }

    mutating func notificationCommitted(_ event: EventID, _ turn: inout Turn) {
        var steps: [CallOutbox.Directive] = []
        outbox.committed(event, into: &steps)
        carryOut(steps, &turn)
    }

    /// What the disk refused goes there again.
    func oweAgain(_ turn: inout Turn) {
        for webhook in outbox.uncommitted { owe(webhook, &turn) }
        for webhook in owedScripts.compactMap({ outbox.webhook($0) }) { owe(webhook, &turn) }
    }

    /// It goes to disk, and a notification leaves when it is there. A script waits for no disk; where it is found
    /// there, it is a script no more.
    private func owe(_ webhook: Webhook, _ turn: inout Turn) {
        let wall = turn.now.wall
        var owed = webhook
        owed.purpose = .notification
        turn.store(
            .saveNotification(
                PendingNotification(webhook: owed, attempts: 0, firstAttempt: wall, nextAttempt: wall)))
        turn.want(.awaitCommit(.notification(webhook.eventID)))
    }

    /// The call goes on, or ends, without the script that it has asked for. What is told by asking for it is told.
    func withdrawScript(_ turn: inout Turn) {
        guard let event = outbox.scriptInFlight, !owedScripts.contains(event) else { return }
        turn.perform(.withdrawWebhook(event))
    }

    /// No answer is a script any more: what was asked is told.
    ///
    /// - Parameter evenInFlight: what is under way, too, is tried again where it does not get there.
    mutating func tellOnly(evenInFlight: Bool, _ turn: inout Turn) {
        for event in owedScripts {
            guard let webhook = outbox.tellOnly(event, evenInFlight: evenInFlight) else { continue }
            owedScripts.removeAll { $0 == event }
            owe(webhook, &turn)
        }
    }

    /// Nothing that it has asked for is of use any more (docs/contract/calls.md#a-machine-before-the-script).
    mutating func abandonScripts(_ turn: inout Turn) {
        withdrawScript(&turn)
        tellOnly(evenInFlight: false, &turn)
        var steps: [CallOutbox.Directive] = []
        for webhook in outbox.abandonScripts(into: &steps) {
            note(
                .info, .webhook, "Webhook \(webhook.requestType) is given up: its answer will be ignored",
                ["eventId": .string(webhook.eventID.text)], &turn)
        }
        carryOut(steps, &turn)
    }

    /// The caller hears nothing meanwhile; whoever looks at the call finds the reason. Nobody listens to a notification.
    mutating func webhookWaits(_ event: EventID, _ explanation: String, _ turn: inout Turn) {
        guard let webhook = outbox.inFlight(event), webhook.purpose == .script else { return }
        note(
            .warning, .webhook, "Webhook \(webhook.requestType) waits for its turn",
            [
                "eventId": .string(webhook.eventID.text), "url": .string(webhook.url.description),
                "explanation": .string(explanation),
            ], &turn)
    }

    // MARK: What became of them

    /// A webhook has come back: what follows from it, each to be taken in turn (``take(_:_:milliseconds:_:)``).
    mutating func webhookFinished(_ event: EventID, _ outcome: WebhookOutcome) -> [CallOutbox.Directive] {
        var steps: [CallOutbox.Directive] = []
        outbox.finished(event, outcome, into: &steps)
        return steps
    }

    mutating func take(
        _ step: CallOutbox.Directive, of event: EventID, _ outcome: WebhookOutcome, milliseconds: Int,
        _ turn: inout Turn
    ) {
        switch step {
        case .deliver(let webhook, let attempt):
            guard webhook.eventID == event else { break }
            noteAnswer(webhook, outcome, milliseconds, attempt: attempt - 1, &turn)
        case .scriptAnswered(let webhook, let outcome):
            noteAnswer(webhook, outcome, milliseconds, attempt: nil, &turn)
        case .answerIgnored(let webhook):
            noteAnswer(webhook, outcome, milliseconds, attempt: nil, &turn)
        case .retryLater(let webhook, _):
            noteAnswer(webhook, outcome, milliseconds, attempt: 1, &turn)
        case .ended(let webhook, let end):
            noteAnswer(webhook, outcome, milliseconds, attempt: 1, &turn)
            noteEnd(of: webhook, end, attempts: 1, &turn)
        }
        carryOut(step, &turn)
    }

    /// What a webhook's attempt came to, with what was answered and how long it took.
    mutating func noteAnswer(
        _ webhook: Webhook, _ outcome: WebhookOutcome, _ milliseconds: Int, attempt: Int?, _ turn: inout Turn
    ) {
        let entry = WebhookJournal.answer(to: webhook, outcome, milliseconds: milliseconds, attempt: attempt)
        note(entry.level, .webhook, entry.message, entry.metadata, &turn)
    }

    /// A notification was not delivered; that one was, its answer has told.
    mutating func noteEnd(of webhook: Webhook, _ end: NotificationEnd, attempts: Int, _ turn: inout Turn) {
        guard let entry = WebhookJournal.end(of: webhook, end, attempts: attempts) else { return }
        note(entry.level, .webhook, entry.message, entry.metadata, &turn)
    }

    private mutating func carryOut(_ steps: [CallOutbox.Directive], _ turn: inout Turn) {
        for step in steps { carryOut(step, &turn) }
    }

    private mutating func carryOut(_ step: CallOutbox.Directive, _ turn: inout Turn) {
        switch step {
        case .deliver(let webhook, let attempt): turn.perform(.deliver(webhook, attempt: attempt))
        case .ended(let webhook, let end):
            turn.store(.removeNotification(webhook.eventID))
            turn.want(.notificationEnded(end))
        case .retryLater(let webhook, let wasAnswered): turn.want(.retryLater(webhook, wasAnswered: wasAnswered))
        case .scriptAnswered(let webhook, _), .answerIgnored(let webhook):
            guard let index = owedScripts.firstIndex(of: webhook.eventID) else { break }
            owedScripts.remove(at: index)
            turn.store(.removeNotification(webhook.eventID))
        }
    }
}
