import SIP
package import Telephony

extension Exchange {
    /// Takes over what an earlier process left (docs/contract/calls.md#a-restart): calls that waited go on waiting,
    /// calls that were under way are ended and the far end told, notifications go on being retried. Called once, before
    /// any other input.
    ///
    /// A call whose record cannot be read, or is missing, is ended by what its row tells: it does not stay as it was.
    /// Where other nodes share the storage, their calls are theirs, and so is what those owe.
    package mutating func restore(
        _ work: UnfinishedWork, admission state: AdmissionState = AdmissionState(), now: Moment
    ) -> [Effect] {
        turn.now = now
        admission.restore(state, now: now.wall)
        for account in state.accounts {
            queue.setPace(of: account.accountID, callsPerSecond: account.rules.callsPerSecond)
        }
        for queue in work.queues { restore(queue) }
        // What a call that is ended now, or a conference, had told of already, and not sent, comes before what it tells next.
        let owed = Dictionary(grouping: work.notifications.filter { $0.attempts == 0 }, by: \.webhook.owner)
        for (conference, record) in work.conferences {
            restore(conference, record, work.recordings, owed: owed[.conference(conference.conferenceID)] ?? [])
        }
        var taken: Set<CallID> = []
        var ofOthers: Set<CallID> = []
        for complaint in work.complaints { emit(.fault(nil, complaint)) }
        for (id, record, trouble) in records(of: work) {
            guard turn.configuration.isOnlyNode || record.node == userAgent.configuration.node else {
                ofOthers.insert(id)
                continue
            }
            let recording = record.callRecordingID.flatMap { work.recordings[$0] }
            let notifications: [PendingNotification] =
                switch record.leg.phase {
                case .opening, .incoming, .ringing, .answered: owed[.call(id)] ?? []
                case .waiting, .over: []
                }
            if !notifications.isEmpty { taken.insert(id) }
            restore(
                record, journalSequence: work.journalSequences[id] ?? 0, callRecording: recording,
                notifications: notifications, trouble)
        }
        for pending in work.notifications {
            if let call = pending.webhook.owner.callID {
                if ofOthers.contains(call) || pending.attempts == 0 && taken.contains(call) { continue }
            } else if let conference = pending.webhook.owner.conferenceID {
                if pending.attempts == 0, conferences.contains(conference) { continue }
            }
            if let directive = retries.restore(pending, now: now) { carryOut(directive) }
        }
        finishInput()
        return takeEffects()
    }

    /// Each call's, with what is wrong with it where it is made up of the row and of what could be salvaged.
    private mutating func records(
        of work: UnfinishedWork
    ) -> [(id: CallID, record: CallRecord, trouble: String?)] {
        var records: [(id: CallID, record: CallRecord, trouble: String?)] = []
        var seen: Set<CallID> = []
        let rows = Dictionary(work.rows.map { ($0.call.callID, $0) }, uniquingKeysWith: { first, _ in first })
        for (id, bytes) in work.records {
            seen.insert(id)
            do {
                let record = try CallRecord(reading: bytes)
                guard record.call.callID == id else {
                    throw DecodingError.dataCorrupted(
                        .init(codingPath: [], debugDescription: "it is that of \(record.call.callID)"))
                }
                records.append((id, record, nil))
            } catch {
                guard let row = rows[id] else {
                    emit(.fault(id, "neither its record nor its row can be read: \(error)"))
                    store(.removeRecord(id))
                    continue
                }
                emit(.fault(id, "its record cannot be read, so that it ends: \(error)"))
                records.append((id, salvaged(row, bytes), Self.unreadable))
            }
        }
        for row in work.rows where !row.call.status.isTerminal && seen.insert(row.call.callID).inserted {
            emit(.fault(row.call.callID, "it has no record, so that it ends"))
            records.append((row.call.callID, salvaged(row, []), "its record is missing"))
        }
        return records
    }

    private mutating func salvaged(_ row: UnfinishedRow, _ bytes: [UInt8]) -> CallRecord {
        CallRecord(row, SalvagedRecord(bytes), node: userAgent.configuration.node, random: &turn.random)
    }

    private static let unreadable = "its record cannot be read"

    /// - Parameter trouble: why it cannot go on, whatever its record says.
    private mutating func restore(
        _ record: CallRecord, journalSequence: Int, callRecording: Recording?,
        notifications: [PendingNotification], _ trouble: String?
    ) {
        let id = record.call.callID
        let session = drawSession()
        let identifiers =
            record.leg.session?.identifiers
            ?? UserAgent.drawIdentifiers(node: userAgent.configuration.node, random: &turn.random)
        let clock = CallClock(
            restoring: record.clock, source: turn.configuration.clockSource, latest: record.call.dateUpdated, at: now)
        let age = clock.reading(now).microseconds - record.call.dateCreated.microseconds
        let dossier = Dossier(
            restoring: record, journalSequence: journalSequence, publicURL: publicURL, clock: clock)
        if record.leg.phase == .waiting, trouble == nil, age <= turn.configuration.queuedCallLifetime.microseconds,
            let leg = Leg(restoring: record.leg, session, identifiers)
        {
            return goOn(id, dossier, leg)
        }
        let explanation =
            trouble.map { "the server was restarted, and \($0)" }
            ?? (record.leg.phase == .waiting
                ? "it waited too long while the server was down" : "the server was restarted")
        enter(
            CallMachine(
                ending: record, dossier, Leg(leftBehind: record.leg.session, session, identifiers),
                callRecording: callRecording, notifications: notifications, explanation: explanation, &turn))
        carryOut(turn.takeDirectives(), of: id)
        if let sessionRecord = record.leg.session {
            withUserAgent { agent, now, random, sip in
                agent.endRestored(session, sessionRecord, now: now, random: &random, into: &sip)
            }
        }
    }

    /// A call that waited when the process ended goes on waiting (docs/contract/calls.md#a-restart).
    private mutating func goOn(_ id: CallID, _ dossier: Dossier, _ leg: Leg) {
        enter(CallMachine(dossier, leg))
        let account = dossier.call.accountID
        // It may be late already: how old it may be after a restart is `queuedCallLifetime`'s to say.
        queue.append(id, of: account, now: now.instant)
        // The server may be set otherwise than when the call was taken.
        if let destination = dossier.destination { admission.restored(id, of: account, to: destination) }
        let rule =
            dossier.destination.map { admission.broken(by: $0, of: account) } ?? admission.brokenByAccount(account)
        if let rule { stop([id], by: rule, evenUnderWay: false) }
        dialNext()
    }
}
