import SIP
import Telephony

/// The calls that wait for their turn (decision 33). An account's calls go out in the order in which they were accepted;
/// accounts take turns, so that one with thousands of calls holds nobody else up. The trunk's and the account's rates,
/// their calls at once, and a free port decide when the next one goes out.
struct DialQueue: Sendable {
    private var lanes: [AccountID: Lane] = [:]
    /// Accounts with waiting calls; the first is the next to be asked.
    private var rotation: [AccountID] = []
    private var trunk: Pace
    private(set) var count = 0

    init(callsPerSecond: Double?) { trunk = Pace(callsPerSecond: callsPerSecond) }

    /// The trunk's.
    mutating func setPace(callsPerSecond: Double?) { trunk.set(callsPerSecond: callsPerSecond) }

    /// - Parameter callsPerSecond: nil for no rate of its own.
    mutating func setPace(of account: AccountID, callsPerSecond: Double?) {
        lanes[account, default: Lane()].pace.set(callsPerSecond: callsPerSecond)
    }

    func count(of account: AccountID) -> Int { lanes[account]?.count ?? 0 }

    mutating func append(_ call: CallID, of account: AccountID) {
        lanes[account, default: Lane()].append(call)
        count += 1
        if !rotation.contains(account) { rotation.append(account) }
    }

    /// A call that waited is taken back.
    mutating func withdraw(_ call: CallID, of account: AccountID) {
        guard lanes[account]?.withdraw(call) == true else { return }
        count -= 1
        if count(of: account) == 0 { rotation.removeAll { $0 == account } }
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
        if let turn = trunk.nextTurn(now: now) { return .wait(until: turn) }
        var earliest: Instant?
        for (place, account) in rotation.enumerated() {
            if let turn = lanes[account]?.pace.nextTurn(now: now) {
                earliest = min(earliest ?? turn, turn)
                continue
            }
            guard hasLine(account), let call = lanes[account]?.popFirst() else { continue }
            count -= 1
            trunk.spendTurn(now: now)
            lanes[account]?.pace.spendTurn(now: now)
            rotation.remove(at: place)
            if count(of: account) > 0 { rotation.append(account) }
            return .call(call)
        }
        return earliest.map { .wait(until: $0) } ?? .nobody
    }

    /// How long a call of the account that is appended now will wait by the rates alone, in seconds.
    func expectedWaitSeconds(of account: AccountID, now: Instant) -> Double {
        let lane = lanes[account]
        return max(
            trunk.expectedWaitSeconds(behind: count, now: now),
            lane?.pace.expectedWaitSeconds(behind: lane?.count ?? 0, now: now) ?? 0)
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
        private var waiting: [CallID] = []
        private var head = 0
        /// Waiting calls that were taken back; they are skipped when their turn comes.
        private var withdrawn: Set<CallID> = []

        /// So many dead places are cleared away at once.
        private static let clearedAtOnce = 1024

        var count: Int { waiting.count - head - withdrawn.count }

        mutating func append(_ call: CallID) { waiting.append(call) }

        mutating func withdraw(_ call: CallID) -> Bool { withdrawn.insert(call).inserted }

        mutating func popFirst() -> CallID? {
            while head < waiting.count {
                let call = waiting[head]
                head += 1
                if head > Self.clearedAtOnce, head * 2 > waiting.count {
                    waiting.removeFirst(head)
                    head = 0
                }
                if withdrawn.remove(call) == nil { return call }
            }
            return nil
        }
    }
}
