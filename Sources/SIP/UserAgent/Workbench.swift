/// What every session works with: the transactions, the timers of all sessions, the dialogs, and the turn's output.
/// The user agent lends it to one session at a time.
struct Workbench: Sendable {
    var configuration: UserAgentConfiguration
    /// Our Contact, in brackets.
    let contact: String
    var transactions: TransactionLayer
    var timers = TimerTable<SessionTimerKey>()
    var dialogs: [DialogID: SessionID] = [:]
    /// Incoming INVITEs that are being dealt with, to tell one that comes a second time by another way.
    var merges: [MergeKey: SessionID] = [:]
    var output: Output
    /// Lent for a turn by the caller.
    var random = RandomSource(seed: [])

    init(configuration: UserAgentConfiguration) {
        self.configuration = configuration
        contact = Self.contact(configuration)
        transactions = TransactionLayer(timers: configuration.timers)
        output = Output(tracesMessages: configuration.tracesMessages)
    }

    mutating func emit(_ effect: UserAgentEffect) { output.effects.append(effect) }

    // MARK: Requests

    /// As below, under a branch drawn for it.
    mutating func complete(_ request: SIPRequest, transport: TransportProtocol) -> SIPRequest {
        complete(request, branch: SIPIdentifier.branch(node: configuration.node, random: &random), transport: transport)
    }

    /// Sends the CANCEL of an INVITE that has left: everything as in the INVITE, the branch too (RFC 3261 §9.1).
    mutating func sendCancel(
        of invite: SIPRequest, to destination: TransportAddress, session: SessionID, reason: String?
    ) -> TransactionKey? {
        var cancel = SIPRequest(method: .cancel, uri: invite.uri)
        if let via = invite.headers.values(.via).first { cancel.headers.append(.via, via) }
        cancel.headers.append(.maxForwards, "70")
        for route in invite.headers.all(.route) { cancel.headers.append(.route, route) }
        for name in [SIPHeaderName.from, .to, .callID] {
            if let value = invite.headers[name] { cancel.headers.append(name, value) }
        }
        if let cseq = try? invite.headers.cseq() {
            cancel.headers.append(.cseq, CSeq(cseq.number, .cancel).description)
        }
        if let reason { cancel.headers.append(.reason, reason) }
        return transactions.start(cancel, to: destination, session: session, &output)
    }

    /// Puts Via and Max-Forwards first, and what a user agent says of itself last.
    func complete(_ request: SIPRequest, branch: String, transport: TransportProtocol) -> SIPRequest {
        var request = request
        let via = Via(
            transport: transport.viaName, host: configuration.contactHost, port: configuration.contactPort,
            // `rport` without a value asks for the answer to come back to where it was sent from (RFC 3581).
            parameters: SIPParameters([.init("branch", branch), .init("rport")]))
        request.headers.prepend(.maxForwards, "70")
        request.headers.prepend(.via, via.description)
        if request.method == .invite {
            request.headers.append(.contact, contact)
            request.headers.append(.allow, Capabilities.allow)
            request.headers.append(.supported, Capabilities.supported)
        }
        if request.method != .ack { request.headers.append(.userAgent, configuration.userAgentName) }
        return request
    }

    // MARK: Responses

    private static func contact(_ configuration: UserAgentConfiguration) -> String {
        var uri = SIPURI(
            user: configuration.contactUser, host: configuration.contactHost, port: configuration.contactPort)
        if configuration.localAddress.transport != .udp {
            uri.parameters["transport"] = configuration.localAddress.transport.rawValue
        }
        return "<\(uri)>"
    }

    /// A response with Server, and where it makes or keeps a dialog with Contact and Record-Route (RFC 3261 §12.1.1).
    func response(
        to request: SIPRequest, _ status: StatusCode, tag: String?, sdp: [UInt8]? = nil
    ) -> SIPResponse {
        var response = SIPResponse(to: request, status: status, toTag: status == .trying ? nil : tag, body: sdp ?? [])
        let keepsDialog = request.method == .invite || request.method == .update
        if keepsDialog, status != .trying, status < .multipleChoices {
            for route in request.headers.all(.recordRoute) { response.headers.append(.recordRoute, route) }
            response.headers.append(.contact, contact)
        }
        if status == .ok || status == .methodNotAllowed || status == .notImplemented {
            response.headers.append(.allow, Capabilities.allow)
        }
        if status.isSuccess, request.method == .invite || request.method == .options {
            response.headers.append(.supported, Capabilities.supported)
        }
        if status.isSuccess && request.method == .options || status == .unsupportedMediaType
            || status == .notAcceptable
        {
            response.headers.append(.accept, Capabilities.accept)
        }
        response.headers.append(.server, configuration.userAgentName)
        if sdp != nil { response.headers.append(.contentType, "application/sdp") }
        return response
    }

    mutating func respond(_ key: TransactionKey, _ response: SIPResponse) {
        // The events of a server transaction concern nobody: a session counts its own time.
        _ = transactions.respond(key, response, &output)
    }

    /// 500 with a pause of 0 to 10 s to come back after (RFC 3261 §14.2, RFC 3311 §5.2).
    mutating func retryLater(_ request: SIPRequest, tag: String) -> SIPResponse {
        var response = response(to: request, .serverInternalError, tag: tag)
        response.headers.append(.retryAfter, "\(random.next() % 11)")
        return response
    }

    // MARK: Timers

    mutating func arm(_ session: SessionID, _ timer: SessionTimer, after delay: Duration) {
        timers.arm(SessionTimerKey(session: session, kind: timer), at: output.now + max(delay, .milliseconds(1)))
    }

    mutating func cancel(_ session: SessionID, _ timer: SessionTimer) {
        timers.cancel(SessionTimerKey(session: session, kind: timer))
    }
}

/// What this user agent can do; said in Allow, Supported, Accept.
enum Capabilities {
    static let allow = "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO"
    /// No extension: in particular no 100rel (RFC 3262) and no timer (RFC 4028). The empty field says so
    /// (RFC 3261 §20.37).
    static let supported = ""
    /// Who takes multipart bodies says so (RFC 5621 §4).
    static let accept = "application/sdp, multipart/mixed, multipart/related, multipart/alternative"
}

/// The timers of a session; those of a dialog carry its remote tag, since an INVITE can have several dialogs.
enum SessionTimer: Hashable, Sendable {
    /// Our 2xx is sent again (RFC 3261 §13.3.1.4).
    case repeatAnswer(remoteTag: String)
    /// 64·T1 without an ACK for our 2xx.
    case unacknowledged(remoteTag: String)
    /// The owner let the peer's offer lie for 64·T1.
    case offerUnanswered(remoteTag: String)
    /// A ringing INVITE says so every minute, lest proxies give up (RFC 3261 §13.3.1.1).
    case repeatProvisional
    /// The time that an INVITE gave its callee is over (RFC 3261 §13.3.1).
    case invitationExpired
    /// A request's host is taken for one without an address.
    case unresolved(remoteTag: String)
    /// The callee hung up its early dialog, and nothing else has come since.
    case hungUpEarly
    /// A message has waited long enough for its record.
    case recordOverdue(RecordHold)
}

struct SessionTimerKey: Hashable, Sendable {
    let session: SessionID
    let kind: SessionTimer
}

/// What tells an INVITE that reached us on two ways (RFC 3261 §8.2.2.2).
struct MergeKey: Hashable, Sendable {
    let callID: String
    let fromTag: String
    let cseq: UInt32
}
