import CallControl
import SIP
import Telephony

/// The model of the media engine at work on mixes.
extension World {
    func carryOut(_ order: MixOrder, _ mix: MixID) throws(Violation) {
        trace.mix(28)
        trace.mix(mix.rawValue)
        switch order {
        case .open: try checks.mixes.opened(mix)
        case .hear(.music): try checks.mixes.ordered(mix)
        case .hear(.talk):
            try checks.mixes.ordered(mix)
            trace.mix(1)
        case .beep(let handle):
            try checks.mixes.ordered(mix)
            trace.mix(handle.rawValue)
            counters.count(.beeped)
        case .startRecording(let recording):
            try checks.mixes.ordered(mix)
            trace.mix(recording.text)
            mixes.record(recording, in: mix, now: now)
            guard isChosen(perMille: 150) else { break }
            let happening = Happening.mix(life: life, .recordingEnded(recording, failure: "the model's disk is full"))
            queue.schedule(happening, at: after(milliseconds: draw(10...6_000)))
        case .stopRecording(let recording):
            try checks.mixes.ordered(mix)
            stopRecording(recording)
        case .close:
            try checks.mixes.closed(mix)
            for recording in mixes.recordings(of: mix) { stopRecording(recording) }
        }
    }

    private func stopRecording(_ recording: RecordingID) {
        queue.schedule(
            .mix(life: life, .recordingEnded(recording, failure: nil)), at: after(milliseconds: draw(1...30)))
    }

    // MARK: Sessions

    func joinMix(_ handle: MediaHandle, _ mix: MixID, _ membership: MixMembership) throws(Violation) {
        trace.mix(29)
        trace.mix(handle.rawValue)
        trace.mix(mix.rawValue)
        guard media[handle]?.isOpen == true else {
            throw Violation("media", "\(handle.rawValue) joins a mix and is not open")
        }
        try checks.mixes.joined(handle, mix)
        guard membership.observesTalk, membership.talks, isChosen(perMille: 700) else { return }
        var start = 0
        for _ in 0..<draw(1...3) {
            start += draw(200...3_000)
            queue.schedule(.media(life: life, handle, .talking(true)), at: after(milliseconds: start))
            start += draw(300...4_000)
            queue.schedule(.media(life: life, handle, .talking(false)), at: after(milliseconds: start))
        }
    }

    func changeMembership(_ handle: MediaHandle) throws(Violation) {
        trace.mix(30)
        trace.mix(handle.rawValue)
        try checks.mixes.changed(handle)
    }

    func leaveMix(_ handle: MediaHandle) throws(Violation) {
        trace.mix(31)
        trace.mix(handle.rawValue)
        try checks.mixes.left(handle)
    }

    // MARK: Music

    func prepareMusic(of conference: ConferenceID, _ url: WebURL?) {
        trace.mix(32)
        mixes.prepareMusic(of: conference)
        guard url != nil, isChosen(perMille: 250) else { return }
        queue.schedule(.mix(life: life, .musicFailed(conference)), at: after(milliseconds: draw(5...3_000)))
    }

    func forgetMusic(of conference: ConferenceID) {
        trace.mix(33)
        mixes.forgetMusic(of: conference)
    }

    // MARK: What happens

    func mixHappened(_ step: ModelMixes.Step) throws(Violation) {
        switch step {
        case .recordingEnded(let recording, let failure):
            guard let began = mixes.endRecording(recording) else { return }
            counters.count(.conferenceRecorded)
            let milliseconds = Int((now - began) / .milliseconds(1))
            try feed(.mix(.recordingEnded(recording, milliseconds: milliseconds, failure: failure)))
        case .musicFailed(let conference):
            guard mixes.music.contains(conference) else { return }
            counters.count(.musicFailed)
            try feed(.mix(.musicFailed(conference, explanation: "the model's file is broken")))
        }
    }
}
