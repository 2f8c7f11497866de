import PerCL
import Telephony

/// RecordUtterance at work (docs/contract/percl.md#recordutterance): a beep, then the caller's voice into a file, until
/// silence, a finish key, the longest length or the end of the call.
///
/// ```
///   beeping ──▶ recording ──────── silence, key, length ────────▶ finishing ── file complete ──▶ record webhook
///      └──▶ awaiting voice (autoStart) ── voice ──▶ recording
///                └── nobody spoke before maxLengthSec ──▶ record webhook without a recording
/// ```
struct UtteranceRecording: Hashable, Sendable {
    /// `termReason` of the record webhook.
    enum Reason: String, Hashable, Sendable {
        case finishKey, timeout, hangup, maxLength
    }

    private enum State: Hashable, Sendable {
        case beeping(PlaybackID)
        case awaitingVoice
        case recording
        /// The file is being completed.
        case finishing(Reason)
    }

    let command: RecordUtterance
    private var state = State.recording

    init(_ command: RecordUtterance) { self.command = command }

    mutating func begin(_ memory: inout ScriptMemory, _ directives: inout [ScriptRun.Directive]) {
        guard command.playBeep else { return listen(&directives) }
        let beep = memory.drawPlayback()
        state = .beeping(beep)
        directives.append(.play(beep, .beep, loop: 1))
    }

    mutating func playbackEnded(_ playback: PlaybackID, _ directives: inout [ScriptRun.Directive]) {
        if state == .beeping(playback) { listen(&directives) }
    }

    mutating func voiceStarted(_ directives: inout [ScriptRun.Directive]) {
        switch state {
        case .awaitingVoice: record(&directives)
        case .recording: directives.append(.disarm(.silence))
        case .beeping, .finishing: break
        }
    }

    mutating func voiceEnded(_ directives: inout [ScriptRun.Directive]) {
        guard state == .recording else { return }
        let rest = max(0, command.silenceTimeoutMilliseconds - UtteranceTiming.quietMilliseconds)
        directives.append(.arm(.silence, milliseconds: rest))
    }

    /// True where the key ends the recording.
    mutating func keyPressed(_ key: Character, _ directives: inout [ScriptRun.Directive]) -> Bool {
        guard command.finishOnKey.contains(key), state == .recording else { return false }
        finish(.finishKey, &directives)
        return true
    }

    mutating func fellSilent(_ directives: inout [ScriptRun.Directive]) {
        if state == .recording { finish(.timeout, &directives) }
    }

    /// The longest length is over. Returns the reason where nothing was recorded and nothing need be waited for.
    mutating func lengthReached(_ directives: inout [ScriptRun.Directive]) -> Reason? {
        switch state {
        case .recording: finish(.maxLength, &directives)
        case .awaitingVoice:
            directives.append(.observeSpeech(false))
            return .maxLength
        case .beeping, .finishing: break
        }
        return nil
    }

    /// The reason, where it was this recording that was waited for.
    func fileCompleted() -> Reason? {
        if case .finishing(let reason) = state { reason } else { nil }
    }

    mutating func stop(_ directives: inout [ScriptRun.Directive]) {
        switch state {
        case .beeping(let playback): directives.append(.stopPlayback(playback))
        case .awaitingVoice, .recording: finish(.hangup, &directives)
        case .finishing: break
        }
    }

    private mutating func listen(_ directives: inout [ScriptRun.Directive]) {
        directives.append(.observeSpeech(true))
        directives.append(.arm(.utterance, milliseconds: command.maxLengthSeconds * 1000))
        if command.autoStart {
            state = .awaitingVoice
        } else {
            directives.append(.arm(.silence, milliseconds: command.silenceTimeoutMilliseconds))
            record(&directives)
        }
    }

    private mutating func record(_ directives: inout [ScriptRun.Directive]) {
        state = .recording
        directives.append(.startUtterance(command))
        if command.autoStart {
            directives.append(.arm(.utterance, milliseconds: command.maxLengthSeconds * 1000))
        }
    }

    private mutating func finish(_ reason: Reason, _ directives: inout [ScriptRun.Directive]) {
        let wasRecording = state == .recording
        state = .finishing(reason)
        directives.append(.disarm(.silence))
        directives.append(.disarm(.utterance))
        directives.append(.observeSpeech(false))
        if wasRecording { directives.append(.endUtterance) }
    }
}

/// What the shell must know of how utterances are timed.
package enum UtteranceTiming {
    /// So much quiet ends a stretch of speech for the media room; the rest of the silence is measured from there.
    package static let quietMilliseconds = 200
}
