import SIP
import Telephony

/// The calls that take a line of the trunk's, in all and of each account, and how long calls keep one.
struct LinesInUse: Sendable {
    private var taken: [CallID: (account: AccountID, since: Instant)] = [:]
    private var counts: [AccountID: Int] = [:]
    private var times = HoldingTime()
    private var timesOfAccounts: [AccountID: HoldingTime] = [:]

    var count: Int { taken.count }

    func count(of account: AccountID) -> Int { counts[account] ?? 0 }

    /// Whatever was told of the call before, this holds now.
    mutating func set(_ call: CallID, isInUse: Bool, account: AccountID?, now: Instant) {
        if isInUse, let account {
            guard taken[call] == nil else { return }
            taken[call] = (account, now)
            counts[account, default: 0] += 1
        } else if let (account, since) = taken.removeValue(forKey: call) {
            let rest = (counts[account] ?? 1) - 1
            counts[account] = rest > 0 ? rest : nil
            let seconds = max(0, (now - since) / .seconds(1))
            times.add(seconds)
            timesOfAccounts[account, default: HoldingTime()].add(seconds)
        }
    }

    /// How long a call keeps its line, as the latest that ended did.
    var holdingSeconds: Double { times.seconds }

    func holdingSeconds(of account: AccountID) -> Double { timesOfAccounts[account]?.seconds ?? times.seconds }

    /// A mean that follows the latest calls.
    private struct HoldingTime: Sendable {
        /// Before any call has ended: that of a short call. What it is too short by is noticed as the queue stands still.
        private(set) var seconds = 5.0
        private var weight = 1.0

        /// So many calls back it remembers.
        private static let memory = 16.0

        mutating func add(_ latest: Double) {
            weight = min(weight + 1, Self.memory)
            seconds += (latest - seconds) / weight
        }
    }
}
