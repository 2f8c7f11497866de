import SIP
package import Telephony

extension Exchange {
    /// Takes over what an earlier process left (decision 37): calls that waited go on waiting, calls that were under
    /// way are ended and the far end told, notifications go on being retried. Called once, before any other input.
    package mutating func restore(
        _ work: UnfinishedWork, admission state: AdmissionState = AdmissionState(), now: Moment
    ) -> [Effect] {
        var effects: [Effect] = []
        admission.restore(state, now: now.wall)
        for account in state.accounts {
            queue.setPace(of: account.accountID, callsPerSecond: account.rules.callsPerSecond)
        }
        // What a call that is ended now had told of already, and not sent, comes before what is told of its end.
        let owed = Dictionary(grouping: work.notifications.filter { $0.attempts == 0 }, by: \.webhook.callID)
        var taken: Set<CallID> = []
        for (id, bytes) in work.records {
            let sequence = work.journalSequences[id] ?? 0
            do {
                let record = try CallRecord(reading: bytes)
                let recording = record.callRecordingID.flatMap { work.recordings[$0] }
                let notifications: [PendingNotification] =
                    switch record.phase {
                    case .dialling, .connected: owed[id] ?? []
                    case .queued, .over: []
                    }
                if !notifications.isEmpty { taken.insert(id) }
                restore(
                    record, journalSequence: sequence, callRecording: recording, notifications: notifications, now,
                    &effects)
            } catch {
                effects.append(.fault(id, "its record cannot be read and stays on disk: \(error)"))
            }
        }
        for pending in work.notifications where pending.attempts > 0 || !taken.contains(pending.webhook.callID) {
            if let directive = retries.restore(pending, now: now) { carryOut(directive, now, &effects) }
        }
        finishInput(&effects)
        return effects
    }

    private mutating func restore(
        _ record: CallRecord, journalSequence: Int, callRecording: Recording?,
        notifications: [PendingNotification], _ now: Moment, _ effects: inout [Effect]
    ) {
        let id = record.call.callID
        let session = drawSession()
        let identifiers =
            record.session?.identifiers
            ?? UserAgent.drawIdentifiers(node: userAgent.configuration.node, random: &random)
        let clock = CallClock(
            restoring: record.clock, source: configuration.clockSource, latest: record.call.dateUpdated, at: now)
        let age = clock.reading(now).microseconds - record.call.dateCreated.microseconds
        if age <= configuration.queuedCallLifetime.microseconds,
            let call = CallMachine(
                restoringQueued: record, session: session, identifiers: identifiers, journalSequence: journalSequence,
                publicURL: publicURL, clock: clock)
        {
            calls[id] = call
            callsBySession[session] = id
            // It may be late already: how old it may be after a restart is `queuedCallLifetime`'s to say.
            queue.append(id, of: record.call.accountID, now: now.instant)
            // The server may be set otherwise than when the call was taken.
            let account = record.call.accountID, destination = CallDestination(record.call.to)
            if let destination { admission.restored(id, of: account, to: destination) }
            let rule = destination.map { admission.broken(by: $0, of: account) } ?? admission.brokenByAccount(account)
            if let rule { stop([id], by: rule, evenUnderWay: false, now, &effects) }
            dialNext(now, &effects)
            return
        }
        let explanation =
            record.phase == .queued ? "it waited too long while the server was down" : "the server was restarted"
        var directives: [CallDirective] = []
        calls[id] = CallMachine(
            ending: record, session: session, identifiers: identifiers, journalSequence: journalSequence,
            publicURL: publicURL, clock: clock, callRecording: callRecording, notifications: notifications,
            explanation: explanation, now: now, into: &directives)
        callsBySession[session] = id
        carryOut(directives, of: id, now, &effects)
        if let sessionRecord = record.session {
            withUserAgent(now, &effects) { agent, random, sip in
                agent.endRestored(session, sessionRecord, now: now.instant, random: &random, into: &sip)
            }
        }
    }
}
