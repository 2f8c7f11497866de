import SIP
import Telephony

/// Notifications whose first attempt failed: tried again with growing pauses, as long as their ``NotificationTerms`` say
/// (docs/contract/webhooks.md#notifications); what was sent whole and never answered, a few times only
/// (docs/decisions/0016). They block nothing, and outlive their call and the process.
struct NotificationRetries: Sendable {
    private struct Entry: Sendable {
        var pending: PendingNotification
        /// When the first attempt was made, by the clock that nobody sets; the times in `pending` follow from it, for whoever
        /// finds them after a restart.
        var begun: Instant
        var isInFlight: Bool
        /// Attempts of this life that were sent whole and not answered.
        var unanswered: Int
    }

    private var entries: [EventID: Entry] = [:]
    /// Found at the start and never attempted: they wait for the first attempt of an earlier one of the same call, or conference
    /// (docs/contract/webhooks.md#order).
    private var chained: [WebhookOwner: [PendingNotification]] = [:]
    private var firstAttempts: [WebhookOwner: EventID] = [:]
    private let configuration: ExchangeConfiguration

    init(configuration: ExchangeConfiguration) { self.configuration = configuration }

    enum Directive: Hashable, Sendable {
        case deliver(Webhook, attempt: Int)
        case schedule(PendingNotification, after: Duration)
        case ended(Webhook, NotificationEnd, attempts: Int)
    }

    var count: Int { chained.values.reduce(entries.count) { $0 + $1.count } }

    func contains(_ event: EventID) -> Bool { entries[event] != nil }

    /// The notification whose attempt is under way, with the attempts made, this one included.
    func inFlight(_ event: EventID) -> PendingNotification? {
        entries[event].flatMap { $0.isInFlight ? $0.pending : nil }
    }

    /// The first attempt of a notification has failed.
    mutating func add(_ webhook: Webhook, wasAnswered: Bool, now: Moment) -> Directive {
        let pause = pause(after: 1, terms(webhook))
        let pending = PendingNotification(
            webhook: webhook, attempts: 1, firstAttempt: now.wall,
            nextAttempt: now.wall.advanced(byMicroseconds: pause.microseconds))
        entries[webhook.eventID] = Entry(
            pending: pending, begun: now.instant, isInFlight: false, unanswered: wasAnswered ? 0 : 1)
        return .schedule(pending, after: pause)
    }

    /// A notification found on disk at the start: its time goes on where it stood. Nil: it waits for an earlier one.
    mutating func restore(_ pending: PendingNotification, now: Moment) -> Directive? {
        let owner = pending.webhook.owner
        if pending.attempts == 0 {
            guard firstAttempts[owner] == nil else {
                chained[owner, default: []].append(pending)
                return nil
            }
            firstAttempts[owner] = pending.webhook.eventID
        }
        // The wall clock alone knows how long it was, and may have been set back.
        let age = Duration.microseconds(max(0, now.wall.microseconds - pending.firstAttempt.microseconds))
        entries[pending.webhook.eventID] = Entry(
            pending: pending, begun: now.instant.advanced(by: .zero - age), isInFlight: false, unanswered: 0)
        let wait = max(0, pending.nextAttempt.microseconds - now.wall.microseconds)
        return .schedule(pending, after: min(.microseconds(wait), configuration.longestRetryPause))
    }

    /// The first attempt of `event` is over: the next of its call may leave.
    private mutating func next(after event: EventID, of owner: WebhookOwner, now: Moment) -> Directive? {
        guard firstAttempts[owner] == event else { return nil }
        firstAttempts[owner] = nil
        guard var rest = chained.removeValue(forKey: owner), !rest.isEmpty else { return nil }
        let following = rest.removeFirst()
        if !rest.isEmpty { chained[owner] = rest }
        return restore(following, now: now)
    }

    mutating func due(_ event: EventID) -> Directive? {
        guard var entry = entries[event], !entry.isInFlight else { return nil }
        entry.isInFlight = true
        entry.pending.attempts += 1
        entries[event] = entry
        return .deliver(entry.pending.webhook, attempt: entry.pending.attempts)
    }

    mutating func finished(_ event: EventID, _ outcome: WebhookOutcome, now: Moment) -> [Directive] {
        guard let entry = entries[event], entry.isInFlight else { return [] }
        let next = next(after: event, of: entry.pending.webhook.owner, now: now)
        return [verdict(on: entry, outcome, now: now), next].compactMap(\.self)
    }

    private mutating func verdict(on entry: Entry, _ outcome: WebhookOutcome, now: Moment) -> Directive {
        var entry = entry
        switch NotificationVerdict(outcome) {
        case .delivered: return end(entry, .delivered)
        case .redirected: return end(entry, .redirected)
        case .unanswered:
            entry.unanswered += 1
            if entry.unanswered >= configuration.unansweredAttempts { return end(entry, .unanswered) }
        case .retry: break
        }
        let webhook = entry.pending.webhook
        let terms = terms(webhook)
        let pause = pause(after: entry.pending.attempts, terms)
        let age = now.instant - entry.begun
        guard age + pause <= terms.lifetime else { return end(entry, .givenUp) }
        entry.isInFlight = false
        entry.pending.firstAttempt = now.wall.advanced(byMicroseconds: -age.microseconds)
        entry.pending.nextAttempt = now.wall.advanced(byMicroseconds: pause.microseconds)
        entries[webhook.eventID] = entry
        return .schedule(entry.pending, after: pause)
    }

    private mutating func end(_ entry: Entry, _ end: NotificationEnd) -> Directive {
        entries[entry.pending.webhook.eventID] = nil
        return .ended(entry.pending.webhook, end, attempts: entry.pending.attempts)
    }

    private func terms(_ webhook: Webhook) -> NotificationTerms {
        NotificationTerms(for: webhook.requestType, configuration)
    }

    /// Longer with each attempt, up to the longest.
    private func pause(after attempts: Int, _ terms: NotificationTerms) -> Duration {
        var pause = configuration.firstRetryPause
        for _ in 1..<max(attempts, 1) where pause < configuration.longestRetryPause { pause *= terms.growth }
        return min(pause, configuration.longestRetryPause)
    }
}

extension Duration {
    /// Whole microseconds.
    var microseconds: Int64 { Int64(self / .microseconds(1)) }
    /// Whole milliseconds.
    var milliseconds: Int { Int(self / .milliseconds(1)) }
}
