import SDP
import SIP
import Telephony

extension Exchange {
    /// A call comes in: whose number is it?
    mutating func invited(
        _ session: SessionID, _ invitation: IncomingInvitation
    ) {
        if let explanation = reasonForNoCalls {
            return refuse(session, invitation, .unavailable, .serviceUnavailable, explanation)
        }
        guard let number = called(invitation).number else {
            return refuse(
                session, invitation, .unknownNumber, .notFound, "what is called is no number")
        }
        invitations[session] = PendingInvitation(invitation: invitation)
        emit(.routeInbound(session, number))
    }

    mutating func takeIn(
        _ session: SessionID, _ route: InboundRoute
    ) {
        // The caller may have given up meanwhile.
        guard var pending = invitations.removeValue(forKey: session) else { return }
        let invitation = pending.invitation
        guard case .owned(let number, let application) = route else {
            return refuse(
                session, invitation, .unknownNumber, .notFound, "no account has the number")
        }
        let agreement: AudioAgreement?
        do throws(DescriptionFault) {
            switch try offeredPlace(pending) {
            case nil: agreement = nil
            case .known(let known): agreement = known
            case .named(let name, _):
                pending.route = route
                invitations[session] = pending
                emit(.resolveMediaName(NameQuestion(session: session, number: 0), name))
                return
            }
        } catch {
            return refuse(
                session, invitation, .noCommonAudio, .notAcceptableHere, error.explanation, headers: error.headers)
        }
        guard let port = ports.take(now: now.instant) else {
            let explanation =
                ports.isHeldByOthers(now: now.instant) ? "no RTP port: \(portsHeld)" : "every RTP port is in use"
            return refuse(session, invitation, .noPort, .serviceUnavailable, explanation)
        }
        let audio = LocalAudio(
            address: turn.configuration.mediaAddress, port: port, sessionID: turn.random.next() >> 2, sessionVersion: 1)
        let reply: (sdp: [UInt8], agreement: AudioAgreement?)
        do { reply = try audio.reply(to: invitation.offer) } catch {
            ports.giveBackUnused(port)
            return refuse(
                session, invitation, .noCommonAudio, .notAcceptableHere, error.explanation)
        }
        let clock = CallClock(source: turn.configuration.clockSource, from: now)
        var resource = Call(
            callID: CallID(random: &turn.random), accountID: number.accountID,
            applicationID: application?.applicationID, parentCallID: nil, phoneNumberID: number.phoneNumberID,
            from: caller(invitation).text, to: number.phoneNumber.text, direction: .inbound, status: .ringing,
            created: clock.wall)
        resource.startTime = clock.wall
        let terms = CallTerms(
            requestID: RequestID(random: &turn.random), callConnectURL: application?.voiceURL,
            statusCallbackURL: application?.statusCallbackURL)
        let incoming = Leg.Incoming(
            offer: invitation.offer, sdp: reply.sdp,
            sources: turn.configuration.trunk.mediaSources(signallingHost: invitation.source.address.description),
            longestCall: turn.configuration.longestCall, agreement: agreement, port: MediaPort(audio))
        var call = CallMachine(
            Dossier(
                resource, to: .number(number.phoneNumber), terms: terms, publicURL: publicURL, clock: clock),
            Leg(
                incoming: incoming, session,
                InvitationIdentifiers(
                    callID: invitation.callID, fromTag: invitation.from.tag ?? "", branch: "")))
        if application == nil {
            call.refuse(.configErrorNoApplication, "the number has no application", &turn)
        } else if application?.voiceURL == nil {
            call.refuse(.configErrorNoVoiceUrl, "the number's application has no voiceUrl", &turn)
        } else {
            call.takeIn(fallbackURL: application?.voiceFallbackURL, &turn)
        }
        for (trace, isSent) in pending.traces {
            call.withDossier { $0.note(trace, isSent: isSent, &turn) }
        }
        enter(call)
        callsBySIPCallID[invitation.callID] = resource.callID
        carryOut(turn.takeDirectives(), of: resource.callID)
    }

    /// A request from an address that is not the trunk's.
    mutating func turnedAway(_ request: TurnedAway) {
        let forms = turn.configuration.trunk.numberForms
        tell(
            InboundRefusal(
                reason: .addressNotAllowed, method: request.method.name, source: request.source,
                called: Party(request.requestURI, forms).text, number: Party(request.requestURI, forms).number,
                caller: request.from.map { Party($0.uri, forms).text } ?? Party.anonymous,
                status: request.method == .invite ? .forbidden : nil,
                explanation: "its address is not the trunk's"))
    }

    /// Where the media of a call that comes in is to go; nil where its caller made no offer.
    private func offeredPlace(_ pending: PendingInvitation) throws(DescriptionFault) -> MediaPlace? {
        guard let offer = pending.invitation.offer else { return nil }
        let local = turn.configuration.mediaAddress
        // Our port does not matter yet.
        let audio = LocalAudio(address: local, port: 0, sessionID: 0, sessionVersion: 1)
        let place = try audio.place(offer: offer).place
        guard case .named(let name, let agreement) = place, let addresses = pending.addresses else { return place }
        return .known(try agreement.placed(at: addresses, of: name, seenFrom: local))
    }

    private mutating func refuse(
        _ session: SessionID, _ invitation: IncomingInvitation, _ reason: InboundRefusal.Reason, _ status: StatusCode,
        _ explanation: String, headers: SIPHeaders = SIPHeaders()
    ) {
        withUserAgent { agent, now, random, sip in
            agent.reject(session, status: status, headers: headers, now: now, random: &random, into: &sip)
        }
        let called = called(invitation)
        tell(
            InboundRefusal(
                reason: reason, method: "INVITE", source: invitation.source, called: called.text,
                number: called.number, caller: caller(invitation).text, status: status, explanation: explanation))
    }

    private mutating func tell(_ refusal: InboundRefusal) {
        let source = refusal.source.address
        let inLog = refusals.isNews(.source(source), now: now.instant)
        var inAccountLog = false
        if let number = refusal.number, refusal.method == "INVITE", refusal.reason != .unknownNumber {
            inAccountLog = refusals.isNews(.called(number, by: source), now: now.instant)
        }
        emit(.refused(refusal, inLog: inLog, inAccountLog: inAccountLog))
    }

    /// Who is called: what the Request-URI names. A trunk that sends calls to the name that this server is known by
    /// there says the number in To.
    private func called(_ invitation: IncomingInvitation) -> Party {
        let forms = turn.configuration.trunk.numberForms
        let party = Party(invitation.requestURI, forms)
        guard party.number == nil else { return party }
        let addressee = Party(invitation.to.uri, forms)
        return addressee.number == nil ? party : addressee
    }

    private func caller(_ invitation: IncomingInvitation) -> Party {
        let trunk = turn.configuration.trunk
        switch trunk.callerSource {
        case .from: return Party(invitation.from.uri, trunk.numberForms)
        case .asserted:
            return AssertedCaller(invitation.headers, trunk.numberForms)?.party
                ?? Party(invitation.from.uri, trunk.numberForms)
        }
    }
}
