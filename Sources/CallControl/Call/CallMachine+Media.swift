import JSON
import SIP
import Telephony

extension CallMachine {
    mutating func playbackEnded(
        _ playback: PlaybackID, _ result: PlaybackResult, now: Moment, random: inout RandomSource,
        into directives: inout [CallDirective]
    ) {
        advanceScript(now, &random, &directives) { run, nextPlayback, steps in
            run.playbackEnded(playback, result, nextPlayback: &nextPlayback, into: &steps)
        }
    }

    mutating func digitsSent(now: Moment, random: inout RandomSource, into directives: inout [CallDirective]) {
        guard case .connected(var conversation) = phase, conversation.isDialling else { return }
        conversation.isDialling = false
        let held = conversation.held
        conversation.held = nil
        phase = .connected(conversation)
        note(.info, .media, "Digits sent", ["sendDigits": JSONValue(sendDigits?.text)], now, &directives)
        if let held { start(held, now, &random, &directives) }
    }

    mutating func digitReceived(
        _ digit: Character, milliseconds: Int, now: Moment, into directives: inout [CallDirective]
    ) {
        note(
            .info, .media, "Digit received",
            ["digit": .string(String(digit)), "milliseconds": JSONValue(milliseconds)], now, &directives)
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
