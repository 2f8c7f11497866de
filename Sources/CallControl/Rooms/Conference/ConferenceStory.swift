import JSON
import SIP
import Telephony

/// What is told of one conference: its journal, and its webhooks in their order.
struct ConferenceStory: Sendable {
    /// After a crash the events' sequence goes on beyond whatever was sent and not recorded.
    private static let sequenceGap = 1000
    /// Who talked when is noted so often while it is in progress.
    private static let mostTalks = 1000

    private let conferenceID: ConferenceID
    private let accountID: AccountID
    private let origin: ConferenceOrigin
    private(set) var outbox = CallOutbox()
    private(set) var eventSequence: Int
    private(set) var journalSequence: Int
    private var talks = 0

    init(of conference: Conference, _ origin: ConferenceOrigin) {
        conferenceID = conference.conferenceID
        accountID = conference.accountID
        self.origin = origin
        eventSequence = 0
        journalSequence = 0
    }

    init(of conference: Conference, _ record: ConferenceRecord) {
        conferenceID = conference.conferenceID
        accountID = conference.accountID
        origin = record.origin
        eventSequence = record.eventSequence + Self.sequenceGap
        journalSequence = record.journalSequence + Self.sequenceGap
    }

    // MARK: The journal

    /// - Parameter other: the request that did it, where it is not the one that made the conference.
    mutating func note(
        _ level: JournalLevel, _ scope: JournalScope, _ message: String, _ metadata: [String: JSONValue],
        by other: RequestID? = nil, _ turn: inout ConferenceTurn
    ) {
        journalSequence += 1
        var metadata = metadata
        metadata["conferenceId"] = .string(conferenceID.text)
        turn.store(
            .appendJournal(
                JournalEntry(
                    timestamp: turn.now.wall, sequence: journalSequence, level: level, scope: scope,
                    accountID: accountID, callID: nil, room: .conference(conferenceID),
                    requestID: other ?? origin.requestID, message: message, metadata: metadata)))
    }

    /// A participant has talked.
    mutating func noteTalk(of call: CallID, milliseconds: Int, _ turn: inout ConferenceTurn) {
        guard talks < Self.mostTalks else { return }
        talks += 1
        note(
            .info, .media, "Participant talked",
            ["callId": .string(call.text), "milliseconds": JSONValue(milliseconds)], &turn)
        if talks == Self.mostTalks {
            note(.warning, .media, "Who talks is not noted any more: there is too much of it", [:], &turn)
        }
    }

    // MARK: Webhooks

    /// Tells the app of it; it is owed from now on.
    mutating func tell(
        _ type: String, _ conference: Conference, _ recording: Recording?, at url: WebURL, _ turn: inout ConferenceTurn
    ) {
        eventSequence += 1
        let fields = ConferenceWebhook.fields(type, conference, origin, recording, publicURL: turn.publicURL)
        let webhook = Webhook(
            eventID: EventID(random: &turn.random), eventSequence: eventSequence, requestID: origin.requestID,
            accountID: accountID, owner: .conference(conferenceID), requestType: type, purpose: .notification, url: url,
            body: JSONValue.object(fields).bytes)
        note(
            .info, .webhook, "Webhook \(type) : POST \(url)",
            ["eventId": .string(webhook.eventID.text), "requestBody": .object(fields)], &turn)
        owe(webhook, &turn)
        var steps: [CallOutbox.Directive] = []
        outbox.enqueue(webhook, into: &steps)
        for step in steps { carryOut(step, &turn) }
    }

    /// Notifications of an earlier process, on disk and not sent yet: what is told from now on comes behind them.
    mutating func restore(_ notifications: [PendingNotification], _ turn: inout ConferenceTurn) {
        var steps: [CallOutbox.Directive] = []
        for pending in notifications {
            outbox.enqueue(pending.webhook, into: &steps)
            outbox.committed(pending.webhook.eventID, into: &steps)
        }
        for step in steps { carryOut(step, &turn) }
    }

    mutating func notificationCommitted(_ event: EventID, _ turn: inout ConferenceTurn) {
        var steps: [CallOutbox.Directive] = []
        outbox.committed(event, into: &steps)
        for step in steps { carryOut(step, &turn) }
    }

    /// What the disk refused goes there again.
    func oweAgain(_ turn: inout ConferenceTurn) {
        for webhook in outbox.uncommitted { owe(webhook, &turn) }
    }

    private func owe(_ webhook: Webhook, _ turn: inout ConferenceTurn) {
        let wall = turn.now.wall
        turn.store(
            .saveNotification(
                PendingNotification(webhook: webhook, attempts: 0, firstAttempt: wall, nextAttempt: wall)))
        turn.want(.awaitCommit(webhook.eventID))
    }

    mutating func webhookFinished(
        _ event: EventID, _ outcome: WebhookOutcome, milliseconds: Int, _ turn: inout ConferenceTurn
    ) {
        var steps: [CallOutbox.Directive] = []
        outbox.finished(event, outcome, into: &steps)
        for step in steps {
            switch step {
            case .retryLater(let webhook, _): noteAnswer(webhook, outcome, milliseconds, attempt: 1, &turn)
            case .ended(let webhook, let end):
                noteAnswer(webhook, outcome, milliseconds, attempt: 1, &turn)
                noteEnd(of: webhook, end, attempts: 1, &turn)
            case .deliver, .scriptAnswered, .answerIgnored: break
            }
            carryOut(step, &turn)
        }
    }

    mutating func noteAnswer(
        _ webhook: Webhook, _ outcome: WebhookOutcome, _ milliseconds: Int, attempt: Int, _ turn: inout ConferenceTurn
    ) {
        let entry = WebhookJournal.answer(to: webhook, outcome, milliseconds: milliseconds, attempt: attempt)
        note(entry.level, .webhook, entry.message, entry.metadata, &turn)
    }

    mutating func noteEnd(
        of webhook: Webhook, _ end: NotificationEnd, attempts: Int, _ turn: inout ConferenceTurn
    ) {
        guard let entry = WebhookJournal.end(of: webhook, end, attempts: attempts) else { return }
        note(entry.level, .webhook, entry.message, entry.metadata, &turn)
    }

    private func carryOut(_ step: CallOutbox.Directive, _ turn: inout ConferenceTurn) {
        switch step {
        case .deliver(let webhook, let attempt): turn.want(.effect(.deliver(webhook, attempt: attempt)))
        case .ended(let webhook, let end):
            turn.store(.removeNotification(webhook.eventID))
            turn.want(.notificationEnded(end))
        case .retryLater(let webhook, let wasAnswered): turn.want(.retryLater(webhook, wasAnswered: wasAnswered))
        case .scriptAnswered, .answerIgnored: break
        }
    }
}
