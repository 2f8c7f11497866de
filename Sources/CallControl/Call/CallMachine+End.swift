import PerCL
import SIP
import Telephony

extension CallMachine {
    /// The one way into `over`: decides the terminal status, tells everybody, lets go of everything.
    /// - Parameter awaitsSession: the far end has still to be told; nil: wherever an INVITE has left.
    mutating func finish(
        _ outcome: CallOutcome, awaitsSession: Bool? = nil, isMediaOpen: Bool? = nil, _ now: Moment,
        _ directives: inout [CallDirective]
    ) {
        var settling = Settling(awaitsSession: false, awaitsMedia: false)
        switch phase {
        case .over: return
        case .accepted, .queued: directives.append(.withdraw)
        case .opening(var opening):
            guard opening.isAccepted else {
                opening.end = opening.end ?? (outcome, isMediaOpen ?? true)
                phase = .opening(opening)
                return
            }
            settling.awaitsMedia = isMediaOpen ?? true
        case .incoming:
            settling = Settling(awaitsSession: awaitsSession ?? true, awaitsMedia: isMediaOpen ?? true)
        case .ringing, .connected:
            settling = Settling(awaitsSession: awaitsSession ?? true, awaitsMedia: true)
        }
        // A caller who was not answered is told why not, as far as SIP has words for it.
        var refusal: StatusCode?
        if case .incoming = phase { refusal = Self.refusal(for: outcome.reason) }
        // What was not stored is stored again, whether the call goes on or not.
        for timer in CallTimer.allCases where timer != .storing { directives.append(.disarm(timer)) }
        withdrawScript(&directives)
        let interrupted = interruptedUtterance
        closeRecordings(now, &directives)
        if !settling.awaitsMedia { releasePort(&directives) }
        phase = .over(settling)
        call.endTime = clock.reading(now)
        call.endedReason = outcome.reason
        changeStatus(outcome.status, outcome.explanation, now, &directives)
        // The bodies are fixed now; the event ids follow from the call's own id, so that none need be drawn here.
        var ids = EventIDSource(call: call.callID, sequence: eventSequence)
        if call.connectTime == nil, call.direction != .inbound, let callConnectURL {
            emit(
                CallWebhook.connect(call), extras: CallWebhook.connectExtras(call), purpose: .notification,
                to: callConnectURL, &ids, now, &directives)
        }
        if let interrupted {
            emit(
                CallWebhook.record, extras: recordExtras(interrupted.command, interrupted.fileCompleted() ?? .hangup),
                purpose: .notification,
                to: interrupted.command.actionURL, &ids, now, &directives)
        }
        if let statusCallbackURL {
            var extras = CallWebhook.callStatusExtras(call)
            if let callRecording {
                extras.merge(recordingFields(callRecording.recording)) { _, recording in recording }
            }
            emit(
                CallWebhook.callStatus, extras: extras, purpose: .notification, to: statusCallbackURL, &ids, now,
                &directives)
        }
        if settling.awaitsSession {
            // After a crash the far end is still told, and nothing else is done a second time.
            directives.append(.saveRecord)
            directives.append(refusal.map(CallDirective.reject) ?? .endSession)
        } else {
            directives.append(.store(.removeRecord(call.callID)))
        }
        if settling.awaitsMedia { directives.append(.effect(.closeMedia(media))) }
        settle(&directives)
    }

    /// Its turn did not come in time: late it is not dialled.
    mutating func waitedTooLong(_ explanation: String, now: Moment, into directives: inout [CallDirective]) {
        switch phase {
        case .accepted, .queued: finish(CallOutcome(.failed, .internalError, explanation), now, &directives)
        case .incoming, .opening, .ringing, .connected, .over: break
        }
    }

    /// RFC 3261 §21.5.4: what is wrong here is said with 503, so that the caller's network may try another server;
    /// what is wrong with the application is said with 480, as if nobody were there.
    private static func refusal(for reason: CallEndedReason) -> StatusCode {
        if reason == .appReject { return .decline }
        return reason == .internalError ? .serviceUnavailable : .temporarilyUnavailable
    }

    /// A RecordUtterance that the end of the call cuts short: its application is told
    /// (docs/contract/webhooks.md#record, termReason `hangup`).
    private var interruptedUtterance: UtteranceRecording? {
        guard case .connected(let conversation) = phase else { return nil }
        return conversation.run?.utterance
    }

    /// A transaction with something to tell, or with the end, failed. What was not committed is not told
    /// (docs/decisions/0032): it is written again until it is on disk. A restart that found the call as it was before
    /// would tell of another end.
    mutating func notStored(into directives: inout [CallDirective]) {
        if case .over(var settling) = phase {
            guard !settling.isUnwritten else { return }
            settling.awaitsStorage = true
            phase = .over(settling)
        }
        directives.append(.arm(.storing, after: .seconds(1)))
    }

    mutating func storeAgain(now: Moment, into directives: inout [CallDirective]) {
        for webhook in outbox.uncommitted {
            owe(webhook, now, &directives)
        }
        if case .opening(let opening) = phase, opening.isAccepted, !opening.isCommitted {
            directives.append(.saveRecord)
            directives.append(.awaitCommit(.turn))
        }
        guard case .over(let settling) = phase, !settling.isUnwritten else { return }
        directives.append(.store(.saveCall(call)))
        directives.append(needsRecord ? .saveRecord : .store(.removeRecord(call.callID)))
        directives.append(.awaitCommit(.end))
    }

    mutating func endCommitted(into directives: inout [CallDirective]) {
        guard case .over(var settling) = phase else { return }
        settling.awaitsStorage = false
        phase = .over(settling)
        settle(&directives)
    }

    mutating func sessionIsOver(_ directives: inout [CallDirective]) {
        guard case .over(var settling) = phase, settling.awaitsSession else { return }
        settling.awaitsSession = false
        phase = .over(settling)
        // The row again: should the transaction with the end have failed, this one makes good for it.
        directives.append(.store(.saveCall(call)))
        directives.append(.store(.removeRecord(call.callID)))
        settle(&directives)
    }

    mutating func mediaIsClosed(_ directives: inout [CallDirective]) {
        guard case .over(var settling) = phase, settling.awaitsMedia else { return }
        settling.awaitsMedia = false
        phase = .over(settling)
        releasePort(&directives)
        settle(&directives)
    }

    mutating func releasePort(_ directives: inout [CallDirective]) {
        guard let port else { return }
        self.port = nil
        directives.append(.releasePort(port))
    }

    func settle(_ directives: inout [CallDirective]) {
        guard case .over(let settling) = phase, !settling.awaitsSession, !settling.awaitsMedia, !settling.awaitsStorage,
            outbox.isEmpty
        else { return }
        directives.append(.settled)
    }
}
