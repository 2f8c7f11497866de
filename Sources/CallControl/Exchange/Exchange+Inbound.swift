import SDP
import SIP
import Telephony

extension Exchange {
    /// A call comes in: whose number is it?
    mutating func invited(
        _ session: SessionID, _ invitation: IncomingInvitation, _ now: Moment, _ effects: inout [Effect]
    ) {
        guard !isDraining, !isStorageLow else { return reject(session, .serviceUnavailable, now, &effects) }
        guard let called = Self.party(invitation.requestURI), let number = PhoneNumber(called) else {
            return reject(session, .notFound, now, &effects)
        }
        invitations[session] = PendingInvitation(invitation: invitation)
        effects.append(.routeInbound(session, number))
    }

    mutating func takeIn(
        _ session: SessionID, _ route: InboundRoute, _ now: Moment, _ effects: inout [Effect]
    ) {
        // The caller may have given up meanwhile.
        guard let pending = invitations.removeValue(forKey: session) else { return }
        let invitation = pending.invitation
        guard case .owned(let number, let application) = route else {
            return reject(session, .notFound, now, &effects)
        }
        guard let port = ports.take(now: now.instant) else {
            return reject(session, .serviceUnavailable, now, &effects)
        }
        let audio = LocalAudio(
            address: configuration.mediaAddress, port: port, sessionID: random.next() >> 2, sessionVersion: 1)
        let reply: (sdp: [UInt8], agreement: AudioAgreement?)
        do { reply = try audio.reply(to: invitation.offer) } catch {
            ports.giveBackUnused(port)
            return reject(session, .notAcceptableHere, now, &effects)
        }
        var call = CallMachine(
            incoming: number, application: application, from: Self.party(invitation.from.uri) ?? "anonymous",
            incoming: CallMachine.Incoming(
                fallbackURL: application?.voiceFallbackURL, offer: invitation.offer, sdp: reply.sdp,
                signallingHost: invitation.source.address.description,
                allowsAnySource: configuration.trunk.isBehindNAT, longestCall: configuration.longestCall,
                agreement: reply.agreement),
            localAudio: audio, port: port, callID: CallID(random: &random), requestID: RequestID(random: &random),
            session: session,
            identifiers: InvitationIdentifiers(
                callID: invitation.callID, fromTag: invitation.from.tag ?? "", branch: ""),
            publicURL: publicURL, now: now)
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
        carryOut(directives, of: id, now, &effects)
    }

    private mutating func reject(
        _ session: SessionID, _ status: StatusCode, _ now: Moment, _ effects: inout [Effect]
    ) {
        withUserAgent(now, &effects) { agent, random, sip in
            agent.reject(session, status: status, now: now.instant, random: &random, into: &sip)
        }
    }

    /// Who a URI means: a number in E.164 where it can be read as one, else its user part.
    private static func party(_ uri: AnyURI) -> String? {
        guard let user = uri.user, !user.isEmpty else { return nil }
        if PhoneNumber(user) != nil { return user }
        return PhoneNumber("+" + user).map(\.text) ?? user
    }
}
