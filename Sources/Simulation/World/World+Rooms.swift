import CallControl
import SIP
import Telephony

/// What a client asked for over REST, and waits to be answered.
struct RoomRequest {
    enum Asked: Hashable {
        case queue(QueueRequest)
        case conference(ConferenceRequest)

        /// It changes what is on disk.
        var awaitsCommit: Bool {
            switch self {
            case .queue(.create), .queue(.update), .conference(.create), .conference(.update): true
            case .queue, .conference: false
            }
        }
    }

    let requestID: RequestID
    let asked: Asked
    /// It asks for the end of a conference that has ended already, as far as this life knows.
    let comesAgain: Bool
}

/// What clients ask for, and what the rooms tell of who is in them.
extension World {
    func carryOut(_ deed: RoomDeed) throws(Violation) {
        // Connection refused: they give up.
        guard let scene, subject != nil else { return }
        switch deed {
        case .createQueue(let index):
            let queue = CallQueue(
                queueID: scene.queueIDs[index], accountID: accountID, isKept: true, created: moment.wall)
            try ask(.queue(.create(queue)))
        case .changeQueue(let index, let size):
            try ask(.queue(.update(scene.queueIDs[index], QueueChange(maxSize: size))))
        case .readQueues: try ask(.queue(.list(alias: nil, after: nil)))
        case .readQueue(let index): try ask(.queue(.get(scene.queueIDs[index])))
        case .readMembers(let index): try ask(.queue(.members(scene.queueIDs[index], after: nil)))
        case .serveFirst(let index): try ask(.queue(.dequeue(scene.queueIDs[index], nil)))
        case .serve(let index, let any):
            let id = scene.queueIDs[index]
            if let call = chosen(any, of: checks.places.members(of: .queue(id))) {
                try ask(.queue(.dequeue(id, call)))
            }
        case .createConference(let isRecorded, let hasMusic):
            let conference = Conference(
                conferenceID: ConferenceID(random: &random), accountID: accountID, isRecorded: isRecorded,
                waitURL: hasMusic ? callConnectURL : nil, statusCallbackURL: statusCallbackURL, created: moment.wall)
            try ask(.conference(.create(conference)))
        case .renameConference(let any):
            try withConference(any) { .update($0, ConferenceChange(alias: "Room \(any)")) }
        case .emptyConference(let any): try withConference(any) { .update($0, ConferenceChange(end: .empty)) }
        case .terminateConference(let any):
            try withConference(any) { .update($0, ConferenceChange(end: .terminated)) }
        case .readParticipants(let any):
            try withConference(any) { .participants($0, ParticipantFilter(), after: nil) }
        case .readParticipant(let any): try withParticipant(any) { .participant($0, $1) }
        case .changeParticipant(let any, let talks):
            try withParticipant(any) { .updateParticipant($0, $1, ParticipantChange(talk: talks)) }
        case .removeParticipant(let any): try withParticipant(any) { .removeParticipant($0, $1) }
        }
    }

    private func chosen<Element>(_ any: Int, of elements: [Element]) -> Element? {
        elements.isEmpty ? nil : elements[any % elements.count]
    }

    /// Most often one where somebody is.
    private func withConference(_ any: Int, _ request: (ConferenceID) -> ConferenceRequest) throws(Violation) {
        let conferences = any % 4 > 0 ? populated : app.rooms.conferences
        guard let id = chosen(any, of: conferences) else { return }
        try ask(.conference(request(id)))
    }

    /// Where somebody is; all that the app knows of where nobody is anywhere.
    private var populated: [ConferenceID] {
        let populated = app.rooms.conferences.filter { !checks.places.members(of: .conference($0)).isEmpty }
        return populated.isEmpty ? app.rooms.conferences : populated
    }

    /// Now and then somebody who is not in it.
    private func withParticipant(_ any: Int, _ request: (ConferenceID, CallID) -> ConferenceRequest) throws(Violation) {
        guard let id = chosen(any, of: populated) else { return }
        let members = any % 10 == 0 ? statuses.calls : checks.places.members(of: .conference(id))
        guard let call = chosen(any, of: members) else { return }
        try ask(.conference(request(id, call)))
    }

    /// What only reads, or takes somebody out, is answered at once; what changes a room, when that is on disk.
    func ask(_ asked: RoomRequest.Asked) throws(Violation) {
        let token = ReplyToken(rawValue: nextRequest)
        nextRequest += 1
        let requestID = RequestID(random: &random)
        var comesAgain = false
        if case .conference(.update(let id, let change)) = asked, change.end != nil {
            comesAgain = checks.conferences.latest(id)?.status == .terminated
        }
        roomRequests[token] = RoomRequest(requestID: requestID, asked: asked, comesAgain: comesAgain)
        trace.tell(now, "REST \(asked)")
        let former = latestCommit
        switch asked {
        case .queue(let request): try feed(.queueRequest(token, accountID, request, requestID))
        case .conference(let request): try feed(.conferenceRequest(token, accountID, request, requestID))
        }
        guard subject != nil, !durability.isAnswered(token) else { return }
        guard asked.awaitsCommit, let latestCommit, latestCommit != former else {
            throw Violation("REST", "\(asked) is not answered")
        }
        owedUpdates[latestCommit, default: []].append(token)
    }

    // MARK: What is stored of them

    /// One transaction: who came and went in it, and what became of the rooms.
    func noteRooms(_ operations: [StorageOperation]) throws(Violation) {
        guard scene != nil else { return }
        try checks.told.stored(operations, from: checks.places) { plan(of: $0)?.room }
        for operation in operations {
            if case .appendJournal(let entry) = operation { try note(entry) }
        }
        for operation in operations {
            switch operation {
            case .saveCall(let call): if call.status.isTerminal { try checks.places.ended(call.callID) }
            case .saveConference(let conference, _):
                let room = RoomID.conference(conference.conferenceID)
                switch conference.status {
                case .empty, .terminated: try checks.places.isOver(room)
                case .populated, .inProgress: try checks.places.isPopulated(room)
                }
                count(conference)
            case .removeQueue(let id): try checks.places.isOver(.queue(id))
            case .saveRecord, .removeRecord, .appendJournal, .saveKey, .saveRecording, .saveNotification,
                .removeNotification, .saveQueue:
                break
            }
        }
        try checks.conferences.stored(operations)
    }

    private func note(_ entry: JournalEntry) throws(Violation) {
        count(entry)
        if let call = entry.callID {
            switch entry.message {
            // Whatever it has asked for is of no use any more, and holds up nothing.
            case "Left the queue", "No longer parked", "Left the conference": webhooks.abandonsScript(call)
            case "Webhook dequeue is given up: its answer will be ignored": checks.serving.goesOn(call)
            case "Webhook leaveConference is given up: its answer will be ignored": checks.told.goesOn(call)
            default: break
            }
        }
        switch RoomNote(entry) {
        case nil: break
        case .came(let call, let place)?:
            countArrival(at: place)
            try checks.places.came(call, to: place)
        case .left(let call, let place, let leaving)?:
            countDeparture(of: call, from: place, leaving)
            try checks.places.left(call, place)
        case .served(let call, let queue, let request)?:
            counters.count(.servedOverREST)
            let isFirst = checks.places.members(of: .queue(queue)).first == call
            try checks.serving.took(call, by: request, isFirst: isFirst)
            try checks.places.left(call, .room(.queue(queue)))
        }
    }

    // MARK: Counting

    private func count(_ entry: JournalEntry) {
        if entry.message.hasPrefix("The queue is full, ") { counters.count(.queueWasFull) }
        if entry.message == "Everybody is asked to leave" { counters.count(.conferenceEmptied) }
    }

    private func count(_ conference: Conference) {
        guard checks.conferences.latest(conference.conferenceID)?.status != conference.status else { return }
        switch conference.status {
        case .empty: if conference.revision == 1 { counters.count(.conferenceMade) }
        case .populated: counters.count(.waitedForModerator)
        case .inProgress: counters.count(.conferenceBegan)
        case .terminated: counters.count(.conferenceTerminated)
        }
    }

    private func countArrival(at place: PlaceCheck.Place) {
        switch place {
        case .room(.queue): counters.count(.enqueued)
        case .room(.conference): counters.count(.joined)
        case .parking: counters.count(.parked)
        }
    }

    private func countDeparture(of call: CallID, from place: PlaceCheck.Place, _ leaving: RoomNote.Leaving) {
        guard case .room(let room) = place, case .conference = room else {
            if statuses.latest(call)?.status.isTerminal == false { counters.count(.leftWait) }
            return
        }
        if case .sentAway = leaving { counters.count(.sentOutOfConference) }
        let others = checks.places.members(of: room).filter { $0 != call }
        if case .ofItself = leaving, plan(of: call)?.room?.startsConference == true,
            others.contains(where: { plan(of: $0)?.room?.startsConference == false })
        {
            counters.count(.moderatorLeft)
        }
    }

    /// As ``countCrash()``.
    func countCrashInRooms(_ id: CallID) {
        switch checks.places.place(of: id) {
        case nil: break
        case .room(.queue), .parking: counters.count(.crashWhileWaiting)
        case .room(.conference): counters.count(.crashInConference)
        }
    }
}
