/// One INVITE as its caller, with every dialog that comes of it.
///
///     inviting ──── 2xx ────────────────▶ answered ── BYE either way ──▶ over
///        │  │ 401/407 with credentials: again, CSeq + 1                    ▲
///        │  └─ 300–699, no answer, transport error: failed ────────────────┤
///        │ end                                                             │
///        ▼                                                                 │
///     canceling ── 300–699, 64·T1 after CANCEL: failed(.canceled) ─────────┤
///        CANCEL waits for the first 1xx (RFC 3261 §9.1)                    │
///        └─ 2xx: ACK, BYE ──▶ hangingUp ── BYE is over: failed(.canceled) ─┘
///
/// The first 2xx wins; each further one (another To tag) is ACKed and BYEd, also after the session is over, as long
/// as the INVITE's transaction lives (RFC 3261 §13.2.2.4). A repeated 2xx gets its ACK again.
///
/// A 2xx that cannot be read throughout makes no call, and its sender is told so all the same: ACK, BYE, failed.
///
/// A BYE on an early dialog is forbidden to the callee (RFC 3261 §15), and comes all the same: its 2xx is late or was
/// lost. A 2xx that follows is a call that was answered and is over; where none comes in a while, the INVITE is
/// cancelled, for nobody is left who could answer it.
///
/// How long it may ring is the caller's affair: it calls `end`.
struct OutgoingSession: SessionMachine {
    private enum State: Equatable, Sendable {
        /// The INVITE is out. `heardProvisional` allows CANCEL.
        case inviting(heardProvisional: Bool)
        /// `end` was called. `isSent` tells whether the CANCEL has left; otherwise it leaves with the first 1xx.
        case canceling(reason: String?, isSent: Bool)
        /// A 2xx came after `end`, or one that cannot be read: the usage that it made gets its ACK and its BYE, and nobody
        /// has been told of the failure, lest its record be forgotten before.
        case hangingUp(SessionFailure)
        /// The usage with `winner` as remote tag is the call.
        case answered(winner: String)
        /// The outcome has been told, or is told by the winner's usage.
        case over
    }

    let id: SessionID
    private let invitation: Invitation
    private let identifiers: InvitationIdentifiers
    private var state = State.inviting(heardProvisional: false)
    private var invite: SIPRequest
    private var inviteKey: TransactionKey?
    private var attempt = 1
    private var challenges = AnsweredChallenges()
    /// Remote tags of early dialogs that their callee has hung up.
    private var hungUpEarly: [String] = []
    private var usages: [DialogUsage] = []
    /// The first session description that each early dialog brought, by its remote tag; empty once it is answered.
    private var earlyDescriptions: [String: [UInt8]] = [:]
    /// Client transactions that have not terminated.
    private var open: [TransactionKey] = []

    init(id: SessionID, invitation: Invitation, identifiers: InvitationIdentifiers) {
        self.id = id
        self.invitation = invitation
        self.identifiers = identifiers
        invite = OutgoingSession.request(invitation, identifiers)
    }

    var callID: String { identifiers.callID }

    var isQuiet: Bool {
        guard open.isEmpty, usages.allSatisfy(\.isOver) else { return false }
        switch state {
        case .over, .answered: return true
        case .inviting, .canceling, .hangingUp: return false
        }
    }

    var record: SessionRecord? {
        let phase: SessionRecord.Phase
        var dialogs = usages.filter { !$0.isOver }.map(\.dialog)
        switch state {
        case .inviting, .canceling: phase = dialogs.isEmpty ? .calling : .early
        case .hangingUp:
            dialogs = dialogs.filter(\.isConfirmed) + dialogs.filter { !$0.isConfirmed }
            phase = .confirmed
        case .answered(let winner):
            guard let index = dialogs.firstIndex(where: { $0.remoteTag == winner }) else { return nil }
            dialogs.swapAt(0, index)
            phase = .confirmed
        case .over: return nil
        }
        return SessionRecord(
            isIncoming: false, identifiers: identifiers, attempt: attempt, inviteCSeq: UInt32(attempt),
            destination: invitation.destination, requestURI: .sip(invitation.requestURI), from: invitation.from,
            to: invitation.to, phase: phase, dialogs: dialogs)
    }

    // MARK: Commands

    mutating func start(_ bench: inout Workbench) {
        let branch = identifiers.branch(attempt: attempt)
        var request = invite
        request.headers[.cseq] = CSeq(UInt32(attempt), .invite).description
        if let credentials = bench.configuration.credentials { challenges.authorize(&request, credentials) }
        invite = bench.complete(request, branch: branch, transport: invitation.destination.transport)
        inviteKey = bench.transactions.start(invite, to: invitation.destination, session: id, &bench.output)
        guard let inviteKey else {
            return conclude(.failed(id, .protocolError("the configured contact host makes no Via")), &bench)
        }
        open.append(inviteKey)
    }

    mutating func end(reason: String?, _ bench: inout Workbench) {
        switch state {
        case .inviting(let heardProvisional):
            state = .canceling(reason: reason, isSent: false)
            if heardProvisional { cancel(&bench) }
        case .answered(let winner):
            if let index = index(of: winner) { usages[index].hangUp(reason: reason, &bench) }
            trackByes()
        case .canceling, .hangingUp, .over: break
        }
    }

    mutating func answerOffer(_ sdp: [UInt8]?, _ headers: SIPHeaders, _ bench: inout Workbench) {
        guard case .answered(let winner) = state, let index = index(of: winner) else { return }
        usages[index].answerOffer(sdp, headers, &bench)
    }

    mutating func sendInfo(contentType: String, body: [UInt8], _ bench: inout Workbench) {
        guard case .answered(let winner) = state, let index = index(of: winner) else { return }
        usages[index].sendInfo(contentType: contentType, body: body, &bench)
    }

    mutating func resolved(_ host: String, _ addresses: [IPAddress], _ bench: inout Workbench) {
        for index in usages.indices { usages[index].resolved(host, addresses, &bench) }
        followUp(&bench)
    }

    mutating func recordStored(_ hold: RecordHold, _ bench: inout Workbench) {
        guard let index = index(of: hold.remoteTag) else { return }
        usages[index].recordStored(hold, &bench)
        followUp(&bench)
    }

    // MARK: Responses

    mutating func receive(_ response: SIPResponse, of key: TransactionKey, _ bench: inout Workbench) {
        guard key.kind == .inviteClient else {
            for index in usages.indices { usages[index].receive(response, of: key, &bench) }
            return followUp(&bench)
        }
        if response.status.isProvisional {
            receiveProvisional(response, of: key, &bench)
        } else if response.status.isSuccess {
            receiveSuccess(response, &bench)
        } else if key == inviteKey {
            receiveRefusal(response, &bench)
        }
    }

    private mutating func receiveProvisional(
        _ response: SIPResponse, of key: TransactionKey, _ bench: inout Workbench
    ) {
        guard key == inviteKey else { return }
        switch state {
        case .inviting:
            state = .inviting(heardProvisional: true)
            // A 100 is the next hop's alone: it makes no dialog and tells nothing.
            guard response.status != .trying else { return }
            noteEarlyDialog(response, &bench)
            noteEarlyDescription(response, bench)
            bench.emit(.progressed(id, response.status, body: response.sessionDescription))
        case .canceling(_, let isSent):
            if response.status != .trying { noteEarlyDialog(response, &bench) }
            if !isSent { cancel(&bench) }
        case .hangingUp, .answered, .over: break
        }
    }

    /// RFC 3261 §12.1.2: any 101–199 with a To tag makes an early dialog. A Require: 100rel in it is the peer's
    /// fault, since we did not offer it (RFC 3262 §3); the response counts as an ordinary one.
    private mutating func noteEarlyDialog(_ response: SIPResponse, _ bench: inout Workbench) {
        guard let tag = (try? response.headers.to())?.tag, index(of: tag) == nil, !hungUpEarly.contains(tag),
            usages.count + hungUpEarly.count < bench.configuration.limits.forks,
            let dialog = Dialog(asCallerOf: invite, response: response, peer: invitation.destination)
        else { return }
        usages.append(DialogUsage(dialog, session: id, announcesEnd: false, &bench))
        bench.emit(.recordChanged(id))
    }

    /// RFC 3261 §13.2.1: the answer may stand in a provisional response already, and be missing in the 2xx.
    private mutating func noteEarlyDescription(_ response: SIPResponse, _ bench: Workbench) {
        let tag = (try? response.headers.to())?.tag ?? ""
        guard earlyDescriptions[tag] == nil, earlyDescriptions.count < bench.configuration.limits.forks,
            let description = response.sessionDescription
        else { return }
        earlyDescriptions[tag] = description
    }

    /// The answer to our offer.
    ///
    /// Deviation from RFC 3261 §13.2.1, by which the first description of a dialog is its answer and later ones count
    /// for nothing: that of the 2xx goes before. Gateways announce a ringback server in the 183 and themselves in the
    /// 200. Another fork's never counts; that of a response without a tag, which names no fork, does.
    private mutating func takeAnswer(of response: SIPResponse, tag: String) -> [UInt8] {
        defer { earlyDescriptions = [:] }
        return response.sessionDescription ?? earlyDescriptions[tag] ?? earlyDescriptions[""] ?? []
    }

    private mutating func receiveSuccess(_ response: SIPResponse, _ bench: inout Workbench) {
        let tag = response.headers.remoteTag
        let known: Int
        var fault = response.fault
        if let index = index(of: tag) {
            known = index
        } else if usages.count(where: \.isConfirmed) >= bench.configuration.limits.forks {
            // Far beyond any real forking: each would cost us an ACK and a dozen BYEs to wherever it says.
            return
        } else {
            let whole = Dialog(asCallerOf: invite, response: response, peer: invitation.destination)
            if whole == nil { fault = fault ?? SIPHeaderName.recordRoute.text }
            guard
                let dialog = whole
                    ?? Dialog(hangingUpOn: invite, response: response, peer: invitation.destination)
            else { return }
            usages.append(DialogUsage(dialog, session: id, announcesEnd: false, &bench))
            known = usages.count - 1
        }
        if let fault, case .inviting = state { return hangUp(known, response, fault, &bench) }
        let isFirst: Bool
        switch state {
        case .inviting:
            state = .answered(winner: tag)
            usages[known].announcesEnd = true
            isFirst = true
        case .canceling, .hangingUp, .answered, .over: isFirst = false
        }
        challenges.settle(response, &bench.random)
        usages[known].confirm(response, of: invite, challenges, &bench)
        let isHungUp = hungUpEarly.contains(tag)
        guard !isFirst else {
            // The branches that lost will end by themselves or answer too; then they are ACKed and BYEd.
            bench.emit(.recordChanged(id))
            bench.emit(.answered(id, body: takeAnswer(of: response, tag: tag)))
            if isHungUp { usages[known].endByPeer(&bench) }
            return
        }
        if isHungUp { usages[known].endByPeer(&bench) }
        if case .answered(tag) = state { return }
        if case .canceling(let reason, _) = state {
            // The answer was on the way when we cancelled (RFC 3261 §9.1): the call is set up, and hung up.
            usages[known].hangUp(reason: reason, &bench)
            state = .hangingUp(.canceled)
        } else {
            usages[known].hangUp(reason: nil, &bench)
        }
        followUp(&bench)
    }

    /// The first 2xx cannot be read throughout. RFC 3261 §13.2.2.4 knows a way out for an answer that is not acceptable:
    /// ACK, then BYE at once.
    private mutating func hangUp(
        _ known: Int, _ response: SIPResponse, _ fault: String, _ bench: inout Workbench
    ) {
        state = .hangingUp(.protocolError("\(fault) of its \(response.status.rawValue) cannot be read"))
        challenges.settle(response, &bench.random)
        usages[known].confirm(response, of: invite, challenges, &bench)
        if hungUpEarly.contains(usages[known].dialog.remoteTag) { usages[known].endByPeer(&bench) }
        usages[known].hangUp(reason: nil, &bench)
        followUp(&bench)
    }

    private mutating func receiveRefusal(_ response: SIPResponse, _ bench: inout Workbench) {
        switch state {
        case .inviting:
            if attempt < AnsweredChallenges.maximumAttempts, let credentials = bench.configuration.credentials,
                challenges.take(response, credentials, &bench.random)
            {
                // RFC 3261 §22.2: the same INVITE with credentials and the next CSeq.
                dropEarlyDialogs(&bench)
                earlyDescriptions = [:]
                attempt += 1
                invite = OutgoingSession.request(invitation, identifiers)
                state = .inviting(heardProvisional: false)
                start(&bench)
                bench.emit(.recordChanged(id))
                return
            }
            conclude(
                .failed(id, .response(response.status, reason: WireText.shown(response.reason))), &bench)
        case .canceling: conclude(.failed(id, .canceled), &bench)
        case .hangingUp, .answered, .over: break
        }
    }

    mutating func transactionFailed(_ key: TransactionKey, _ failure: TransactionFailure, _ bench: inout Workbench) {
        guard key == inviteKey else {
            for index in usages.indices { usages[index].requestFailed(key, &bench) }
            return followUp(&bench)
        }
        switch state {
        case .inviting:
            switch failure {
            case .timedOut: conclude(.failed(id, .timedOut), &bench)
            case .notSent(let explanation): conclude(.failed(id, .transportFailed(explanation)), &bench)
            }
        case .canceling: conclude(.failed(id, .canceled), &bench)
        case .hangingUp, .answered, .over: break
        }
    }

    mutating func transactionTerminated(_ key: TransactionKey, _ bench: inout Workbench) {
        open.removeAll { $0 == key }
        // With its INVITE's transaction the last chance of an early dialog to be answered is gone.
        if key == inviteKey { dropEarlyDialogs(&bench) }
    }

    // MARK: The peer's requests

    mutating func receive(
        _ request: SIPRequest, _ dialog: DialogID, of key: TransactionKey, _ bench: inout Workbench
    ) {
        guard let index = index(of: dialog.remoteTag) else {
            return bench.respond(key, bench.response(to: request, .callDoesNotExist, tag: dialog.localTag))
        }
        usages[index].receive(request, of: key, &bench)
        guard usages[index].isOver, !usages[index].isConfirmed else { return followUp(&bench) }
        // It was answered; should a 2xx come all the same, it makes the dialog anew.
        usages.remove(at: index)
        hungUpEarly.append(dialog.remoteTag)
        bench.emit(.recordChanged(id))
        guard case .inviting = state, usages.isEmpty else { return }
        // A lost 2xx comes again after T1, and after 2·T1 more (RFC 3261 §13.3.1.4): twice that, and it will not come.
        bench.arm(id, .hungUpEarly, after: bench.configuration.timers.t1 * 6)
    }

    /// Nobody is left who could answer, and nobody has said so.
    private mutating func giveUpHungUp(_ bench: inout Workbench) {
        guard case .inviting = state, usages.isEmpty else { return }
        state = .canceling(reason: nil, isSent: false)
        cancel(&bench)
        conclude(.failed(id, .canceledByPeer), &bench)
    }

    mutating func receiveACK(_ request: SIPRequest, _ dialog: DialogID, _ bench: inout Workbench) {
        guard let index = index(of: dialog.remoteTag) else { return }
        usages[index].receiveACK(request, &bench)
    }

    mutating func cancelByPeer(_ key: TransactionKey, _ bench: inout Workbench) {
        for index in usages.indices where usages[index].cancelOffer(key, &bench) { return }
    }

    mutating func fire(_ timer: SessionTimer, _ bench: inout Workbench) {
        switch timer {
        case .repeatAnswer(let tag), .unacknowledged(let tag), .offerUnanswered(let tag), .unresolved(let tag):
            guard let index = index(of: tag) else { return }
            usages[index].fire(timer, &bench)
            followUp(&bench)
        case .recordOverdue(let hold): recordStored(hold, &bench)
        case .hungUpEarly: giveUpHungUp(&bench)
        case .repeatProvisional, .invitationExpired: break
        }
    }

    mutating func close(_ bench: inout Workbench) { bench.cancel(id, .hungUpEarly) }

    // MARK: Details

    private func index(of remoteTag: String) -> Int? { usages.firstIndex { $0.dialog.remoteTag == remoteTag } }

    private mutating func cancel(_ bench: inout Workbench) {
        guard case .canceling(let reason, false) = state, let inviteKey else { return }
        state = .canceling(reason: reason, isSent: true)
        if let key = bench.sendCancel(of: invite, to: invitation.destination, session: id, reason: reason) {
            open.append(key)
        }
        bench.transactions.giveUpInvite(inviteKey, &bench.output)
    }

    /// The session was not answered. Confirmed usages (a 2xx that came too late) go on to their BYE.
    private mutating func conclude(_ effect: UserAgentEffect, _ bench: inout Workbench) {
        state = .over
        dropEarlyDialogs(&bench)
        bench.emit(effect)
    }

    private mutating func dropEarlyDialogs(_ bench: inout Workbench) {
        for index in usages.indices where usages[index].state == .early { usages[index].drop(&bench) }
        usages.removeAll { $0.isOver && !$0.isConfirmed }
    }

    /// Usages have gone on: the last of a session that was ended and answered all the same ends it.
    private mutating func followUp(_ bench: inout Workbench) {
        trackByes()
        guard case .hangingUp(let failure) = state, usages.allSatisfy({ $0.isOver || !$0.isConfirmed }) else { return }
        conclude(.failed(id, failure), &bench)
    }

    /// Takes note of the BYEs that are under way, so that the session lives as long as they do.
    private mutating func trackByes() {
        for usage in usages {
            if case .hangingUp(let key?, _, _) = usage.state, !open.contains(key) { open.append(key) }
        }
    }

    private static func request(_ invitation: Invitation, _ identifiers: InvitationIdentifiers) -> SIPRequest {
        var from = invitation.from
        from.tag = identifiers.fromTag
        var request = SIPRequest(method: .invite, uri: .sip(invitation.requestURI), body: invitation.offer)
        request.headers.append(.from, from.description)
        request.headers.append(.to, invitation.to.withoutTag.description)
        request.headers.append(.callID, identifiers.callID)
        request.headers.append(.cseq, "1 INVITE")
        for field in invitation.extraHeaders.fields where !ownHeaders.contains(field.name) {
            request.headers.append(field.name, field.value)
        }
        if !invitation.offer.isEmpty { request.headers.append(.contentType, "application/sdp") }
        return request
    }

    /// Header fields that an invitation cannot set, because the user agent does.
    private static let ownHeaders: [SIPHeaderName] = [
        .via, .maxForwards, .from, .to, .callID, .cseq, .contact, .contentType, .contentLength, .allow, .supported,
        .userAgent, .authorization, .proxyAuthorization, .recordRoute, .require,
    ]
}
