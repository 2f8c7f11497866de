import SDP
import SIP
import Telephony

extension Leg {
    /// What another process would have to know of it as it is now.
    var record: LegRecord {
        switch phase {
        case .waiting: return LegRecord(.waiting)
        case .opening(let opening):
            return LegRecord(
                .opening, session: sessionRecord,
                audio: opening.port.map { AudioRecord($0.audio, stream: $0.opening) })
        case .incoming(let incoming):
            let ringing = LegRecord.RingingRecord(
                offer: incoming.offer.flatMap { String(validating: $0, as: UTF8.self) },
                answer: String(decoding: incoming.sdp, as: UTF8.self),
                longestCallSeconds: incoming.longestCall.wholeSeconds, rings: incoming.rings,
                hasEarlyMedia: incoming.hasEarlyMedia)
            return LegRecord(
                .incoming, session: sessionRecord,
                audio: AudioRecord(
                    incoming.port.audio, stream: incoming.port.opening, agreement: incoming.agreement,
                    sources: incoming.sources), ringing: ringing)
        case .ringing(let ringing):
            return LegRecord(
                .ringing, session: sessionRecord, audio: AudioRecord(ringing.port.audio, stream: ringing.port.opening))
        case .answered(let answered):
            return LegRecord(.answered, session: sessionRecord, audio: answered.audio.record(answered.opening))
        case .over: return LegRecord(.over, session: sessionRecord)
        }
    }

    /// As it stood when the record was written. Ports are to be bound again; what had no end yet but its own (digits that
    /// go out by INFO, a name that is being looked up) has come to nothing.
    ///
    /// Nil where the record contradicts itself.
    init?(restoring record: LegRecord, _ session: SessionID, _ identifiers: InvitationIdentifiers) {
        switch record.phase {
        case .waiting: self.init(waiting: session, identifiers, isStored: true)
        case .over: self.init(leftBehind: record.session, session, identifiers)
        case .opening, .incoming, .ringing, .answered:
            guard let phase = Phase(record, session) else { return nil }
            self.init(session, identifiers, phase, record.session)
        }
    }
}

extension Leg.Phase {
    /// One that has a port.
    fileprivate init?(_ record: LegRecord, _ session: SessionID) {
        let local = record.audio?.local
        switch record.phase {
        case .waiting, .over: return nil
        case .opening:
            guard let stored = record.session, case .sip(let callee) = stored.requestURI else { return nil }
            let invitation = Invitation(
                destination: stored.destination, requestURI: callee, from: stored.from, to: stored.to,
                offer: local?.offer.bytes ?? [], identifiers: stored.identifiers)
            self = .opening(
                Leg.Opening(
                    isAccepted: true, isCommitted: true, awaitsTurn: false, invitation: invitation,
                    port: local.map { MediaPort($0, record.audio?.opening) }))
        case .incoming:
            guard let audio = record.audio, let local, let ringing = record.ringing else { return nil }
            self = .incoming(
                Leg.Incoming(
                    offer: ringing.offer.map { Array($0.utf8) }, sdp: Array(ringing.answer.utf8),
                    sources: audio.allowedSources, longestCall: .seconds(ringing.longestCallSeconds),
                    agreement: audio.agreed, port: MediaPort(local, audio.opening), isStored: true,
                    rings: ringing.rings, hasEarlyMedia: ringing.hasEarlyMedia))
        case .ringing:
            guard let audio = record.audio, let local else { return nil }
            self = .ringing(Leg.Ringing(port: MediaPort(local, audio.opening)))
        case .answered:
            guard let audio = record.audio, let local else { return nil }
            self = .answered(
                Leg.Answered(
                    port: local.port, opening: audio.opening,
                    audio: AudioNegotiation(
                        session, local, sources: audio.allowedSources, agreement: audio.agreed)))
        }
    }
}

extension AudioNegotiation {
    /// - Parameter opening: what its stream began with.
    func record(_ opening: MediaOpening?) -> AudioRecord {
        AudioRecord(local, stream: opening, agreement: agreement, sources: sources)
    }
}
