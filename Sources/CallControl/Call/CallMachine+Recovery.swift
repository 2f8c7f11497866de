import SIP
import Telephony

extension CallMachine {
    /// A call that waited when the process ended, and goes on waiting (docs/contract/calls.md#a-restart).
    init?(
        restoringQueued record: CallRecord, session: SessionID, identifiers: InvitationIdentifiers,
        journalSequence: Int, publicURL: String, clock: CallClock
    ) {
        guard record.phase == .queued else { return nil }
        self.init(
            record, session: session, identifiers: identifiers, journalSequence: journalSequence,
            publicURL: publicURL, clock: clock, phase: .queued)
    }

    /// A call that was under way when the process ended: it is ended now, with `internalError`, and the far end told.
    ///
    /// A call whose status stood already keeps it; only the far end has still to be told.
    ///
    /// - Parameters:
    ///   - callRecording: what its StartRecordCall left behind.
    ///   - notifications: on disk, in order, and not sent yet.
    init(
        ending record: CallRecord, session: SessionID, identifiers: InvitationIdentifiers, journalSequence: Int,
        publicURL: String, clock: CallClock, callRecording: Recording?, notifications: [PendingNotification],
        explanation: String, now: Moment, into directives: inout [CallDirective]
    ) {
        let hasSession = record.session != nil
        switch record.phase {
        case .over:
            self.init(
                record, session: session, identifiers: identifiers, journalSequence: journalSequence,
                publicURL: publicURL, clock: clock,
                phase: .over(Settling(awaitsSession: hasSession, awaitsMedia: false)))
            if !hasSession { directives.append(.store(.removeRecord(call.callID))) }
            settle(&directives)
        case .queued, .dialling, .connected:
            self.init(
                record, session: session, identifiers: identifiers, journalSequence: journalSequence,
                publicURL: publicURL, clock: clock, phase: .ringing)
            self.callRecording = callRecording.map { ActiveRecording(recording: $0) }
            var steps: [CallOutbox.Directive] = []
            for pending in notifications {
                outbox.enqueue(pending.webhook, into: &steps)
                outbox.committed(pending.webhook.eventID, into: &steps)
            }
            carryOut(steps, &directives)
            let status: CallStatus = record.phase == .connected ? .completed : .failed
            // The media of the earlier process is gone with it.
            endRestored(
                CallOutcome(status, .internalError, explanation), awaitsSession: hasSession, now, &directives)
        }
    }

    init(
        _ record: CallRecord, session: SessionID, identifiers: InvitationIdentifiers, journalSequence: Int,
        publicURL: String, clock: CallClock, phase: Phase
    ) {
        call = record.call
        self.clock = clock
        self.session = session
        self.identifiers = identifiers
        requestID = record.requestID
        callConnectURL = record.callConnectURL
        statusCallbackURL = record.statusCallbackURL
        sendDigits = record.sendDigits.flatMap { try? DigitString($0) }
        ringTimeoutSeconds = record.ringTimeoutSeconds
        ifMachine = record.machineHandling
        machineBeepSeconds = record.ifMachineBeepSeconds
        remarks = []
        eventSequence = record.eventSequence + Self.eventSequenceGap
        sessionRecord = record.session
        self.journalSequence = journalSequence
        self.phase = phase
        self.publicURL = publicURL
        isPrivate = record.isPrivate ?? false
    }

    mutating func endRestored(
        _ outcome: CallOutcome, awaitsSession: Bool, _ now: Moment, _ directives: inout [CallDirective]
    ) {
        finish(outcome, awaitsSession: awaitsSession, now, &directives)
        mediaIsClosed(&directives)
        // The session is one of an earlier process: the exchange ends it from its record, and there is no port.
        directives.removeAll { directive in
            switch directive {
            case .endSession, .effect(.closeMedia): true
            default: false
            }
        }
    }
}
