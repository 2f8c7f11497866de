import SIP
import Telephony

/// What an input writes, and who waits for it.
extension Exchange {
    mutating func store(_ operation: StorageOperation) { operations.append(operation) }

    /// The transaction stands first, so that whoever an effect wakes up can already read it.
    mutating func finishInput() {
        writeRecords()
        writeConferences()
        // Who waits for nothing of this input's own waits for what was stored before it.
        guard !operations.isEmpty || !awaited.isEmpty || !awaitedReplies.isEmpty || !awaitedNews.isEmpty else { return }
        var token: CommitToken?
        if !awaited.isEmpty || !awaitedReplies.isEmpty || !awaitedNews.isEmpty {
            let drawn = CommitToken(rawValue: nextCommit)
            nextCommit += 1
            if !awaited.isEmpty { commits[drawn] = awaited }
            if !awaitedReplies.isEmpty { committedReplies[drawn] = awaitedReplies }
            if !awaitedNews.isEmpty { committedNews[drawn] = awaitedNews }
            awaited.removeAll(keepingCapacity: true)
            awaitedReplies.removeAll(keepingCapacity: true)
            awaitedNews.removeAll(keepingCapacity: true)
            token = drawn
        }
        emitFirst(.store(operations, token))
        operations.removeAll(keepingCapacity: true)
    }

    private mutating func writeRecords() {
        for id in staleRecords {
            // A call that needs none any more has had it removed meanwhile.
            let node = userAgent.configuration.node
            guard let record = calls.look(at: id, { $0.record(of: node) }) ?? nil else { continue }
            operations.append(.saveRecord(id, record.bytes))
        }
        staleRecords.removeAll(keepingCapacity: true)
    }

    mutating func answerCommitted(_ token: CommitToken, isStored: Bool) {
        for pending in committedReplies.removeValue(forKey: token) ?? [] {
            if case .conference(let conference, _) = pending.undoing {
                settledConferences.append(conference.conferenceID)
            }
            guard !isStored else {
                emit(.reply(pending.token, pending.reply))
                continue
            }
            switch pending.undoing {
            case .queue(let queue, let former):
                takeBack(queue, former: former)
                emit(.reply(pending.token, .queue(.notStored)))
            case .conference(let conference, let former):
                takeBack(conference, former: former)
                emit(.reply(pending.token, .conference(.notStored)))
            }
        }
    }

    /// What this input stores is waited for.
    mutating func awaitCommit(_ pending: PendingCommit) { awaited.append(pending) }

    mutating func committed(_ pending: PendingCommit) {
        if let reply = pending.reply, let snapshot = pending.snapshot {
            // Its turn may have come meanwhile.
            let isWaiting = calls.look(at: pending.call) { $0.leg.isWaiting } ?? false
            let wait = isWaiting ? pending.expectedWaitSeconds : 0
            emit(.reply(reply, .made(snapshot, expectedWaitSeconds: Int(wait.rounded(.up)))))
        }
        if pending.purpose == .cancellation, let reply = pending.reply { emit(.reply(reply, .updated)) }
        // The call may have been forgotten meanwhile; the far end waits all the same.
        if case .dialog(let session, let hold) = pending.purpose { recordStored(session, hold) }
        withCall(pending.call) { call, turn in
            switch pending.purpose {
            case .creation: call.withLeg(&turn) { leg, _ in leg.acceptanceCommitted() }
            case .turn: call.withLeg(&turn) { leg, _ in leg.turnCommitted() }
            case .notification(let event): call.withDossier { $0.notificationCommitted(event, &turn) }
            case .end: call.endCommitted(&turn)
            case .cancellation, .dialog, .wait: break
            }
        }
    }

    /// No call begins, and none is dialled, while the disk takes no writes. What the far end is to hear waits for it no
    /// longer: a call that goes on unrecorded is better than one that its callee gives up (docs/decisions/0025).
    mutating func storageFailing(_ isFailing: Bool) {
        isStorageFailing = isFailing
        guard isFailing else { return dialNext() }
        for token in commits.keys.sorted() {
            for index in (commits[token] ?? []).indices {
                guard let pending = commits[token]?[index] else { continue }
                if case .dialog(let session, let hold) = pending.purpose { recordStored(session, hold) }
                // It is canceled when the disk takes that, and may yet be dialled by a start before.
                if pending.purpose == .cancellation, let reply = pending.reply {
                    commits[token]?[index].reply = nil
                    emit(.reply(reply, .refused(.diskFailing)))
                }
            }
        }
    }

    /// A request for a call does not wait for ever. Its call may get to the disk yet: then it has failed, undialled.
    mutating func storageStalled() {
        storageFailing(true)
        for token in committedReplies.keys.sorted() { answerCommitted(token, isStored: false) }
        for token in commits.keys.sorted() {
            for index in (commits[token] ?? []).indices {
                guard let pending = commits[token]?[index], let reply = pending.reply else { continue }
                commits[token]?[index].reply = nil
                emit(.reply(reply, .refused(.diskFailing)))
                withCall(pending.call) { call, turn in
                    call.finish(
                        CallOutcome(.failed, .internalError, "the disk did not answer in time"), &turn)
                }
            }
        }
    }

    mutating func commitFailed(_ pending: PendingCommit, _ failure: CommitFailure) {
        if let reply = pending.reply {
            let refusal: CallRefusal =
                switch failure {
                // The call is there; that it was canceled is not known to the disk.
                case _ where pending.purpose == .cancellation: .diskFailing
                case .diskFull: .diskFull
                case .diskFailing: .diskFailing
                case .conflict: .keyInUse
                case .other: .notStored
                }
            emit(.reply(reply, .refused(refusal)))
        }
        if pending.purpose == .creation, let call = calls.look(at: pending.call, { $0.dossier.call }) {
            admission.takenBack(call)
        }
        if case .dialog(let session, let hold) = pending.purpose { recordStored(session, hold) }
        withCall(pending.call) { call, turn in
            switch pending.purpose {
            case .creation: call.abandon(&turn)
            case .turn:
                switch failure {
                // It was refused together with a call that begins; its own turn may be stored yet.
                case .diskFull, .diskFailing: call.notStored(&turn)
                case .conflict, .other: call.withLeg(&turn) { leg, _ in leg.turnNotCommitted() }
                }
            case .notification, .end, .cancellation: call.notStored(&turn)
            case .wait: break
            case .dialog:
                // The far end is not made to hang up for it: only a crash would miss the record.
                turn.perform(.fault(pending.call, "a dialog could not be stored and goes on without"))
            }
        }
    }
}
