import CallControl
import SIP
import Telephony

/// What clients are answered: what there is, and nothing that the disk does not know yet.
extension World {
    func answered(_ request: RoomRequest, _ reply: Reply) throws(Violation) {
        switch (request.asked, reply) {
        case (.queue(let asked), .queue(let reply)): try answered(asked, reply, request)
        case (.conference(let asked), .conference(let reply)): try answered(asked, reply, request)
        default: throw Violation("REST", "\(request.asked) is answered with \(reply)")
        }
    }

    // MARK: Queues

    private func answered(_ asked: QueueRequest, _ reply: QueueReply, _ request: RoomRequest) throws(Violation) {
        switch (asked, reply) {
        case (.create, .queue(let standing)), (.update, .queue(let standing)):
            try checkOnDisk(standing.queue)
        case (.create, .notStored), (.update, .notStored): counters.count(.roomNotStored)
        case (.list, .queues(let page)):
            for queue in storage.queues where queue.isKept {
                guard page.items.contains(where: { $0.queue.queueID == queue.queueID }) else {
                    throw Violation("nothing is forgotten", "\(queue.queueID) is on disk, and not in the list")
                }
            }
            for standing in page.items { try checkSize(standing) }
        case (.get, .queue(let standing)): try checkSize(standing)
        case (.members(let id, _), .members(let page)):
            guard page.items.map(\.callID) == checks.places.members(of: .queue(id)),
                page.items.map(\.position) == Array(1..<(page.items.count + 1))
            else { throw Violation("a member is in one place", "the list of \(id) is not who waits in it") }
        case (.dequeue(_, let named), .member(let member)):
            try checks.serving.answered(member, to: request.requestID, named: named)
            if servedAt == now { counters.count(.servedTogether) }
            servedAt = now
        case (.dequeue(let id, let named), .noMember):
            guard named != nil || checks.places.members(of: .queue(id)).isEmpty else {
                throw Violation("each waiting member is served once", "nobody is given out of \(id), where calls wait")
            }
            counters.count(.nobodyWaited)
        case (.update(let id, _), .noQueue), (.get(let id), .noQueue), (.members(let id, _), .noQueue),
            (.dequeue(let id, _), .noQueue):
            guard !storage.queues.contains(where: { $0.queueID == id && $0.isKept }) else {
                throw Violation("nothing is forgotten", "\(id) is on disk, and is said not to be there")
            }
        default: throw Violation("REST", "\(asked) is answered with \(reply)")
        }
    }

    private func checkOnDisk(_ queue: CallQueue) throws(Violation) {
        // What Enqueue made may be gone again.
        guard queue.isKept else { return }
        guard storage.queues.contains(where: { $0.queueID == queue.queueID && $0.revision >= queue.revision }) else {
            throw Violation("an answer only after the commit", "\(queue.queueID) is not on disk as it is told")
        }
    }

    private func checkSize(_ standing: QueueStanding) throws(Violation) {
        let waiting = checks.places.members(of: .queue(standing.queue.queueID)).count
        guard standing.currentSize == waiting else {
            throw Violation(
                "a member is in one place",
                "\(standing.queue.queueID) is said to have \(standing.currentSize) members, and has \(waiting)")
        }
    }

    // MARK: Conferences

    private func answered(
        _ asked: ConferenceRequest, _ reply: ConferenceReply, _ request: RoomRequest
    ) throws(Violation) {
        switch (asked, reply) {
        case (.create, .conference(let conference)):
            try checkOnDisk(conference)
            app.rooms.conferences.append(conference.conferenceID)
            counters.count(.conferenceMadeOverREST)
        case (.update, .conference(let conference)):
            if request.comesAgain { counters.count(.conferenceEndedTwice) }
            try checkOnDisk(conference)
        case (.create(let conference), .notStored):
            counters.count(.roomNotStored)
            checks.conferences.forget(conference.conferenceID)
        case (.update, .notStored): counters.count(.roomNotStored)
        case (.participants(let id, _, _), .participants(let page)):
            guard page.items.map(\.callID) == checks.places.members(of: .conference(id)).reversed() else {
                throw Violation("a member is in one place", "the list of \(id) is not who is in it")
            }
        case (.participant(let id, let call), .participant), (.updateParticipant(let id, let call, _), .participant):
            try check(call, isIn: id, true)
        case (.participant(let id, let call), .noParticipant),
            (.updateParticipant(let id, let call, _), .noParticipant),
            (.removeParticipant(let id, let call), .noParticipant), (.removeParticipant(let id, let call), .removed):
            try check(call, isIn: id, false)
        case (.update(let id, _), .noConference), (.participants(let id, _, _), .noConference),
            (.participant(let id, _), .noConference), (.updateParticipant(let id, _, _), .noConference),
            (.removeParticipant(let id, _), .noConference):
            guard checks.conferences.latest(id).map({ $0.status == .terminated }) ?? true else {
                throw Violation("nothing is forgotten", "\(id) goes on, and is said not to be there")
            }
        default: throw Violation("REST", "\(asked) is answered with \(reply)")
        }
    }

    private func checkOnDisk(_ conference: Conference) throws(Violation) {
        // A change that changes nothing is not written, and what it finds the disk may have refused before.
        guard !checks.conferences.hasLosses(conference.conferenceID) else { return }
        let isOnDisk = storage.conferences.contains { entry in
            entry.conference.conferenceID == conference.conferenceID
                && entry.conference.revision >= conference.revision
                && (entry.conference.status == .terminated || conference.status != .terminated)
        }
        guard isOnDisk else {
            throw Violation(
                "an answer only after the commit",
                "\(conference.conferenceID) is told to be \(conference.status), and is not on disk as that")
        }
    }

    private func check(_ call: CallID, isIn id: ConferenceID, _ isIn: Bool) throws(Violation) {
        guard checks.places.members(of: .conference(id)).contains(call) == isIn else {
            throw Violation("a member is in one place", "\(call) is said to be\(isIn ? "" : " not") in \(id)")
        }
    }

    // MARK: The end

    /// A sound disk, a last start, and whatever goes on is ended: then nothing is left of any room but what is kept for good.
    func endRooms() throws(Violation) {
        guard scene != nil else { return }
        try checks.concluded()
        isDiskSound = true
        isCrashDue = false
        isCrashBeforeACKDue = false
        try crash(isBatchCommitted: true)
        try start()
        try drainQueue()
        for (conference, _) in storage.conferences where conference.status != .terminated {
            try ask(.conference(.update(conference.conferenceID, ConferenceChange(end: .terminated))))
        }
        try drainQueue()
        try checkIdle()
        guard let gauges = subject?.gauges else { return }
        guard gauges.conferences == 0, gauges.participants == 0, gauges.waitingCalls == 0,
            gauges.queues == storage.queues.count, storage.queues.allSatisfy(\.isKept), mixes.music.isEmpty,
            !mixes.isRecording
        else { throw Violation("nothing is left over", "rooms: \(gauges)") }
        try checks.concluded()
        try checks.conferences.concluded(storage)
    }
}
