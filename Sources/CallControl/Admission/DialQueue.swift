import SIP
import Telephony

/// The calls that wait for their turn, in the order in which they were accepted (decision 33): the trunk's rate, its
/// calls at once, and a free port decide when the next one goes out.
struct DialQueue: Sendable {
    private var waiting: [CallID] = []
    private var head = 0
    /// Waiting calls that were taken back; they are skipped when their turn comes.
    private var withdrawn: Set<CallID> = []
    private var nextTurn = Instant(nanoseconds: .min)
    private let interval: Duration?

    init(callsPerSecond: Double?) {
        interval = callsPerSecond.flatMap { $0 > 0 ? .nanoseconds(Int64((1_000_000_000 / $0).rounded(.up))) : nil }
    }

    var count: Int { waiting.count - head - withdrawn.count }

    mutating func append(_ call: CallID) { waiting.append(call) }

    mutating func withdraw(_ call: CallID) { withdrawn.insert(call) }

    /// The rate allows a call now.
    func isTurn(now: Instant) -> Bool { now >= nextTurn }

    /// When the rate allows the next call; nil: at once.
    func nextTurn(now: Instant) -> Instant? { now >= nextTurn ? nil : nextTurn }

    /// A call goes out: the rate's next turn is an interval later. Turns that nobody used are not saved up.
    mutating func spendTurn(now: Instant) {
        guard let interval else { return }
        nextTurn = max(now, nextTurn) + interval
    }

    /// The call whose turn it is; nil where nobody waits.
    mutating func popFirst() -> CallID? {
        while head < waiting.count {
            let call = waiting[head]
            head += 1
            if head > 1024, head * 2 > waiting.count {
                waiting.removeFirst(head)
                head = 0
            }
            if withdrawn.remove(call) == nil { return call }
        }
        return nil
    }

    /// How long a call that is appended now will wait by the rate alone, in seconds.
    func expectedWaitSeconds(now: Instant) -> Double {
        guard let interval else { return 0 }
        let ahead = max(0, (nextTurn - now) / .seconds(1))
        return ahead + Double(count) * (interval / .seconds(1))
    }
}
