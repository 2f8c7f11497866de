import JSON
import SIP
import Telephony

extension CallMachine {
    mutating func playbackEnded(
        _ playback: PlaybackID, _ result: PlaybackResult, now: Moment, random: inout RandomSource,
        into directives: inout [CallDirective]
    ) {
        advanceScript(now, &random, &directives) { run, memory, steps in
            run.playbackEnded(playback, result, &memory, into: &steps)
        }
    }

    mutating func digitsSent(
        _ dialling: DiallingID, now: Moment, random: inout RandomSource, into directives: inout [CallDirective]
    ) {
        guard dialling == .sendDigits else {
            advanceScript(now, &random, &directives) { run, memory, steps in
                run.digitsSent(dialling, &memory, into: &steps)
            }
            return
        }
        guard case .connected(var conversation) = phase, conversation.isDialling else { return }
        conversation.isDialling = false
        let held = conversation.held
        conversation.held = nil
        phase = .connected(conversation)
        note(.info, .media, "Digits sent", ["sendDigits": shownSendDigits], now, &directives)
        if let held { start(held, now, &random, &directives) }
    }

    /// A key goes down: it counts from here on, so that prompts stop at once.
    mutating func keyPressed(
        _ key: Character, now: Moment, random: inout RandomSource, into directives: inout [CallDirective]
    ) {
        guard case .connected(let conversation) = phase else { return }
        guard conversation.run != nil else {
            memory.keep(key)
            return
        }
        if conversation.run?.isCollectingInPrivate == true { privateKeysHeld += 1 }
        advanceScript(now, &random, &directives) { run, memory, steps in
            run.keyPressed(key, &memory, into: &steps)
        }
    }

    /// A key was let go: for the journal.
    mutating func digitReceived(
        _ digit: Character, milliseconds: Int, now: Moment, into directives: inout [CallDirective]
    ) {
        let isPrivate = privateKeysHeld > 0
        if isPrivate { privateKeysHeld -= 1 }
        note(
            .info, .media, "Digit received",
            ["digit": .string(isPrivate ? Mask.text : String(digit)), "milliseconds": JSONValue(milliseconds)], now,
            &directives)
    }

    mutating func voiceChanged(
        isSpeaking: Bool, now: Moment, random: inout RandomSource, into directives: inout [CallDirective]
    ) {
        advanceScript(now, &random, &directives) { run, _, steps in
            run.voiceChanged(isSpeaking: isSpeaking, into: &steps)
        }
    }

    mutating func peerMoved(from: String, to: String, now: Moment, into directives: inout [CallDirective]) {
        note(
            .info, .media, "Media comes from elsewhere and goes there from now on",
            ["from": .string(from), "to": .string(to)], now, &directives)
    }

    /// Decision 42.
    mutating func peerSilent(now: Moment, into directives: inout [CallDirective]) {
        guard case .connected = phase else { return }
        finish(
            CallOutcome(.completed, .farEndHangup, "the far end's media fell silent: neither RTP nor RTCP"),
            awaitsSession: true, now, &directives)
    }

    mutating func mediaClosed(
        _ figures: [String: JSONValue], now: Moment, into directives: inout [CallDirective]
    ) {
        guard case .over(let settling) = phase, settling.awaitsMedia else { return }
        if !settling.isUnwritten { note(.info, .media, "Media figures", figures, now, &directives) }
        mediaIsClosed(&directives)
    }
}
