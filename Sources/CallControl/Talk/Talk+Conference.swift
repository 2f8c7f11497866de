import JSON
import PerCL
import SIP
import Telephony

/// A call in a conference (docs/contract/percl.md#conferences).
///
/// ```
///             AddToConference                   left, removed, emptied
///   talking ──────────────────▶ in a conference ───────────────────────▶ leaveConferenceUrl is asked, or the end
///                                │           ▲
///                   its sequence │           │ the script has run out
///                                ▼           │
///                             callControlUrl's script, heard by this call alone
/// ```
extension Talk {
    // MARK: In

    mutating func joined(
        _ command: AddToConference, _ mix: MixID, _ standing: ParticipantStanding, _ status: Conference.Status,
        _ dossier: inout Dossier, _ turn: inout Turn
    ) {
        joining = nil
        let isThere = stay?.conferenceID == command.conferenceID
        let membership = MixMembership(standing)
        endScript()
        if let former = stay, !isThere { noteMove(from: former, &dossier, &turn) }
        stay = Stay(command, since: isThere ? stay?.since ?? turn.now.instant : turn.now.instant)
        // What was typed before was for nobody here.
        memory.forgetTypedAhead()
        if !isThere { recordings.endStay(media, &turn) }
        turn.perform(.media(media, isThere ? .changeMembership(membership) : .joinMix(mix, membership)))
        turn.want(.saveRecord)
        turn.want(.awaitCommit(.wait))
        dossier.note(
            .info, .percl, isThere ? "Stays in the conference on other terms" : "Joined the conference",
            [
                "conferenceId": .string(command.conferenceID.text), "status": .string(status.rawValue),
                "talk": .bool(standing.talk), "listen": .bool(standing.listen),
            ], &turn)
        if let hint = command.callControlHint { dossier.note(.warning, .percl, hint, [:], &turn) }
        if let url = command.notificationURL {
            dossier.tell(
                CallWebhook.joined(command.conferenceID, status), at: url, EventID(random: &turn.random), &turn)
        }
    }

    /// What would have asked how it goes on has nothing to ask: the script that moves it does
    /// (docs/contract/percl.md#moves).
    private func noteMove(from former: Stay, _ dossier: inout Dossier, _ turn: inout Turn) {
        var metadata: [String: JSONValue] = [
            "conferenceId": .string(former.conferenceID.text), "seconds": JSONValue(former.seconds(turn.now.instant)),
        ]
        if former.command.leaveConferenceURL != nil { metadata["explanation"] = "its leaveConferenceUrl is not asked" }
        dossier.note(.info, .percl, "Left the conference for another one", metadata, &turn)
    }

    /// - Returns: nil where another script has taken over meanwhile.
    mutating func conferenceRefused(
        _ id: ConferenceID, isTerminated: Bool, _ dossier: inout Dossier, _ turn: inout Turn
    ) -> Want? {
        guard joining == id else { return nil }
        joining = nil
        let explanation =
            isTerminated
            ? "conference \(id) has been terminated: nobody can be added to it any more"
            : "the account has no conference \(id)"
        dossier.note(.error, .percl, "PerCL AddToConference failed", ["explanation": .string(explanation)], &turn)
        return .end(
            CallOutcome(
                .completed, isTerminated ? .conferenceTerminated : .perclProcessingError,
                "AddToConference: \(explanation)"))
    }

    mutating func standingChanged(
        _ id: ConferenceID, _ standing: ParticipantStanding, _ dossier: inout Dossier, _ turn: inout Turn
    ) {
        guard stay?.conferenceID == id else { return }
        turn.perform(.media(media, .changeMembership(MixMembership(standing))))
        dossier.note(
            .info, .percl, "May now do this in the conference",
            [
                "conferenceId": .string(id.text), "talk": .bool(standing.talk), "listen": .bool(standing.listen),
                "dtmfPassThrough": .bool(standing.dtmfPassThrough),
            ], &turn)
    }

    /// The conference is recorded: what this participant says and hears in it goes into a file of its own.
    mutating func recorded(in id: ConferenceID, _ dossier: inout Dossier, _ turn: inout Turn) {
        guard stay?.conferenceID == id else { return }
        recordings.startStay(in: id, media, &dossier, &turn)
    }

    /// For the conference's story.
    mutating func talks(_ isTalking: Bool, _ turn: inout Turn) {
        guard let stay else { return }
        let now = turn.now.instant
        if !isTalking, let since = stay.talkingSince {
            turn.want(.room(.talked(stay.conferenceID, milliseconds: (now - since).milliseconds)))
        }
        self.stay?.talkingSince = isTalking ? now : nil
    }

    // MARK: Call control

    /// A key that no script has asked for.
    mutating func typedInConference(_ key: Character, _ dossier: inout Dossier, _ turn: inout Turn) {
        guard let id = stay?.conferenceID, let (digits, url) = stay?.typed(key) else { return }
        guard script == nil, dossier.outbox.scriptInFlight == nil else {
            dossier.note(
                within: .waits, .warning, .percl, "Call control is under way already", ["digits": .string(digits)],
                &turn)
            return
        }
        ask(CallWebhook.controlAsked(id, digits: digits), at: url, &dossier, &turn)
    }

    /// A script for a call that is in a conference: what does not run there ends the call.
    func refusal(of script: Script, _ dossier: inout Dossier, _ turn: inout Turn) -> Want? {
        guard let command = Stay.forbidden(in: script) else { return nil }
        return endStay(
            "\(command.name) does not run in a conference; RemoveFromConference comes first, and its leaveConferenceUrl "
                + "gives the next script", &dossier, &turn)
    }

    /// So many are in the conference, and a script waits that listens to its caller alone.
    mutating func participants(
        _ count: Int, in id: ConferenceID, _ leg: inout Leg, _ dossier: inout Dossier, _ turn: inout Turn
    ) -> Want? {
        guard stay?.conferenceID == id, let script = takeUncounted() else { return nil }
        guard count <= 1 || Stay.listensAlone(script) == nil else {
            let name = Stay.listensAlone(script)?.name ?? ""
            return endStay(
                "\(name) runs in a conference while one participant is in it; there are \(count)", &dossier, &turn)
        }
        return start(script, &leg, &dossier, &turn)
    }

    private func endStay(_ explanation: String, _ dossier: inout Dossier, _ turn: inout Turn) -> Want {
        dossier.note(
            .error, .percl, "The script for a call in a conference is refused", ["explanation": .string(explanation)],
            &turn)
        return .end(CallOutcome(.completed, .appInvalidPercl, explanation))
    }

    /// RemoveFromConference or TerminateConference.
    func leaveConference(by command: Command, _ dossier: inout Dossier, _ turn: inout Turn) -> Want? {
        guard let id = stay?.conferenceID else {
            let explanation = "this call is in no conference"
            dossier.note(
                .error, .percl, "PerCL \(command.name) failed", ["explanation": .string(explanation)], &turn)
            return .end(CallOutcome(.completed, .perclProcessingError, "\(command.name): \(explanation)"))
        }
        turn.want(
            .room(command.kind == .terminateConference ? .terminateConference(id) : .removeFromConference(id)))
        return nil
    }

    func changeStanding(
        by command: Command, _ change: ParticipantChange, _ dossier: inout Dossier, _ turn: inout Turn
    ) {
        guard let id = stay?.conferenceID else {
            return dossier.note(
                .warning, .percl, "PerCL \(command.name) changes nothing: this call is in no conference", [:], &turn)
        }
        turn.want(.room(.changeStanding(id, change)))
    }

    // MARK: Out

    /// It has been taken out of the conference, or the conference is over.
    mutating func left(
        _ id: ConferenceID, _ departure: ConferenceRoom.Departure, _ leg: inout Leg, _ dossier: inout Dossier,
        _ turn: inout Turn
    ) -> Want? {
        guard let stay, stay.conferenceID == id else { return nil }
        let reason: CallEndedReason
        switch departure {
        case .ofItself: return nil
        // Its app is told with the end.
        case .terminated:
            return .end(CallOutcome(.completed, .conferenceTerminated, "the conference was terminated"))
        case .removed: reason = .removedFromConference
        case .emptied: reason = .conferenceEmptied
        }
        abortScripts(&leg, &dossier, &turn)
        endStay(stay, &dossier, &turn)
        guard let url = stay.command.leaveConferenceURL else {
            return .end(
                CallOutcome(.completed, reason, "taken out of the conference, and no leaveConferenceUrl was given"))
        }
        ask(CallWebhook.left(id), at: url, tells: true, &dossier, &turn)
        return nil
    }

    /// What becomes of the call is somebody else's affair: a machine was found
    /// (docs/contract/calls.md#a-machine-in-a-conference).
    mutating func quitConference(_ dossier: inout Dossier, _ turn: inout Turn) {
        guard let stay else { return }
        turn.want(.room(.leaveConference(stay.conferenceID)))
        endStay(stay, &dossier, &turn)
    }

    private mutating func endStay(_ stay: Stay, _ dossier: inout Dossier, _ turn: inout Turn) {
        talks(false, &turn)
        self.stay = nil
        recordings.endStay(media, &turn)
        turn.perform(.media(media, .leaveMix))
        turn.want(.saveRecord)
        dossier.note(
            .info, .percl, "Left the conference",
            [
                "conferenceId": .string(stay.conferenceID.text), "seconds": JSONValue(stay.seconds(turn.now.instant)),
            ], &turn)
    }
}

extension MixMembership {
    init(_ standing: ParticipantStanding) {
        self.init(
            talks: standing.talk, listens: standing.listen, passesDigits: standing.dtmfPassThrough, observesTalk: true)
    }
}

extension AddToConference {
    /// Call control that can never be asked for.
    fileprivate var callControlHint: String? {
        guard allowCallControl else {
            let given = [
                callControlSequence == nil ? nil : "callControlSequence",
                callControlURL == nil ? nil : "callControlUrl",
            ].compactMap(\.self)
            return given.isEmpty
                ? nil : "without allowCallControl nothing comes of \(given.joined(separator: " and "))"
        }
        let missing = [
            callControlSequence.map(\.isEmpty) ?? true ? "callControlSequence" : nil,
            callControlURL == nil ? "callControlUrl" : nil,
        ].compactMap(\.self)
        return missing.isEmpty
            ? nil : "allowCallControl does nothing without \(missing.joined(separator: " and "))"
    }
}

/// What the app is told of a stay in a conference that the call's end cuts short.
struct InterruptedStay {
    let request: ScriptRequest
    let url: WebURL

    /// Nil where nobody wants to know.
    init?(_ stay: Stay) {
        guard let url = stay.command.leaveConferenceURL else { return nil }
        request = CallWebhook.left(stay.conferenceID)
        self.url = url
    }

    /// Of an earlier process.
    init?(_ stay: TalkRecord.Stay) {
        guard let url = stay.leaveConferenceURL else { return nil }
        request = CallWebhook.left(stay.conferenceID)
        self.url = url
    }
}
