import SIP
import Telephony
import Testing

@testable import CallControl

/// Webhooks that the machines are given, and what these say to them.
enum OutboxBench {
    static func text(_ prefix: String, _ number: Int) -> String {
        let digits = String(number)
        return prefix + String(repeating: "0", count: 40 - digits.utf8.count) + digits
    }

    static func webhook(
        _ number: Int, _ purpose: Webhook.Purpose, _ type: String = CallWebhook.callStatus, call: Int = 1
    ) throws -> Webhook {
        Webhook(
            eventID: try #require(EventID(text("EV", number))), eventSequence: number,
            requestID: try #require(RequestID(text("RQ", 1))), accountID: try #require(AccountID(text("AC", 1))),
            owner: .call(try #require(CallID(text("CA", call)))), requestType: type, purpose: purpose,
            url: try #require(WebURL("http://app/x")), body: Array("{}".utf8))
    }

    static let taken = WebhookOutcome.answered(status: 200, contentType: nil, body: [])
    static let failing = WebhookOutcome.answered(status: 503, contentType: nil, body: [])
    static let refused = WebhookOutcome.failed(WebhookFailure(kind: .connect, explanation: "refused"))
    static let unanswered = WebhookOutcome.failed(WebhookFailure(kind: .unanswered, explanation: "no answer"))
}

@Suite("The outbox of a call: one in flight, in order (docs/contract/webhooks.md#order)")
struct CallOutboxTests {
    /// The app answers what has come to it, once; the disk has what was put into the outbox.
    private struct Driven {
        struct Impossible: Error {}

        var outbox = CallOutbox()
        private var steps: [CallOutbox.Directive] = []
        private var enqueued: Set<EventID> = []
        /// Attempts that the app has not answered.
        private var atApp: [EventID: Int] = [:]

        private mutating func step(_ body: (inout CallOutbox, inout [CallOutbox.Directive]) -> Void) {
            var wanted: [CallOutbox.Directive] = []
            body(&outbox, &wanted)
            for case .deliver(let webhook, let attempt) in wanted {
                if atApp.updateValue(attempt, forKey: webhook.eventID) != nil {
                    Issue.record("attempt \(attempt) beside another of the same")
                }
            }
            steps += wanted
        }

        mutating func enqueue(_ webhook: Webhook) {
            if !enqueued.insert(webhook.eventID).inserted { Issue.record("put in twice") }
            step { $0.enqueue(webhook, into: &$1) }
        }

        mutating func committed(_ webhook: Webhook) throws {
            guard enqueued.contains(webhook.eventID), webhook.purpose == .notification else { throw Impossible() }
            step { $0.committed(webhook.eventID, into: &$1) }
        }

        mutating func finished(_ webhook: Webhook, _ outcome: WebhookOutcome) throws {
            guard atApp.removeValue(forKey: webhook.eventID) != nil else { throw Impossible() }
            step { $0.finished(webhook.eventID, outcome, into: &$1) }
        }

        /// What cannot come from the app, and has to change nothing.
        mutating func finishedUnasked(_ webhook: Webhook, _ outcome: WebhookOutcome) {
            step { $0.finished(webhook.eventID, outcome, into: &$1) }
        }

        mutating func abandonScripts() -> [Webhook] {
            var given: [Webhook] = []
            step { given = $0.abandonScripts(into: &$1) }
            return given
        }

        mutating func tellOnly(_ webhook: Webhook, evenInFlight: Bool = true) -> Webhook? {
            outbox.tellOnly(webhook.eventID, evenInFlight: evenInFlight)
        }

        /// What it has wanted since it was asked last.
        mutating func take() -> [CallOutbox.Directive] {
            defer { steps = [] }
            return steps
        }
    }

    @Test("A script is asked for at once; what comes behind it waits for its answer")
    func order() throws {
        var driven = Driven()
        let webhooks = try (1...3).map { try OutboxBench.webhook($0, .script) }
        for webhook in webhooks { driven.enqueue(webhook) }
        #expect(driven.take() == [.deliver(webhooks[0], attempt: 1)])
        #expect(driven.outbox.depth == 3 && driven.outbox.scriptInFlight == webhooks[0].eventID)
        driven.finishedUnasked(webhooks[1], OutboxBench.taken)
        #expect(driven.take().isEmpty, "it has not left")
        try driven.finished(webhooks[0], OutboxBench.taken)
        #expect(
            driven.take() == [
                .scriptAnswered(webhooks[0], OutboxBench.taken), .deliver(webhooks[1], attempt: 1),
            ])
        driven.finishedUnasked(webhooks[0], OutboxBench.taken)
        #expect(driven.take().isEmpty, "it is over")
    }

    @Test("A notification leaves when it is on disk, and holds up what comes behind it until its first attempt is over")
    func notification() throws {
        var driven = Driven()
        let (notification, script) = (try OutboxBench.webhook(1, .notification), try OutboxBench.webhook(2, .script))
        driven.enqueue(notification)
        driven.enqueue(script)
        #expect(driven.take().isEmpty)
        #expect(driven.outbox.uncommitted == [notification])
        try driven.committed(notification)
        #expect(driven.take() == [.deliver(notification, attempt: 1)])
        #expect(driven.outbox.scriptInFlight == nil && driven.outbox.inFlight(notification.eventID) == notification)
        try driven.finished(notification, OutboxBench.failing)
        #expect(
            driven.take() == [.retryLater(notification, wasAnswered: true), .deliver(script, attempt: 1)],
            "its further attempts hold up nobody")
        try driven.finished(script, OutboxBench.taken)
        #expect(driven.take() == [.scriptAnswered(script, OutboxBench.taken)])
        #expect(driven.outbox.isEmpty)
    }

    @Test(
        "What the first attempt of a notification comes to",
        arguments: [
            (OutboxBench.taken, NotificationEnd.delivered),
            (.answered(status: 404, contentType: nil, body: []), .delivered),
            (.redirected(status: 302, location: nil), .redirected), (OutboxBench.unanswered, nil),
            (OutboxBench.refused, nil),
        ] as [(WebhookOutcome, NotificationEnd?)])
    func verdict(_ outcome: WebhookOutcome, _ end: NotificationEnd?) throws {
        var driven = Driven()
        let webhook = try OutboxBench.webhook(1, .notification)
        driven.enqueue(webhook)
        try driven.committed(webhook)
        _ = driven.take()
        try driven.finished(webhook, outcome)
        let expected: CallOutbox.Directive =
            end.map { .ended(webhook, $0) }
            ?? .retryLater(webhook, wasAnswered: outcome != OutboxBench.unanswered)
        #expect(driven.take() == [expected])
    }

    @Test("A script is asked for a second time only where nothing of an answer came, and once")
    func secondTry() throws {
        var driven = Driven()
        let webhook = try OutboxBench.webhook(1, .script)
        driven.enqueue(webhook)
        _ = driven.take()
        try driven.finished(webhook, OutboxBench.refused)
        #expect(driven.take() == [.deliver(webhook, attempt: 2)])
        try driven.finished(webhook, OutboxBench.refused)
        #expect(driven.take() == [.scriptAnswered(webhook, OutboxBench.refused)])

        var late = Driven()
        late.enqueue(webhook)
        _ = late.take()
        try late.finished(webhook, OutboxBench.unanswered)
        #expect(late.take() == [.scriptAnswered(webhook, OutboxBench.unanswered)], "it may have been carried out")
    }

    @Test("Scripts that are given up hold up nobody; their answers are told and change nothing")
    func abandoned() throws {
        var driven = Driven()
        let (asked, waiting) = (try OutboxBench.webhook(1, .script), try OutboxBench.webhook(2, .script))
        let notification = try OutboxBench.webhook(3, .notification)
        driven.enqueue(asked)
        driven.enqueue(waiting)
        driven.enqueue(notification)
        try driven.committed(notification)
        _ = driven.take()
        let given = driven.abandonScripts()
        #expect(given == [waiting, asked])
        #expect(driven.take() == [.deliver(notification, attempt: 1)])
        #expect(!driven.outbox.isEmpty && driven.outbox.depth == 2)
        try driven.finished(asked, OutboxBench.taken)
        #expect(driven.take() == [.answerIgnored(asked)])
        driven.finishedUnasked(waiting, OutboxBench.taken)
        #expect(driven.take().isEmpty, "it never left")
        try driven.finished(notification, OutboxBench.taken)
        #expect(driven.take() == [.ended(notification, .delivered)])
        #expect(driven.outbox.isEmpty)
    }

    @Test("A script that is only told any more is a notification in its place: one that waits leaves from the disk")
    func toldOnly() throws {
        var driven = Driven()
        let (asked, waiting) = (try OutboxBench.webhook(1, .script), try OutboxBench.webhook(2, .script))
        driven.enqueue(asked)
        driven.enqueue(waiting)
        let stays = driven.tellOnly(asked, evenInFlight: false)
        #expect(stays == nil)
        let became = driven.tellOnly(waiting, evenInFlight: false)
        let told = try #require(became)
        var expected = waiting
        expected.purpose = .notification
        #expect(told == expected && driven.outbox.webhook(waiting.eventID) == expected)
        #expect(driven.outbox.uncommitted == [told])
        var inFlight = asked
        inFlight.purpose = .notification
        let onItsWay = driven.tellOnly(asked)
        #expect(onItsWay == inFlight && driven.outbox.scriptInFlight == nil)
        let unknown = driven.tellOnly(try OutboxBench.webhook(9, .script))
        #expect(unknown == nil)
        let given = driven.abandonScripts()
        #expect(given == [], "they are none")
        _ = driven.take()
        try driven.finished(asked, OutboxBench.refused)
        #expect(driven.take() == [.retryLater(inFlight, wasAnswered: true)], "no second try at once")
        try driven.committed(told)
        #expect(driven.take() == [.deliver(told, attempt: 1)])
        try driven.finished(told, OutboxBench.taken)
        #expect(driven.take() == [.ended(told, .delivered)])
        #expect(driven.outbox.isEmpty)
    }

    @Test("What is not on disk holds up what comes behind it, also where that is; it leaves in its order all the same")
    func commits() throws {
        var driven = Driven()
        let webhooks = try [
            OutboxBench.webhook(1, .notification), OutboxBench.webhook(2, .notification),
            OutboxBench.webhook(3, .script),
        ]
        for webhook in webhooks { driven.enqueue(webhook) }
        try driven.committed(webhooks[1])
        #expect(driven.take().isEmpty)
        #expect(driven.outbox.uncommitted == [webhooks[0]] && driven.outbox.depth == 3)
        try driven.committed(webhooks[0])
        try driven.committed(webhooks[0])
        #expect(driven.take() == [.deliver(webhooks[0], attempt: 1)], "once")
        #expect(driven.outbox.uncommitted.isEmpty)
        try driven.finished(webhooks[0], OutboxBench.unanswered)
        #expect(driven.take() == [.retryLater(webhooks[0], wasAnswered: false), .deliver(webhooks[1], attempt: 1)])
        #expect(driven.outbox.inFlight(webhooks[0].eventID) == nil)
        #expect(driven.outbox.inFlight(webhooks[1].eventID) == webhooks[1] && driven.outbox.depth == 2)
        try driven.finished(webhooks[1], OutboxBench.taken)
        #expect(driven.take() == [.ended(webhooks[1], .delivered), .deliver(webhooks[2], attempt: 1)])
    }

    @Test("A second try that is answered is the answer; one of a script that comes after it is a first again")
    func secondTryAnswered() throws {
        var driven = Driven()
        let (one, two) = (try OutboxBench.webhook(1, .script), try OutboxBench.webhook(2, .script))
        driven.enqueue(one)
        driven.enqueue(two)
        try driven.finished(one, OutboxBench.refused)
        try driven.finished(one, OutboxBench.taken)
        try driven.finished(two, OutboxBench.refused)
        #expect(
            driven.take() == [
                .deliver(one, attempt: 1), .deliver(one, attempt: 2), .scriptAnswered(one, OutboxBench.taken),
                .deliver(two, attempt: 1), .deliver(two, attempt: 2),
            ])
        #expect(driven.outbox.scriptInFlight == two.eventID)
    }

    @Test("Where no script is asked for or waits, there is none to give up, and a notification on its way stays")
    func nothingToAbandon() throws {
        var driven = Driven()
        #expect(driven.abandonScripts() == [])
        let (first, second) = (try OutboxBench.webhook(1, .notification), try OutboxBench.webhook(2, .notification))
        driven.enqueue(first)
        driven.enqueue(second)
        try driven.committed(first)
        #expect(driven.abandonScripts() == [])
        #expect(driven.take() == [.deliver(first, attempt: 1)])
        #expect(driven.outbox.depth == 2 && driven.outbox.inFlight(first.eventID) == first)
    }
}

@Suite("Notifications that are tried again (docs/contract/webhooks.md#notifications, docs/decisions/0016)")
struct NotificationRetryTests {
    private static func configuration() -> ExchangeConfiguration {
        ExchangeConfiguration(
            trunk: .init(
                address: Bench.remote, host: "127.0.0.1", port: 5070, callsPerSecond: nil, callsAtOnce: nil),
            localHost: "127.0.0.1", mediaAddress: "127.0.0.1", rtpPorts: 40_000...40_099)
    }

    private static func moment(_ seconds: Double) -> Moment {
        Moment(
            instant: Instant(nanoseconds: 0) + .seconds(seconds),
            wall: Timestamp(microseconds: 1_700_000_000_000_000 + Int64(seconds * 1_000_000)))
    }

    /// Every attempt of one, until its story is over, always failing: the instants, the first attempt's being 0.
    private static func attempts(
        _ type: String, _ outcome: WebhookOutcome = OutboxBench.failing
    ) throws -> (times: [Double], end: NotificationEnd?) {
        var retries = NotificationRetries(configuration: configuration())
        let webhook = try OutboxBench.webhook(1, .notification, type)
        var times = [0.0]
        var step: NotificationRetries.Directive? = retries.add(
            webhook, wasAnswered: outcome != OutboxBench.unanswered, now: moment(0))
        while case .schedule(_, let pause)? = step {
            times.append((times.last ?? 0) + pause / .seconds(1))
            let due = retries.due(webhook.eventID)
            #expect(due == .deliver(webhook, attempt: times.count))
            #expect(retries.inFlight(webhook.eventID)?.attempts == times.count)
            step = retries.finished(webhook.eventID, outcome, now: moment(times.last ?? 0)).first
        }
        guard case .ended(_, let end, let count)? = step else { return (times, nil) }
        #expect(count == times.count && !retries.contains(webhook.eventID) && retries.count == 0)
        return (times, end)
    }

    @Test(
        "What keeps books is tried for a day: pauses that double up to a quarter of an hour, no attempt after the day",
        arguments: ["callStatus", "record", "conferenceStatus", "conferenceRecordingStatus"])
    func day(_ type: String) throws {
        let (times, end) = try Self.attempts(type)
        let pauses = zip(times.dropFirst(), times).map { $0 - $1 }
        #expect(pauses.prefix(10) == [2, 4, 8, 16, 32, 64, 128, 256, 512, 900])
        #expect(pauses.dropFirst(9).allSatisfy { $0 == 900 })
        let last = try #require(times.last)
        #expect(last <= 86_400 && last > 86_400 - 900)
        #expect(end == .givenUp)
    }

    @Test("What became of a dial is tried for minutes: pauses three times as long each")
    func minutes() throws {
        let (times, end) = try Self.attempts(CallWebhook.outDialConnect)
        #expect(times.prefix(5) == [0, 2, 8, 26, 80])
        #expect((times.last ?? 0) <= 300 && end == .givenUp)
    }

    @Test("What was sent whole and never answered is tried three times in all")
    func unanswered() throws {
        let (times, end) = try Self.attempts(CallWebhook.callStatus, OutboxBench.unanswered)
        #expect(times.count == 3 && end == .unanswered)
    }

    @Test("After a start all that a call owes is told in order, each when the one before it has been tried")
    func chain() throws {
        var retries = NotificationRetries(configuration: Self.configuration())
        let owed = try (1...4).map { number in
            PendingNotification(
                webhook: try OutboxBench.webhook(number, .notification), attempts: 0,
                firstAttempt: Self.moment(0).wall, nextAttempt: Self.moment(0).wall)
        }
        let steps = owed.map { retries.restore($0, now: Self.moment(5)) }
        #expect(steps[0] == .schedule(owed[0], after: .zero))
        #expect(steps.dropFirst().allSatisfy { $0 == nil })
        #expect(retries.count == 4)
        for (index, pending) in owed.enumerated() {
            let event = pending.webhook.eventID
            #expect(retries.due(event) == .deliver(pending.webhook, attempt: 1))
            #expect(retries.due(event) == nil, "it is under way")
            let done = retries.finished(event, OutboxBench.taken, now: Self.moment(6))
            #expect(done.first == .ended(pending.webhook, .delivered, attempts: 1))
            #expect(done.count == (index < 3 ? 2 : 1))
            if index < 3 { #expect(done.last == .schedule(owed[index + 1], after: .zero)) }
        }
        #expect(retries.count == 0)
    }

    @Test("After a start its day goes on where it stood, also where the clock was set back meanwhile")
    func restored() throws {
        var retries = NotificationRetries(configuration: Self.configuration())
        let webhook = try OutboxBench.webhook(1, .notification)
        let pending = PendingNotification(
            webhook: webhook, attempts: 9, firstAttempt: Self.moment(0).wall, nextAttempt: Self.moment(86_000).wall)
        #expect(retries.restore(pending, now: Self.moment(85_900)) == .schedule(pending, after: .seconds(100)))
        #expect(retries.due(webhook.eventID) == .deliver(webhook, attempt: 10))
        #expect(
            retries.finished(webhook.eventID, OutboxBench.failing, now: Self.moment(86_000))
                == [.ended(webhook, .givenUp, attempts: 10)])
        var early = NotificationRetries(configuration: Self.configuration())
        #expect(early.restore(pending, now: Self.moment(-500)) == .schedule(pending, after: .seconds(900)))
    }

    @Test("Of several calls each has its own first; one that was tried before the start waits for nobody")
    func chains() throws {
        var retries = NotificationRetries(configuration: Self.configuration())
        func owed(_ number: Int, call: Int, attempts: Int = 0) throws -> PendingNotification {
            PendingNotification(
                webhook: try OutboxBench.webhook(number, .notification, call: call), attempts: attempts,
                firstAttempt: Self.moment(0).wall, nextAttempt: Self.moment(7).wall)
        }
        let (tried, first, second) = (
            try owed(1, call: 1, attempts: 2), try owed(2, call: 1), try owed(3, call: 1)
        )
        let other = try owed(4, call: 2)
        #expect(retries.restore(tried, now: Self.moment(5)) == .schedule(tried, after: .seconds(2)))
        #expect(retries.restore(first, now: Self.moment(5)) == .schedule(first, after: .seconds(2)))
        #expect(retries.restore(second, now: Self.moment(5)) == nil)
        #expect(retries.restore(other, now: Self.moment(5)) == .schedule(other, after: .seconds(2)))
        #expect(retries.count == 4 && !retries.contains(second.webhook.eventID))
        // Neither the other call's nor the one that was tried before leads on to the second.
        for pending in [tried, other] {
            _ = retries.due(pending.webhook.eventID)
            let steps = retries.finished(pending.webhook.eventID, OutboxBench.taken, now: Self.moment(8))
            #expect(steps == [.ended(pending.webhook, .delivered, attempts: pending.attempts + 1)])
        }
        _ = retries.due(first.webhook.eventID)
        let steps = retries.finished(first.webhook.eventID, OutboxBench.failing, now: Self.moment(8))
        #expect(
            steps.count == 2 && steps.last == .schedule(second, after: .zero),
            "its first attempt is over, though in vain")
        #expect(retries.count == 2 && retries.contains(second.webhook.eventID))
        // Its further attempts lead on to nobody.
        _ = retries.due(first.webhook.eventID)
        #expect(retries.finished(first.webhook.eventID, OutboxBench.taken, now: Self.moment(20)).count == 1)
    }

    @Test("What was answered in between was not unanswered all the same: three in all, of this life")
    func unansweredInAll() throws {
        var retries = NotificationRetries(configuration: Self.configuration())
        let webhook = try OutboxBench.webhook(1, .notification)
        _ = retries.add(webhook, wasAnswered: true, now: Self.moment(0))
        var ends: [NotificationRetries.Directive] = []
        for (second, outcome) in [
            (2, OutboxBench.unanswered), (6, OutboxBench.refused), (14, OutboxBench.unanswered),
            (30, OutboxBench.unanswered),
        ] as [(Double, WebhookOutcome)] {
            #expect(ends.isEmpty)
            #expect(retries.due(webhook.eventID) != nil)
            let step = try #require(retries.finished(webhook.eventID, outcome, now: Self.moment(second)).first)
            if case .ended = step { ends.append(step) }
        }
        #expect(ends == [.ended(webhook, .unanswered, attempts: 5)])
    }

    @Test("What is to be found after a restart follows the clock that nobody sets")
    func told() throws {
        var retries = NotificationRetries(configuration: Self.configuration())
        let webhook = try OutboxBench.webhook(1, .notification)
        guard case .schedule(let first, .seconds(2)) = retries.add(webhook, wasAnswered: true, now: Self.moment(0))
        else {
            Issue.record("not after two seconds")
            return
        }
        #expect(first.attempts == 1 && first.firstAttempt == Self.moment(0).wall)
        #expect(first.nextAttempt == Self.moment(2).wall)
        _ = retries.due(webhook.eventID)
        // Two seconds later by the instant; somebody has set the wall clock an hour ahead.
        let ahead = Moment(instant: Self.moment(2).instant, wall: Self.moment(3602).wall)
        let step = retries.finished(webhook.eventID, OutboxBench.failing, now: ahead).first
        guard case .schedule(let second, .seconds(4))? = step else {
            Issue.record("\(String(describing: step))")
            return
        }
        #expect(second.attempts == 2 && second.firstAttempt == Self.moment(3600).wall)
        #expect(second.nextAttempt == Self.moment(3606).wall)
    }

    @Test("What nobody knows of changes nothing")
    func unknown() throws {
        var retries = NotificationRetries(configuration: Self.configuration())
        let webhook = try OutboxBench.webhook(1, .notification)
        #expect(retries.due(webhook.eventID) == nil)
        #expect(retries.finished(webhook.eventID, OutboxBench.taken, now: Self.moment(1)).isEmpty)
        _ = retries.add(webhook, wasAnswered: true, now: Self.moment(0))
        #expect(retries.finished(webhook.eventID, OutboxBench.taken, now: Self.moment(1)).isEmpty, "none is under way")
        #expect(retries.contains(webhook.eventID) && retries.inFlight(webhook.eventID) == nil)
    }
}
