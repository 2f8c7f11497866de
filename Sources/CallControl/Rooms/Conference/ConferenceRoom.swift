import JSON
import PerCL
import SIP
import Telephony

/// One conference: who is in it, and what that means for its state, for what is heard, and for whoever is told.
///
/// ```
///            the first comes                one that starts it is in it
///   empty ──────────────────▶ populated ──────────────────────────────▶ inProgress
///     ▲ │                         │                                         │
///     │ └── terminated            └──────────── the last has left ──────────┤
///     └─────────────────────────────────────────────────────────────────────┘
/// ```
/// While it is populated its calls hear music, each for itself; in progress they hear each other, and it is recorded where
/// that was asked for, and each participant for itself too where the server is set so. A mix of the media exists from the
/// first who comes to the last who leaves.
struct ConferenceRoom: Sendable {
    /// A call that is in it.
    struct Member: Sendable {
        var participant: Participant
        let media: MediaHandle
        /// When it came.
        let since: Instant
        /// In the order in which they came; what a list's cursor names.
        let number: Int64
    }

    /// Why a call leaves.
    enum Departure: Equatable, Sendable {
        /// The call has ended, went to another conference, or was found to be a machine's.
        case ofItself
        /// RemoveFromConference, or a client over REST.
        case removed
        /// A client emptied the conference.
        case emptied
        /// The conference is over.
        case terminated
    }

    private(set) var conference: Conference
    private(set) var members: [Member] = []
    /// The request, and the call, that made it.
    let origin: ConferenceOrigin
    var story: ConferenceStory
    private var nextNumber: Int64 = 1
    /// Nil while it is empty.
    private(set) var mix: MixID?
    /// Being made.
    private(set) var recording: Recording?
    /// Whose files are not complete yet.
    private var unfinished: [Recording] = []

    init(_ conference: Conference, _ origin: ConferenceOrigin) {
        self.conference = conference
        self.origin = origin
        story = ConferenceStory(of: conference, origin)
    }

    /// Of an earlier process, whose calls are gone with it.
    init(restoring conference: Conference, _ record: ConferenceRecord) {
        self.conference = conference
        origin = record.origin
        story = ConferenceStory(of: conference, record)
    }

    var isSettled: Bool { conference.status == .terminated && story.outbox.isEmpty && unfinished.isEmpty }

    var isTerminated: Bool { conference.status == .terminated }

    /// Nil where a start need not take it up: it has been terminated, and what was recorded has been told of.
    var record: ConferenceRecord? {
        let incomplete = (unfinished + [recording].compactMap(\.self)).suffix(Conference.mostIncompleteRecordings)
        guard !isTerminated || !incomplete.isEmpty else { return nil }
        return ConferenceRecord(origin, story, recordingIDs: incomplete.map(\.recordingID))
    }

    func member(_ call: CallID) -> Member? { members.first { $0.participant.callID == call } }

    /// Newest first, those that the filter lets through; a further page begins behind the last of the one before it.
    func page(_ filter: ParticipantFilter, after cursor: PageCursor?) -> Page<Participant> {
        let all = members.reversed().filter { filter.lets($0.participant.standing) }
        let start = cursor.map { cursor in all.firstIndex { $0.number < cursor.after } ?? all.count } ?? 0
        let end = min(start + PageLimits.pageSize, all.count)
        return Page(
            items: all[start..<end].map(\.participant), total: all.count, start: start,
            next: end < all.count ? PageCursor(after: all[end - 1].number, position: end) : nil)
    }

    /// What a client was told was not stored: alias and beep, where nobody has changed them since. What has happened to calls
    /// has happened.
    mutating func undo(_ refused: Conference, to former: Conference) {
        if conference.alias == refused.alias { conference.alias = former.alias }
        if conference.playBeep == refused.playBeep { conference.playBeep = former.playBeep }
    }

    // MARK: Its life

    /// It has been made.
    mutating func begin(_ turn: inout ConferenceTurn) {
        story.note(
            .info, .request, "Conference created",
            [
                "alias": JSONValue(conference.alias), "playBeep": .string(conference.playBeep.rawValue),
                "record": .bool(conference.isRecorded), "waitUrl": JSONValue(conference.waitURL?.description),
                "statusCallbackUrl": JSONValue(conference.statusCallbackURL?.description),
                "callId": JSONValue(origin.call?.callID.text),
            ].filter { $0.value != .null }, &turn)
        turn.want(.effect(.prepareMusic(conference.conferenceID, conference.waitURL, conference.accountID)))
        tellStatus(nil, &turn)
        turn.want(.save)
    }

    /// It was there when the process before ended, with whoever was in it; or had been terminated, and its recordings
    /// were not complete.
    ///
    /// - Parameter interrupted: what was being recorded, or was not complete: nothing is added to it any more.
    mutating func resume(_ interrupted: [Recording], _ turn: inout ConferenceTurn) {
        if !isTerminated {
            turn.want(.effect(.prepareMusic(conference.conferenceID, conference.waitURL, conference.accountID)))
            if conference.status != .empty { change(to: .empty, "the server was restarted", &turn) }
        }
        for recording in interrupted { recordingCompleted(recording, &turn) }
        settle(&turn)
    }

    /// - Parameter request: that asked for it.
    mutating func update(_ change: ConferenceChange, by request: RequestID, _ turn: inout ConferenceTurn) {
        if let alias = change.alias { conference.alias = alias }
        if let beep = change.playBeep { conference.playBeep = beep }
        if change.alias != nil || change.playBeep != nil {
            changed(&turn)
            story.note(
                .info, .request, "Conference changed",
                ["alias": JSONValue(conference.alias), "playBeep": .string(conference.playBeep.rawValue)], by: request,
                &turn)
        }
        switch change.end {
        case nil: break
        case .empty:
            story.note(.info, .request, "Everybody is asked to leave", [:], by: request, &turn)
            dismissAll(.emptied, &turn)
        case .terminated:
            story.note(.info, .request, "The end is asked for", [:], by: request, &turn)
            terminate(&turn)
        }
    }

    /// For good: everybody is hung up.
    mutating func terminate(_ turn: inout ConferenceTurn) {
        guard !isTerminated else { return }
        dismissAll(.terminated, &turn)
        change(to: .terminated, nil, &turn)
        turn.want(.effect(.forgetMusic(conference.conferenceID)))
        settle(&turn)
    }

    private mutating func dismissAll(_ departure: Departure, _ turn: inout ConferenceTurn) {
        let leaving = members
        members = []
        for member in leaving {
            noteLeaving(member, departure, &turn)
            turn.tell(member.participant.callID, .left(conference.conferenceID, departure))
        }
        if !leaving.isEmpty { becomeEmpty(&turn) }
    }

    // MARK: Who comes and goes

    /// A call is added; one that is in it already has other terms from here on.
    mutating func add(
        _ call: CallID, _ command: AddToConference, _ media: MediaHandle, _ turn: inout ConferenceTurn
    ) {
        let standing = ParticipantStanding(
            talk: command.talk, listen: command.listen, dtmfPassThrough: command.dtmfPassThrough)
        if let index = members.firstIndex(where: { $0.participant.callID == call }) {
            members[index].participant.standing = standing
            members[index].participant.startConfOnEnter = command.startConfOnEnter
            touch(index, turn.now)
            if let mix { turn.tell(call, .joined(command, mix, standing, conference.status)) }
            if startIfDue(&turn) { recordParticipants(members[...], &turn) }
            return
        }
        let participant = Participant(
            conferenceID: conference.conferenceID, accountID: conference.accountID, callID: call, standing: standing,
            startConfOnEnter: command.startConfOnEnter, created: turn.now.wall)
        let wasEmpty = members.isEmpty
        members.append(Member(participant: participant, media: media, since: turn.now.instant, number: nextNumber))
        nextNumber += 1
        story.note(
            .info, .status, "Participant came",
            [
                "callId": .string(call.text), "startConfOnEnter": .bool(command.startConfOnEnter),
                "talk": .bool(standing.talk), "listen": .bool(standing.listen),
                "dtmfPassThrough": .bool(standing.dtmfPassThrough),
            ], &turn)
        if wasEmpty { becomePopulated(&turn) }
        let isBeginning = startIfDue(&turn)
        guard let mix else { return }
        turn.tell(call, .joined(command, mix, standing, conference.status))
        recordParticipants(isBeginning ? members[...] : members.suffix(1), &turn)
        if conference.status == .inProgress, !wasEmpty, conference.playBeep.onEntry {
            turn.want(.effect(.mix(mix, .beep(except: media))))
        }
    }

    /// - Returns: nil where it is not in it.
    mutating func change(
        _ call: CallID, _ change: ParticipantChange, _ turn: inout ConferenceTurn
    ) -> Participant? {
        guard let index = members.firstIndex(where: { $0.participant.callID == call }) else { return nil }
        var standing = members[index].participant.standing
        standing.talk = change.talk ?? standing.talk
        standing.listen = change.listen ?? standing.listen
        standing.dtmfPassThrough = change.dtmfPassThrough ?? standing.dtmfPassThrough
        if standing != members[index].participant.standing {
            members[index].participant.standing = standing
            touch(index, turn.now)
            story.note(
                .info, .status, "Participant changed",
                [
                    "callId": .string(call.text), "talk": .bool(standing.talk), "listen": .bool(standing.listen),
                    "dtmfPassThrough": .bool(standing.dtmfPassThrough),
                ], &turn)
            turn.tell(call, .standingChanged(conference.conferenceID, standing))
        }
        return members[index].participant
    }

    /// - Returns: false where it is not in it.
    mutating func remove(_ call: CallID, _ departure: Departure, _ turn: inout ConferenceTurn) -> Bool {
        guard let index = members.firstIndex(where: { $0.participant.callID == call }) else { return false }
        let member = members.remove(at: index)
        noteLeaving(member, departure, &turn)
        if departure != .ofItself { turn.tell(call, .left(conference.conferenceID, departure)) }
        if members.isEmpty {
            becomeEmpty(&turn)
        } else if conference.status == .inProgress, conference.playBeep.onExit, let mix {
            turn.want(.effect(.mix(mix, .beep(except: member.media))))
        }
        return true
    }

    private mutating func touch(_ index: Int, _ now: Moment) {
        members[index].participant.dateUpdated = now.wall
        members[index].participant.revision += 1
    }

    private mutating func noteLeaving(_ member: Member, _ departure: Departure, _ turn: inout ConferenceTurn) {
        story.note(
            .info, .status, "Participant left",
            [
                "callId": .string(member.participant.callID.text), "reason": .string(departure.word),
                "seconds": JSONValue((turn.now.instant - member.since).wholeSeconds),
            ], &turn)
    }

    // MARK: What that makes of it

    private mutating func becomePopulated(_ turn: inout ConferenceTurn) {
        let mix = turn.drawMix()
        self.mix = mix
        turn.want(.effect(.mix(mix, .open)))
        turn.want(.effect(.mix(mix, .hear(.music(of: conference.conferenceID)))))
        change(to: .populated, nil, &turn)
    }

    /// - Returns: whether it begins now.
    private mutating func startIfDue(_ turn: inout ConferenceTurn) -> Bool {
        guard conference.status == .populated, let mix,
            members.contains(where: { $0.participant.startConfOnEnter })
        else { return false }
        turn.want(.effect(.mix(mix, .hear(.talk))))
        if conference.isRecorded {
            let recording = Recording(
                recordingID: RecordingID(random: &turn.random), accountID: conference.accountID,
                owner: .conference(conference.conferenceID), created: turn.now.wall, isPrivate: false)
            self.recording = recording
            turn.store(.saveRecording(recording))
            turn.want(.effect(.mix(mix, .startRecording(recording.recordingID))))
        }
        change(to: .inProgress, nil, &turn)
        return true
    }

    /// Each for itself, once it has heard that it is in it; each call ends its own when it leaves.
    private func recordParticipants(_ members: ArraySlice<Member>, _ turn: inout ConferenceTurn) {
        guard turn.recordsParticipants, recording != nil else { return }
        for member in members { turn.tell(member.participant.callID, .recorded(in: conference.conferenceID)) }
    }

    private mutating func becomeEmpty(_ turn: inout ConferenceTurn) {
        if let mix {
            if let recording {
                turn.want(.effect(.mix(mix, .stopRecording(recording.recordingID))))
                unfinished.append(recording)
            }
            turn.want(.effect(.mix(mix, .close)))
        }
        recording = nil
        mix = nil
        change(to: .empty, nil, &turn)
    }

    private mutating func change(
        to status: Conference.Status, _ explanation: String?, _ turn: inout ConferenceTurn
    ) {
        conference.status = status
        changed(&turn)
        story.note(
            .info, .status, "Conference \(status.rawValue)",
            explanation.map { ["explanation": .string($0)] } ?? [:], &turn)
        tellStatus(nil, &turn)
    }

    private mutating func changed(_ turn: inout ConferenceTurn) {
        conference.dateUpdated = max(conference.dateUpdated, turn.now.wall)
        conference.revision += 1
        turn.want(.save)
    }

    /// - Parameter recording: that is complete now.
    private mutating func tellStatus(_ recording: Recording?, _ turn: inout ConferenceTurn) {
        guard let url = conference.statusCallbackURL else { return }
        story.tell(
            recording == nil ? ConferenceWebhook.conferenceStatus : ConferenceWebhook.conferenceRecordingStatus,
            conference, recording, at: url, &turn)
        turn.want(.save)
    }

    func settle(_ turn: inout ConferenceTurn) {
        if isSettled { turn.want(.settled) }
    }

    /// Its app's music cannot be had (docs/contract/percl.md#conferences).
    mutating func musicFailed(_ explanation: String, _ turn: inout ConferenceTurn) {
        guard !isTerminated else { return }
        story.note(
            .warning, .media, "The waitUrl cannot be played: the server's own music is heard",
            ["waitUrl": JSONValue(conference.waitURL?.description), "explanation": .string(explanation)], &turn)
    }

    // MARK: Recordings

    /// The file of one is complete, or what there will ever be of it.
    mutating func recordingEnded(
        _ id: RecordingID, milliseconds: Int, failure: String?, _ turn: inout ConferenceTurn
    ) {
        let isLive = recording?.recordingID == id
        guard var ended = isLive ? recording : unfinished.first(where: { $0.recordingID == id }) else { return }
        if isLive { recording = nil }
        unfinished.removeAll { $0.recordingID == id }
        if let failure {
            story.note(
                .error, .media, "Recording failed",
                [
                    "recordingId": .string(id.text),
                    "explanation": .string("\(failure); what was recorded before is kept, and can be fetched"),
                ], &turn)
        }
        ended.durationSeconds = (milliseconds + 999) / 1000
        ended.dateUpdated = turn.now.wall
        ended.revision += 1
        turn.store(.saveRecording(ended))
        turn.want(.save)
        recordingCompleted(ended, &turn)
        settle(&turn)
    }

    private mutating func recordingCompleted(_ recording: Recording, _ turn: inout ConferenceTurn) {
        story.note(
            .info, .media, "Recording completed",
            [
                "recordingId": .string(recording.recordingID.text),
                "recordingDurationSec": JSONValue(recording.durationSeconds),
            ], &turn)
        tellStatus(recording, &turn)
    }
}

extension ConferenceRoom.Departure {
    /// For the journal.
    fileprivate var word: String {
        switch self {
        case .ofItself: "the call left of itself"
        case .removed: "removed"
        case .emptied: "the conference was emptied"
        case .terminated: "the conference was terminated"
        }
    }
}
