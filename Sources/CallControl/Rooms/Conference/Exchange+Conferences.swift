import PerCL
import SIP
import Telephony

/// Conferences: what calls want of them (docs/contract/percl.md#conferences), and what REST asks
/// (docs/contract/rest.md#conferences).
extension Exchange {
    /// Lets a conference take an event, and carries out what it wants. Nil where there is none.
    @discardableResult
    mutating func withConference<Answer>(
        _ id: ConferenceID, _ event: (inout ConferenceRoom, inout ConferenceTurn) -> Answer
    ) -> Answer? {
        var lent = ConferenceTurn(
            now: now, publicURL: publicURL, recordsParticipants: turn.configuration.recordsParticipants,
            random: turn.random, nextMix: nextMix)
        let answer = conferences.change(id) { event(&$0, &lent) }
        turn.random = lent.random
        nextMix = lent.nextMix
        carryOut(lent.directives, of: id)
        return answer
    }

    private mutating func carryOut(_ directives: [ConferenceDirective], of id: ConferenceID) {
        for directive in directives {
            switch directive {
            case .effect(let effect):
                if case .deliver(let webhook, _) = effect { conferencesByEvent[webhook.eventID] = id }
                if case .mix(_, .startRecording(let recording)) = effect { conferences.begin(recording, of: id) }
                emit(effect)
            case .store(let operation): store(operation)
            case .tell(let call, let fact):
                if case .left = fact { conferences.unset(call, in: id) }
                facts.tell(call, fact)
            case .save: saveConference(id)
            case .awaitCommit(let event): awaitedNews.append(ConferenceNews(conference: id, event: event))
            case .retryLater(let webhook, let wasAnswered):
                carryOut(retries.add(webhook, wasAnswered: wasAnswered, now: now))
            case .notificationEnded(let end): endedNotifications[end, default: 0] += 1
            case .settled: settledConferences.append(id)
            }
        }
    }

    mutating func saveConference(_ id: ConferenceID) {
        if !staleConferences.contains(id) { staleConferences.append(id) }
    }

    /// What a conference is now goes into this input's transaction, before what refers to it: its notifications, its
    /// recordings. One that owes nothing any more, and nobody an answer, is forgotten.
    mutating func writeConferences() {
        let rows = staleConferences.compactMap { id in
            conferences.room(id).map { StorageOperation.saveConference($0.conference, record: $0.record?.bytes) }
        }
        operations.insert(contentsOf: rows, at: 0)
        staleConferences.removeAll(keepingCapacity: true)
        for id in settledConferences where conferences.room(id)?.isSettled == true && !owesAnswer(id) {
            conferences.remove(id)
        }
        settledConferences.removeAll(keepingCapacity: true)
    }

    /// A client waits to hear that it is on disk.
    private func owesAnswer(_ id: ConferenceID) -> Bool {
        func concerns(_ pending: PendingReply) -> Bool {
            if case .conference(let conference, _) = pending.undoing { conference.conferenceID == id } else { false }
        }
        return awaitedReplies.contains(where: concerns)
            || committedReplies.values.contains { $0.contains(where: concerns) }
    }

    // MARK: From calls

    mutating func createConference(_ command: CreateConference, by call: CallID, _ account: AccountID) {
        guard conferences.count(of: account) < Conference.maximumCount else {
            let explanation = "the account has \(Conference.maximumCount) conferences, as many as it may"
            return facts.tell(call, .conferenceNotCreated(explanation: explanation))
        }
        guard let (creator, request) = calls.look(at: call, { ($0.dossier.call, $0.dossier.terms.requestID) }) else {
            return
        }
        let conference = Conference(
            conferenceID: ConferenceID(random: &turn.random), accountID: account, alias: command.alias,
            playBeep: command.playBeep, isRecorded: command.record, waitURL: command.waitURL,
            actionURL: command.actionURL, statusCallbackURL: command.statusCallbackURL, created: now.wall)
        begin(conference, ConferenceOrigin(requestID: request, call: ConferenceOrigin.Creator(creator)))
        facts.tell(call, .conferenceCreated(command, conference.conferenceID))
    }

    private mutating func begin(_ conference: Conference, _ origin: ConferenceOrigin) {
        conferences.insert(ConferenceRoom(conference, origin))
        withConference(conference.conferenceID) { room, turn in room.begin(&turn) }
    }

    mutating func join(_ command: AddToConference, _ call: CallID, _ media: MediaHandle, _ account: AccountID) {
        let id = command.conferenceID
        guard let room = conferences.room(id, of: account) else {
            // It may have been terminated long ago, which is another answer than that there never was one.
            return emit(.lookUpConference(call, account, id))
        }
        guard !room.isTerminated else {
            return facts.tell(call, .conferenceRefused(id, isTerminated: true))
        }
        if let former = conferences.place(of: call), former != id { leave(former, call, .ofItself) }
        conferences.set(call, in: id)
        withConference(id) { room, turn in room.add(call, command, media, &turn) }
    }

    @discardableResult
    mutating func leave(_ id: ConferenceID, _ call: CallID, _ departure: ConferenceRoom.Departure) -> Bool {
        conferences.unset(call, in: id)
        return withConference(id) { room, turn in room.remove(call, departure, &turn) } ?? false
    }

    mutating func mixFact(_ fact: MixFact) {
        switch fact {
        case .recordingEnded(let recording, let milliseconds, let failure):
            guard let id = conferences.end(recording) else { return }
            withConference(id) { room, turn in
                room.recordingEnded(recording, milliseconds: milliseconds, failure: failure, &turn)
            }
        case .musicFailed(let id, let explanation):
            withConference(id) { room, turn in room.musicFailed(explanation, &turn) }
        }
    }

    // MARK: Storage

    mutating func newsCommitted(_ news: ConferenceNews) {
        withConference(news.conference) { room, turn in room.story.notificationCommitted(news.event, &turn) }
    }

    /// The disk refused what a conference owes: it is written again until it is there.
    mutating func newsNotStored(_ news: ConferenceNews) {
        timers.arm(.conference(news.conference), at: now.instant + .seconds(1))
    }

    mutating func storeConferenceAgain(_ id: ConferenceID) {
        withConference(id) { room, turn in
            room.story.oweAgain(&turn)
            turn.want(.save)
        }
    }

    /// Of an earlier process: nobody is in it any more. One that has been terminated is here for the recordings that it
    /// has not told of.
    ///
    /// - Parameter owed: its notifications on disk, in order, that have not been sent yet.
    mutating func restore(
        _ conference: Conference, _ bytes: [UInt8]?, _ recordings: [RecordingID: Recording],
        owed: [PendingNotification]
    ) {
        var record: ConferenceRecord
        do { record = try ConferenceRecord(reading: bytes ?? []) } catch {
            emit(.fault(nil, "the record of conference \(conference.conferenceID) cannot be read: \(error)"))
            record = ConferenceRecord(unreadableOf: RequestID(random: &turn.random))
        }
        conferences.insert(ConferenceRoom(restoring: conference, record))
        let interrupted = record.recordingIDs.compactMap { recordings[$0] }
        withConference(conference.conferenceID) { room, turn in
            room.story.restore(owed, &turn)
            room.resume(interrupted, &turn)
            // What is told of from now on is in no record any more.
            if !record.recordingIDs.isEmpty { turn.want(.save) }
        }
    }

    // MARK: REST

    mutating func answer(
        _ token: ReplyToken, _ request: ConferenceRequest, of account: AccountID, by requestID: RequestID
    ) {
        switch request {
        case .create(let conference):
            guard !isStorageFailing else { return emit(.reply(token, .conference(.notStored))) }
            guard conferences.count(of: account) < Conference.maximumCount else {
                return emit(.reply(token, .conference(.tooMany)))
            }
            begin(conference, ConferenceOrigin(requestID: requestID, call: nil))
            replyWhenStored(token, conference.conferenceID, former: nil)
        case .update(let id, let change):
            guard let former = conferences.room(id, of: account)?.conference else {
                return emit(.reply(token, .conference(.noConference)))
            }
            // A second end of it is none; nor is one of a conference that is empty already.
            guard former.status != .terminated || change.end == nil else {
                staleConferences.append(id)
                return replyWhenStored(token, id, former: former)
            }
            guard former.status != .terminated else { return emit(.reply(token, .conference(.noConference))) }
            // Whoever wants people hung up is not told to come again for the disk's sake.
            guard !isStorageFailing || change.end != nil else {
                return emit(.reply(token, .conference(.notStored)))
            }
            withConference(id) { room, turn in room.update(change, by: requestID, &turn) }
            replyWhenStored(token, id, former: former)
        case .participants(let id, let filter, let cursor):
            let page = conferences.room(id, of: account).map { $0.page(filter, after: cursor) }
            emit(.reply(token, .conference(page.map { .participants($0) } ?? .noConference)))
        case .participant(let id, let call):
            emit(.reply(token, .conference(participant(call, in: id, of: account))))
        case .updateParticipant(let id, let call, let change):
            let found = participant(call, in: id, of: account)
            guard case .participant = found else { return emit(.reply(token, .conference(found))) }
            let changed = withConference(id) { room, turn in room.change(call, change, &turn) } ?? nil
            emit(.reply(token, .conference(changed.map { .participant($0) } ?? .noParticipant)))
        case .removeParticipant(let id, let call):
            let found = participant(call, in: id, of: account)
            guard case .participant = found else { return emit(.reply(token, .conference(found))) }
            leave(id, call, .removed)
            emit(.reply(token, .conference(.removed)))
        }
    }

    private func participant(_ call: CallID, in id: ConferenceID, of account: AccountID) -> ConferenceReply {
        guard let room = conferences.room(id, of: account) else { return .noConference }
        return room.member(call).map { .participant($0.participant) } ?? .noParticipant
    }

    private mutating func replyWhenStored(_ token: ReplyToken, _ id: ConferenceID, former: Conference?) {
        guard let conference = conferences.room(id)?.conference else { return }
        awaitedReplies.append(
            PendingReply(
                token: token, reply: .conference(.conference(conference)),
                undoing: .conference(conference, former: former)))
    }

    /// A conference that the client is told was not stored is not there, unless somebody has come already. Of a change,
    /// alias and beep stand as they were; what has happened to calls has happened, and goes to disk when it takes it.
    mutating func takeBack(_ refused: Conference, former: Conference?) {
        let id = refused.conferenceID
        if let former {
            withConference(id) { room, turn in
                room.undo(refused, to: former)
                turn.want(.save)
            }
        } else if conferences.room(id)?.members.isEmpty == true {
            conferences.remove(id)
            emit(.forgetMusic(id))
        }
    }
}

/// A notification of a conference that waits for its commit.
struct ConferenceNews: Hashable, Sendable {
    var conference: ConferenceID
    var event: EventID
}
