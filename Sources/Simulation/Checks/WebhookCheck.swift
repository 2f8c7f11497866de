import CallControl
import SIP
import Telephony

/// The order and the completeness of a call's webhooks (ARCHITECTURE.md#webhook-order, docs/contract/webhooks.md#order,
/// docs/contract/webhooks.md#notifications).
struct WebhookCheck {
    private struct Event {
        /// As it was sent the last time.
        var webhook: Webhook
        /// Of this life.
        var attempts = 0
        var isInFlight = false
        /// What the last attempt of this life came to; nil before its end.
        var lastOutcome: WebhookOutcome?
        var firstAttempt: Instant
        /// Attempts of this life that nothing came back for.
        var unanswered = 0
        /// The application has it.
        var isDelivered = false
    }

    private struct Story {
        /// The highest sequence of which a first attempt was made.
        var lastSequence = 0
        /// A script being fetched, or a notification's first attempt.
        var blocking: EventID?
        var callStatus: EventID?
        var hasMachine = false
    }

    private var events: [EventID: Event] = [:]
    private var stories: [WebhookOwner: Story] = [:]
    /// In the order in which they first told something.
    private var owners: [WebhookOwner] = []
    /// On disk, in the order of storing.
    private var owed: [EventID] = []
    private var isOwed: Set<EventID> = []
    /// What is tried for the whole of it (docs/decisions/0016).
    private static let dayLong = ["callStatus", "record", "conferenceStatus", "conferenceRecordingStatus"]
    private let lifetime: Duration
    private let dialNewsLifetime: Duration
    private let unansweredAttempts: Int
    private let longestPause: Duration

    init(_ configuration: ExchangeConfiguration) {
        lifetime = configuration.notificationLifetime
        dialNewsLifetime = configuration.dialNewsLifetime
        unansweredAttempts = configuration.unansweredAttempts
        longestPause = configuration.longestRetryPause
    }

    func isFetching(_ call: CallID) -> Bool {
        guard let event = stories[.call(call)]?.blocking else { return false }
        return events[event]?.webhook.purpose == .script
    }

    mutating func delivering(_ webhook: Webhook, attempt: Int, now: Instant) throws(Violation) {
        if stories[webhook.owner] == nil { owners.append(webhook.owner) }
        var story = stories[webhook.owner] ?? Story()
        let id = webhook.eventID
        func violation(_ text: String) -> Violation {
            Violation(
                "order of webhooks",
                "\(webhook.requestType) \(webhook.eventSequence) of \(webhook.owner.text), attempt \(attempt): \(text)")
        }
        let isNew = events[id] == nil
        var event = events[id] ?? Event(webhook: webhook, firstAttempt: now)
        guard event.webhook.isRepeated(by: webhook) else { throw violation("differs from its first attempt") }
        guard !event.isInFlight else { throw violation("is in flight already") }
        event.webhook = webhook
        if event.attempts > 0 { try Self.checkRepetition(event, attempt, violation) }
        let isBlocking = webhook.purpose == .script || attempt == 1
        if isBlocking, let other = story.blocking, let other = events[other]?.webhook, other.eventID != id {
            // A machine overtakes a script that nobody wants any more
            // (docs/contract/calls.md#a-machine-before-the-script).
            guard webhook.requestType == "machineDetected", other.purpose == .script else {
                throw violation("\(other.requestType) \(other.eventSequence) is in flight")
            }
        }
        if webhook.requestType == "machineDetected" {
            guard !story.hasMachine || !isNew else { throw violation("comes twice") }
            story.hasMachine = true
        }
        if isNew {
            guard webhook.eventSequence > story.lastSequence else {
                throw violation("comes after \(story.lastSequence)")
            }
            guard story.callStatus == nil else { throw violation("comes after callStatus") }
            story.lastSequence = webhook.eventSequence
            if webhook.requestType == "callStatus" { story.callStatus = id }
        }
        if isBlocking { story.blocking = id }
        event.attempts += 1
        event.isInFlight = true
        event.lastOutcome = nil
        events[id] = event
        stories[webhook.owner] = story
    }

    /// What its call has asked for is of no use any more: the wait, or the stay, that it was for is over.
    mutating func abandonsScript(_ call: CallID) {
        guard let event = stories[.call(call)]?.blocking, events[event]?.webhook.purpose == .script else { return }
        stories[.call(call)]?.blocking = nil
    }

    private static func checkRepetition(
        _ event: Event, _ attempt: Int, _ violation: (String) -> Violation
    ) throws(Violation) {
        guard let outcome = event.lastOutcome else { throw violation("has had no outcome") }
        switch event.webhook.purpose {
        case .script:
            guard event.attempts == 1, attempt == 2 else { throw violation("is tried more than twice") }
            guard case .failed(let failure) = outcome, failure.allowsImmediateRetry else {
                throw violation("is tried again after an outcome that allows none")
            }
        case .notification:
            guard !outcome.delivers else { throw violation("was delivered already") }
        }
    }

    /// An attempt came to its end, whether or not anybody hears of it.
    mutating func finished(_ id: EventID, _ outcome: WebhookOutcome) {
        guard var event = events[id] else { return }
        event.isInFlight = false
        event.lastOutcome = outcome
        if outcome.delivers { event.isDelivered = true }
        if case .failed(let failure) = outcome, failure.kind == .unanswered { event.unanswered += 1 }
        events[id] = event
        if stories[event.webhook.owner]?.blocking == id { stories[event.webhook.owner]?.blocking = nil }
    }

    /// The application took a request of an earlier life.
    mutating func tookEarlier(_ id: EventID) { events[id]?.isDelivered = true }

    mutating func committed(_ operation: StorageOperation) {
        switch operation {
        case .saveNotification(let pending):
            if isOwed.insert(pending.webhook.eventID).inserted { owed.append(pending.webhook.eventID) }
        case .removeNotification(let id): isOwed.remove(id)
        case .saveCall, .saveRecord, .removeRecord, .appendJournal, .saveKey, .saveRecording, .saveQueue, .removeQueue,
            .saveConference:
            break
        }
    }

    /// The server lets go of a notification.
    func removing(_ id: EventID, now: Instant) throws(Violation) {
        guard let event = events[id] else {
            throw Violation("every notification is delivered", "\(id) is dropped without an attempt")
        }
        // What asks for a script is owed until its answer has come, or none is to be had.
        guard event.webhook.purpose == .notification else { return }
        guard !event.isDelivered, event.unanswered < unansweredAttempts else { return }
        let lifetime = Self.dayLong.contains(event.webhook.requestType) ? lifetime : dialNewsLifetime
        guard now - event.firstAttempt < lifetime - longestPause else { return }
        throw Violation(
            "every notification is delivered",
            "\(event.webhook.requestType) of \(event.webhook.owner.text) is dropped undelivered")
    }

    /// What was said of a call's end is not said again, whatever the disk refused: what has not been committed has not
    /// been told.
    mutating func crashed() {
        events = events.mapValues { event in
            var event = event
            event.attempts = 0
            event.unanswered = 0
            event.isInFlight = false
            event.lastOutcome = nil
            return event
        }
        for owner in owners {
            stories[owner]?.blocking = nil
        }
    }

    /// Everything is over: nothing is owed any more.
    func concluded() throws(Violation) {
        for id in owed where isOwed.contains(id) {
            throw Violation("every notification is delivered", "\(id) is still owed")
        }
    }

    /// Every call that ended and asked for it was told of.
    func checkTold(_ call: CallID, wantsStatus: Bool) throws(Violation) {
        guard wantsStatus, stories[.call(call)]?.callStatus == nil else { return }
        throw Violation("every notification is delivered", "no callStatus was sent for \(call)")
    }
}

extension Webhook {
    /// It is the same but that a script may be expected no more (docs/contract/webhooks.md#what-is-asked-and-told).
    fileprivate func isRepeated(by later: Webhook) -> Bool {
        var expected = self
        if purpose == .script, later.purpose == .notification { expected.purpose = .notification }
        return expected == later
    }
}

extension WebhookOwner {
    /// Its identifier.
    var text: String {
        switch self {
        case .call(let id): id.text
        case .conference(let id): id.text
        }
    }
}

extension WebhookOutcome {
    /// What is tried again (docs/decisions/0016), told independently of the code under test: connection failures, 429
    /// and 5xx are tried again. The model application redirects nobody.
    var delivers: Bool {
        switch self {
        case .answered(let status, _, _), .answerTooLarge(let status): status != 429 && status < 500
        case .redirected, .failed: false
        }
    }
}
