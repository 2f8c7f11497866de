import SDP
import SIP
import Telephony

/// The line of one call: how it is opened, answered and let go of. It knows SIP, SDP and ports; of scripts and webhooks
/// nothing.
///
/// ```
///             turn comes             commit and port             2xx
///   waiting ──────────────▶ opening ─────────────────▶ ringing ───────▶ answered
///      │                       │                          │             ▲  │
///      │     INVITE comes      │                          │      script │  │
///      │          └─────▶ incoming ─────────────────────────────────────┘  │
///      │                       │                          │                │
///      └── canceled, ──────────┴── no answer, refused, … ─┴── hung up, … ──┘
///                                    ▼
///                                  over ── session ended, port closed, end on disk ──▶ (settled)
/// ```
/// What becomes of the call is decided by whoever owns the leg: an event answers with a ``Fact``, and ``end(_:farEndKnows:_:)``
/// is the only way into `over`. What remains to be said to the far end goes on behind it.
struct Leg: Sendable {
    let session: SessionID
    let identifiers: InvitationIdentifiers
    private(set) var phase: Phase
    /// The latest that is worth storing of the SIP session; nil while no INVITE may have left.
    private(set) var sessionRecord: SessionRecord?

    var media: MediaHandle { MediaHandle(rawValue: session.rawValue) }

    /// It waits for its turn.
    init(waiting session: SessionID, _ identifiers: InvitationIdentifiers, isStored: Bool) {
        self.session = session
        self.identifiers = identifiers
        phase = .waiting(Waiting(isStored: isStored))
    }

    init(incoming: Incoming, _ session: SessionID, _ identifiers: InvitationIdentifiers) {
        self.session = session
        self.identifiers = identifiers
        phase = .incoming(incoming)
    }

    /// One of an earlier process, whose media is gone with it: the far end has still to be told, by its record.
    init(leftBehind record: SessionRecord?, _ session: SessionID, _ identifiers: InvitationIdentifiers) {
        self.session = session
        self.identifiers = identifiers
        sessionRecord = record
        phase = .over(Settling(awaitsSession: record != nil, awaitsMedia: false))
    }

    /// One of an earlier process, as it was (``init(restoring:_:_:)``).
    init(_ session: SessionID, _ identifiers: InvitationIdentifiers, _ phase: Phase, _ record: SessionRecord?) {
        self.session = session
        self.identifiers = identifiers
        self.phase = phase
        sessionRecord = record
    }

    // MARK: Dialling

    /// Its turn has come: the intent to dial goes to disk while the port is bound.
    ///
    /// - Parameters:
    ///   - port: nil where there is none: the call is about to fail.
    ///   - joinsAcceptance: the intent goes into the transaction of the acceptance (ARCHITECTURE.md#gates); a turn that
    ///     comes later, even where that transaction is still on its way, waits for its own.
    mutating func dial(
        _ callee: SIPURI, from caller: String, port: UInt16?, joinsAcceptance: Bool, _ turn: inout Turn
    ) {
        guard case .waiting(let waiting) = phase else { return }
        if !joinsAcceptance { turn.want(.awaitCommit(.turn)) }
        let audio = LocalAudio(
            address: turn.configuration.mediaAddress, port: port ?? 0, sessionID: turn.random.next() >> 2,
            sessionVersion: 1)
        let invitation = Invitation(
            destination: turn.configuration.trunk.address, requestURI: callee,
            from: NameAddress(uri: SIPURI(user: caller, host: turn.configuration.localHost)),
            to: NameAddress(uri: callee), offer: audio.offer.bytes, identifiers: identifiers)
        var opening = Opening(
            isAccepted: waiting.isStored, awaitsTurn: !joinsAcceptance, invitation: invitation,
            port: port.map { _ in MediaPort(audio) })
        sessionRecord = SessionRecord(invitation: invitation, identifiers: identifiers)
        turn.want(.saveRecord)
        opening.port?.open(media, &turn)
        phase = .opening(opening)
    }

    /// The transaction with the call's acceptance is on disk.
    mutating func acceptanceCommitted() -> Fact? {
        switch phase {
        case .waiting: phase = .waiting(Waiting(isStored: true))
        case .incoming(var incoming):
            incoming.isStored = true
            phase = .incoming(incoming)
            return ringsIfReady()
        case .opening(var opening):
            opening.isAccepted = true
            if !opening.awaitsTurn { opening.isCommitted = true }
            phase = .opening(opening)
            return opening.end.map { .ended($0, farEndKnows: false) } ?? invitesIfReady()
        case .ringing, .answered, .over: break
        }
        return nil
    }

    /// The transaction with the intent to dial is on disk.
    mutating func turnCommitted() -> Fact? {
        guard case .opening(var opening) = phase else { return nil }
        opening.isCommitted = true
        phase = .opening(opening)
        return invitesIfReady()
    }

    /// The intent to dial could not be stored: then nothing is dialled.
    func turnNotCommitted() -> Fact? {
        guard case .opening = phase else { return nil }
        return .ended(
            CallOutcome(.failed, .internalError, "the intent to dial could not be stored"), farEndKnows: false)
    }

    /// The call itself could not be stored: it never was. Its port is closed and forgotten.
    mutating func abandon(_ turn: inout Turn) -> Fact? {
        switch phase {
        case .waiting(let waiting):
            guard !waiting.isStored else { return nil }
            turn.want(.withdraw)
            phase = .over(Settling(awaitsSession: false, awaitsMedia: false))
        case .incoming:
            return .ended(CallOutcome(.failed, .internalError, "the call could not be stored"), farEndKnows: false)
        case .opening(let opening):
            let settling = Settling(
                awaitsSession: false, awaitsMedia: opening.port?.isAsked == true, isUnwritten: true,
                port: opening.port?.number)
            phase = .over(settling)
            closeMedia(&turn)
        case .ringing, .answered, .over: break
        }
        return nil
    }

    // MARK: Ports

    /// A call that came in is taken: its port is bound.
    mutating func openMedia(_ turn: inout Turn) {
        guard case .incoming(var incoming) = phase else { return }
        incoming.port.open(media, &turn)
        phase = .incoming(incoming)
    }

    mutating func mediaOpened() -> Fact? {
        switch phase {
        case .incoming(var incoming):
            incoming.port.isOpen = true
            phase = .incoming(incoming)
            return ringsIfReady()
        case .opening(var opening):
            opening.port?.isOpen = true
            phase = .opening(opening)
            return invitesIfReady()
        case .waiting, .ringing, .answered, .over: return nil
        }
    }

    /// - Parameters:
    ///   - isPortTaken: another program holds it; it says nothing of the next.
    ///   - isLast: there is no other port to try.
    mutating func mediaOpenFailed(
        _ explanation: String, isPortTaken: Bool, isLast: Bool, _ turn: inout Turn
    ) -> Fact? {
        switch phase {
        case .opening(var opening):
            let refused = opening.port?.failed(isPortTaken: isPortTaken, isLast: isLast || opening.end != nil)
            phase = .opening(opening)
            return refused.map { .portRefused($0, explanation: explanation) } ?? .noPort(explanation: explanation)
        case .incoming(var incoming):
            let refused = incoming.port.failed(isPortTaken: isPortTaken, isLast: isLast || incoming.port.isOpen)
            phase = .incoming(incoming)
            return refused.map { .portRefused($0, explanation: explanation) } ?? .noPort(explanation: explanation)
        case .over: mediaClosed(&turn)
        case .waiting, .ringing, .answered: break
        }
        return nil
    }

    /// Another port, in place of one that could not be bound; nobody has been told of it yet.
    mutating func changePort(to number: UInt16, _ turn: inout Turn) {
        switch phase {
        case .opening(var opening):
            guard var port = opening.port else { break }
            port.change(to: number, media, &turn)
            opening.invitation.offer = port.audio.offer.bytes
            opening.port = port
            phase = .opening(opening)
            return
        case .incoming(var incoming):
            var audio = incoming.port.audio
            audio.port = number
            // What could be answered with one port can be with another.
            guard let reply = try? audio.reply(to: incoming.offer) else { break }
            incoming.sdp = reply.sdp
            incoming.port.change(to: number, media, &turn)
            phase = .incoming(incoming)
            return
        case .waiting, .ringing, .answered, .over: break
        }
        turn.want(.releasePort(number))
    }

    // MARK: The answer

    private func invitesIfReady() -> Fact? {
        guard case .opening(let opening) = phase, opening.isCommitted, opening.port?.isOpen == true, opening.end == nil
        else { return nil }
        return .invites(opening.invitation)
    }

    /// The INVITE leaves.
    mutating func invited() {
        guard case .opening(let opening) = phase, var port = opening.port else { return }
        port.audio.noteIssued(opening.invitation.offer)
        phase = .ringing(Ringing(port: port))
    }

    private mutating func ringsIfReady() -> Fact? {
        guard case .incoming(var incoming) = phase, incoming.isStored, incoming.port.isOpen, !incoming.rings else {
            return nil
        }
        incoming.rings = true
        phase = .incoming(incoming)
        return .rings
    }

    /// The far end has answered. Nil where it did not ring.
    ///
    /// - Returns: where its media is; it flows once that is taken (``take(_:_:)``).
    mutating func answered(
        _ body: [UInt8], record: SessionRecord?, _ turn: inout Turn
    ) -> Result<MediaPlace, DescriptionFault>? {
        guard case .ringing(let ringing) = phase else { return nil }
        let place: MediaPlace
        do { place = try ringing.port.audio.place(answer: body) } catch { return .failure(error) }
        let trunk = turn.configuration.trunk
        // The trunk may have moved since the INVITE left.
        let dialled = sessionRecord?.destination ?? trunk.address
        let audio = AudioNegotiation(
            session, ringing.port.audio,
            sources: trunk.mediaSources(signallingHost: dialled.address.description), agreement: nil)
        phase = .answered(Answered(port: ringing.port.number, opening: ringing.port.opening, audio: audio))
        if let record { sessionRecord = record }
        return .success(place)
    }

    mutating func take(_ place: MediaPlace, _ turn: inout Turn) -> Fact? {
        (withAnswered { $0.audio.take(place, &turn) } ?? nil).map(Fact.described)
    }

    /// 183 with our SDP, once: audio before the answer.
    mutating func sendEarlyMedia(_ turn: inout Turn) {
        guard case .incoming(var incoming) = phase, let agreement = incoming.agreement, !incoming.hasEarlyMedia else {
            return
        }
        incoming.hasEarlyMedia = true
        incoming.port.audio.noteIssued(incoming.sdp)
        phase = .incoming(incoming)
        turn.order(.progress(incoming.sdp))
        AudioNegotiation.connect(agreement, incoming.port.audio, incoming.sources, session, isEarly: true, &turn)
    }

    /// A call that came in is being answered: what it was, whose 200 is to be sent (``sendAnswer(_:_:)``). Nil where it
    /// is none that rings.
    mutating func answer() -> Incoming? {
        guard case .incoming(var incoming) = phase else { return nil }
        incoming.port.audio.noteIssued(incoming.sdp)
        let audio = AudioNegotiation(
            session, incoming.port.audio, sources: incoming.sources, agreement: incoming.agreement)
        phase = .answered(Answered(port: incoming.port.number, opening: incoming.port.opening, audio: audio))
        return incoming
    }

    /// The 200. Where media has flowed before the answer it goes on; from here on the caller is missed where it is
    /// silent.
    func sendAnswer(_ incoming: Incoming, _ turn: inout Turn) {
        turn.order(.answer(incoming.sdp))
        guard let agreement = incoming.agreement else { return }
        AudioNegotiation.connect(agreement, incoming.port.audio, incoming.sources, session, &turn)
    }

    /// Lets an answered leg change what it has; nil where it is none.
    mutating func withAnswered<Answer>(_ body: (inout Answered) -> Answer) -> Answer? {
        guard case .answered(var answered) = phase else { return nil }
        defer { phase = .answered(answered) }
        return body(&answered)
    }

    // MARK: Its end

    /// The way into `over`. Nil where it is over already, and where its acceptance is not on disk yet: then it ends when
    /// that is.
    ///
    /// - Parameter farEndKnows: it need not be told.
    mutating func end(_ outcome: CallOutcome, farEndKnows: Bool, _ turn: inout Turn) -> Farewell? {
        var settling = Settling(awaitsSession: !farEndKnows, awaitsMedia: true)
        var refusal: StatusCode?
        switch phase {
        case .over: return nil
        case .waiting:
            turn.want(.withdraw)
            settling = Settling(awaitsSession: false, awaitsMedia: false)
        case .opening(var opening):
            guard opening.isAccepted else {
                opening.end = opening.end ?? outcome
                phase = .opening(opening)
                return nil
            }
            settling = Settling(
                awaitsSession: false, awaitsMedia: opening.port?.isAsked == true, port: opening.port?.number)
        case .incoming(let incoming):
            settling.awaitsMedia = incoming.port.isAsked
            settling.port = incoming.port.number
            refusal = Self.refusal(for: outcome.reason)
        case .ringing(let ringing): settling.port = ringing.port.number
        case .answered(let answered): settling.port = answered.port
        }
        phase = .over(settling)
        return Farewell(refusal: refusal, awaitsSession: settling.awaitsSession)
    }

    /// RFC 3261 §21.5.4: what is wrong here is said with 503, so that the caller's network may try another server;
    /// what is wrong with the application is said with 480, as if nobody were there.
    private static func refusal(for reason: CallEndedReason) -> StatusCode {
        if reason == .appReject { return .decline }
        return reason == .internalError ? .serviceUnavailable : .temporarilyUnavailable
    }

    /// The INVITE came to nothing.
    func failed(_ failure: SessionFailure) -> Fact? {
        switch phase {
        case .ringing: return .ended(OutcomeTable.outcome(of: failure), farEndKnows: true)
        case .incoming:
            let outcome =
                failure == .expired
                ? CallOutcome(
                    .noAnswer, .noAnswer, "the script did not answer within the time that the INVITE gave (Expires)")
                : CallOutcome(.canceled, .callCanceled, "the caller gave up")
            return .ended(outcome, farEndKnows: true)
        case .over: return .sessionOver
        case .waiting, .opening, .answered: return nil
        }
    }

    /// The dialog is over.
    func ended(_ end: SessionEnd) -> Fact? {
        switch phase {
        case .answered:
            let explanation =
                switch end {
                case .remoteHangUp: "the far end hung up"
                case .protocolError(let what): "the far end broke the dialog: \(what)"
                case .localHangUp, .neverAcknowledged: "the dialog ended"
                }
            return .ended(CallOutcome(.completed, .farEndHangup, explanation), farEndKnows: true)
        case .over: return .sessionOver
        case .waiting, .incoming, .opening, .ringing: return nil
        }
    }

    /// It has rung for as long as it may.
    func rungOut() -> Fact? {
        switch phase {
        case .ringing: .ended(OutcomeTable.ringTimeout, farEndKnows: false)
        case .incoming:
            .ended(
                CallOutcome(.noAnswer, .noAnswer, "the script did not answer within 180 s"), farEndKnows: false)
        case .waiting, .opening, .answered, .over: nil
        }
    }

    /// The line is dead, and we hang up (docs/contract/calls.md#dead-line).
    func peerSilent(_ silence: PeerSilence) -> Fact? {
        let explanation = "\(silence.explanation); hung up here"
        switch phase {
        // The far end has not hung up, so that the reason is not farEndHangup; the API has no word of its own.
        case .answered: return .ended(CallOutcome(.completed, .failed, explanation), farEndKnows: false)
        case .incoming: return .ended(CallOutcome(.canceled, .callCanceled, explanation), farEndKnows: false)
        case .waiting, .opening, .ringing, .over: return nil
        }
    }

    // MARK: Settling

    /// The session's record is worth storing again: a crash must find the dialogs that the far end has.
    mutating func recordChanged(_ record: SessionRecord, _ turn: inout Turn) {
        sessionRecord = record
        if keepsRecord { turn.want(.saveRecord) }
    }

    /// As above, and what binds the far end waits for the record. A leg that is over keeps one as long as the far end has
    /// to be told; after that there is nothing to wait for: what comes then is acknowledged and hung up in one go.
    mutating func recordDue(_ record: SessionRecord, _ hold: RecordHold, _ turn: inout Turn) {
        sessionRecord = record
        guard keepsRecord else { return turn.want(.recordStored(hold)) }
        turn.want(.saveRecord)
        turn.want(.awaitCommit(.dialog(session, hold)))
    }

    private var keepsRecord: Bool {
        switch phase {
        case .ringing, .answered: true
        case .over(let settling): settling.awaitsSession
        case .waiting, .incoming, .opening: false
        }
    }

    /// The disk refused the end: it is written again until it is there. False where nothing may be written.
    mutating func endNotStored() -> Bool {
        guard case .over(var settling) = phase else { return true }
        guard !settling.isUnwritten else { return false }
        settling.awaitsStorage = true
        phase = .over(settling)
        return true
    }

    mutating func endCommitted() {
        guard case .over(var settling) = phase else { return }
        settling.awaitsStorage = false
        phase = .over(settling)
    }

    /// False where nobody waited for it.
    mutating func sessionOver() -> Bool {
        guard case .over(var settling) = phase, settling.awaitsSession else { return false }
        settling.awaitsSession = false
        phase = .over(settling)
        return true
    }

    /// What is to be closed is closed, or given back at once.
    func closeMedia(_ turn: inout Turn) {
        guard case .over(let settling) = phase else { return }
        if settling.awaitsMedia { turn.perform(.media(media, .close)) } else { releasePort(&turn) }
    }

    mutating func mediaClosed(_ turn: inout Turn) {
        guard case .over(var settling) = phase, settling.awaitsMedia else { return }
        settling.awaitsMedia = false
        phase = .over(settling)
        releasePort(&turn)
    }

    private func releasePort(_ turn: inout Turn) {
        guard case .over(let settling) = phase, let port = settling.port else { return }
        turn.want(.releasePort(port))
    }
}

extension PeerSilence {
    fileprivate var explanation: String {
        switch self {
        case .fellSilent: "the far end's media fell silent: neither RTP nor RTCP"
        case .neverHeard: "the far end's media never came: neither RTP nor RTCP since the answer"
        case .unreachable: "the far end's description names an address that cannot be reached"
        }
    }
}
