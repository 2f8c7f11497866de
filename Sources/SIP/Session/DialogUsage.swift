/// The INVITE usage of one dialog (RFC 5057): from its first response to the end of its BYE.
///
///      early ──── 2xx ────▶ active ── peer's BYE ───────────────────────▶ over
///        │                    │                                            ▲
///        │ hangUp             │ hangUp, no ACK in 64·T1                    │
///        │                    ▼                                            │
///        │      awaitingACK ──▶ hangingUp ── final response, timeout, ─────┤
///        ├──────────────────────▲            peer's BYE                    │
///        └──────────────────── INVITE failed ──────────────────────────────┘
///
/// Used by all sessions and both roles. Whatever the peer answers to a BYE, the usage is over (RFC 3261 §15.1.1);
/// only challenges are answered, where there are credentials.
///
/// Where the next hop is a name, requests wait for its look-up, in order: the ACK leaves before the BYE. The ACK of a 2xx
/// waits for the record before that, and so does a 2xx of ours that makes the dialog or takes the peer's new target
/// (``UserAgentEffect/recordDue(_:_:)``).
struct DialogUsage: Sendable {
    enum State: Equatable, Sendable {
        /// No 2xx yet. Leaves by `confirm`, by the end of its INVITE, or by a BYE.
        case early
        /// Answered. Leaves by a BYE of either side.
        case active
        /// Answered by us, to be hung up, but a callee sends no BYE before the ACK (RFC 3261 §15).
        case awaitingACK(reason: String?)
        /// Our BYE is under way; its key is nil while it waits for the look-up of its host. `attempt` counts from 1, one
        /// more for each challenge that was answered. Leaves by anything.
        case hangingUp(bye: TransactionKey?, attempt: Int, reason: String?)
        case over
    }

    /// Our 2xx to an INVITE whose ACK is to come.
    struct AcceptedInvite: Sendable {
        let key: TransactionKey
        let response: SIPResponse
        let number: UInt32
        /// True for the INVITE that made the dialog.
        let isFirst: Bool
        /// True where the 2xx held our offer, so that the ACK brings the answer.
        let holdsOffer: Bool
        var interval: Duration
    }

    /// A request with an offer that the owner has yet to answer.
    struct OpenOffer: Sendable {
        let key: TransactionKey
        let request: SIPRequest
        let isWithoutOffer: Bool
    }

    let session: SessionID
    var dialog: Dialog
    var state: State
    /// False for a dialog whose end nobody is told: a fork that lost, a call that was cancelled.
    var announcesEnd: Bool
    var end: SessionEnd?
    private var accepted: AcceptedInvite?
    private var openOffer: OpenOffer?
    /// The ACK of the latest 2xx, sent again when that comes again.
    private var acknowledgement: SIPRequest?
    private var isAcknowledged = false
    /// Requests that wait for their host to be looked up, or for the record, oldest first.
    private var waiting: [SIPRequest] = []
    /// What waits for the record.
    private var held: [Held] = []
    private var holds = 0
    /// What the INVITE was challenged with, and later requests.
    private var challenges = AnsweredChallenges()
    /// INFO requests that are under way.
    private var infos: [TransactionKey: Info] = [:]

    private struct Held: Sendable {
        enum Message: Sendable {
            /// It stands first of those that wait.
            case acknowledgement
            /// A 2xx of ours to the request, which came with that key.
            case answer(SIPResponse, to: SIPRequest, TransactionKey)
        }

        let hold: RecordHold
        let message: Message
    }

    private struct Info: Sendable {
        let contentType: String
        let body: [UInt8]
        /// As of a BYE.
        let attempt: Int
    }

    init(_ dialog: Dialog, session: SessionID, announcesEnd: Bool, _ bench: inout Workbench) {
        self.session = session
        self.dialog = dialog
        self.announcesEnd = announcesEnd
        state = dialog.isConfirmed ? .active : .early
        bench.dialogs[dialog.id] = session
    }

    var isOver: Bool { state == .over }

    var isConfirmed: Bool { dialog.isConfirmed }

    // MARK: Being answered, answering

    /// A 2xx to our INVITE came: the first is acknowledged, a repeated one once more (RFC 3261 §13.2.2.4).
    ///
    /// - Parameters:
    ///   - invite: as it left: the ACK has the same credentials (RFC 3261 §22.1).
    ///   - challenges: those that the INVITE has answered.
    mutating func confirm(
        _ response: SIPResponse, of invite: SIPRequest?, _ challenges: AnsweredChallenges, _ bench: inout Workbench
    ) {
        if let acknowledgement {
            // One that still waits for its host is on its way.
            if !waiting.contains(where: { $0.method == .ack }) { dispatch(acknowledgement, &bench) }
            return
        }
        let wasConfirmed = dialog.isConfirmed
        dialog.confirm(by: response)
        self.challenges = challenges
        var ack = dialog.request(.ack, number: (try? response.headers.cseq())?.number ?? 1)
        for name in [SIPHeaderName.authorization, .proxyAuthorization] {
            for value in invite?.headers.all(name) ?? [] { ack.headers.append(name, value) }
        }
        acknowledge(ack, &bench)
        guard !wasConfirmed else { return }
        switch state {
        case .early, .over:
            state = .active
            bench.dialogs[dialog.id] = session
        case .hangingUp(_, _, let reason):
            // The BYE that is under way was for the early dialog; the callee may have refused it.
            sendBye(reason: reason, &bench)
        case .active, .awaitingACK: break
        }
    }

    /// Acknowledges the 2xx of a dialog that an earlier process confirmed, and stored. A repeated 2xx brings it again.
    mutating func acknowledge(number: UInt32, _ bench: inout Workbench) {
        let request = bench.complete(dialog.request(.ack, number: number), transport: dialog.peer.transport)
        acknowledgement = request
        dispatch(request, &bench)
    }

    private mutating func acknowledge(_ ack: SIPRequest, _ bench: inout Workbench) {
        let request = bench.complete(ack, transport: dialog.peer.transport)
        acknowledgement = request
        waiting.insert(request, at: 0)
        hold(.acknowledgement, &bench)
    }

    /// Sends our 2xx to an INVITE, and goes on sending it until the ACK comes.
    ///
    /// - Parameter movesTarget: the INVITE told of another target.
    mutating func accept(
        _ request: SIPRequest, of key: TransactionKey, sdp: [UInt8], holdsOffer: Bool, movesTarget: Bool = false,
        _ bench: inout Workbench
    ) {
        let response = bench.response(to: request, .ok, tag: dialog.localTag, sdp: sdp)
        let timers = bench.configuration.timers
        accepted = AcceptedInvite(
            key: key, response: response, number: (try? request.headers.cseq())?.number ?? 0,
            isFirst: state == .early, holdsOffer: holdsOffer, interval: timers.t1)
        let makesDialog = state == .early
        if makesDialog { state = .active }
        dialog.confirm()
        guard makesDialog || movesTarget else { return send(response, of: key, &bench) }
        hold(.answer(response, to: request, key), &bench)
    }

    private func send(_ response: SIPResponse, of key: TransactionKey, _ bench: inout Workbench) {
        bench.respond(key, response)
        guard accepted?.key == key else { return }
        let timers = bench.configuration.timers
        bench.arm(session, .repeatAnswer(remoteTag: dialog.remoteTag), after: timers.t1)
        bench.arm(session, .unacknowledged(remoteTag: dialog.remoteTag), after: timers.transactionTimeout)
    }

    mutating func receiveACK(_ request: SIPRequest, _ bench: inout Workbench) {
        guard let accepted, (try? request.headers.cseq())?.number == accepted.number else { return }
        stopRepeating(&bench)
        if case .awaitingACK(let reason) = state {
            state = .active
            hangUp(reason: reason, &bench)
            return
        }
        guard state == .active else { return }
        bench.emit(.acknowledged(session, body: accepted.holdsOffer ? request.sessionDescription : nil))
    }

    // MARK: The peer's offers

    /// - Parameter headers: into the 488, where there is no answer.
    mutating func answerOffer(_ sdp: [UInt8]?, _ headers: SIPHeaders, _ bench: inout Workbench) {
        guard let offer = openOffer else { return }
        openOffer = nil
        bench.cancel(session, .offerUnanswered(remoteTag: dialog.remoteTag))
        guard let sdp else {
            var refusal = bench.response(to: offer.request, .notAcceptableHere, tag: dialog.localTag)
            for field in headers.fields { refusal.headers.append(field.name, field.value) }
            bench.respond(offer.key, refusal)
            return
        }
        let movesTarget = dialog.refreshTarget(from: offer.request.headers)
        if movesTarget { bench.emit(.recordChanged(session)) }
        if offer.request.method == .invite {
            accept(
                offer.request, of: offer.key, sdp: sdp, holdsOffer: offer.isWithoutOffer, movesTarget: movesTarget,
                &bench)
        } else {
            let response = bench.response(to: offer.request, .ok, tag: dialog.localTag, sdp: sdp)
            guard movesTarget else { return bench.respond(offer.key, response) }
            hold(.answer(response, to: offer.request, offer.key), &bench)
        }
    }

    /// The peer took its re-INVITE back (RFC 3261 §9.2). True where there was one with that key.
    mutating func cancelOffer(_ key: TransactionKey, _ bench: inout Workbench) -> Bool {
        guard let offer = openOffer, offer.key == key else { return false }
        refuseOpenOffer(.requestTerminated, &bench)
        return true
    }

    // MARK: The end

    /// Hangs up, whatever the state. Idempotent.
    mutating func hangUp(reason: String?, _ bench: inout Workbench) {
        switch state {
        case .active:
            if accepted?.isFirst == true {
                state = .awaitingACK(reason: reason)
                return
            }
            sendBye(reason: reason, &bench)
        case .early:
            sendBye(reason: reason, &bench)
        case .awaitingACK, .hangingUp, .over: break
        }
    }

    /// Ends an early dialog without a word: its INVITE failed.
    mutating func drop(_ bench: inout Workbench) { finish(nil, &bench) }

    /// The peer's BYE came before the 2xx that this usage was confirmed by: the two overtook each other.
    mutating func endByPeer(_ bench: inout Workbench) { finish(.remoteHangUp, &bench) }

    /// A response to a request of ours in the dialog.
    mutating func receive(_ response: SIPResponse, of key: TransactionKey, _ bench: inout Workbench) {
        guard response.status.isFinal else { return }
        if let info = infos.removeValue(forKey: key) {
            guard info.attempt < AnsweredChallenges.maximumAttempts, isAnswerable(response, &bench) else {
                return bench.emit(.infoAnswered(session, response.status))
            }
            return send(Info(contentType: info.contentType, body: info.body, attempt: info.attempt + 1), &bench)
        }
        guard case .hangingUp(key, let attempt, let reason) = state else { return }
        if attempt < AnsweredChallenges.maximumAttempts, isAnswerable(response, &bench) {
            return sendBye(reason: reason, attempt: attempt + 1, &bench)
        }
        finish(end ?? .localHangUp(confirmed: response.status.isSuccess), &bench)
    }

    /// True for a challenge that the request can answer when it goes again.
    private mutating func isAnswerable(_ response: SIPResponse, _ bench: inout Workbench) -> Bool {
        guard let credentials = bench.configuration.credentials else { return false }
        if challenges.take(response, credentials, &bench.random) { return true }
        challenges.settle(response, &bench.random)
        return false
    }

    /// A request of ours came to nothing: timeout, or the transport failed.
    mutating func requestFailed(_ key: TransactionKey, _ bench: inout Workbench) {
        if infos.removeValue(forKey: key) != nil { return bench.emit(.infoAnswered(session, nil)) }
        guard case .hangingUp(key, _, _) = state else { return }
        finish(end ?? .localHangUp(confirmed: false), &bench)
    }

    mutating func fire(_ timer: SessionTimer, _ bench: inout Workbench) {
        switch timer {
        case .repeatAnswer:
            guard var accepted else { return }
            bench.respond(accepted.key, accepted.response)
            // RFC 3261 §13.3.1.4: T1, doubling up to T2. Whatever the transport: it is repeated end to end.
            accepted.interval = min(accepted.interval * 2, bench.configuration.timers.t2)
            self.accepted = accepted
            bench.arm(session, timer, after: accepted.interval)
        case .unacknowledged:
            guard accepted != nil else { return }
            stopRepeating(&bench)
            if case .awaitingACK(let reason) = state {
                sendBye(reason: reason, &bench)
            } else if state == .active {
                end = .neverAcknowledged
                sendBye(reason: nil, &bench)
            }
        case .offerUnanswered:
            refuseOpenOffer(.serverInternalError, &bench)
        case .unresolved:
            let hop = dialog.nextHop(bench.configuration.inDialogRouting)
            if case .name(let host) = hop { resolved(host, [], &bench) } else { resolved("", [], &bench) }
        case .recordOverdue(let hold): recordStored(hold, &bench)
        case .repeatProvisional, .invitationExpired, .hungUpEarly: break
        }
    }

    private mutating func sendBye(reason: String?, attempt: Int = 1, _ bench: inout Workbench) {
        refuseOpenOffer(.requestTerminated, &bench)
        refuseHeldAnswers(&bench)
        stopRepeating(&bench)
        var bye = dialog.request(.bye)
        if let reason { bye.headers.append(.reason, reason) }
        if let credentials = bench.configuration.credentials { challenges.authorize(&bye, credentials) }
        waiting.removeAll { $0.method != .ack }
        state = .hangingUp(bye: nil, attempt: attempt, reason: reason)
        dispatch(bench.complete(bye, transport: dialog.peer.transport), &bench)
    }

    private mutating func finish(_ end: SessionEnd?, _ bench: inout Workbench) {
        guard state != .over else { return }
        refuseOpenOffer(.requestTerminated, &bench)
        refuseHeldAnswers(&bench)
        stopRepeating(&bench)
        // The callee waits for its ACK all the same.
        waiting.removeAll { $0.method != .ack }
        infos.removeAll()
        state = .over
        bench.dialogs[dialog.id] = nil
        if announcesEnd, let end { bench.emit(.ended(session, end)) }
    }

    private mutating func stopRepeating(_ bench: inout Workbench) {
        guard accepted != nil else { return }
        accepted = nil
        bench.cancel(session, .repeatAnswer(remoteTag: dialog.remoteTag))
        bench.cancel(session, .unacknowledged(remoteTag: dialog.remoteTag))
    }

    private mutating func refuseOpenOffer(_ status: StatusCode, _ bench: inout Workbench) {
        guard let offer = openOffer else { return }
        openOffer = nil
        bench.cancel(session, .offerUnanswered(remoteTag: dialog.remoteTag))
        bench.respond(offer.key, bench.response(to: offer.request, status, tag: dialog.localTag))
        bench.emit(.offerWithdrawn(session))
    }
}

// MARK: - Requests of ours

extension DialogUsage {
    /// Sends an INFO of the kind that knows no package (RFC 6086 §9.2). `infoAnswered` follows.
    mutating func sendInfo(contentType: String, body: [UInt8], _ bench: inout Workbench) {
        guard state == .active else { return bench.emit(.infoAnswered(session, nil)) }
        send(Info(contentType: contentType, body: body, attempt: 1), &bench)
    }

    private mutating func send(_ info: Info, _ bench: inout Workbench) {
        guard state == .active else { return bench.emit(.infoAnswered(session, nil)) }
        var request = dialog.request(.info)
        request.body = info.body
        if let credentials = bench.configuration.credentials { challenges.authorize(&request, credentials) }
        request.headers.append(.contentType, info.contentType)
        request = bench.complete(request, transport: dialog.peer.transport)
        if let key = try? TransactionKey(client: request) { infos[key] = info }
        dispatch(request, &bench)
    }

    /// Sends a request, or lets it wait for the look-up of its host, behind those that wait already.
    private mutating func dispatch(_ request: SIPRequest, _ bench: inout Workbench) {
        guard waiting.isEmpty else {
            waiting.append(request)
            return
        }
        switch dialog.nextHop(bench.configuration.inDialogRouting) {
        case .address(let destination): transmit(request, to: destination, &bench)
        case .name(let host):
            waiting.append(request)
            lookUp(host, &bench)
        }
    }

    private func lookUp(_ host: String, _ bench: inout Workbench) {
        bench.emit(.resolve(session, host: host))
        bench.arm(
            session, .unresolved(remoteTag: dialog.remoteTag), after: bench.configuration.timers.lookUpTimeout)
    }

    /// A host was looked up, or that took too long. What waits for it leaves.
    mutating func resolved(_ host: String, _ addresses: [IPAddress], _ bench: inout Workbench) {
        guard !waiting.isEmpty, !isAcknowledgementHeld else { return }
        bench.cancel(session, .unresolved(remoteTag: dialog.remoteTag))
        let routing = bench.configuration.inDialogRouting
        if dialog.nextHop(routing) == .name(host) { dialog.learn(host, addresses) }
        switch dialog.nextHop(routing) {
        case .address(let destination):
            let requests = waiting
            waiting = []
            for request in requests { transmit(request, to: destination, &bench) }
        // The peer has moved meanwhile, to another name.
        case .name(let other): lookUp(other, &bench)
        }
    }

    private mutating func transmit(_ request: SIPRequest, to destination: TransportAddress, _ bench: inout Workbench) {
        if request.method == .ack {
            bench.output.send(request.bytes, to: destination, session: session, isRetransmission: isAcknowledged)
            isAcknowledged = true
            return
        }
        let key = bench.transactions.start(request, to: destination, session: session, &bench.output)
        guard request.method == .bye, case .hangingUp(nil, let attempt, let reason) = state else { return }
        guard let key else { return finish(end ?? .localHangUp(confirmed: false), &bench) }
        state = .hangingUp(bye: key, attempt: attempt, reason: reason)
    }
}

// MARK: - What waits for the record

extension DialogUsage {
    private var isAcknowledgementHeld: Bool {
        held.contains { if case .acknowledgement = $0.message { true } else { false } }
    }

    private mutating func hold(_ message: Held.Message, _ bench: inout Workbench) {
        holds += 1
        let hold = RecordHold(remoteTag: dialog.remoteTag, number: holds)
        held.append(Held(hold: hold, message: message))
        guard bench.configuration.awaitsRecords else { return recordStored(hold, &bench) }
        bench.arm(session, .recordOverdue(hold), after: bench.configuration.timers.recordTimeout)
        bench.emit(.recordDue(session, hold))
    }

    mutating func recordStored(_ hold: RecordHold, _ bench: inout Workbench) {
        guard let index = held.firstIndex(where: { $0.hold == hold }) else { return }
        bench.cancel(session, .recordOverdue(hold))
        switch held.remove(at: index).message {
        case .acknowledgement:
            let requests = waiting
            waiting = []
            for request in requests { dispatch(request, &bench) }
        case .answer(let response, _, let key): send(response, of: key, &bench)
        }
    }

    /// The dialog ends before the peer has heard that its request was accepted.
    private mutating func refuseHeldAnswers(_ bench: inout Workbench) {
        for index in held.indices.reversed() {
            guard case .answer(let response, let request, let key) = held[index].message else { continue }
            bench.cancel(session, .recordOverdue(held[index].hold))
            held.remove(at: index)
            // RFC 3261 §15.1.2; the 2xx of an UPDATE binds nobody to a dialog that is over.
            let refusal = bench.response(to: request, .requestTerminated, tag: dialog.localTag)
            bench.respond(key, request.method == .invite ? refusal : response)
        }
    }
}

// MARK: - Requests of the peer

extension DialogUsage {
    /// A request inside the dialog (RFC 3261 §12.2.2). Always answered, at once or by `answerOffer`.
    mutating func receive(_ request: SIPRequest, of key: TransactionKey, _ bench: inout Workbench) {
        guard let cseq = try? request.headers.cseq(), dialog.accept(cseq) == .inOrder else {
            return answer(request, key, .serverInternalError, &bench)
        }
        if let refusal = RequestRules.refusal(of: request, tag: dialog.localTag, bench) {
            return bench.respond(key, refusal)
        }
        switch request.method {
        case .bye: receiveBye(request, key, &bench)
        case .invite: receiveInvite(request, key, &bench)
        case .update: receiveUpdate(request, key, &bench)
        case .options: answer(request, key, .ok, &bench)
        case .info: receiveInfo(request, key, &bench)
        case .ack, .cancel, .register, .prack, .subscribe, .notify, .publish, .refer, .message, .other:
            answer(request, key, .methodNotAllowed, &bench)
        }
    }

    private func answer(
        _ request: SIPRequest, _ key: TransactionKey, _ status: StatusCode, _ bench: inout Workbench
    ) {
        bench.respond(key, bench.response(to: request, status, tag: dialog.localTag))
    }

    private mutating func receiveBye(_ request: SIPRequest, _ key: TransactionKey, _ bench: inout Workbench) {
        answer(request, key, .ok, &bench)
        switch state {
        // Both hung up at once: ours was first here, and the peer plainly agrees.
        case .hangingUp: finish(end ?? .localHangUp(confirmed: true), &bench)
        case .awaitingACK: finish(.localHangUp(confirmed: true), &bench)
        case .active, .early, .over: finish(.remoteHangUp, &bench)
        }
    }

    private mutating func receiveInvite(_ request: SIPRequest, _ key: TransactionKey, _ bench: inout Workbench) {
        switch state {
        case .early: refuseEarlyOffer(request, key, &bench)
        case .active:
            guard openOffer == nil, accepted == nil else {
                return bench.respond(key, bench.retryLater(request, tag: dialog.localTag))
            }
            answer(request, key, .trying, &bench)
            open(request, key, isWithoutOffer: request.sessionDescription == nil, &bench)
        case .awaitingACK, .hangingUp, .over:
            answer(request, key, .callDoesNotExist, &bench)
        }
    }

    private func receiveInfo(_ request: SIPRequest, _ key: TransactionKey, _ bench: inout Workbench) {
        let report = request.headers.contains(.infoPackage) ? nil : KeyReport(request)
        bench.respond(key, RequestRules.answer(toInfo: request, report, tag: dialog.localTag, bench))
        if case .key(let pressed, let milliseconds) = report {
            bench.emit(.keyReported(session, pressed, milliseconds: milliseconds))
        }
    }

    /// RFC 3311 §5.2
    private mutating func receiveUpdate(_ request: SIPRequest, _ key: TransactionKey, _ bench: inout Workbench) {
        switch state {
        case .hangingUp, .awaitingACK, .over:
            answer(request, key, .callDoesNotExist, &bench)
        case .early, .active:
            guard request.sessionDescription != nil else {
                let response = bench.response(to: request, .ok, tag: dialog.localTag)
                guard dialog.refreshTarget(from: request.headers) else { return bench.respond(key, response) }
                bench.emit(.recordChanged(session))
                return hold(.answer(response, to: request, key), &bench)
            }
            guard state == .active else { return refuseEarlyOffer(request, key, &bench) }
            guard openOffer == nil, accepted?.holdsOffer != true else {
                return bench.respond(key, bench.retryLater(request, tag: dialog.localTag))
            }
            open(request, key, isWithoutOffer: false, &bench)
        }
    }

    /// Before the answer the offer of the first INVITE is still open: 491 where it is ours, 500 with Retry-After where
    /// it is the peer's own (RFC 3261 §14.2, RFC 3311 §5.2).
    private func refuseEarlyOffer(_ request: SIPRequest, _ key: TransactionKey, _ bench: inout Workbench) {
        guard dialog.localCSeq == nil else { return answer(request, key, .requestPending, &bench) }
        bench.respond(key, bench.retryLater(request, tag: dialog.localTag))
    }

    private mutating func open(
        _ request: SIPRequest, _ key: TransactionKey, isWithoutOffer: Bool, _ bench: inout Workbench
    ) {
        openOffer = OpenOffer(key: key, request: request, isWithoutOffer: isWithoutOffer)
        bench.arm(
            session, .offerUnanswered(remoteTag: dialog.remoteTag),
            after: bench.configuration.timers.transactionTimeout)
        bench.emit(.offerReceived(session, body: request.sessionDescription))
    }
}
