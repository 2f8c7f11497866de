import SIP
import Telephony

/// Whose turn it is, how long a turn takes to come, and what becomes of a call whose turn does not come in time.
extension Exchange {
    /// What keeps every call from being dialled just now, whatever its account's own limits.
    private enum Obstacle {
        /// No intent to dial can be stored.
        case disk
        /// The trunk's lines are taken (`calls-at-once`).
        case lines(Int)
        /// So many INVITEs have brought nothing back.
        case silence(Int)
        case ports
        /// The trunk's rate (`calls-per-second`).
        case pace

        var explanation: String {
            switch self {
            case .disk: "the disk took no writes"
            case .lines(let limit): "the trunk's lines were taken (calls-at-once \(limit))"
            case .silence(let count): "\(count) INVITEs had brought nothing back yet"
            case .ports: "no RTP port was free"
            case .pace: "the trunk's pace let others go first (calls-per-second)"
            }
        }
    }

    private var obstacle: Obstacle? {
        if isStorageFailing { return .disk }
        if let limit = turn.configuration.trunk.callsAtOnce, lines.count >= limit { return .lines(limit) }
        if callsUnheard.count >= turn.configuration.maximumUnheardCalls { return .silence(callsUnheard.count) }
        // Where other programs hold every port there is nothing to wait for: whose turn it is hears so.
        guard ports.hasFree(now: now.instant) || ports.isHeldByOthers(now: now.instant) else { return .ports }
        return queue.awaitsPace(now: now.instant) ? .pace : nil
    }

    /// Dials whoever is next, as long as the rates, the calls at once and the ports allow
    /// (docs/contract/calls.md#pace).
    mutating func dialNext() {
        defer { watchOverdue() }
        while queue.count > 0, !isDraining {
            switch obstacle {
            case nil, .pace: break
            case .disk, .lines, .silence:
                queue.heldUp(now: now.instant)
                return
            case .ports:
                queue.heldUp(now: now.instant)
                if let ready = ports.nextReady { timers.arm(.turn, at: ready) }
                return
            }
            let (admission, lines) = (admission, lines)
            let answer = queue.next(now: now.instant) { account in
                admission.rules(of: account)?.callsAtOnce.map { lines.count(of: account) < $0 } ?? true
            }
            switch answer {
            case .nobody: return
            case .wait(let turn):
                timers.arm(.turn, at: turn)
                return
            case .call(let id): dial(id)
            }
        }
    }

    // MARK: How long a turn takes to come

    /// Of a call of the account that is accepted now, in seconds.
    func expectedWaitSeconds(of account: AccountID) -> Double {
        guard turn.configuration.queueWait != nil else {
            return queue.expectedWaitSeconds(of: account, now: now.instant)
        }
        return queue.expectedWaitSeconds(
            of: account, isHeldUp: obstacle != nil, lines: trunkLines, own: ownLines(of: account), now: now.instant)
    }

    private var trunkLines: DialQueue.Lines? {
        turn.configuration.trunk.callsAtOnce.map { limit in
            DialQueue.Lines(free: limit - lines.count, secondsEach: lines.holdingSeconds / Double(limit))
        }
    }

    private func ownLines(of account: AccountID) -> DialQueue.Lines? {
        admission.rules(of: account)?.callsAtOnce.map { limit in
            DialQueue.Lines(
                free: limit - lines.count(of: account), secondsEach: lines.holdingSeconds(of: account) / Double(limit))
        }
    }

    /// Of the longest wait, what a call may be expected to wait when it is accepted: an estimate can be wrong.
    private static let certainty = 0.9
    /// Nobody is told to come again later than in an hour.
    private static let longestRetrySeconds = 3600.0

    /// Why a call of the account cannot be accepted; nil where its turn will come in time.
    func lateTurn(of account: AccountID) -> CallRefusal? {
        guard hasRoom(for: account) else {
            return .queueFull(retryAfterSeconds: Self.retrySeconds(expectedWaitSeconds(of: account)))
        }
        guard let longest = turn.configuration.queueWait.map({ $0 / .seconds(1) }) else { return nil }
        let wait = queue.longestWaitSeconds(
            of: account, isAlone: admission.isAlone(account), isHeldUp: obstacle != nil, lines: trunkLines,
            own: ownLines(of: account), now: now.instant)
        let allowed = longest * Self.certainty
        guard wait > allowed else { return nil }
        return .turnTooLate(
            waitSeconds: Int(wait.rounded(.up)), longestSeconds: Int(longest.rounded(.up)),
            retryAfterSeconds: Self.retrySeconds(wait - allowed))
    }

    private static func retrySeconds(_ seconds: Double) -> Int {
        Int(min(max(1, seconds.rounded(.up)), longestRetrySeconds))
    }

    func explanation(of refusal: CallRefusal) -> String {
        if case .turnTooLate(let wait, let longest, _) = refusal {
            "it would wait about \(wait) s for its turn, and calls wait \(longest) s at most (queue-seconds)"
        } else {
            "too many calls are waiting"
        }
    }

    /// A queue deeper than a day of the rate cannot be worked off (docs/contract/calls.md#pace).
    private func hasRoom(for account: AccountID) -> Bool {
        let own = ExchangeConfiguration.queueLimit(
            callsPerSecond: admission.rules(of: account)?.callsPerSecond, atMost: turn.configuration.maximumQueueDepth)
        return queue.count < turn.configuration.queueLimit && queue.count(of: account) < own
    }

    // MARK: Whose turn did not come

    private mutating func watchOverdue() {
        let next = isDraining ? nil : queue.nextOverdue
        guard next != overdueAt else { return }
        overdueAt = next
        if let next { timers.arm(.overdue, at: next) } else { timers.cancel(.overdue) }
    }

    /// What has waited for too long is ended: rung late, nobody would expect it any more.
    mutating func endOverdue() {
        overdueAt = nil
        // What waits stays on disk for the next start.
        guard !isDraining else { return }
        let reason = obstacle?.explanation ?? "the account's own rate and calls at once let no more go"
        let seconds = Int(((turn.configuration.queueWait ?? .zero) / .seconds(1)).rounded(.up))
        let explanation = "it has waited \(seconds) s for its turn, as long as calls may (queue-seconds): \(reason)"
        for id in queue.overdue(now: now.instant) {
            withCall(id) { call, turn in call.waitedTooLong(explanation, &turn) }
        }
        watchOverdue()
    }
}
