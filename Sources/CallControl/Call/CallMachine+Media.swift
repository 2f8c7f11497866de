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

    /// The line is dead, and we hang up (docs/contract/calls.md#dead-line).
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
