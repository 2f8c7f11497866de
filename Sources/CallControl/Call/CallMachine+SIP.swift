import JSON
import PerCL
import SDP
import SIP
import Telephony

extension CallMachine {
    mutating func progressed(_ code: StatusCode, now: Moment, into directives: inout [CallDirective]) {
        // What came is in the journal as a SIP message; a call stays `ringing` whatever the provisional code.
    }

    mutating func answered(
        _ body: [UInt8], record: SessionRecord?, configuration: ExchangeConfiguration, now: Moment,
        random: inout RandomSource, into directives: inout [CallDirective]
    ) {
        guard case .ringing = phase, let localAudio else { return }
        directives.append(.disarm(.ring))
        let place: MediaPlace
        do { place = try localAudio.place(answer: body) } catch {
            finish(
                CallOutcome(
                    .failed, .failed, "answered without usable media, so we hung up: \(error.explanation)"),
                awaitsSession: true, now, &directives)
            return
        }
        call.connectTime = clock.reading(now)
        phase = .connected(Conversation(isDialling: sendDigits != nil, held: nil, run: nil))
        changeStatus(.inProgress, "answered", now, &directives)
        if let record { sessionRecord = record }
        directives.append(.saveRecord)
        directives.append(.arm(.longestCall, after: configuration.longestCall))
        reportsKeys = configuration.trunk.reportsKeys
        takeAnswer(place, configuration, now, &random, &directives)
        guard let callConnectURL else { return }
        fetchScript(
            from: callConnectURL, type: CallWebhook.connect(call), extras: CallWebhook.connectExtras(call), &random,
            now, &directives)
    }

    mutating func failed(_ failure: SessionFailure, now: Moment, into directives: inout [CallDirective]) {
        switch phase {
        case .ringing: finish(OutcomeTable.outcome(of: failure), awaitsSession: false, now, &directives)
        case .incoming:
            let outcome =
                failure == .expired
                ? CallOutcome(
                    .noAnswer, .noAnswer, "the script did not answer within the time that the INVITE gave (Expires)")
                : CallOutcome(.canceled, .callCanceled, "the caller gave up")
            finish(outcome, awaitsSession: false, now, &directives)
        case .over: sessionIsOver(&directives)
        case .accepted, .queued, .opening, .connected: break
        }
    }

    mutating func ended(_ end: SessionEnd, now: Moment, into directives: inout [CallDirective]) {
        switch phase {
        case .connected:
            let explanation =
                switch end {
                case .remoteHangUp: "the far end hung up"
                case .protocolError(let what): "the far end broke the dialog: \(what)"
                case .localHangUp, .neverAcknowledged: "the dialog ended"
                }
            finish(CallOutcome(.completed, .farEndHangup, explanation), awaitsSession: false, now, &directives)
        case .over: sessionIsOver(&directives)
        case .accepted, .queued, .incoming, .opening, .ringing: break
        }
    }

    /// The session's record is worth storing again: a crash must find the dialogs that the far end has.
    mutating func recordChanged(_ record: SessionRecord, into directives: inout [CallDirective]) {
        sessionRecord = record
        switch phase {
        case .ringing: directives.append(.saveRecord)
        case .connected: directives.append(.saveRecord)
        case .over(let settling) where settling.awaitsSession: directives.append(.saveRecord)
        case .accepted, .queued, .incoming, .opening, .over: break
        }
    }

    /// As above, and what binds the far end waits for the record. A call that is over keeps one as long as the far end has
    /// to be told; after that there is nothing to wait for: what comes then is acknowledged and hung up in one go.
    mutating func recordDue(_ record: SessionRecord, _ hold: RecordHold, into directives: inout [CallDirective]) {
        sessionRecord = record
        switch phase {
        case .ringing, .connected:
            directives.append(.saveRecord)
            directives.append(.awaitCommit(.dialog(session, hold)))
        case .over(let settling) where settling.awaitsSession:
            directives.append(.saveRecord)
            directives.append(.awaitCommit(.dialog(session, hold)))
        case .accepted, .queued, .incoming, .opening, .over: directives.append(.recordStored(hold))
        }
    }

    /// A message that plainly belongs to this call, and could not be taken.
    mutating func refused(
        _ trace: SIPTrace, _ error: SIPParseError, now: Moment, into directives: inout [CallDirective]
    ) {
        guard messagesNoted < Self.maximumMessagesNoted - 1 else { return }
        messagesNoted += 1
        let isResponse = trace.startLine.utf8.starts(with: "SIP/".utf8)
        note(
            .warning, .sip, (isResponse ? "SIP dropped : " : "SIP refused : ") + trace.startLine,
            [
                "direction": "received", "peer": .string(trace.peer.description), "text": .string(trace.text),
                "explanation": .string("a message that belongs to this call was not taken: \(error.explanation)"),
            ], now, &directives)
    }

    mutating func traced(_ trace: SIPTrace, isSent: Bool, now: Moment, into directives: inout [CallDirective]) {
        messagesNoted += 1
        guard messagesNoted <= Self.maximumMessagesNoted else { return }
        if messagesNoted == Self.maximumMessagesNoted {
            note(.warning, .sip, "Further SIP messages of this call are not logged", [:], now, &directives)
            return
        }
        var metadata: [String: JSONValue] = [
            "direction": isSent ? "sent" : "received", "peer": .string(trace.peer.description),
            "text": .string(trace.text),
        ]
        if trace.isRetransmission { metadata["isRetransmission"] = true }
        note(.info, .sip, (isSent ? "SIP sent : " : "SIP received : ") + trace.startLine, metadata, now, &directives)
    }

    func connectMedia(
        _ agreement: AudioAgreement, _ configuration: ExchangeConfiguration, _ directives: inout [CallDirective]
    ) {
        let trunk = configuration.trunk
        connectMedia(
            agreement, from: mediaSources ?? trunk.mediaSources(signallingHost: trunk.address.address.description),
            &directives)
    }

    /// - Parameter isEarly: before the answer.
    func connectMedia(
        _ agreement: AudioAgreement, from sources: MediaSources, isEarly: Bool = false,
        _ directives: inout [CallDirective]
    ) {
        directives.append(
            .effect(
                .connectMedia(
                    media,
                    MediaConnection(
                        agreement: agreement, offeredEventPayload: localAudio?.telephoneEventPayload, sources: sources,
                        isEarly: isEarly))))
    }
}
