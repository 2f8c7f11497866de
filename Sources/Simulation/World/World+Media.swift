import CallControl
import JSON
import SDP
import SIP
import Telephony

/// The model of the media engine at work.
extension World {
    func carryOut(_ order: MediaOrder, _ handle: MediaHandle) throws(Violation) {
        switch order {
        case .open(let opening): try openMedia(handle, opening)
        case .connect(let connection): try connectMedia(handle, connection)
        case .play(let playback, let prompt, let loop, _): play(handle, playback, prompt, loop)
        case .stopPlayback(let playback):
            queue.schedule(.media(life: life, handle, .played(playback, .stopped)), at: after(milliseconds: 20))
        case .sendDigits(let dialling, let tones, let duration): sendDigits(handle, dialling, tones, duration)
        case .stopDigits(let dialling): stopDigits(handle, dialling)
        case .startRecording(let recording, let content): try startRecording(handle, recording, content)
        case .stopRecording(let recording): stopRecording(handle, recording)
        case .observeSpeech(let isWanted): observeSpeech(handle, isWanted)
        case .observeAnswerer(let isWanted): try observeAnswerer(handle, isWanted)
        case .joinMix(let mix, let membership): try joinMix(handle, mix, membership)
        case .changeMembership: try changeMembership(handle)
        case .leaveMix: try leaveMix(handle)
        case .close: closeMedia(handle)
        }
    }

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

    /// Far ends name their host in some worlds. A name server answers in its time, and now and then not at all.
    func resolve(_ name: String, _ question: NameQuestion) {
        trace.mix(27)
        trace.mix(UInt64(question.number))
        let isKnown = !isChosen(perMille: 100)
        counters.count(isKnown ? .mediaNameResolved : .mediaNameUnknown)
        let index = Self.farEndNames.firstIndex(of: name)
        let addresses = isKnown ? index.map { [Self.farEndAddresses[$0].address] } ?? [] : []
        queue.schedule(
            .mediaNameResolved(life: life, question, addresses), at: after(milliseconds: draw(1...3_000)))
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

    private func silence(after farCall: FarCall) -> Int? { plan(of: farCall)?.fallsSilentAfter }

    private func plan(of farCall: FarCall) -> CallPlan? {
        guard let number = farNumbers[farCall], let index = CallPlan.index(of: number) else { return nil }
        return plans.indices.contains(index) ? plans[index] : nil
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
            case .file, .recording: draw(200...6_000)
            case .beep: 400
            }
        let result: PlaybackResult = isChosen(perMille: 50) ? .completedWithWarning("another voice") : .completed
        queue.schedule(
            .media(life: life, handle, .played(playback, result)), at: after(milliseconds: length * min(loop, 8)))
    }

    func sendDigits(_ handle: MediaHandle, _ dialling: DiallingID, _ tones: [DigitString.Tone], _ duration: Int) {
        trace.mix(18)
        trace.mix(dialling.rawValue)
        media.dial(handle, dialling)
        if let farCall = media[handle]?.farCall {
            for tone in tones {
                queue.schedule(
                    .farEndHears(farCall, .digit(tone.digit)), at: after(milliseconds: tone.onsetMilliseconds))
            }
        }
        queue.schedule(.media(life: life, handle, .digitsSent(dialling)), at: after(milliseconds: duration))
    }

    func startRecording(
        _ handle: MediaHandle, _ recording: RecordingID, _ content: RecordingContent
    ) throws(Violation) {
        if content == .stay { try checks.mixes.recorded(handle, recording) }
        trace.mix(20)
        trace.mix(recording.text)
        media.record(handle, recording, now: now)
        counters.count(.recordingBegun)
    }

    func stopRecording(_ handle: MediaHandle, _ recording: RecordingID) {
        trace.mix(21)
        checks.mixes.recordingStopped(handle, recording)
        queue.schedule(
            .media(life: life, handle, .recordingEnded(recording)), at: after(milliseconds: draw(1...30)))
    }

    /// Somebody may begin to speak, and then be quiet again.
    func observeSpeech(_ handle: MediaHandle, _ isWanted: Bool) {
        trace.mix(isWanted ? 22 : 23)
        media.observeSpeech(handle, isWanted)
        guard isWanted, isChosen(perMille: 700) else { return }
        let start = draw(100...2_500)
        queue.schedule(.media(life: life, handle, .voiceStarted), at: after(milliseconds: start))
        queue.schedule(.media(life: life, handle, .voiceEnded), at: after(milliseconds: start + draw(200...3_000)))
    }

    func stopDigits(_ handle: MediaHandle, _ dialling: DiallingID) {
        trace.mix(24)
        queue.schedule(.media(life: life, handle, .digitsSent(dialling)), at: after(milliseconds: draw(1...100)))
    }

    /// Who answered is found out in the plan's time.
    func observeAnswerer(_ handle: MediaHandle, _ isWanted: Bool) throws(Violation) {
        trace.mix(isWanted ? 25 : 26)
        media.observeAnswerer(handle, isWanted)
        guard isWanted else { return }
        guard let listening = media[handle]?.farCall.flatMap(plan(of:))?.listening else {
            throw Violation("media", "who answered is looked for, and nobody asked")
        }
        let verdict = AnswerVerdict(listening.answerer, .greeting, milliseconds: listening.after, confidence: 0.9)
        queue.schedule(
            .media(life: life, handle, .answererFound(.verdict(verdict))), at: after(milliseconds: listening.after))
        guard let beepAfter = listening.beepAfter else { return }
        let beep = AnswerBeep(milliseconds: listening.after + beepAfter, hertz: 1000, lengthMilliseconds: 300)
        queue.schedule(
            .media(life: life, handle, .answererFound(.beepEnded(beep))), at: after(milliseconds: beep.milliseconds))
    }

    func closeMedia(_ handle: MediaHandle) {
        trace.mix(19)
        checks.mixes.ended(handle)
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
            try feed(.media(handle, .opened))
        case .openFailed:
            counters.count(.mediaOpenFailed)
            _ = media.remove(handle)
            ports.closed(handle, now: now)
            try feed(.media(handle, .openFailed(explanation: "the model has no port", isPortTaken: true)))
        case .played(let playback, let result):
            guard media.endPlayback(handle, playback) else { return }
            if let farCall = session.farCall {
                queue.schedule(.farEndHears(farCall, .voiceEnded), at: after(milliseconds: 40))
            }
            try feed(.media(handle, .playbackEnded(playback, result)))
        case .digitsSent(let dialling):
            guard media.endDialling(handle, dialling) else { return }
            counters.count(.digitsSent)
            try feed(.media(handle, .digitsSent(dialling)))
        case .digitReceived(let digit):
            counters.count(.digitReceived)
            try feed(.media(handle, .keyPressed(digit)))
            try feed(.media(handle, .digitReceived(digit, milliseconds: 100)))
        case .voiceStarted:
            if session.observesSpeech { try feed(.media(handle, .voiceStarted)) }
        case .voiceEnded:
            if session.observesSpeech { try feed(.media(handle, .voiceEnded)) }
        case .talking(let isTalking):
            if checks.mixes.contains(handle) { try feed(.media(handle, .talking(isTalking))) }
        case .answererFound(let finding):
            guard session.observesAnswerer else { return }
            counters.count(.answererFound)
            if case .verdict(let verdict) = finding, verdict.answerer.isMachine,
                let number = session.farCall.flatMap(plan(of:))?.number, let id = statuses.call(dialling: number),
                webhooks.isFetching(id)
            {
                counters.count(.machineDuringFetch)
            }
            try feed(.media(handle, .answererFound(finding)))
        case .recordingEnded(let recording):
            try endRecording(handle, recording)
        case .peerSilent:
            counters.count(.peerSilent)
            try feed(.media(handle, .peerSilent(.fellSilent)))
        case .closed:
            for recording in session.recordings { try endRecording(handle, recording.id) }
            _ = media.remove(handle)
            ports.closed(handle, now: now)
            for playback in session.playbacks { try feed(.media(handle, .playbackEnded(playback, .stopped))) }
            for dialling in session.diallings { try feed(.media(handle, .digitsSent(dialling))) }
            try feed(.media(handle, .closed(figures: ["packetsSent": 1])))
        }
    }

    private func endRecording(_ handle: MediaHandle, _ recording: RecordingID) throws(Violation) {
        guard let began = media.endRecording(handle, recording) else { return }
        let milliseconds = Int((now - began) / .milliseconds(1))
        try feed(.media(handle, .recordingEnded(recording, milliseconds: milliseconds, failure: nil)))
    }
}
