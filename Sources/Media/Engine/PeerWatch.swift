/// Misses a peer that should be heard and is not.
///
///     resting ──expect(within: …)──▶ watching ──nothing heard for so long──▶ overdue, told once ──▶ resting
///        ▲                              │
///        └────────expect(within: nil)───┘  hold
///
/// It counts from the moment when the peer may speak: of the answer, of the end of a hold, of a move to another address. A
/// description that says the same again, as a session's refresh does (RFC 4028 §7.4), changes nothing.
struct PeerWatch: Equatable {
    private enum State: Equatable {
        case resting
        case watching(since: Int64, limit: Int64)
    }

    private var state = State.resting

    /// - Parameters:
    ///   - seconds: nil to rest.
    ///   - isAnew: the peer is elsewhere from here on.
    ///   - now: here and below by a monotonic clock, in nanoseconds.
    mutating func expect(within seconds: Double?, isAnew: Bool, now: Int64) {
        guard let seconds else {
            state = .resting
            return
        }
        let limit = Int64(max(0.02, min(seconds, 86_400)) * 1_000_000_000)
        switch state {
        case .watching(let since, _) where !isAnew: state = .watching(since: since, limit: limit)
        case .watching, .resting: state = .watching(since: now, limit: limit)
        }
    }

    /// True once.
    mutating func isOverdue(lastHeard: Int64?, now: Int64) -> Bool {
        guard case .watching(let since, let limit) = state, now - max(since, lastHeard ?? since) > limit else {
            return false
        }
        state = .resting
        return true
    }
}
