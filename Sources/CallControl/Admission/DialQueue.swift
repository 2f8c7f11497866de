import SIP
import Telephony

/// The calls that wait for their turn (docs/contract/calls.md#pace, docs/decisions/0034). An account's calls go
/// out in the order in which they were accepted; accounts take turns, so that one with thousands of calls holds nobody
/// else up. The trunk's and the account's rates, their calls at once, and a free port decide when the next one goes
/// out.
///
/// Where calls may wait for so long only (`longestWait`), whoever has waited for most of that goes first, the oldest
/// before all others: however the accounts came one after another, each then goes out in time as long as no more were
/// accepted than can go out in that time (``longestWaitSeconds(of:isAlone:isHeldUp:lines:own:now:)``). For while it grows that old, at most as many as
/// can go out in the time that is left are older.
struct DialQueue: Sendable {
    private var lanes: [AccountID: Lane] = [:]
    /// Accounts with waiting calls; the first is the next to be asked.
    private var rotation: [AccountID] = []
    private var trunk: Pace
    /// Of what all accounts wait for: the trunk's rate and lines, ports, the far end's first sign of life.
    private var throughput = Throughput()
    private(set) var count = 0
    /// Nil: as long as it takes.
    var longestWait: Duration?

    /// Of the longest wait, after which a call goes before those of other accounts whose turn it is.
    private static let patience = 0.8
    /// What an account takes of the queue counts by so much more where others may come: four fifths of what is free at
    /// most are one account's, and what two share leaves room for a third.
    private static let reserve = 0.25
    /// Longer than anybody waits.
    private static let longestEstimateSeconds = 1_000_000.0

    init(callsPerSecond: Double?, longestWait: Duration? = nil) {
        trunk = Pace(callsPerSecond: callsPerSecond)
        self.longestWait = longestWait
    }

    /// The trunk's.
    mutating func setPace(callsPerSecond: Double?) { trunk.set(callsPerSecond: callsPerSecond) }

    /// - Parameter callsPerSecond: nil for no rate of its own.
    mutating func setPace(of account: AccountID, callsPerSecond: Double?) {
        lanes[account, default: Lane()].pace.set(callsPerSecond: callsPerSecond)
    }

    func count(of account: AccountID) -> Int { lanes[account]?.count ?? 0 }

    mutating func append(_ call: CallID, of account: AccountID, now: Instant) {
        lanes[account, default: Lane()].append(call, now: now)
        count += 1
        if !rotation.contains(account) { rotation.append(account) }
    }

    /// A call that waited is taken back.
    mutating func withdraw(_ call: CallID, of account: AccountID, now: Instant) {
        guard lanes[account]?.withdraw(call) == true else { return }
        count -= 1
        if count(of: account) == 0 { leave(account, now) }
        if count == 0 { throughput.flows(now: now) }
    }

    private mutating func leave(_ account: AccountID, _ now: Instant) {
        rotation.removeAll { $0 == account }
        lanes[account]?.throughput.flows(now: now)
    }

    /// What the queue has to say.
    enum Answer: Hashable {
        /// This call goes out now; its turn is spent.
        case call(CallID)
        /// The rates allow nobody before.
        case wait(until: Instant)
        /// Nobody waits, or who waits must wait for a call to end.
        case nobody
    }

    /// Takes the call whose turn it is out of the queue.
    ///
    /// - Parameter hasLine: whether the account may have one more call at once.
    mutating func next(now: Instant, hasLine: (AccountID) -> Bool) -> Answer {
        guard count > 0 else { return .nobody }
        if let turn = trunk.nextTurn(now: now) {
            throughput.waits(now: now)
            return .wait(until: turn)
        }
        var earliest: Instant?
        var chosen: (place: Int, since: Instant, isUrgent: Bool)?
        for (place, account) in rotation.enumerated() {
            if let turn = lanes[account]?.pace.nextTurn(now: now) {
                earliest = min(earliest ?? turn, turn)
                continue
            }
            guard hasLine(account) else {
                lanes[account]?.throughput.waits(now: now)
                continue
            }
            guard let since = lanes[account]?.oldest else { continue }
            let isUrgent = longestWait.map { now - since >= $0 * Self.patience } ?? false
            if let other = chosen, !isUrgent || (other.isUrgent && other.since <= since) { continue }
            chosen = (place, since, isUrgent)
        }
        guard let chosen, let call = lanes[rotation[chosen.place]]?.popFirst() else {
            // Each waits for something of its own.
            throughput.flows(now: now)
            return earliest.map { .wait(until: $0) } ?? .nobody
        }
        let account = rotation.remove(at: chosen.place)
        count -= 1
        trunk.spendTurn(now: now)
        throughput.departed(now: now)
        lanes[account]?.pace.spendTurn(now: now)
        lanes[account]?.throughput.departed(now: now)
        if count(of: account) > 0 { rotation.append(account) } else { lanes[account]?.throughput.flows(now: now) }
        if count == 0 { throughput.flows(now: now) }
        return .call(call)
    }

    /// All who wait have to, for something that is not the queue's own.
    mutating func heldUp(now: Instant) {
        if count > 0 { throughput.waits(now: now) }
    }

    // MARK: How long it takes

    /// How long a call of the account that is appended now will wait by the rates alone, in seconds.
    func expectedWaitSeconds(of account: AccountID, now: Instant) -> Double {
        let lane = lanes[account] ?? Lane()
        return max(
            trunk.expectedWaitSeconds(behind: ahead(of: account), now: now),
            lane.pace.expectedWaitSeconds(behind: lane.count, now: now))
    }

    /// Lines that are limited, of the trunk or of an account.
    struct Lines {
        var free: Int
        /// Between two that come free, on average, once all are taken.
        var secondsEach: Double

        /// While some are free: of who comes when they will have been taken.
        func waitSeconds(place: Int) -> Double { Double(max(0, place - free)) * secondsEach }
    }

    /// As ``expectedWaitSeconds(of:now:)``, by everything that is known: what the rates say, how many lines are free and
    /// for how long calls keep them, and how fast it has been going.
    ///
    /// - Parameters:
    ///   - isHeldUp: a call that could go out by its account's own limits has to wait.
    ///   - lines: the trunk's; nil: without a limit.
    ///   - own: the account's; nil: without a limit.
    func expectedWaitSeconds(of account: AccountID, isHeldUp: Bool, lines: Lines?, own: Lines?, now: Instant) -> Double
    {
        let shared = isHeldUp ? sharedWaitSeconds(behind: ahead(of: account), lines, now) : 0
        return max(shared, ownWaitSeconds(of: account, own, now))
    }

    /// As that, in the worst case: behind all that wait, and the account's own share counted by a quarter more where
    /// others may come. Where that is not too long, it goes out in time.
    func longestWaitSeconds(
        of account: AccountID, isAlone: Bool, isHeldUp: Bool, lines: Lines?, own: Lines?, now: Instant
    ) -> Double {
        let reserved = isAlone ? 0 : Int(Double(count(of: account)) * Self.reserve)
        let shared = isHeldUp ? sharedWaitSeconds(behind: count + reserved, lines, now) : 0
        return max(shared, ownWaitSeconds(of: account, own, now))
    }

    private func ownWaitSeconds(of account: AccountID, _ lines: Lines?, _ now: Instant) -> Double {
        let lane = lanes[account] ?? Lane()
        let place = lane.count + 1
        let paced = lane.pace.expectedWaitSeconds(behind: lane.count, now: now)
        let lined =
            lines.map { lines in
                lines.free > 0
                    ? lines.waitSeconds(place: place)
                    : lane.throughput.expectedWaitSeconds(
                        place: place, .lines(secondsEach: lines.secondsEach), now: now)
            } ?? 0
        return min(max(paced, lined), Self.longestEstimateSeconds)
    }

    private func sharedWaitSeconds(behind waiting: Int, _ lines: Lines?, _ now: Instant) -> Double {
        let place = waiting + 1
        var guess = Throughput.Guess.unknown
        var lined = 0.0
        if let lines {
            if lines.free > 0 {
                lined = lines.waitSeconds(place: place)
            } else {
                guess = .lines(secondsEach: lines.secondsEach)
            }
        }
        let seen = throughput.expectedWaitSeconds(place: place, guess, now: now)
        return min(
            max(trunk.expectedWaitSeconds(behind: waiting, now: now), lined, seen), Self.longestEstimateSeconds)
    }

    /// The trunk's rate lets nobody go.
    func awaitsPace(now: Instant) -> Bool { trunk.nextTurn(now: now) != nil }

    /// How many go out before a call of the account that is appended now: its own, and as many of each other's.
    private func ahead(of account: AccountID) -> Int {
        let own = count(of: account)
        return rotation.reduce(own) { $1 == account ? $0 : $0 + min(count(of: $1), own + 1) }
    }

    // MARK: Who has waited for too long

    /// When the first call will have.
    var nextOverdue: Instant? {
        guard let longestWait else { return nil }
        return rotation.compactMap { lanes[$0]?.oldest }.min().map { $0 + longestWait }
    }

    /// The calls that have waited for as long as they may. They stay until they are withdrawn.
    func overdue(now: Instant) -> [CallID] {
        guard let longestWait else { return [] }
        return rotation.flatMap { lanes[$0]?.waiting(since: now.advanced(by: .zero - longestWait)) ?? [] }
    }

    /// How often a call may go out.
    private struct Pace: Sendable {
        private var interval: Duration?
        private var turn = Instant(nanoseconds: .min)

        init(callsPerSecond: Double?) { set(callsPerSecond: callsPerSecond) }

        mutating func set(callsPerSecond: Double?) {
            interval = callsPerSecond.flatMap { $0 > 0 ? .nanoseconds(Int64((1_000_000_000 / $0).rounded(.up))) : nil }
            if interval == nil { turn = Instant(nanoseconds: .min) }
        }

        /// When the rate allows the next call; nil: at once.
        func nextTurn(now: Instant) -> Instant? { now >= turn ? nil : turn }

        /// A call goes out: the next turn is an interval later. Turns that nobody used are not saved up.
        mutating func spendTurn(now: Instant) {
            guard let interval else { return }
            turn = max(now, turn) + interval
        }

        func expectedWaitSeconds(behind waiting: Int, now: Instant) -> Double {
            guard let interval else { return 0 }
            let ahead = max(0, (turn - now) / .seconds(1))
            return ahead + Double(waiting) * (interval / .seconds(1))
        }
    }

    /// One account's waiting calls.
    private struct Lane: Sendable {
        var pace = Pace(callsPerSecond: nil)
        /// Of the account's own lines.
        var throughput = Throughput()
        private var waiting: [(call: CallID, since: Instant)] = []
        /// Where the first is that was not taken back.
        private var head = 0
        /// Waiting calls behind it that were taken back; they are skipped when their turn comes.
        private var withdrawn: Set<CallID> = []

        /// So many dead places are cleared away at once.
        private static let clearedAtOnce = 1024

        var count: Int { waiting.count - head - withdrawn.count }

        /// Since when the first has waited.
        var oldest: Instant? { head < waiting.count ? waiting[head].since : nil }

        /// Those that have waited since that instant or for longer.
        func waiting(since latest: Instant) -> [CallID] {
            waiting[head...].prefix { $0.since <= latest }.map { $0.call }.filter { !withdrawn.contains($0) }
        }

        mutating func append(_ call: CallID, now: Instant) { waiting.append((call, now)) }

        mutating func withdraw(_ call: CallID) -> Bool {
            guard withdrawn.insert(call).inserted else { return false }
            skipWithdrawn()
            return true
        }

        mutating func popFirst() -> CallID? {
            guard head < waiting.count else { return nil }
            let call = waiting[head].call
            head += 1
            skipWithdrawn()
            return call
        }

        private mutating func skipWithdrawn() {
            while head < waiting.count, !withdrawn.isEmpty, withdrawn.remove(waiting[head].call) != nil { head += 1 }
            if head > Self.clearedAtOnce, head * 2 > waiting.count {
                waiting.removeFirst(head)
                head = 0
            }
        }
    }
}
