import JSON
import PerCL
import SIP
import Telephony

/// One call, from its acceptance to the moment when it owes nothing to anybody: a ``Leg``, a ``Talk`` while there is
/// somebody to talk to, and the ``Dossier`` of what is known and told of it.
///
/// Events go to the part that they concern. What follows for the others is here: what a fact of the leg means to the talk,
/// what the talk wants of the leg, and the terminal status, which is decided once (`finish`) and told at once; what
/// remains to be said to the far end (CANCEL, ACK and BYE, retransmissions) goes on behind it, and the record stays on
/// disk until it is done.
struct CallMachine: Sendable {
    /// How long a call that came in may go unanswered: as long as a proxy lets it ring (RFC 3261 §16.6, timer C).
    static let longestRinging = Duration.seconds(180)

    private(set) var dossier: Dossier
    private(set) var leg: Leg
    private(set) var talk: Talk?

    init(_ dossier: Dossier, _ leg: Leg) {
        self.dossier = dossier
        self.leg = leg
    }

    // MARK: A call that is made

    /// The request was taken.
    ///
    /// - Parameter remarks: what it held that was passed over.
    mutating func accept(remarks: [String], expectedWaitSeconds: Double, _ turn: inout Turn) {
        let (call, terms) = (dossier.call, dossier.terms)
        var metadata: [String: JSONValue] = [
            "from": .string(call.from), "to": .string(call.to),
            "callConnectUrl": JSONValue(terms.callConnectURL?.description),
            "timeout": JSONValue(terms.ringTimeoutSeconds), "sendDigits": dossier.shownSendDigits,
            "applicationId": JSONValue(call.applicationID?.text),
        ]
        if let ifMachine = terms.ifMachine {
            metadata["ifMachine"] = .string(ifMachine.kind.rawValue)
            metadata["ifMachineUrl"] = JSONValue(ifMachine.url?.description)
        }
        if let seconds = terms.machineBeepSeconds { metadata["ifMachineBeepSeconds"] = JSONValue(seconds) }
        if expectedWaitSeconds > 0 {
            metadata["expectedWaitSeconds"] = .integer(Int64(expectedWaitSeconds.rounded(.up)))
        }
        turn.store(.saveCall(call))
        dossier.note(.info, .request, "Call accepted", metadata, &turn)
        for remark in remarks { dossier.note(.warning, .request, remark, [:], &turn) }
        turn.want(.awaitCommit(.creation))
        turn.want(.saveRecord)
    }

    /// Its turn has come. See ``Leg/dial(_:from:port:joinsAcceptance:_:)``.
    mutating func dial(port: UInt16?, joinsAcceptance: Bool, _ turn: inout Turn) {
        let callee =
            switch dossier.destination {
            case .address(let address): SIPURI(user: address.dialledUser, host: address.host, port: address.port)
            case .number, nil:
                SIPURI(
                    user: dossier.call.to, host: turn.configuration.trunk.host, port: turn.configuration.trunk.port)
            }
        leg.dial(callee, from: dossier.call.from, port: port, joinsAcceptance: joinsAcceptance, &turn)
    }

    /// Its turn did not come in time: late it is not dialled.
    mutating func waitedTooLong(_ explanation: String, _ turn: inout Turn) {
        if case .waiting = leg.phase { finish(CallOutcome(.failed, .internalError, explanation), &turn) }
    }

    // MARK: A call that came in

    /// - Parameter fallbackURL: of its application.
    mutating func takeIn(fallbackURL: WebURL?, _ turn: inout Turn) {
        let call = dossier.call
        talk = Talk(by: leg.media, fallbackURL: fallbackURL)
        turn.store(.saveCall(call))
        dossier.note(
            .info, .request, "Call came in",
            [
                "from": .string(call.from), "to": .string(call.to),
                "applicationId": JSONValue(call.applicationID?.text),
                "voiceUrl": JSONValue(dossier.terms.callConnectURL?.description),
            ], &turn)
        turn.want(.saveRecord)
        turn.want(.awaitCommit(.creation))
        leg.openMedia(&turn)
        turn.want(.arm(.ring, after: Self.longestRinging))
    }

    /// Refused for what is missing here: noted, and over.
    mutating func refuse(_ reason: CallEndedReason, _ explanation: String, _ turn: inout Turn) {
        turn.store(.saveCall(dossier.call))
        finish(CallOutcome(.failed, reason, explanation), &turn)
    }

    /// 200. The script goes on when the caller has acknowledged it.
    private mutating func answer(_ turn: inout Turn) {
        guard let incoming = leg.answer() else { return }
        dossier.call.connectTime = dossier.clock.reading(turn.now)
        dossier.changeStatus(.inProgress, "answered", &turn)
        turn.want(.saveRecord)
        turn.want(.disarm(.ring))
        turn.want(.arm(.longestCall, after: incoming.longestCall))
        leg.sendAnswer(incoming, &turn)
    }

    // MARK: From the leg

    /// Lets the leg take an event, and draws the conclusion.
    mutating func withLeg(_ turn: inout Turn, _ event: (inout Leg, inout Turn) -> Leg.Fact?) {
        let fact = event(&leg, &turn)
        take(fact, &turn)
    }

    private mutating func take(_ fact: Leg.Fact?, _ turn: inout Turn) {
        switch fact {
        case nil: break
        case .invites(let invitation):
            leg.invited()
            dossier.call.startTime = dossier.clock.reading(turn.now)
            dossier.changeStatus(.ringing, "the INVITE leaves", &turn)
            turn.want(.saveRecord)
            turn.want(.arm(.ring, after: .seconds(dossier.terms.ringTimeoutSeconds)))
            turn.order(.invite(invitation))
        case .rings:
            guard let url = dossier.terms.callConnectURL else { return }
            turn.order(.ring)
            talk?.ask(ScriptRequest(CallWebhook.inboundCall), at: url, &dossier, &turn)
        case .portRefused(let port, let explanation):
            dossier.note(
                within: .ports, .warning, .media, "RTP port cannot be bound; another is taken",
                ["port": JSONValue(Int(port)), "explanation": .string(explanation)], &turn)
            turn.want(.changePort(from: port, explanation: explanation))
        case .noPort(let explanation):
            dossier.note(.error, .media, "No RTP port", ["explanation": .string(explanation)], &turn)
            finish(CallOutcome(.failed, .internalError, "no RTP port: \(explanation)"), &turn)
        case .described(let outcome): take(outcome, &turn)
        case .ended(let outcome, let farEndKnows): finish(outcome, farEndKnows: farEndKnows, &turn)
        case .sessionOver: sessionIsOver(&turn)
        }
    }

    private mutating func take(_ outcome: AudioNegotiation.Outcome, _ turn: inout Turn) {
        switch outcome {
        case .flows(let isFirst): if isFirst { take(talk?.mediaFlows(&leg, &dossier, &turn), &turn) }
        case .offerRefused(let fault):
            dossier.note(
                .warning, .media, "Offer refused; the call goes on as it was",
                ["explanation": .string(fault.explanation)], &turn)
            turn.order(.refuseOffer(fault.headers))
        case .answerPassedOver(let fault):
            dossier.note(
                .warning, .media, "Answer unusable; the call goes on as it was",
                ["explanation": .string(fault.explanation)], &turn)
        case .answerUnusable(let fault): finish(Self.unusable(fault, .completed), &turn)
        }
    }

    private static func unusable(_ fault: DescriptionFault, _ status: CallStatus) -> CallOutcome {
        CallOutcome(status, .failed, "answered without usable media, so we hung up: \(fault.explanation)")
    }

    /// See ``Leg/mediaOpenFailed(_:isPortTaken:isLast:_:)``.
    mutating func mediaOpenFailed(_ explanation: String, isPortTaken: Bool, isLast: Bool, _ turn: inout Turn) {
        withLeg(&turn) { leg, turn in
            leg.mediaOpenFailed(explanation, isPortTaken: isPortTaken, isLast: isLast, &turn)
        }
        settle(&turn)
    }

    /// The far end's 2xx.
    mutating func answered(_ body: [UInt8], record: SessionRecord?, _ turn: inout Turn) {
        guard let answer = leg.answered(body, record: record, &turn) else { return }
        turn.want(.disarm(.ring))
        let place: MediaPlace
        switch answer {
        case .failure(let fault): return finish(Self.unusable(fault, .failed), &turn)
        case .success(let known): place = known
        }
        dossier.call.connectTime = dossier.clock.reading(turn.now)
        talk = Talk(by: leg.media, isDialling: dossier.terms.sendDigits != nil)
        dossier.changeStatus(.inProgress, "answered", &turn)
        turn.want(.saveRecord)
        turn.want(.arm(.longestCall, after: turn.configuration.longestCall))
        withLeg(&turn) { leg, turn in leg.take(place, &turn) }
        guard let url = dossier.terms.callConnectURL else { return }
        talk?.ask(
            ScriptRequest(CallWebhook.connect(dossier.call), CallWebhook.connectExtras(dossier.call)), at: url,
            &dossier, &turn)
    }

    /// The ACK of an answer of ours, with the peer's where the offer was ours.
    mutating func acknowledged(_ body: [UInt8]?, _ turn: inout Turn) {
        withLeg(&turn) { leg, turn in leg.acknowledged(body, &turn) }
        if leg.isAudible { take(talk?.answered(&leg, &dossier, &turn), &turn) }
    }

    /// What the far end said to the latest digit; nil where it said nothing.
    mutating func reportAnswered(_ status: StatusCode?, _ turn: inout Turn) {
        guard leg.isReportingKeys else { return }
        let isTaken = status?.isSuccess == true
        if !isTaken {
            let explanation = status.map { "the far end answered the INFO with \($0.rawValue) \($0.reasonPhrase)" }
            dossier.note(
                .warning, .sip, "Digits not taken",
                ["explanation": .string(explanation ?? "the far end did not answer the INFO")], &turn)
        }
        if let dialling = leg.keyReportAnswered(isTaken: isTaken, &turn) { digitsSent(dialling, &turn) }
    }

    /// The next digit that goes out by INFO is due, or the last one is over.
    mutating func keyReportDue(_ turn: inout Turn) {
        if let dialling = leg.nextKeyReport(&turn) { digitsSent(dialling, &turn) }
    }

    mutating func digitsSent(_ dialling: DiallingID, _ turn: inout Turn) {
        withTalk(&turn) { talk, leg, dossier, turn in talk.digitsSent(dialling, &leg, &dossier, &turn) }
    }

    mutating func mediaClosed(_ figures: [String: JSONValue], _ turn: inout Turn) {
        guard case .over(let settling) = leg.phase, settling.awaitsMedia else { return }
        if !settling.isUnwritten { dossier.note(.info, .media, "Media figures", figures, &turn) }
        leg.mediaClosed(&turn)
        settle(&turn)
    }

    // MARK: From the talk

    /// Lets the talk take an event, if there is one, and does what it wants.
    mutating func withTalk(
        _ turn: inout Turn, _ event: (inout Talk, inout Leg, inout Dossier, inout Turn) -> Talk.Want?
    ) {
        take(talk?.lent(to: event, &leg, &dossier, &turn) ?? nil, &turn)
    }

    private mutating func take(_ want: Talk.Want?, _ turn: inout Turn) {
        switch want {
        case nil: break
        case .answer: answer(&turn)
        case .end(let outcome): finish(outcome, &turn)
        }
    }

    mutating func recordingEnded(_ id: RecordingID, milliseconds: Int, failure: String?, _ turn: inout Turn) {
        if let failure {
            let explanation =
                "\(failure); what was recorded before is kept, and can be fetched; whether the disk is full or cannot be "
                + "written, whoever runs this server can tell"
            dossier.note(
                .error, .media, "Recording failed",
                ["recordingId": .string(id.text), "explanation": .string(explanation)], &turn)
        }
        // Those that the call's end cut short have been told of already.
        withTalk(&turn) { talk, leg, dossier, turn in
            guard talk.recordings.ended(id, milliseconds: milliseconds, &dossier, &turn) else { return nil }
            return talk.advance(&leg, &dossier, &turn) { run, _, steps in run.utteranceCompleted(into: &steps) }
        }
    }

    // MARK: From the app

    mutating func webhookFinished(
        _ event: EventID, _ outcome: WebhookOutcome, milliseconds: Int, _ turn: inout Turn
    ) {
        for step in dossier.webhookFinished(event, outcome) {
            dossier.take(step, of: event, outcome, milliseconds: milliseconds, &turn)
            // After a hang-up while the script was being fetched there is no talk any more: the answer is ignored
            // (docs/contract/webhooks.md#order).
            guard case .scriptAnswered(let webhook, let outcome) = step else { continue }
            withTalk(&turn) { talk, leg, dossier, turn in
                talk.scriptAnswered(webhook, outcome, &leg, &dossier, &turn)
            }
        }
        settle(&turn)
    }

    /// Lets the dossier be written in.
    mutating func withDossier(_ body: (inout Dossier) -> Void) { body(&dossier) }

    /// Where customers reach this server has become known.
    mutating func reachable(at url: String) { dossier.publicURL = url }

    // MARK: Its end

    /// The one way to a terminal status: decides it, tells everybody, lets go of everything.
    ///
    /// - Parameter farEndKnows: it need not be told.
    mutating func finish(_ outcome: CallOutcome, farEndKnows: Bool = false, _ turn: inout Turn) {
        guard let farewell = leg.end(outcome, farEndKnows: farEndKnows, &turn) else { return }
        // What was not stored is stored again, whether the call goes on or not.
        for timer in CallTimer.allCases where timer != .storing { turn.want(.disarm(timer)) }
        dossier.tellOnly(evenInFlight: true, &turn)
        dossier.withdrawScript(&turn)
        let last = talk
        talk = nil
        if let queue = last?.waiting?.queueID { turn.want(.room(.leaveQueue(queue))) }
        if let conference = last?.stay?.conferenceID { turn.want(.room(.leaveConference(conference))) }
        conclude(
            outcome, last?.recordings ?? Recordings(), interrupted: last?.script?.utterance,
            waiting: last?.waiting.map { InterruptedWait($0, outcome, turn.now.instant) },
            stay: last?.stay.flatMap { InterruptedStay($0) }, &turn)
        if farewell.awaitsSession {
            // After a crash the far end is still told, and nothing else is done a second time.
            turn.want(.saveRecord)
            turn.order(farewell.refusal.map(SessionOrder.reject) ?? .end)
        } else {
            turn.store(.removeRecord(dossier.call.callID))
        }
        leg.closeMedia(&turn)
        settle(&turn)
    }

    /// The status, and who hears of it.
    ///
    /// - Parameter interrupted: a RecordUtterance that the end of the call cuts short: its application is told
    ///   (docs/contract/webhooks.md#record, termReason `hangup`).
    /// - Parameter waiting: what is told of a wait that the end cuts short (docs/contract/webhooks.md#queues).
    /// - Parameter stay: and of a stay in a conference (docs/contract/webhooks.md#conferences).
    private mutating func conclude(
        _ outcome: CallOutcome, _ active: Recordings, interrupted: UtteranceRecording?, waiting: InterruptedWait?,
        stay: InterruptedStay?,
        _ turn: inout Turn
    ) {
        var recordings = active
        recordings.close(&dossier, &turn)
        dossier.call.endTime = dossier.clock.reading(turn.now)
        dossier.call.endedReason = outcome.reason
        dossier.changeStatus(outcome.status, outcome.explanation, &turn)
        let (call, terms) = (dossier.call, dossier.terms)
        // The bodies are fixed now; the event ids follow from the call's own id, so that none need be drawn here.
        var ids = EventIDSource(call: call.callID, sequence: dossier.eventSequence)
        if call.connectTime == nil, call.direction != .inbound, let url = terms.callConnectURL {
            let request = ScriptRequest(CallWebhook.connect(call), CallWebhook.connectExtras(call))
            dossier.tell(request, at: url, EventID(random: &ids), &turn)
        }
        if let interrupted {
            let command = interrupted.command
            let request = recordings.recorded(command, interrupted.fileCompleted() ?? .hangup, dossier)
            dossier.tell(request, at: command.actionURL, EventID(random: &ids), &turn)
        }
        if let waiting { dossier.tell(waiting.request, at: waiting.url, EventID(random: &ids), &turn) }
        if let stay { dossier.tell(stay.request, at: stay.url, EventID(random: &ids), &turn) }
        if let url = terms.statusCallbackURL {
            let request = CallWebhook.ended(call, recordings.call?.recording, publicURL: dossier.publicURL)
            dossier.tell(request, at: url, EventID(random: &ids), &turn)
        }
    }

    /// The call itself could not be stored: it never was.
    mutating func abandon(_ turn: inout Turn) {
        withLeg(&turn) { leg, turn in leg.abandon(&turn) }
        settle(&turn)
    }

    /// A transaction with something to tell, or with the end, failed. What was not committed is not told
    /// (docs/decisions/0032): it is written again until it is on disk. A restart that found the call as it was before
    /// would tell of another end.
    mutating func notStored(_ turn: inout Turn) {
        if leg.endNotStored() { turn.want(.arm(.storing, after: .seconds(1))) }
    }

    mutating func storeAgain(_ turn: inout Turn) {
        dossier.oweAgain(&turn)
        switch leg.phase {
        case .opening(let opening):
            guard opening.isAccepted, !opening.isCommitted else { return }
            turn.want(.saveRecord)
            turn.want(.awaitCommit(.turn))
        case .over(let settling):
            guard !settling.isUnwritten else { return }
            turn.store(.saveCall(dossier.call))
            turn.want(needsRecord ? .saveRecord : .store(.removeRecord(dossier.call.callID)))
            turn.want(.awaitCommit(.end))
        case .waiting, .incoming, .ringing, .answered: return
        }
    }

    mutating func endCommitted(_ turn: inout Turn) {
        guard case .over = leg.phase else { return }
        leg.endCommitted()
        settle(&turn)
    }

    private mutating func sessionIsOver(_ turn: inout Turn) {
        guard leg.sessionOver() else { return }
        // The row again: should the transaction with the end have failed, this one makes good for it.
        turn.store(.saveCall(dossier.call))
        turn.store(.removeRecord(dossier.call.callID))
        settle(&turn)
    }

    private func settle(_ turn: inout Turn) {
        if leg.isSettled, dossier.outbox.isEmpty { turn.want(.settled) }
    }

    // MARK: After a restart

    /// A call that was under way when the process ended: it is ended now, with `internalError`, and the far end told, by
    /// its leg's record. A call whose status stood already keeps it; only the far end has still to be told.
    ///
    /// - Parameters:
    ///   - callRecording: what its StartRecordCall left behind.
    ///   - notifications: on disk, in order, and not sent yet.
    init(
        ending record: CallRecord, _ dossier: Dossier, _ leg: Leg, callRecording: Recording?,
        notifications: [PendingNotification], explanation: String, _ turn: inout Turn
    ) {
        self.init(dossier, leg)
        if record.leg.phase != .over {
            self.dossier.callRecordingID = callRecording?.recordingID
            self.dossier.restore(notifications, &turn)
            let status: CallStatus = record.leg.phase == .answered ? .completed : .failed
            conclude(
                CallOutcome(status, .internalError, explanation), Recordings(restoring: callRecording),
                interrupted: nil, waiting: record.talk?.wait.map { InterruptedWait($0) },
                stay: record.talk?.stay.flatMap { InterruptedStay($0) }, &turn)
            if needsRecord { turn.want(.saveRecord) }
        }
        if !needsRecord { turn.store(.removeRecord(record.call.callID)) }
        settle(&turn)
    }
}

/// What a client and the operator do with a call.
extension CallMachine {
    /// Cancels what was not answered, hangs up what was (docs/contract/calls.md#cancel-and-hang-up), or lets a parked call
    /// go on. Nil where that was done.
    mutating func update(_ update: CallUpdate, requestID: RequestID, _ turn: inout Turn) -> CallRefusal? {
        if update == .inProgress { return resume(requestID, &turn) }
        let message: String
        let outcome: CallOutcome
        switch leg.phase {
        case .over: return .notFound
        case .waiting, .opening, .ringing:
            message = "Cancel requested"
            outcome = CallOutcome(.canceled, .callCanceled, "canceled over REST")
        case .incoming, .answered:
            message = "Hang-up requested"
            outcome = CallOutcome(.completed, .appHangup, "hung up over REST")
        }
        dossier.note(.info, .request, message, ["status": .string(update.rawValue)], by: requestID, &turn)
        // A call that rings here counts as in progress: it is answered, then hung up
        // (docs/contract/calls.md#cancel-and-hang-up).
        answer(&turn)
        finish(outcome, &turn)
        return nil
    }

    /// A rule has come to hold for a call that was accepted before.
    ///
    /// - Parameter evenUnderWay: not only while it waits for its turn.
    mutating func stop(by rule: DialRule, evenUnderWay: Bool, _ turn: inout Turn) {
        switch leg.phase {
        case .over: return
        case .waiting: break
        case .incoming, .opening, .ringing, .answered: guard evenUnderWay else { return }
        }
        dossier.note(
            .warning, .status, "Stopped by a rule",
            ["rule": .string(rule.name), "explanation": .string(rule.explanation)], &turn)
        finish(
            leg.isAnswered
                ? CallOutcome(.completed, .internalError, rule.explanation)
                : CallOutcome(.canceled, .callCanceled, rule.explanation), &turn)
    }

    /// The server stops and its patience is over. Calls that wait stay on disk for the next start
    /// (docs/contract/calls.md#a-restart).
    mutating func hangUpForShutdown(_ turn: inout Turn) {
        switch leg.phase {
        case .waiting, .over: break
        case .incoming, .opening, .ringing, .answered:
            finish(
                CallOutcome(leg.isAnswered ? .completed : .failed, .internalError, "the server stopped"), &turn)
        }
    }
}

extension Talk {
    /// By a method it can be had where it stands; taken out of its optional it would be copied.
    fileprivate mutating func lent(
        to event: (inout Talk, inout Leg, inout Dossier, inout Turn) -> Want?, _ leg: inout Leg,
        _ dossier: inout Dossier, _ turn: inout Turn
    ) -> Want? {
        event(&self, &leg, &dossier, &turn)
    }
}
