import NIOCore
import Telephony

/// How much later wrong keys are answered, the more of them come: by who shows them and by whom they are shown for.
/// Pure.
///
/// Only what was wrong is slowed. A good key is answered at once wherever it comes from, so that nobody shuts an account
/// out by guessing at it, nor all who come through the same proxy or NAT as he. Guessing is hopeless in any case (a key
/// holds 160 random bits); what the brake spares is the log, the processor, and the operator's nerves.
struct KeyBrake {
    /// How a kind of bucket fills and drains.
    private struct Pace {
        /// Wrong keys a second that go on being answered without delay.
        var perSecond: Double
        /// Wrong keys at once that are.
        var burst: Double

        init(perMinute: Double, burst: Double) {
            perSecond = perMinute / 60
            self.burst = min(burst, max(1, perMinute))
        }
    }

    private struct Bucket {
        var level = 0.0
        var lookedAt: NIODeadline

        mutating func drain(_ pace: Pace, _ now: NIODeadline) {
            level = max(0, level - pace.perSecond * Double((now - lookedAt).nanoseconds) / 1e9)
            lookedAt = now
        }

        /// One more wrong key: what its answer waits.
        mutating func add(_ pace: Pace, _ now: NIODeadline) -> TimeAmount {
            drain(pace, now)
            // No deeper than the longest delay: who stops is answered soon again.
            level = min(level + 1, pace.burst + pace.perSecond * KeyBrake.longestDelaySeconds)
            let seconds = max(0, (level - pace.burst) / pace.perSecond)
            return .nanoseconds(Int64(min(seconds, KeyBrake.longestDelaySeconds) * 1e9))
        }
    }

    /// Clients wait longer than that for an answer.
    private static let longestDelaySeconds = 5.0
    private static let sourceBurst = 20.0
    /// An account has more clients than an address, and a slip of one is slowed by all others' the least.
    private static let accountFactor = 10.0
    /// What is remembered of addresses; further ones share one bucket until there is room.
    private static let maximumSources = 4096

    /// Nil: no brake.
    private let sourcePace: Pace?
    private let accountPace: Pace?
    private var sources: [ConnectionSource: Bucket] = [:]
    /// Of accounts that there are.
    private var accounts: [AccountID: Bucket] = [:]
    private var others: Bucket?

    /// - Parameter perMinute: from one address; 0: no brake.
    init(perMinute: Int) {
        sourcePace = perMinute > 0 ? Pace(perMinute: Double(perMinute), burst: Self.sourceBurst) : nil
        accountPace =
            perMinute > 0
            ? Pace(perMinute: Double(perMinute) * Self.accountFactor, burst: Self.sourceBurst * Self.accountFactor)
            : nil
    }

    /// A wrong key was shown.
    ///
    /// - Parameter account: that exists, and that it was shown for; nil for none.
    /// - Returns: what its answer waits.
    mutating func wrongKey(
        from source: ConnectionSource, for account: AccountID?, now: NIODeadline
    ) -> TimeAmount {
        guard let sourcePace, let accountPace else { return .zero }
        var delay = add(source, sourcePace, now)
        if let account {
            delay = max(delay, accounts[account, default: Bucket(lookedAt: now)].add(accountPace, now))
        }
        return delay
    }

    private mutating func add(_ source: ConnectionSource, _ pace: Pace, _ now: NIODeadline) -> TimeAmount {
        if sources[source] == nil, sources.count >= Self.maximumSources {
            sources = sources.filter { _, bucket in
                var bucket = bucket
                bucket.drain(pace, now)
                return bucket.level > 0
            }
            guard sources.count < Self.maximumSources else {
                var bucket = others ?? Bucket(lookedAt: now)
                defer { others = bucket }
                return bucket.add(pace, now)
            }
        }
        return sources[source, default: Bucket(lookedAt: now)].add(pace, now)
    }
}
