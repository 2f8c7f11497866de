import SIP
import Telephony

/// Notifications whose first attempt failed: tried again with growing pauses until they are a day old (decision 11).
/// They block nothing, and outlive their call and the process.
struct NotificationRetries: Sendable {
    private struct Entry: Sendable {
        var pending: PendingNotification
        var isInFlight: Bool
    }

    private var entries: [EventID: Entry] = [:]
    /// Found at the start and never attempted: they wait for the first attempt of an earlier one of their call
    /// (decision 13).
    private var chained: [CallID: [PendingNotification]] = [:]
    private var firstAttempts: [CallID: EventID] = [:]
    private let firstPause: Duration
    private let longestPause: Duration
    private let lifetime: Duration

    init(configuration: ExchangeConfiguration) {
        firstPause = configuration.firstRetryPause
        longestPause = configuration.longestRetryPause
        lifetime = configuration.notificationLifetime
    }

    enum Directive: Hashable, Sendable {
        case deliver(Webhook, attempt: Int)
        case schedule(PendingNotification, after: Duration)
        case delivered(Webhook)
        /// A day has passed.
        case givenUp(Webhook, attempts: Int)
    }

    var count: Int { chained.values.reduce(entries.count) { $0 + $1.count } }

    func contains(_ event: EventID) -> Bool { entries[event] != nil }

    /// The notification whose attempt is under way, with the attempts made, this one included.
    func inFlight(_ event: EventID) -> PendingNotification? {
        entries[event].flatMap { $0.isInFlight ? $0.pending : nil }
    }

    /// The first attempt of a notification has failed.
    mutating func add(_ webhook: Webhook, now: Timestamp) -> Directive {
        let pause = pause(after: 1)
        let pending = PendingNotification(
            webhook: webhook, attempts: 1, firstAttempt: now,
            nextAttempt: now.advanced(byMicroseconds: pause.microseconds))
        entries[webhook.eventID] = Entry(pending: pending, isInFlight: false)
        return .schedule(pending, after: pause)
    }

    /// A notification found on disk at the start: its time goes on where it stood. Nil: it waits for an earlier one.
    mutating func restore(_ pending: PendingNotification, now: Timestamp) -> Directive? {
        let call = pending.webhook.callID
        if pending.attempts == 0 {
            guard firstAttempts[call] == nil else {
                chained[call, default: []].append(pending)
                return nil
            }
            firstAttempts[call] = pending.webhook.eventID
        }
        entries[pending.webhook.eventID] = Entry(pending: pending, isInFlight: false)
        let wait = max(0, pending.nextAttempt.microseconds - now.microseconds)
        return .schedule(pending, after: min(.microseconds(wait), longestPause))
    }

    /// The first attempt of `event` is over: the next of its call may leave.
    private mutating func next(after event: EventID, of call: CallID, now: Timestamp) -> Directive? {
        guard firstAttempts[call] == event else { return nil }
        firstAttempts[call] = nil
        guard var rest = chained.removeValue(forKey: call), !rest.isEmpty else { return nil }
        let following = rest.removeFirst()
        if !rest.isEmpty { chained[call] = rest }
        return restore(following, now: now)
    }

    mutating func due(_ event: EventID) -> Directive? {
        guard var entry = entries[event], !entry.isInFlight else { return nil }
        entry.isInFlight = true
        entry.pending.attempts += 1
        entries[event] = entry
        return .deliver(entry.pending.webhook, attempt: entry.pending.attempts)
    }

    mutating func finished(_ event: EventID, _ outcome: WebhookOutcome, now: Timestamp) -> [Directive] {
        guard let entry = entries[event], entry.isInFlight else { return [] }
        let next = next(after: event, of: entry.pending.webhook.callID, now: now)
        return [verdict(on: entry, outcome, now: now), next].compactMap(\.self)
    }

    private mutating func verdict(on entry: Entry, _ outcome: WebhookOutcome, now: Timestamp) -> Directive {
        var entry = entry
        let webhook = entry.pending.webhook
        if NotificationVerdict(outcome) == .delivered {
            entries[webhook.eventID] = nil
            return .delivered(webhook)
        }
        let pause = pause(after: entry.pending.attempts)
        let next = now.advanced(byMicroseconds: pause.microseconds)
        guard next <= entry.pending.firstAttempt.advanced(byMicroseconds: lifetime.microseconds) else {
            entries[webhook.eventID] = nil
            return .givenUp(webhook, attempts: entry.pending.attempts)
        }
        entry.isInFlight = false
        entry.pending.nextAttempt = next
        entries[webhook.eventID] = entry
        return .schedule(entry.pending, after: pause)
    }

    /// Doubled with each attempt up to the longest.
    private func pause(after attempts: Int) -> Duration {
        min(longestPause, firstPause * (1 << min(max(attempts - 1, 0), 20)))
    }
}

extension Duration {
    /// Whole microseconds.
    var microseconds: Int64 { Int64(self / .microseconds(1)) }
    /// Whole milliseconds.
    var milliseconds: Int { Int(self / .milliseconds(1)) }
}
