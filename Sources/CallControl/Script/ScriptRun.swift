import PerCL
import Telephony

/// Runs one script's commands in order on a live call (spec §3.1).
///
/// ```
///            start            Say, Play            playback ended
///   ready ───────────▶ ──┬──────────────▶ playing ────────────────┐
///                        ├──────────────▶ pausing ──── pause over ─┤
///                        │      Pause                              ▼
///                        ├───────────────────────────────── next command
///                        └─ Redirect, Hangup, end, unsupported ─▶ over
/// ```
/// Every command is checked before the first one runs, so nothing here can be malformed. ``stop`` leaves any state
/// for `over`; what still plays is stopped by the call.
struct ScriptRun: Hashable, Sendable {
    private enum State: Hashable, Sendable {
        case ready
        /// One playback is out; its end leads to the next command.
        case playing(PlaybackID)
        case pausing
        /// The last directive of the run has been given.
        case over
    }

    /// What the run wants done.
    enum Directive: Hashable, Sendable {
        case play(PlaybackID, Prompt, loop: Int)
        case pause(milliseconds: Int)
        case stopPlayback(PlaybackID)
        case cancelPause
        /// For the journal: a command begins.
        case commandStarted(Command, index: Int)
        /// For the journal: a command is over.
        case commandEnded(Command, index: Int, PlaybackResult)
        /// The run is over: with a webhook, or with the call's end.
        case redirect(Redirect, isFirst: Bool)
        case hangUp(reason: String?)
        /// The commands ran out without a terminal one.
        case ranOut
        /// Decision 17.
        case unsupported(Command, index: Int)
    }

    private let commands: [Command]
    private var index = 0
    private var state = State.ready

    init(_ script: Script) { commands = script.commands }

    /// - Parameter nextPlayback: numbers playbacks over the whole call, so that a late `playbackEnded` of an earlier
    ///   script is never taken for one of this.
    mutating func start(nextPlayback: inout UInt64, into directives: inout [Directive]) {
        guard state == .ready else { return }
        runCommands(&nextPlayback, &directives)
    }

    mutating func playbackEnded(
        _ playback: PlaybackID, _ result: PlaybackResult, nextPlayback: inout UInt64,
        into directives: inout [Directive]
    ) {
        guard state == .playing(playback) else { return }
        finishCommand(result, &nextPlayback, &directives)
    }

    mutating func pauseOver(nextPlayback: inout UInt64, into directives: inout [Directive]) {
        guard state == .pausing else { return }
        finishCommand(.completed, &nextPlayback, &directives)
    }

    mutating func stop(into directives: inout [Directive]) {
        switch state {
        case .playing(let playback): directives.append(.stopPlayback(playback))
        case .pausing: directives.append(.cancelPause)
        case .ready, .over: break
        }
        state = .over
    }

    private mutating func finishCommand(
        _ result: PlaybackResult, _ nextPlayback: inout UInt64, _ directives: inout [Directive]
    ) {
        directives.append(.commandEnded(commands[index], index: index, result))
        index += 1
        runCommands(&nextPlayback, &directives)
    }

    private mutating func runCommands(_ nextPlayback: inout UInt64, _ directives: inout [Directive]) {
        state = .ready
        while state == .ready {
            guard index < commands.count else {
                state = .over
                directives.append(.ranOut)
                return
            }
            begin(commands[index], &nextPlayback, &directives)
        }
    }

    private mutating func begin(
        _ command: Command, _ nextPlayback: inout UInt64, _ directives: inout [Directive]
    ) {
        directives.append(.commandStarted(command, index: index))
        switch command {
        case .say(let say):
            // An empty text is skipped (spec §3.3 "Say").
            guard !say.text.isEmpty else { return skip(command, &directives) }
            play(
                .speech(text: say.text, language: say.language, isPrivate: say.privacyMode), loop: say.loop,
                &nextPlayback, &directives)
        case .play(let file):
            play(.file(file.file), loop: file.loop, &nextPlayback, &directives)
        case .pause(let pause):
            state = .pausing
            directives.append(.pause(milliseconds: pause.lengthMilliseconds))
        case .redirect(let redirect):
            state = .over
            directives.append(.redirect(redirect, isFirst: index == 0))
        case .hangup(let hangup):
            state = .over
            directives.append(.hangUp(reason: hangup.reason))
        // Only meaningful before an inbound call is answered; elsewhere they are ignored (spec §3.3).
        case .reject, .playEarlyMedia:
            skip(command, &directives)
        case .addToConference, .audioStream, .createConference, .dequeue, .enqueue, .getDigits, .getSpeech, .outDial,
            .park, .recordUtterance, .removeFromConference, .sendDigits, .setDTMFPassThrough, .setListen, .setTalk,
            .sms, .startRecordCall, .terminateConference, .transcribeUtterance, .unpark:
            state = .over
            directives.append(.unsupported(command, index: index))
        }
    }

    private mutating func skip(_ command: Command, _ directives: inout [Directive]) {
        directives.append(.commandEnded(command, index: index, .stopped))
        index += 1
    }

    private mutating func play(
        _ prompt: Prompt, loop: Int, _ nextPlayback: inout UInt64, _ directives: inout [Directive]
    ) {
        let playback = PlaybackID(rawValue: nextPlayback)
        nextPlayback += 1
        state = .playing(playback)
        directives.append(.play(playback, prompt, loop: loop))
    }
}
