/// Ends what another life of this process left behind, from its record.
///
///     start: CANCEL each attempt, or ACK and BYE each dialog ──▶ waiting ── all is quiet: failed or ended
///                                                                2xx: ACK, BYE
///
/// The INVITE's transaction is taken up again under its stored branch, so that its final response is acknowledged and
/// a 2xx that comes late, or again, is ACKed and BYEd; without any it ends after 64·T1.
///
/// Deviation from RFC 3261 §9.1: the CANCEL leaves without a provisional response, since the record does not tell
/// whether one came. A peer that has not seen the INVITE answers 481.
struct RestoredSession: SessionMachine {
    let id: SessionID
    private let stored: SessionRecord
    private var usages: [DialogUsage] = []
    private var invites: [SIPRequest] = []
    private var open: [TransactionKey] = []
    /// The INVITEs that no final response has come for.
    private var unanswered: Set<TransactionKey> = []
    /// The attempt that a 2xx came for, and its CSeq.
    private var answered: (attempt: Int, inviteCSeq: UInt32)?
    private var hasStarted = false
    /// `ended` has been told; what is left is to answer what may still come.
    private var hasEnded = false

    init(id: SessionID, record: SessionRecord) {
        self.id = id
        stored = record
    }

    var callID: String { stored.identifiers.callID }

    var isQuiet: Bool { hasStarted && open.isEmpty && usages.allSatisfy(\.isOver) }

    /// The record stays until the far end has been told: a second crash begins this again, with the dialogs that came of
    /// a late 2xx besides.
    var record: SessionRecord? {
        guard !isQuiet, !hasEnded else { return nil }
        var record = stored
        let known = Set(stored.dialogs.map(\.remoteTag))
        record.dialogs =
            stored.dialogs.map { dialog in usages.first { $0.dialog.remoteTag == dialog.remoteTag }?.dialog ?? dialog }
            + usages.filter { !$0.isOver && !known.contains($0.dialog.remoteTag) }.map(\.dialog)
        if record.phase == .calling, !record.dialogs.isEmpty { record.phase = .early }
        if let answered { (record.attempt, record.inviteCSeq) = answered }
        return record
    }

    mutating func start(_ bench: inout Workbench) {
        hasStarted = true
        for dialog in stored.dialogs.prefix(bench.configuration.limits.forks) {
            var usage = DialogUsage(dialog, session: id, announcesEnd: false, &bench)
            // Nobody knows whether the ACK left: it goes before the BYE (RFC 3261 §13.2.2.4).
            if dialog.isConfirmed, !stored.isIncoming { usage.acknowledge(number: stored.inviteCSeq, &bench) }
            usage.hangUp(reason: nil, &bench)
            usages.append(usage)
        }
        trackByes()
        guard !stored.isIncoming else { return }
        // The record may be older than the latest challenge: the branches of the attempts after it are known too.
        let last =
            bench.configuration.credentials == nil
            ? stored.attempt : max(AnsweredChallenges.maximumAttempts, stored.attempt)
        for attempt in stored.attempt...last {
            let branch = stored.identifiers.branch(attempt: attempt)
            let invite = bench.complete(
                request(attempt), branch: branch, transport: stored.destination.transport)
            invites.append(invite)
            if let key = bench.transactions.resumeInvite(invite, to: stored.destination, session: id, &bench.output) {
                open.append(key)
                unanswered.insert(key)
            }
            guard stored.phase != .confirmed else { continue }
            if let key = bench.sendCancel(of: invite, to: stored.destination, session: id, reason: nil) {
                open.append(key)
            }
        }
    }

    mutating func end(reason: String?, _ bench: inout Workbench) {}
    mutating func answerOffer(_ sdp: [UInt8]?, _ headers: SIPHeaders, _ bench: inout Workbench) {}

    mutating func receive(_ response: SIPResponse, of key: TransactionKey, _ bench: inout Workbench) {
        guard key.kind == .inviteClient else {
            for index in usages.indices { usages[index].receive(response, of: key, &bench) }
            trackByes()
            tellEnd(&bench)
            return
        }
        if response.status.isFinal { unanswered.remove(key) }
        guard response.status.isSuccess, let number = (try? response.headers.cseq())?.number,
            let attempt = invites.firstIndex(where: { (try? $0.headers.cseq())?.number == number })
        else { return tellEnd(&bench) }
        let invite = invites[attempt]
        let tag = response.headers.remoteTag
        if usages.firstIndex(where: { $0.dialog.remoteTag == tag }) == nil,
            usages.count < 2 * bench.configuration.limits.forks,
            let dialog = Dialog(hangingUpOn: invite, response: response, peer: stored.destination)
        {
            usages.append(DialogUsage(dialog, session: id, announcesEnd: false, &bench))
        }
        guard let index = usages.firstIndex(where: { $0.dialog.remoteTag == tag }) else { return }
        // What a further restart acknowledges is the attempt that was answered.
        answered = (stored.attempt + attempt, number)
        usages[index].confirm(response, of: nil, AnsweredChallenges(), &bench)
        usages[index].hangUp(reason: nil, &bench)
        trackByes()
    }

    mutating func recordStored(_ hold: RecordHold, _ bench: inout Workbench) {
        guard let index = usages.firstIndex(where: { $0.dialog.remoteTag == hold.remoteTag }) else { return }
        usages[index].recordStored(hold, &bench)
        trackByes()
        tellEnd(&bench)
    }

    mutating func transactionFailed(_ key: TransactionKey, _ failure: TransactionFailure, _ bench: inout Workbench) {
        for index in usages.indices { usages[index].requestFailed(key, &bench) }
        tellEnd(&bench)
    }

    mutating func transactionTerminated(_ key: TransactionKey, _ bench: inout Workbench) {
        open.removeAll { $0 == key }
    }

    mutating func receive(
        _ request: SIPRequest, _ dialog: DialogID, of key: TransactionKey, _ bench: inout Workbench
    ) {
        guard let index = usages.firstIndex(where: { $0.dialog.remoteTag == dialog.remoteTag }) else {
            return bench.respond(key, bench.response(to: request, .callDoesNotExist, tag: dialog.localTag))
        }
        usages[index].receive(request, of: key, &bench)
        tellEnd(&bench)
    }

    mutating func cancelByPeer(_ key: TransactionKey, _ bench: inout Workbench) {}
    mutating func receiveACK(_ request: SIPRequest, _ dialog: DialogID, _ bench: inout Workbench) {}

    mutating func fire(_ timer: SessionTimer, _ bench: inout Workbench) {
        if case .recordOverdue(let hold) = timer { return recordStored(hold, &bench) }
        guard case .unresolved(let tag) = timer, let index = usages.firstIndex(where: { $0.dialog.remoteTag == tag })
        else { return }
        usages[index].fire(timer, &bench)
        trackByes()
    }

    mutating func sendInfo(contentType: String, body: [UInt8], _ bench: inout Workbench) {}

    mutating func resolved(_ host: String, _ addresses: [IPAddress], _ bench: inout Workbench) {
        for index in usages.indices { usages[index].resolved(host, addresses, &bench) }
        trackByes()
    }

    mutating func close(_ bench: inout Workbench) {
        guard !hasEnded else { return }
        let isConfirmed = stored.phase == .confirmed
        bench.emit(isConfirmed ? .ended(id, .localHangUp(confirmed: true)) : .failed(id, .canceled))
    }

    /// A call is over as soon as its INVITE has been answered, then or now, and its BYEs have come to an end, however long
    /// the INVITE's transaction lingers: then its record may go, and the next start does not begin all this again.
    private mutating func tellEnd(_ bench: inout Workbench) {
        let isConfirmed = stored.phase == .confirmed
        guard isConfirmed || (!invites.isEmpty && unanswered.isEmpty), !hasEnded, usages.allSatisfy(\.isOver) else {
            return
        }
        hasEnded = true
        bench.emit(isConfirmed ? .ended(id, .localHangUp(confirmed: true)) : .failed(id, .canceled))
    }

    private mutating func trackByes() {
        for usage in usages {
            if case .hangingUp(let key?, _, _) = usage.state, !open.contains(key) { open.append(key) }
        }
    }

    private func request(_ attempt: Int) -> SIPRequest {
        var from = stored.from
        from.tag = stored.identifiers.fromTag
        var request = SIPRequest(method: .invite, uri: stored.requestURI)
        request.headers.append(.from, from.description)
        request.headers.append(.to, stored.to.withoutTag.description)
        request.headers.append(.callID, stored.identifiers.callID)
        let number = stored.inviteCSeq &+ UInt32(truncatingIfNeeded: max(0, attempt - stored.attempt))
        request.headers.append(.cseq, CSeq(number, .invite).description)
        return request
    }
}
