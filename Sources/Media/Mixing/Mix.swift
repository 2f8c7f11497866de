internal import Telephony

/// A conference's sound: a running total of what its members say, out of which each hears all but itself.
///
///     member's tick:  peer's frame ──▶ voice ──its change──▶ total ──less its voice──▶ limiter ──▶ peer
///
/// Members have no tick in common: each has its own, 20 ms apart. As all of them are on one thread, between two ticks of
/// one every other has exactly one, and so each frame of each is in the total for exactly one tick of everybody else: it is
/// heard once by each, at most 20 ms later than it could be (docs/decisions/0039). The cost of a frame is the same for
/// three and for a hundred.
final class Mix {
    enum Program {
        case silence
        case music(MixMusic)
        case talk
    }

    let id: MixID
    private(set) var members: [MixMember] = []
    private(set) var program = Program.silence
    private(set) var beep: MixBeep?
    var total = MixTotal()
    /// What those hear who say nothing, or all where there is music.
    var shared = SharedEncoding()
    /// Rides the wheel while it is there.
    var recorder: MixRecorder?

    init(_ id: MixID) {
        self.id = id
    }

    var isTalk: Bool {
        if case .talk = program { true } else { false }
    }

    func add(_ session: MediaSessionID, _ membership: MixMembership, at tick: Int64) -> MixMember {
        let member = MixMember(session, membership, of: self, joinedAt: tick)
        members.append(member)
        return member
    }

    /// It hears nothing more. Its voice is the caller's to let run out.
    func remove(_ member: MixMember) {
        members.removeAll { $0 === member }
    }

    func hear(_ wanted: MixProgram, at tick: Int64) {
        switch wanted {
        case .silence: program = .silence
        case .music(let clip): program = .music(MixMusic(clip: clip, start: tick))
        case .talk: program = .talk
        }
        shared.forget()
        if !isTalk { beep = nil }
    }

    /// Over the talk alone; one at a time.
    func beep(at tick: Int64, except session: MediaSessionID?) {
        guard isTalk, beep?.covers(tick) != true else { return }
        beep = MixBeep(start: tick, except: session)
    }

    /// Passes keys of a member on to all who hear the talk.
    func pass(_ digits: [DigitStep], from sender: MixMember) {
        guard isTalk, sender.mayPassDigits else { return }
        for member in members where member !== sender { member.take(digits) }
    }
}
