import CallControl
import JSON
import SDP
import SIP
import Telephony

/// The model of the media engine at work.
extension World {
    func openMedia(_ handle: MediaHandle, _ opening: MediaOpening) throws(Violation) {
        trace.mix(15)
        trace.mix(handle.rawValue)
        trace.mix(UInt64(opening.port))
        try ports.opening(handle, port: opening.port, now: now)
        let microseconds = isChosen(perMille: 60) ? draw(20_000...900_000) : draw(50...2_000)
        let readyAt = now + .microseconds(microseconds)
        media.open(handle, port: opening.port, readyAt: readyAt)
        let step: ModelMedia.Step = isChosen(perMille: 12) ? .openFailed : .opened
        queue.schedule(.media(life: life, handle, step), at: readyAt)
    }

    func connectMedia(_ handle: MediaHandle, _ connection: MediaConnection) throws(Violation) {
        trace.mix(16)
        guard let session = media[handle], session.isOpen else {
            throw Violation("media", "\(handle.rawValue) is connected and not open")
        }
        guard let farCall = farCallsByPort[connection.agreement.remotePort] else {
            throw Violation("media", "nobody listens at port \(connection.agreement.remotePort)")
        }
        media.connect(handle, to: farCall)
        if let silence = silence(after: farCall) {
            queue.schedule(.media(life: life, handle, .peerSilent), at: after(milliseconds: silence))
        }
    }

    private func silence(after farCall: FarCall) -> Int? {
        guard let number = farNumbers[farCall], let index = CallPlan.index(of: number) else { return nil }
        return plans.indices.contains(index) ? plans[index].fallsSilentAfter : nil
    }

    func play(_ handle: MediaHandle, _ playback: PlaybackID, _ prompt: Prompt, _ loop: Int) {
        trace.mix(17)
        trace.mix(playback.rawValue)
        guard let session = media[handle] else { return }
        media.play(handle, playback)
        if let farCall = session.farCall {
            queue.schedule(.farEndHears(farCall, .voiceStarted), at: after(milliseconds: 20))
        }
        if isChosen(perMille: 30) {
            counters.count(.playbackFailed)
            queue.schedule(
                .media(life: life, handle, .played(playback, .failed("the model's file is broken"))),
                at: after(milliseconds: draw(1...300)))
            return
        }
        // 0: until the call ends.
        guard loop > 0 else { return }
        let length =
            switch prompt {
            case .speech(let text, _, _): text.utf8.count * 60
            case .file: draw(200...6_000)
            }
        let result: PlaybackResult = isChosen(perMille: 50) ? .completedWithWarning("another voice") : .completed
        queue.schedule(
            .media(life: life, handle, .played(playback, result)), at: after(milliseconds: length * min(loop, 8)))
    }

    func sendDigits(_ handle: MediaHandle, _ tones: [DigitString.Tone], _ duration: Int) {
        trace.mix(18)
        media.owesDigits(handle, true)
        if let farCall = media[handle]?.farCall {
            for tone in tones {
                queue.schedule(
                    .farEndHears(farCall, .digit(tone.digit)), at: after(milliseconds: tone.onsetMilliseconds))
            }
        }
        queue.schedule(.media(life: life, handle, .digitsSent), at: after(milliseconds: duration))
    }

    func closeMedia(_ handle: MediaHandle) {
        trace.mix(19)
        guard let session = media[handle] else { return }
        // A tick later, and never before the port is bound.
        queue.schedule(
            .media(life: life, handle, .closed), at: max(after(milliseconds: draw(1...20)), session.readyAt))
    }

    /// Something happened in the engine.
    func mediaHappened(_ handle: MediaHandle, _ step: ModelMedia.Step) throws(Violation) {
        guard let session = media[handle] else { return }
        switch step {
        case .opened:
            media.opened(handle)
            try feed(.mediaOpened(handle))
        case .openFailed:
            counters.count(.mediaOpenFailed)
            _ = media.remove(handle)
            ports.closed(handle, now: now)
            try feed(.mediaOpenFailed(handle, explanation: "the model has no port"))
        case .played(let playback, let result):
            guard media.endPlayback(handle, playback) else { return }
            if let farCall = session.farCall {
                queue.schedule(.farEndHears(farCall, .voiceEnded), at: after(milliseconds: 40))
            }
            try feed(.playbackEnded(handle, playback, result))
        case .digitsSent:
            guard session.owesDigits else { return }
            counters.count(.digitsSent)
            media.owesDigits(handle, false)
            try feed(.digitsSent(handle))
        case .digitReceived(let digit):
            counters.count(.digitReceived)
            try feed(.digitReceived(handle, digit, milliseconds: 100))
        case .peerSilent:
            counters.count(.peerSilent)
            try feed(.peerSilent(handle))
        case .closed:
            _ = media.remove(handle)
            ports.closed(handle, now: now)
            for playback in session.playbacks { try feed(.playbackEnded(handle, playback, .stopped)) }
            if session.owesDigits { try feed(.digitsSent(handle)) }
            try feed(.mediaClosed(handle, figures: ["packetsSent": 1]))
        }
    }
}
