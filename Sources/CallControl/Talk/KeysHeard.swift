import SIP

/// The keys of a far end: which are down, and which of them come a second time, by another way.
struct KeysHeard: Sendable {
    /// A key that is down.
    enum KeyDown: Sendable {
        case shown
        /// The journal may not say which it is.
        case masked
        /// It has come by INFO before, and was counted then.
        case repeated
    }

    /// Each key that is down, oldest first.
    private var down: [KeyDown] = []
    private var repetitions = KeyRepetitions()

    /// Whether it counts: a press that has come by INFO before does not.
    mutating func pressed(_ key: Character, now: Instant) -> Bool {
        guard repetitions.isRepetition(of: key, by: .media, now: now) else { return true }
        hold(.repeated)
        return false
    }

    /// Whether it counts: a press that has come as media before does not.
    mutating func reported(_ key: Character, now: Instant) -> Bool {
        !repetitions.isRepetition(of: key, by: .info, now: now)
    }

    mutating func hold(_ key: KeyDown) {
        if down.count < ScriptMemory.maximumTypedAhead { down.append(key) }
    }

    /// The oldest, where it is let go and does not count.
    mutating func releaseRepeated() -> Bool {
        guard case .repeated? = down.first else { return false }
        down.removeFirst()
        return true
    }

    /// The oldest is let go. Whether it may be shown: one key is down at a time; where more are held to be, because an end
    /// was lost, all of them must be open.
    mutating func release() -> Bool {
        let isShown = !down.isEmpty && !down.contains(.masked)
        if !down.isEmpty { down.removeFirst() }
        return isShown
    }
}
