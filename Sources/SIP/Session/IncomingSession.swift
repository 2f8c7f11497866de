/// One INVITE as its callee.
///
///     invited ── answer: 2xx until the ACK ──▶ answered ── BYE either way, no ACK in 64·T1: BYE ──▶ over
///        │  └─ ring, progress: 18x, again every minute                                              ▲
///        └── reject, end, CANCEL, BYE of the peer, Expires: 300–699, failed ────────────────────────┘
///
/// RFC 3261 §13.3, §9.2, §15.1.2.
struct IncomingSession: SessionMachine {
    private enum State: Equatable, Sendable {
        /// No final response. `latest` is the last 18x, repeated every minute.
        case invited(latest: SIPResponse?)
        /// A 2xx was sent; the usage does the rest and tells the end.
        case answered
        case over
    }

    /// RFC 3261 §13.3.1.1
    private static let provisionalInterval = Duration.seconds(60)
    /// `Expires` may say anything up to 2^32 - 1 s (RFC 3261 §20.19), and is asked to say more.
    private static let longestInvitation: UInt64 = 0xffff_ffff

    let id: SessionID
    let inviteKey: TransactionKey
    let mergeKey: MergeKey
    private let request: SIPRequest
    private let source: TransportAddress
    private var state = State.invited(latest: nil)
    private var usage: DialogUsage
    private var open: [TransactionKey] = []

    /// - Parameter dialog: as callee of `request`; its tag is in every response but 100.
    init(
        id: SessionID, request: SIPRequest, of key: TransactionKey, mergeKey: MergeKey, dialog: Dialog,
        source: TransportAddress, _ bench: inout Workbench
    ) {
        self.id = id
        self.request = request
        self.source = source
        self.mergeKey = mergeKey
        inviteKey = key
        usage = DialogUsage(dialog, session: id, announcesEnd: true, &bench)
    }

    var callID: String { usage.dialog.callID }

    /// The tag of all our responses.
    var localTag: String { usage.dialog.localTag }

    var isQuiet: Bool {
        switch state {
        case .invited: false
        case .answered, .over: usage.isOver && open.isEmpty
        }
    }

    /// An INVITE that has not been answered needs none: after a crash nobody could answer it any more.
    var record: SessionRecord? {
        guard case .answered = state, !usage.isOver else { return nil }
        let dialog = usage.dialog
        return SessionRecord(
            isIncoming: true,
            identifiers: InvitationIdentifiers(
                callID: dialog.callID, fromTag: dialog.remoteTag, branch: inviteKey.branch),
            attempt: 1, inviteCSeq: mergeKey.cseq, destination: source, requestURI: request.uri,
            from: dialog.remoteAddress, to: dialog.localAddress, phase: .confirmed, dialogs: [dialog])
    }

    // MARK: Commands

    mutating func start(_ bench: inout Workbench) {
        bench.respond(inviteKey, bench.response(to: request, .trying, tag: nil))
        // RFC 3261 §13.3.1 step 1. What is no number of seconds sets no limit.
        if let expires = request.headers["Expires"],
            let seconds = expires.withWindow({ $0.trimmed.number(limit: .max) })
        {
            bench.arm(id, .invitationExpired, after: .seconds(Int64(min(seconds, Self.longestInvitation))))
        }
    }

    mutating func progress(_ status: StatusCode, body: [UInt8]?, _ bench: inout Workbench) {
        guard case .invited = state else { return }
        let response = bench.response(to: request, status, tag: usage.dialog.localTag, sdp: body)
        state = .invited(latest: response)
        bench.respond(inviteKey, response)
        bench.arm(id, .repeatProvisional, after: Self.provisionalInterval)
    }

    mutating func answer(_ sdp: [UInt8], _ bench: inout Workbench) {
        guard case .invited = state else { return }
        state = .answered
        stopWaiting(&bench)
        bench.emit(.recordChanged(id))
        usage.accept(
            request, of: inviteKey, sdp: sdp, holdsOffer: request.sessionDescription == nil, &bench)
    }

    mutating func reject(_ status: StatusCode, _ headers: SIPHeaders, _ bench: inout Workbench) {
        guard case .invited = state else { return }
        let status = status >= .multipleChoices ? status : .decline
        refuse(status, headers, &bench)
        bench.emit(.failed(id, .rejected(status)))
    }

    mutating func end(reason: String?, _ bench: inout Workbench) {
        switch state {
        case .invited:
            var headers = SIPHeaders()
            if let reason { headers.append(.reason, reason) }
            refuse(.temporarilyUnavailable, headers, &bench)
            bench.emit(.failed(id, .canceled))
        case .answered:
            usage.hangUp(reason: reason, &bench)
            trackBye()
        case .over: break
        }
    }

    mutating func answerOffer(_ sdp: [UInt8]?, _ headers: SIPHeaders, _ bench: inout Workbench) {
        usage.answerOffer(sdp, headers, &bench)
    }

    mutating func sendInfo(contentType: String, body: [UInt8], _ bench: inout Workbench) {
        guard case .answered = state else { return }
        usage.sendInfo(contentType: contentType, body: body, &bench)
    }

    mutating func resolved(_ host: String, _ addresses: [IPAddress], _ bench: inout Workbench) {
        usage.resolved(host, addresses, &bench)
        trackBye()
    }

    mutating func recordStored(_ hold: RecordHold, _ bench: inout Workbench) {
        usage.recordStored(hold, &bench)
        trackBye()
    }

    // MARK: What the peer does

    /// The peer took back a request with that key: its INVITE, or a later one. Too late after the answer.
    mutating func cancelByPeer(_ key: TransactionKey, _ bench: inout Workbench) {
        if key == inviteKey, case .invited = state {
            refuse(.requestTerminated, SIPHeaders(), &bench)
            bench.emit(.canceledByPeer(id))
            bench.emit(.failed(id, .canceledByPeer))
        } else {
            _ = usage.cancelOffer(key, &bench)
        }
    }

    mutating func receive(
        _ request: SIPRequest, _ dialog: DialogID, of key: TransactionKey, _ bench: inout Workbench
    ) {
        let wasInvited = if case .invited = state { true } else { false }
        if wasInvited, request.method == .bye { usage.announcesEnd = false }
        usage.receive(request, of: key, &bench)
        guard wasInvited else { return }
        if usage.isOver {
            // A caller may end an early dialog by BYE (RFC 3261 §15); its INVITE is answered 487 (§15.1.2).
            refuse(.requestTerminated, SIPHeaders(), &bench)
            bench.emit(.canceledByPeer(id))
            bench.emit(.failed(id, .canceledByPeer))
        } else {
            // A BYE that was refused (out of order) ended nothing.
            usage.announcesEnd = true
        }
    }

    mutating func receiveACK(_ request: SIPRequest, _ dialog: DialogID, _ bench: inout Workbench) {
        usage.receiveACK(request, &bench)
        trackBye()
    }

    mutating func receive(_ response: SIPResponse, of key: TransactionKey, _ bench: inout Workbench) {
        usage.receive(response, of: key, &bench)
        trackBye()
    }

    mutating func transactionFailed(_ key: TransactionKey, _ failure: TransactionFailure, _ bench: inout Workbench) {
        usage.requestFailed(key, &bench)
    }

    mutating func transactionTerminated(_ key: TransactionKey, _ bench: inout Workbench) {
        open.removeAll { $0 == key }
    }

    mutating func fire(_ timer: SessionTimer, _ bench: inout Workbench) {
        switch timer {
        case .repeatProvisional:
            guard case .invited(let latest?) = state else { return }
            bench.respond(inviteKey, latest)
            bench.arm(id, .repeatProvisional, after: Self.provisionalInterval)
        case .invitationExpired:
            guard case .invited = state else { return }
            refuse(.requestTerminated, SIPHeaders(), &bench)
            bench.emit(.canceledByPeer(id))
            bench.emit(.failed(id, .expired))
        case .repeatAnswer, .unacknowledged, .offerUnanswered, .unresolved, .recordOverdue:
            usage.fire(timer, &bench)
            trackBye()
        case .hungUpEarly: break
        }
    }

    mutating func close(_ bench: inout Workbench) { bench.merges[mergeKey] = nil }

    private mutating func refuse(_ status: StatusCode, _ headers: SIPHeaders, _ bench: inout Workbench) {
        state = .over
        stopWaiting(&bench)
        var response = bench.response(to: request, status, tag: usage.dialog.localTag)
        for field in headers.fields { response.headers.append(field.name, field.value) }
        bench.respond(inviteKey, response)
        usage.drop(&bench)
    }

    private func stopWaiting(_ bench: inout Workbench) {
        bench.cancel(id, .repeatProvisional)
        bench.cancel(id, .invitationExpired)
    }

    private mutating func trackBye() {
        if case .hangingUp(let key?, _, _) = usage.state, !open.contains(key) { open.append(key) }
    }
}
