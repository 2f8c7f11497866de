import SIP

/// One user agent under test, its clock, and everything it has emitted. The peer is written by hand in each test, out
/// of the messages that the agent sent.
struct Bench {
    static let local = TransportAddress(address: .v4(0x0a00_0001), port: 5060)
    static let peer = TransportAddress(address: .v4(0x0a00_0002), port: 5060)
    static let offer = Array("v=0\r\no=a\r\n".utf8)
    static let answer = Array("v=0\r\no=b\r\n".utf8)

    var agent: UserAgent
    var random = RandomSource(seed: 7)
    var now = Instant.zero
    /// Everything since the last `take`.
    var effects: [UserAgentEffect] = []

    init(_ change: (inout UserAgentConfiguration) -> Void = { _ in }) {
        var configuration = UserAgentConfiguration(node: 3, localAddress: Self.local, tracesMessages: false)
        change(&configuration)
        agent = UserAgent(configuration: configuration)
    }

    static var invitation: Invitation {
        Invitation(
            destination: peer, requestURI: SIPURI(user: "+15551230000", host: "10.0.0.2", port: 5060),
            from: NameAddress(uri: SIPURI(user: "+15559990000", host: "10.0.0.1")),
            to: NameAddress(uri: SIPURI(user: "+15551230000", host: "10.0.0.2")), offer: offer)
    }

    // MARK: What the agent sent

    mutating func take() -> [UserAgentEffect] {
        defer { effects = [] }
        return effects
    }

    var sent: [SIPMessage] {
        effects.compactMap { effect in
            guard case .send(let bytes, _) = effect else { return nil }
            return try? SIPMessage(parsing: bytes)
        }
    }

    var requests: [SIPRequest] {
        sent.compactMap { if case .request(let request) = $0 { request } else { nil } }
    }

    var responses: [SIPResponse] {
        sent.compactMap { if case .response(let response) = $0 { response } else { nil } }
    }

    func requests(_ method: SIPMethod) -> [SIPRequest] { requests.filter { $0.method == method } }

    /// `INVITE`, `200 INVITE` …: what was sent, for comparing.
    var summary: [String] {
        sent.map { message in
            switch message {
            case .request(let request): request.method.name
            case .response(let response):
                "\(response.status.rawValue) \((try? response.headers.cseq().method.name) ?? "?")"
            }
        }
    }

    /// The effects that are neither messages nor records.
    var told: [UserAgentEffect] {
        effects.filter {
            switch $0 {
            case .send, .messageSent, .messageReceived, .recordChanged, .recordDue: false
            default: true
            }
        }
    }

    // MARK: What the peer does

    mutating func invite(_ id: UInt64 = 1, _ invitation: Invitation = Bench.invitation) -> SIPRequest {
        agent.invite(SessionID(rawValue: id), invitation, now: now, random: &random, into: &effects)
        return requests(.invite).last ?? SIPRequest(method: .invite, uri: .sip(invitation.requestURI))
    }

    mutating func end(_ id: UInt64 = 1) {
        agent.end(SessionID(rawValue: id), now: now, random: &random, into: &effects)
    }

    /// The peer answers a request that the agent sent.
    mutating func respond(
        to request: SIPRequest, _ status: Int, tag: String? = "callee", sdp: [UInt8]? = nil,
        contact: String = "<sip:callee@10.0.0.2:5060>", headers: [SIPHeaders.Field] = []
    ) {
        guard let code = StatusCode(status) else { return }
        var response = SIPResponse(to: request, status: code, toTag: tag, body: sdp ?? [])
        if request.method == .invite { response.headers.append(.contact, contact) }
        if sdp != nil { response.headers.append(.contentType, "application/sdp") }
        for field in headers { response.headers.append(field.name, field.value) }
        deliver(response.bytes)
    }

    mutating func deliver(_ bytes: [UInt8], from source: TransportAddress = Bench.peer) {
        agent.receive(bytes, from: source, now: now, random: &random, into: &effects)
    }

    /// A request of the peer inside the dialog that `invite` (the agent's) and a tag made.
    func peerRequest(
        _ method: SIPMethod, in invite: SIPRequest, tag: String = "callee", cseq: UInt32, branch: String,
        sdp: [UInt8]? = nil
    ) -> SIPRequest {
        var request = SIPRequest(
            method: method, uri: .sip(SIPURI(user: "belay", host: "10.0.0.1", port: 5060)), body: sdp ?? [])
        request.headers.append(.via, "SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bK\(branch)")
        request.headers.append(.from, "\(invite.headers[.to] ?? "");tag=\(tag)")
        request.headers.append(.to, invite.headers[.from] ?? "")
        request.headers.append(.callID, invite.headers.callID ?? "")
        request.headers.append(.cseq, "\(cseq) \(method)")
        request.headers.append(.contact, "<sip:callee@10.0.0.2:5060>")
        if sdp != nil { request.headers.append(.contentType, "application/sdp") }
        return request
    }

    // MARK: Time

    /// Lets time pass and fires what is due on the way, each timer at its own moment.
    mutating func pass(_ duration: Duration) {
        let end = now + duration
        var turns = 0
        while let deadline = agent.nextDeadline, deadline <= end, turns < 100_000 {
            now = max(now, deadline)
            agent.fireTimers(now: now, random: &random, into: &effects)
            turns += 1
        }
        now = end
    }
}

extension SessionID {
    static let one = SessionID(rawValue: 1)
}

/// An INVITE of a peer to the agent.
func incomingInvite(
    callID: String = "call-1", branch: String = "in1", cseq: UInt32 = 1, sdp: [UInt8]? = Bench.offer,
    headers: [SIPHeaders.Field] = []
) -> SIPRequest {
    var request = SIPRequest(
        method: .invite, uri: .sip(SIPURI(user: "100", host: "10.0.0.1", port: 5060)), body: sdp ?? [])
    request.headers.append(.via, "SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bK\(branch)")
    request.headers.append(.maxForwards, "70")
    request.headers.append(.from, "<sip:caller@10.0.0.2>;tag=caller")
    request.headers.append(.to, "<sip:100@10.0.0.1>")
    request.headers.append(.callID, callID)
    request.headers.append(.cseq, "\(cseq) INVITE")
    request.headers.append(.contact, "<sip:caller@10.0.0.2:5060>")
    if sdp != nil { request.headers.append(.contentType, "application/sdp") }
    for field in headers { request.headers.append(field.name, field.value) }
    return request
}

/// A later request of the caller whose INVITE was `invite`, to the dialog that `response` made.
func followUp(
    _ method: SIPMethod, to response: SIPResponse, invite: SIPRequest, cseq: UInt32, branch: String? = nil,
    sdp: [UInt8]? = nil
) -> SIPRequest {
    var request = SIPRequest(method: method, uri: invite.uri, body: sdp ?? [])
    if let branch {
        request.headers.append(.via, "SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bK\(branch)")
    } else {
        request.headers.append(.via, invite.headers[.via] ?? "")
    }
    request.headers.append(.from, invite.headers[.from] ?? "")
    request.headers.append(.to, response.headers[.to] ?? "")
    request.headers.append(.callID, invite.headers.callID ?? "")
    request.headers.append(.cseq, "\(cseq) \(method)")
    request.headers.append(.contact, "<sip:caller@10.0.0.2:5060>")
    if sdp != nil { request.headers.append(.contentType, "application/sdp") }
    return request
}
