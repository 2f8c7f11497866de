import PerCL
import Telephony

/// GetDigits at work (docs/contract/percl.md#getdigits): prompts that the first key stops, then keys until one of the
/// ends is reached.
///
/// ```
///   prompting ── prompts over ──▶ waiting for the first key ── initialTimeoutMs ──▶ timeout
///       │  key                        │  key
///       └──────────▶ collecting ◀─────┘      finish key, maxDigits, digitTimeoutMs since the last key ──▶ end
/// ```
/// Keys typed ahead count first, and stop the prompts before they begin.
struct DigitCollection: Hashable, Sendable {
    /// `reason` of the getDigits webhook, as the official SDK knows them. Too few digits at the finish key or at the
    /// timeout keep that reason, with empty digits.
    enum Reason: String, Hashable, Sendable {
        case finishKey, timeout, maxDigits
        /// A machine was found meanwhile (docs/contract/calls.md#a-machine-during-getdigits).
        case tone
    }

    struct End: Hashable, Sendable {
        /// Without the finish key; empty where there were fewer than minDigits.
        var digits: String
        var reason: Reason
    }

    let command: GetDigits
    private var digits = ""
    private var prompts: PromptRun

    init(_ command: GetDigits) {
        self.command = command
        prompts = PromptRun(command.prompts)
    }

    mutating func begin(_ memory: inout ScriptMemory, _ directives: inout [ScriptRun.Directive]) -> End? {
        if command.flushBuffer { memory.forgetTypedAhead() }
        while let key = memory.takeTypedAhead() {
            if let end = take(key) { return end }
        }
        if digits.isEmpty {
            prompts.start(&memory, &directives)
            if prompts.isOver { waitForFirstKey(&directives) }
        } else {
            waitForNextKey(&directives)
        }
        return nil
    }

    mutating func keyPressed(_ key: Character, _ directives: inout [ScriptRun.Directive]) -> End? {
        prompts.stop(&directives)
        if let end = take(key) {
            directives.append(.disarm(.keys))
            return end
        }
        waitForNextKey(&directives)
        return nil
    }

    mutating func playbackEnded(
        _ playback: PlaybackID, _ memory: inout ScriptMemory, _ directives: inout [ScriptRun.Directive]
    ) {
        if prompts.playbackEnded(playback, &memory, &directives), prompts.isOver { waitForFirstKey(&directives) }
    }

    mutating func pauseOver(_ memory: inout ScriptMemory, _ directives: inout [ScriptRun.Directive]) {
        if prompts.pauseOver(&memory, &directives), prompts.isOver { waitForFirstKey(&directives) }
    }

    func timedOut() -> End { end(.timeout) }

    /// A machine was found (docs/contract/calls.md#a-machine-during-getdigits).
    func machineFound() -> End { end(.tone) }

    mutating func stop(_ directives: inout [ScriptRun.Directive]) {
        prompts.stop(&directives)
        directives.append(.disarm(.keys))
    }

    private mutating func take(_ key: Character) -> End? {
        if command.finishOnKey.contains(key) { return end(.finishKey) }
        digits.append(key)
        return digits.count >= command.maxDigits ? end(.maxDigits) : nil
    }

    private func end(_ reason: Reason) -> End {
        End(digits: digits.count >= command.minDigits ? digits : "", reason: reason)
    }

    private func waitForFirstKey(_ directives: inout [ScriptRun.Directive]) {
        directives.append(.arm(.keys, milliseconds: command.initialTimeoutMilliseconds))
    }

    private func waitForNextKey(_ directives: inout [ScriptRun.Directive]) {
        directives.append(.arm(.keys, milliseconds: command.digitTimeoutMilliseconds))
    }
}
