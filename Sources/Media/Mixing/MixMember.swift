internal import Telephony

/// A session's place in a mix: what it says there, and what it hears.
final class MixMember {
    /// What there is to hear in a frame, and where it is.
    enum Hearing: Equatable {
        case silence
        /// In the workspace, as samples of what is said.
        case samples
        /// In the workspace's packet, encoded; as samples too, where they were asked for.
        case octets
    }

    /// A key that was passed to it is one of a sequence that nobody is told the end of.
    static let passed = DiallingID(rawValue: .max)
    /// The quiet between two keys that were passed, so that they remain two (ITU-T Q.24).
    static let pauseMilliseconds = 40

    let session: MediaSessionID
    let mix: Mix
    private let joinedAt: Int64
    private(set) var membership: MixMembership
    private var voice = MixVoice()
    private var limiter = Limiter()
    /// Keys that other members passed to it.
    var digits = DigitSchedule()
    /// It does not hear the room: a prompt of its own call instead, or nothing as it is held, or it is not there yet.
    private(set) var isAway = true
    private var activity: VoiceActivityDetector?
    private var isTalking = false

    init(_ session: MediaSessionID, _ membership: MixMembership, of mix: Mix, joinedAt tick: Int64) {
        self.session = session
        self.mix = mix
        self.membership = membership
        joinedAt = tick
        if membership.observesTalk { activity = VoiceActivityDetector(SpeechObservation()) }
    }

    /// - Parameter events: receives that it is quiet, where it talked and is observed no more.
    func change(_ membership: MixMembership, _ events: inout [MixEvent]) {
        if membership.observesTalk != self.membership.observesTalk {
            endTalk(&events)
            activity = membership.observesTalk ? VoiceActivityDetector(SpeechObservation()) : nil
        }
        self.membership = membership
        if !membership.listens { forgetDigits() }
    }

    // MARK: What it says

    /// Comes first at each of its ticks.
    func beginTick(isAway: Bool) {
        self.isAway = isAway
        if isAway { forgetDigits() }
    }

    /// What the others hear of it in this frame; nil where that is nothing.
    var spoken: [Int16]? { voice.isIn ? voice.frame : nil }

    var mayTalk: Bool { membership.talks && !isAway && mix.isTalk }
    var mayPassDigits: Bool { membership.passesDigits && mayTalk }

    func say(_ frame: Span<Int16>) { voice.say(frame, in: &mix.total) }
    func pause() { voice.pause(in: &mix.total) }
    func lose() { voice.lose(in: &mix.total) }
    func stop() { voice.stop(in: &mix.total) }

    /// What lets its voice run out once it has left; nil where there is none.
    func farewell() -> MixFarewell? {
        voice.isIn ? MixFarewell(voice, of: mix) : nil
    }

    private func forgetDigits() {
        if !digits.isEmpty { _ = digits.removeAll() }
    }

    // MARK: Whether it talks

    var isObserved: Bool { activity != nil }

    /// - Parameter meanSquare: of the frame that it said; 0 for none.
    func observe(meanSquare: Double, _ events: inout [MixEvent]) {
        switch activity?.feed(meanSquare: meanSquare) {
        case .started:
            isTalking = true
            events.append(.talk(mix.id, session, isTalking: true))
        case .ended: endTalk(&events)
        case nil: break
        }
    }

    func endTalk(_ events: inout [MixEvent]) {
        if isTalking { events.append(.talk(mix.id, session, isTalking: false)) }
        isTalking = false
    }

    // MARK: What it hears

    var source: Seam.Source {
        guard membership.listens else { return .nothing }
        return switch mix.program {
        case .silence: .nothing
        case .music: .music
        case .talk: .talk
        }
    }

    func take(_ keys: [DigitStep]) {
        guard membership.listens, !isAway else { return }
        for key in keys { _ = digits.add(Self.passed, [key, .wait(milliseconds: Self.pauseMilliseconds)]) }
    }

    /// What it hears in its next frame.
    ///
    /// - Parameters:
    ///   - isSeam: it heard something else until now, so that samples are needed.
    ///   - needsAudio: samples are wanted beside what is encoded.
    func hear(
        at tick: Int64, in law: G711, isSeam: Bool, needsAudio: Bool, _ workspace: MediaWorkspace
    ) -> Hearing {
        guard membership.listens else { return .silence }
        switch mix.program {
        case .silence: return .silence
        case .music(let music):
            let number = UInt64(bitPattern: tick)
            // Safe, here and below: the workspace outlives its sessions' turns, and one thread alone uses it.
            if isSeam || needsAudio || !mix.shared.has(number, in: law) { unsafe music.fill(workspace.said, at: tick) }
            return isSeam ? .samples : share(number, in: law, workspace)
        case .talk:
            if isSeam { limiter = Limiter() }
            return hearTalk(at: tick, in: law, isSeam: isSeam, needsAudio: needsAudio, workspace)
        }
    }

    private func hearTalk(
        at tick: Int64, in law: G711, isSeam: Bool, needsAudio: Bool, _ workspace: MediaWorkspace
    ) -> Hearing {
        let beep = beepPlace(at: tick)
        guard beep != nil || mix.total.voices > (voice.isIn ? 1 : 0) else {
            limiter.rest()
            return .silence
        }
        var said = unsafe workspace.said.mutableSpan
        if beep == nil, !voice.isIn, !isSeam, limiter.isAtRest, mix.total.peak() <= Limiter.fullScale {
            let number = mix.total.version
            if needsAudio || !mix.shared.has(number, in: law) { mix.total.copy(into: &said) }
            return share(number, in: law, workspace)
        }
        var sum = unsafe workspace.sum.mutableSpan
        if voice.isIn {
            mix.total.copy(without: voice.frame.span, into: &sum)
        } else {
            mix.total.copy(into: &sum)
        }
        if let beep { MixBeep.add(from: beep, to: &sum) }
        limiter.limit(sum.span, into: &said)
        return .samples
    }

    private func beepPlace(at tick: Int64) -> Int? {
        guard let beep = mix.beep, beep.except != session, joinedAt <= beep.start else { return nil }
        return beep.place(at: tick)
    }

    /// What is in the workspace as samples, for all who hear the same.
    private func share(_ number: UInt64, in law: G711, _ workspace: MediaWorkspace) -> Hearing {
        if !mix.shared.has(number, in: law) { unsafe mix.shared.encode(workspace.said.span, as: number, in: law) }
        var payload = unsafe workspace.payload.mutableSpan
        mix.shared.copy(in: law, into: &payload)
        return .octets
    }
}
