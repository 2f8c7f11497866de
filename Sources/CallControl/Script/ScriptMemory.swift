import Telephony

/// What a call keeps from one script to the next.
struct ScriptMemory: Hashable, Sendable {
    /// Keys that nobody has asked for yet are kept up to this many; what is typed beyond is lost.
    static let maximumTypedAhead = 128

    /// Playbacks are numbered over the whole call, so that a late `playbackEnded` of an earlier script is never taken
    /// for one of this.
    private var nextPlayback: UInt64 = 1
    /// Sequences of digits likewise; 0 is the call's own `sendDigits`.
    private var nextDialling: UInt64 = 1
    /// Keys pressed while no GetDigits was collecting, oldest first (docs/contract/percl.md#getdigits, `flushBuffer`).
    private(set) var typedAhead: [Character] = []

    mutating func drawPlayback() -> PlaybackID {
        defer { nextPlayback += 1 }
        return PlaybackID(rawValue: nextPlayback)
    }

    mutating func drawDialling() -> DiallingID {
        defer { nextDialling += 1 }
        return DiallingID(rawValue: nextDialling)
    }

    mutating func keep(_ key: Character) {
        if typedAhead.count < Self.maximumTypedAhead { typedAhead.append(key) }
    }

    mutating func takeTypedAhead() -> Character? {
        typedAhead.isEmpty ? nil : typedAhead.removeFirst()
    }

    mutating func forgetTypedAhead() { typedAhead.removeAll() }
}
