import PerCL
import Telephony

/// Plays the prompts nested in a command, one after another: Say, Play and Pause (docs/contract/percl.md#prompts).
struct PromptRun: Hashable, Sendable {
    private enum State: Hashable, Sendable {
        case playing(PlaybackID)
        case pausing
        case over
    }

    private let prompts: [Command]
    private var index = 0
    private var state = State.over

    var isOver: Bool { state == .over }

    init(_ prompts: [Command]) { self.prompts = prompts }

    mutating func start(_ memory: inout ScriptMemory, _ directives: inout [ScriptRun.Directive]) {
        state = .over
        while index < prompts.count {
            let prompt = prompts[index]
            index += 1
            switch prompt {
            case .say(let say) where !say.text.isEmpty:
                return play(say.prompt, loop: say.loop, &memory, &directives)
            case .play(let play):
                return self.play(.file(play.file), loop: play.loop, &memory, &directives)
            case .pause(let pause):
                state = .pausing
                directives.append(.arm(.pause, milliseconds: pause.lengthMilliseconds))
                return
            // Nothing else stands among prompts (docs/contract/percl.md#prompts); an empty text is passed over.
            case .say, .addToConference, .audioStream, .createConference, .dequeue, .enqueue, .getDigits, .getSpeech,
                .hangup, .outDial, .park, .playEarlyMedia, .recordUtterance, .redirect, .reject,
                .removeFromConference, .sendDigits, .setDTMFPassThrough, .setListen, .setTalk, .sms,
                .startRecordCall, .terminateConference, .transcribeUtterance, .unpark:
                break
            }
        }
    }

    /// True where it was one of these prompts that ended; the next one then plays.
    mutating func playbackEnded(
        _ playback: PlaybackID, _ memory: inout ScriptMemory, _ directives: inout [ScriptRun.Directive]
    ) -> Bool {
        guard state == .playing(playback) else { return false }
        start(&memory, &directives)
        return true
    }

    mutating func pauseOver(_ memory: inout ScriptMemory, _ directives: inout [ScriptRun.Directive]) -> Bool {
        guard state == .pausing else { return false }
        start(&memory, &directives)
        return true
    }

    mutating func stop(_ directives: inout [ScriptRun.Directive]) {
        switch state {
        case .playing(let playback): directives.append(.stopPlayback(playback))
        case .pausing: directives.append(.disarm(.pause))
        case .over: break
        }
        state = .over
        index = prompts.count
    }

    private mutating func play(
        _ prompt: Prompt, loop: Int, _ memory: inout ScriptMemory, _ directives: inout [ScriptRun.Directive]
    ) {
        let playback = memory.drawPlayback()
        state = .playing(playback)
        directives.append(.play(playback, prompt, loop: loop))
    }
}

extension Say {
    var prompt: Prompt { .speech(text: text, language: language, isPrivate: privacyMode) }
}
