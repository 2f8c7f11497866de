import SDP
import SIP
import Telephony

extension Exchange {
    /// A call comes in: whose number is it?
    mutating func invited(
        _ session: SessionID, _ invitation: IncomingInvitation, _ now: Moment, _ effects: inout [Effect]
    ) {
        if let explanation = reasonForNoCalls {
            return refuse(session, invitation, .unavailable, .serviceUnavailable, explanation, now, &effects)
        }
        guard let number = called(invitation).number else {
            return refuse(
                session, invitation, .unknownNumber, .notFound, "what is called is no number", now, &effects)
        }
        invitations[session] = PendingInvitation(invitation: invitation)
        effects.append(.routeInbound(session, number))
    }

    mutating func takeIn(
        _ session: SessionID, _ route: InboundRoute, _ now: Moment, _ effects: inout [Effect]
    ) {
        // The caller may have given up meanwhile.
        guard var pending = invitations.removeValue(forKey: session) else { return }
        let invitation = pending.invitation
        guard case .owned(let number, let application) = route else {
            return refuse(
                session, invitation, .unknownNumber, .notFound, "no account has the number", now, &effects)
        }
        let agreement: AudioAgreement?
        do throws(DescriptionFault) {
            switch try offeredPlace(pending) {
            case nil: agreement = nil
            case .known(let known): agreement = known
            case .named(let name, _):
                pending.route = route
                invitations[session] = pending
                effects.append(.resolveMediaName(NameQuestion(session: session, number: 0), name))
                return
            }
        } catch {
            return refuse(
                session, invitation, .noCommonAudio, .notAcceptableHere, error.explanation, headers: error.headers, now,
                &effects)
        }
        guard let port = ports.take(now: now.instant) else {
            let explanation =
                ports.isHeldByOthers(now: now.instant) ? "no RTP port: \(portsHeld)" : "every RTP port is in use"
            return refuse(session, invitation, .noPort, .serviceUnavailable, explanation, now, &effects)
        }
        let audio = LocalAudio(
            address: configuration.mediaAddress, port: port, sessionID: random.next() >> 2, sessionVersion: 1)
        let reply: (sdp: [UInt8], agreement: AudioAgreement?)
        do { reply = try audio.reply(to: invitation.offer) } catch {
            ports.giveBackUnused(port)
            return refuse(
                session, invitation, .noCommonAudio, .notAcceptableHere, error.explanation, now, &effects)
        }
        var call = CallMachine(
            incoming: number, application: application, from: caller(invitation).text,
            incoming: CallMachine.Incoming(
                fallbackURL: application?.voiceFallbackURL, offer: invitation.offer, sdp: reply.sdp,
                mediaSources: configuration.trunk.mediaSources(
                    signallingHost: invitation.source.address.description),
                longestCall: configuration.longestCall, agreement: agreement),
            localAudio: audio, port: port, callID: CallID(random: &random), requestID: RequestID(random: &random),
            session: session,
            identifiers: InvitationIdentifiers(
                callID: invitation.callID, fromTag: invitation.from.tag ?? "", branch: ""),
            publicURL: publicURL, clock: CallClock(source: configuration.clockSource, from: now))
        call.reportsKeys = configuration.trunk.reportsKeys
        var directives: [CallDirective] = []
        if application == nil {
            call.refuse(
                .configErrorNoApplication, "the number has no application", now: now, into: &directives)
        } else if application?.voiceURL == nil {
            call.refuse(
                .configErrorNoVoiceUrl, "the number's application has no voiceUrl", now: now, into: &directives)
        } else {
            call.takeIn(
                MediaOpening(
                    port: port, synchronizationSource: UInt32(truncatingIfNeeded: random.next()),
                    firstSequenceNumber: UInt16(truncatingIfNeeded: random.next()),
                    firstTimestamp: UInt32(truncatingIfNeeded: random.next())),
                now: now, into: &directives)
        }
        for (trace, isSent) in pending.traces { call.traced(trace, isSent: isSent, now: now, into: &directives) }
        let id = call.call.callID
        calls[id] = call
        callsBySession[session] = id
        callsBySIPCallID[invitation.callID] = id
        carryOut(directives, of: id, now, &effects)
    }

    /// A request from an address that is not the trunk's.
    mutating func turnedAway(_ request: TurnedAway, _ now: Moment, _ effects: inout [Effect]) {
        let forms = configuration.trunk.numberForms
        tell(
            InboundRefusal(
                reason: .addressNotAllowed, method: request.method.name, source: request.source,
                called: Party(request.requestURI, forms).text, number: Party(request.requestURI, forms).number,
                caller: request.from.map { Party($0.uri, forms).text } ?? Party.anonymous,
                status: request.method == .invite ? .forbidden : nil,
                explanation: "its address is not the trunk's"), now, &effects)
    }

    /// Where the media of a call that comes in is to go; nil where its caller made no offer.
    private func offeredPlace(_ pending: PendingInvitation) throws(DescriptionFault) -> MediaPlace? {
        guard let offer = pending.invitation.offer else { return nil }
        let local = configuration.mediaAddress
        // Our port does not matter yet.
        let audio = LocalAudio(address: local, port: 0, sessionID: 0, sessionVersion: 1)
        let place = try audio.place(offer: offer).place
        guard case .named(let name, let agreement) = place, let addresses = pending.addresses else { return place }
        return .known(try agreement.placed(at: addresses, of: name, seenFrom: local))
    }

    private mutating func refuse(
        _ session: SessionID, _ invitation: IncomingInvitation, _ reason: InboundRefusal.Reason, _ status: StatusCode,
        _ explanation: String, headers: SIPHeaders = SIPHeaders(), _ now: Moment, _ effects: inout [Effect]
    ) {
        withUserAgent(now, &effects) { agent, random, sip in
            agent.reject(session, status: status, headers: headers, now: now.instant, random: &random, into: &sip)
        }
        let called = called(invitation)
        tell(
            InboundRefusal(
                reason: reason, method: "INVITE", source: invitation.source, called: called.text,
                number: called.number, caller: caller(invitation).text, status: status, explanation: explanation),
            now, &effects)
    }

    private mutating func tell(_ refusal: InboundRefusal, _ now: Moment, _ effects: inout [Effect]) {
        let source = refusal.source.address
        let inLog = refusals.isNews(.source(source), now: now.instant)
        var inAccountLog = false
        if let number = refusal.number, refusal.method == "INVITE", refusal.reason != .unknownNumber {
            inAccountLog = refusals.isNews(.called(number, by: source), now: now.instant)
        }
        effects.append(.refused(refusal, inLog: inLog, inAccountLog: inAccountLog))
    }

    /// Who is called: what the Request-URI names. A trunk that sends calls to the name that this server is known by
    /// there says the number in To.
    private func called(_ invitation: IncomingInvitation) -> Party {
        let forms = configuration.trunk.numberForms
        let party = Party(invitation.requestURI, forms)
        guard party.number == nil else { return party }
        let addressee = Party(invitation.to.uri, forms)
        return addressee.number == nil ? party : addressee
    }

    private func caller(_ invitation: IncomingInvitation) -> Party {
        let trunk = configuration.trunk
        switch trunk.callerSource {
        case .from: return Party(invitation.from.uri, trunk.numberForms)
        case .asserted:
            return AssertedCaller(invitation.headers, trunk.numberForms)?.party
                ?? Party(invitation.from.uri, trunk.numberForms)
        }
    }
}
