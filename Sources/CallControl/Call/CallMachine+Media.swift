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
        phase = .connected(conversation)
        note(.info, .media, "Digits sent", ["sendDigits": shownSendDigits], now, &directives)
        startHeldScript(now, &random, &directives)
    }

    /// A key goes down: it counts from here on, so that prompts stop at once.
    mutating func keyPressed(
        _ key: Character, now: Moment, random: inout RandomSource, into directives: inout [CallDirective]
    ) {
        guard case .connected(let conversation) = phase else { return }
        // Only who asked for keys, and not in private, lets them be read later: what is typed ahead, or beyond what was
        // asked for, may be part of a card's number.
        if keysShown.count < ScriptMemory.maximumTypedAhead {
            keysShown.append(conversation.run?.isCollectingInTheOpen == true)
        }
        guard conversation.run != nil else {
            memory.keep(key)
            return
        }
        advanceScript(now, &random, &directives) { run, memory, steps in
            run.keyPressed(key, &memory, into: &steps)
        }
    }

    /// A key was let go: for the journal.
    mutating func digitReceived(
        _ digit: Character, milliseconds: Int, now: Moment, into directives: inout [CallDirective]
    ) {
        // One key is down at a time; where more are held to be, because an end was lost, all of them must be open.
        let isShown = !keysShown.isEmpty && keysShown.allSatisfy(\.self)
        if !keysShown.isEmpty { keysShown.removeFirst() }
        digitsNoted += 1
        guard digitsNoted <= Self.maximumDigitsNoted else { return }
        note(
            .info, .media, "Digit received",
            ["digit": .string(isShown ? String(digit) : Mask.text), "milliseconds": JSONValue(milliseconds)], now,
            &directives)
        if digitsNoted == Self.maximumDigitsNoted {
            note(.warning, .media, "Further digits of this call are not logged", [:], now, &directives)
        }
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

    /// A gateway may send from one address and listen at another. Where nothing is heard there, a NAT stands between.
    mutating func peerElsewhere(
        source: String, described: String, now: Moment, into directives: inout [CallDirective]
    ) {
        note(
            .info, .media, "Media comes from elsewhere than the far end's description says, and goes where that says",
            [
                "from": .string(source), "to": .string(described),
                "explanation": "if the far end hears nothing, it is behind a NAT: set trunk-media to follow",
            ], now, &directives)
    }

    /// Decision 42: the line is dead, and we hang up.
    mutating func peerSilent(_ silence: PeerSilence, now: Moment, into directives: inout [CallDirective]) {
        let explanation = "\(silence.explanation); hung up here"
        switch phase {
        case .connected:
            // The far end has not hung up, so that the reason is not farEndHangup; the API has no word of its own.
            finish(CallOutcome(.completed, .failed, explanation), awaitsSession: true, now, &directives)
        case .incoming:
            finish(CallOutcome(.canceled, .callCanceled, explanation), now, &directives)
        case .accepted, .queued, .opening, .ringing, .over: break
        }
    }

    mutating func mediaClosed(
        _ figures: [String: JSONValue], now: Moment, into directives: inout [CallDirective]
    ) {
        guard case .over(let settling) = phase, settling.awaitsMedia else { return }
        if !settling.isUnwritten { note(.info, .media, "Media figures", figures, now, &directives) }
        mediaIsClosed(&directives)
    }
}

extension PeerSilence {
    fileprivate var explanation: String {
        switch self {
        case .fellSilent: "the far end's media fell silent: neither RTP nor RTCP"
        case .neverHeard: "the far end's media never came: neither RTP nor RTCP since the answer"
        case .unreachable: "the far end's description names an address that cannot be reached"
        }
    }
}
