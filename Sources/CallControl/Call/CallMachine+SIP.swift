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
        let agreement: AudioAgreement
        do { agreement = try localAudio.agreement(answer: body) } catch {
            finish(
                CallOutcome(.failed, .failed, "answered without usable media: \(error.explanation)"),
                awaitsSession: true, now, &directives)
            return
        }
        self.agreement = agreement
        call.connectTime = now.wall
        phase = .connected(Conversation(isDialling: sendDigits != nil, held: nil, run: nil))
        changeStatus(.inProgress, "answered", now, &directives)
        if let record { sessionRecord = record }
        directives.append(.saveRecord)
        directives.append(.arm(.longestCall, after: configuration.longestCall))
        connectMedia(agreement, configuration, &directives)
        if ifMachine != nil { directives.append(.effect(.observeAnswerer(media, true))) }
        if let sendDigits {
            directives.append(
                .effect(
                    .sendDigits(
                        media, .sendDigits, sendDigits.tones, durationMilliseconds: sendDigits.durationMilliseconds)))
        }
        guard let callConnectURL else { return }
        fetchScript(
            from: callConnectURL, type: CallWebhook.connect(call), extras: CallWebhook.connectExtras(call), &random,
            now, &directives)
    }

    mutating func failed(_ failure: SessionFailure, now: Moment, into directives: inout [CallDirective]) {
        switch phase {
        case .ringing: finish(OutcomeTable.outcome(of: failure), awaitsSession: false, now, &directives)
        case .incoming:
            finish(
                CallOutcome(.canceled, .callCanceled, "the caller gave up"), awaitsSession: false, now, &directives)
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

    /// A re-INVITE or UPDATE; without a body it wants an offer of ours.
    mutating func offerReceived(
        _ body: [UInt8]?, configuration: ExchangeConfiguration, now: Moment, into directives: inout [CallDirective]
    ) {
        guard case .connected = phase, var localAudio else {
            directives.append(.answerOffer(nil))
            return
        }
        localAudio.sessionVersion += 1
        guard let body else {
            self.localAudio = localAudio
            directives.append(.answerOffer(localAudio.offer.bytes))
            return
        }
        do {
            let (agreement, answer) = try localAudio.answer(to: body)
            self.localAudio = localAudio
            self.agreement = agreement
            directives.append(.answerOffer(answer.bytes))
            connectMedia(agreement, configuration, &directives)
        } catch {
            note(
                .warning, .media, "Offer refused", ["explanation": .string(error.explanation)], now, &directives)
            directives.append(.answerOffer(nil))
        }
    }

    /// The ACK to an offer of ours in a re-INVITE's 2xx brings the peer's answer.
    mutating func acknowledged(
        _ body: [UInt8]?, configuration: ExchangeConfiguration, now: Moment, random: inout RandomSource,
        into directives: inout [CallDirective]
    ) {
        takeAnswer(body, configuration, now, &directives)
        guard agreement != nil || !isConnected else {
            // Nothing can be played or heard, so that the script would wait for ever.
            finish(
                CallOutcome(.completed, .failed, "the far end answered our offer with no usable description"),
                awaitsSession: true, now, &directives)
            return
        }
        advanceScript(now, &random, &directives) { run, memory, steps in run.answered(&memory, into: &steps) }
    }

    private mutating func takeAnswer(
        _ body: [UInt8]?, _ configuration: ExchangeConfiguration, _ now: Moment, _ directives: inout [CallDirective]
    ) {
        guard case .connected = phase, let body, !body.isEmpty, let localAudio else { return }
        do {
            let agreement = try localAudio.agreement(answer: body)
            self.agreement = agreement
            connectMedia(agreement, configuration, &directives)
        } catch {
            note(
                .warning, .media, "Answer unusable", ["explanation": .string(error.explanation)], now, &directives)
        }
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
