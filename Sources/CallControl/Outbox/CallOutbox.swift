import Telephony

/// The webhooks of one call, in order, one request in flight (ARCHITECTURE.md#webhook-order,
/// docs/contract/webhooks.md#answers-with-a-script, docs/contract/webhooks.md#notifications,
/// docs/contract/webhooks.md#order).
///
/// ```
///            enqueue                first in line, committed if owed
///   (new) ───────────▶ waiting ──────────────────────────────────▶ in flight
///                                                                     │
///        script: answer, or a failure that allows no second try ──────┤──▶ told to the call
///        script: connection failed before any answer, first try ──────┤──▶ in flight again, at once
///        notification: answered, or to be retried elsewhere ──────────┘──▶ next in line
/// ```
/// A notification leaves only when it is committed; its retries are ``NotificationRetries``' affair and block nobody.
struct CallOutbox: Hashable, Sendable {
    private struct Item: Hashable, Sendable {
        var webhook: Webhook
        var isCommitted: Bool
    }

    private var waiting: [Item] = []
    private var inFlight: (Webhook, attempt: Int)?
    /// Sent, and nobody waits for their answers.
    private var abandoned: [Webhook] = []

    static func == (left: Self, right: Self) -> Bool {
        left.waiting == right.waiting && left.abandoned == right.abandoned && left.inFlight?.0 == right.inFlight?.0
            && left.inFlight?.attempt == right.inFlight?.attempt
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(waiting)
        hasher.combine(abandoned)
        hasher.combine(inFlight?.0)
    }

    /// What the outbox wants done.
    enum Directive: Hashable, Sendable {
        case deliver(Webhook, attempt: Int)
        /// A script webhook is over: the call goes on with it.
        case scriptAnswered(Webhook, WebhookOutcome)
        /// A script webhook that was given up is over.
        case answerIgnored(Webhook)
        /// A notification's story is over with its first attempt.
        case ended(Webhook, NotificationEnd)
        /// A notification's first attempt failed and another may help.
        case retryLater(Webhook, wasAnswered: Bool)
    }

    var isEmpty: Bool { waiting.isEmpty && inFlight == nil && abandoned.isEmpty }
    var depth: Int { waiting.count + (inFlight == nil ? 0 : 1) + abandoned.count }

    /// The webhook that has been handed over and not come back; nil where somebody else's has, or none.
    func inFlight(_ event: EventID) -> Webhook? {
        inFlight.flatMap { $0.0.eventID == event ? $0.0 : nil }
    }

    /// The script that has been asked for and not come back.
    var scriptInFlight: EventID? {
        inFlight.flatMap { $0.0.purpose == .script ? $0.0.eventID : nil }
    }

    mutating func enqueue(_ webhook: Webhook, into directives: inout [Directive]) {
        waiting.append(Item(webhook: webhook, isCommitted: webhook.purpose == .script))
        sendNext(into: &directives)
    }

    /// Waiting, in flight, or given up and not come back.
    func webhook(_ event: EventID) -> Webhook? {
        inFlight(event) ?? waiting.first { $0.webhook.eventID == event }?.webhook
            ?? abandoned.first { $0.eventID == event }
    }

    /// Nobody waits for the answer to that script any more, but what asks for it has something to tell: it becomes a
    /// notification, in its place. One that has not been sent leaves when it is known to be on disk as such.
    ///
    /// - Parameter evenInFlight: false: only where it has not been sent.
    /// - Returns: what it is now; nil where nothing has become of it.
    mutating func tellOnly(_ event: EventID, evenInFlight: Bool) -> Webhook? {
        if let index = waiting.firstIndex(where: { $0.webhook.eventID == event }) {
            waiting[index].webhook.purpose = .notification
            waiting[index].isCommitted = false
            return waiting[index].webhook
        }
        guard evenInFlight, let (asked, attempt) = inFlight, asked.eventID == event else { return nil }
        var webhook = asked
        webhook.purpose = .notification
        inFlight = (webhook, attempt)
        return webhook
    }

    /// Notifications that are not known to be on disk, in order.
    var uncommitted: [Webhook] { waiting.compactMap { $0.isCommitted ? nil : $0.webhook } }

    /// A notification is on disk.
    mutating func committed(_ event: EventID, into directives: inout [Directive]) {
        guard let index = waiting.firstIndex(where: { $0.webhook.eventID == event }) else { return }
        waiting[index].isCommitted = true
        sendNext(into: &directives)
    }

    /// The call takes no script any more from what it has asked (docs/contract/calls.md#a-machine-before-the-script):
    /// what has not been sent is not, and what is in flight holds up nobody.
    ///
    /// - Returns: what is given up.
    mutating func abandonScripts(into directives: inout [Directive]) -> [Webhook] {
        var given = waiting.compactMap { $0.webhook.purpose == .script ? $0.webhook : nil }
        waiting.removeAll { $0.webhook.purpose == .script }
        if let (webhook, _) = inFlight, webhook.purpose == .script {
            inFlight = nil
            abandoned.append(webhook)
            given.append(webhook)
            sendNext(into: &directives)
        }
        return given
    }

    mutating func finished(_ event: EventID, _ outcome: WebhookOutcome, into directives: inout [Directive]) {
        if let index = abandoned.firstIndex(where: { $0.eventID == event }) {
            directives.append(.answerIgnored(abandoned.remove(at: index)))
            return
        }
        guard let (webhook, attempt) = inFlight, webhook.eventID == event else { return }
        switch webhook.purpose {
        case .script:
            if case .failed(let failure) = outcome, failure.allowsImmediateRetry, attempt == 1 {
                inFlight = (webhook, 2)
                directives.append(.deliver(webhook, attempt: 2))
                return
            }
            inFlight = nil
            directives.append(.scriptAnswered(webhook, outcome))
        case .notification:
            inFlight = nil
            let verdict: Directive =
                switch NotificationVerdict(outcome) {
                case .delivered: .ended(webhook, .delivered)
                case .redirected: .ended(webhook, .redirected)
                case .unanswered: .retryLater(webhook, wasAnswered: false)
                case .retry: .retryLater(webhook, wasAnswered: true)
                }
            directives.append(verdict)
        }
        sendNext(into: &directives)
    }

    private mutating func sendNext(into directives: inout [Directive]) {
        guard inFlight == nil, let first = waiting.first, first.isCommitted else { return }
        waiting.removeFirst()
        inFlight = (first.webhook, 1)
        directives.append(.deliver(first.webhook, attempt: 1))
    }
}
