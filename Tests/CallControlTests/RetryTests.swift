import SIP
import Telephony
import Testing

@testable import CallControl

@Suite("How long a notification is tried, and what waits behind it (decisions 11 and 13, docs/decisions/0016)")
struct RetryTests {
    private static let accepted = WebhookOutcome.answered(status: 200, contentType: nil, body: [])
    private static let refused = WebhookOutcome.failed(WebhookFailure(kind: .connect, explanation: "refused"))
    private static let start = Instant(nanoseconds: 1_000_000_000)

    private var random = RandomSource(seed: 9)

    private func retries(_ change: (inout ExchangeConfiguration) -> Void = { _ in }) -> NotificationRetries {
        var configuration = ExchangeConfiguration(
            trunk: .init(address: Bench.remote, host: "127.0.0.1", port: 5070, callsPerSecond: nil, callsAtOnce: nil),
            localHost: "127.0.0.1", mediaAddress: "127.0.0.1", rtpPorts: 40_000...40_099)
        change(&configuration)
        return NotificationRetries(configuration: configuration)
    }

    private mutating func webhook(_ call: CallID, _ sequence: Int, type: String = "callStatus") throws -> Webhook {
        Webhook(
            eventID: EventID(random: &random), eventSequence: sequence, requestID: RequestID(random: &random),
            accountID: try #require(AccountID(Bench.account)), callID: call, requestType: type,
            purpose: .notification, url: try #require(WebURL("http://app/status")), body: [])
    }

    private func moment(_ sinceStart: Duration) -> Moment {
        Moment(
            instant: Self.start + sinceStart,
            wall: Timestamp(microseconds: 1_700_000_000_000_000 + sinceStart.microseconds))
    }

    /// Never attempted, as a start finds it on disk.
    private func owed(_ webhook: Webhook) -> PendingNotification {
        PendingNotification(
            webhook: webhook, attempts: 0, firstAttempt: moment(.zero).wall, nextAttempt: moment(.zero).wall)
    }

    // MARK: How long

    @Test(
        "Attempts go on with growing pauses as long as the next one falls within the time, to its last moment",
        arguments: [("callStatus", 2), ("record", 2), ("outDialApiConnect", 3), ("getDigits", 3)],
        [1, 2, 13, 14, 15, 25, 26, 27, 300, 3600, 86_400])
    mutating func lifetime(kind: (String, Int), seconds: Int) throws {
        var retries = retries {
            $0.notificationLifetime = .seconds(kind.1 == 2 ? seconds : 1)
            $0.dialNewsLifetime = .seconds(kind.1 == 3 ? seconds : 1)
        }
        var expected = [0]
        var next = 2
        while (expected.last ?? 0) + next <= seconds {
            expected.append((expected.last ?? 0) + next)
            next = min(next * kind.1, 900)
        }
        let webhook = try webhook(CallID(random: &random), 1, type: kind.0)
        var age = Duration.zero
        var attempts = [0]
        var directive = retries.add(webhook, wasAnswered: true, now: moment(.zero))
        if seconds < 2 {
            // The first attempt is followed by another one in any case.
            expected.append(2)
        }
        while case .schedule(let pending, let pause) = directive {
            #expect(pending.attempts == attempts.count)
            #expect(pending.firstAttempt == moment(.zero).wall)
            #expect(pending.nextAttempt == moment(age + pause).wall)
            age += pause
            #expect(retries.due(webhook.eventID) == .deliver(webhook, attempt: attempts.count + 1))
            #expect(retries.due(webhook.eventID) == nil, "it is under way")
            attempts.append(Int(age / .seconds(1)))
            let directives = retries.finished(webhook.eventID, Self.refused, now: moment(age))
            directive = try #require(directives.first)
            #expect(directives.count == 1)
        }
        #expect(directive == .ended(webhook, .givenUp, attempts: expected.count))
        #expect(attempts == expected)
        #expect(retries.count == 0)
    }

    @Test("Over a restart the time goes on where it stood, and so does the pause", arguments: [false, true])
    mutating func restored(isLast: Bool) throws {
        var retries = retries { $0.notificationLifetime = .seconds(1000) }
        let webhook = try webhook(CallID(random: &random), 1)
        // The fourth attempt was due 10 s from now; the pause after it is 16 s.
        let age = Duration.seconds(isLast ? 975 : 974)
        let pending = PendingNotification(
            webhook: webhook, attempts: 3, firstAttempt: moment(.zero).wall,
            nextAttempt: moment(age + .seconds(10)).wall)
        #expect(retries.restore(pending, now: moment(age)) == .schedule(pending, after: .seconds(10)))
        #expect(retries.due(webhook.eventID) == .deliver(webhook, attempt: 4))
        let directives = retries.finished(webhook.eventID, Self.refused, now: moment(age + .seconds(10)))
        guard !isLast else {
            #expect(directives == [.ended(webhook, .givenUp, attempts: 4)])
            return
        }
        guard case .schedule(let next, let pause)? = directives.first else {
            Issue.record("\(directives)")
            return
        }
        #expect(pause == .seconds(16))
        #expect(next.attempts == 4)
        #expect(next.firstAttempt == moment(.zero).wall)
    }

    @Test("What is overdue at a start goes at once; a clock that was set back holds nothing up for long")
    mutating func restoredTimes() throws {
        var retries = retries()
        for (age, next, wait) in [(100, 40, 0), (100, 100, 0), (100, 101, 1), (100, 1000, 900), (100, 90_000, 900)] {
            let webhook = try webhook(CallID(random: &random), 1)
            let pending = PendingNotification(
                webhook: webhook, attempts: 2, firstAttempt: moment(.zero).wall,
                nextAttempt: moment(.seconds(next)).wall)
            #expect(retries.restore(pending, now: moment(.seconds(age))) == .schedule(pending, after: .seconds(wait)))
        }
    }

    // MARK: One after another

    @Test(
        "Of what a call still owes at a start each waits for the first attempt of the one before, however many they are",
        arguments: [1, 2, 3, 4, 9], [true, false])
    mutating func chained(count: Int, isTaken: Bool) throws {
        var retries = retries()
        let call = CallID(random: &random)
        let webhooks = try (1...count).map { try webhook(call, $0) }
        let now = moment(.zero)
        for (index, webhook) in webhooks.enumerated() {
            let directive = retries.restore(owed(webhook), now: now)
            #expect(directive == (index == 0 ? .schedule(owed(webhook), after: .zero) : nil))
        }
        #expect(retries.count == count)
        let outcome = isTaken ? Self.accepted : Self.refused
        for (index, webhook) in webhooks.enumerated() {
            #expect(retries.due(webhook.eventID) == .deliver(webhook, attempt: 1))
            let directives = retries.finished(webhook.eventID, outcome, now: now)
            if isTaken {
                #expect(directives.first == .ended(webhook, .delivered, attempts: 1))
            } else if case .schedule(let pending, let pause)? = directives.first {
                #expect(pending.webhook == webhook && pending.attempts == 1 && pause == .seconds(2))
            } else {
                Issue.record("\(directives)")
            }
            let following = webhooks.dropFirst(index + 1).first.map {
                NotificationRetries.Directive.schedule(owed($0), after: .zero)
            }
            #expect(Array(directives.dropFirst()) == [following].compactMap(\.self))
        }
        #expect(retries.count == (isTaken ? 0 : count))
    }

    @Test("Another call's do not wait, nor does one that has been attempted")
    mutating func unchained() throws {
        var retries = retries()
        let now = moment(.zero)
        let call = CallID(random: &random)
        let first = try webhook(call, 1), second = try webhook(call, 2), third = try webhook(call, 3)
        let other = try webhook(CallID(random: &random), 1)
        var attempted = owed(first)
        attempted.attempts = 1
        #expect(retries.restore(attempted, now: now) == .schedule(attempted, after: .zero))
        #expect(retries.restore(owed(second), now: now) == .schedule(owed(second), after: .zero))
        #expect(retries.restore(owed(third), now: now) == nil)
        #expect(retries.restore(owed(other), now: now) == .schedule(owed(other), after: .zero))
        for webhook in [first, other] {
            #expect(retries.due(webhook.eventID) != nil)
            let directives = retries.finished(webhook.eventID, Self.accepted, now: now)
            #expect(directives.count == 1, "the third waits for another")
        }
        #expect(retries.due(second.eventID) != nil)
        #expect(
            retries.finished(second.eventID, Self.refused, now: now).last == .schedule(owed(third), after: .zero))
        // The second's later attempts call nobody up any more.
        #expect(retries.due(second.eventID) != nil)
        #expect(retries.finished(second.eventID, Self.accepted, now: now).count == 1)
    }
}
