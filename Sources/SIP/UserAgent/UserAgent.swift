/// Everything of SIP that one process does, as one value: told commands, datagrams and the time, it answers with
/// effects.
///
///     owner ── invite, end, answer … ──▶ UserAgent ── effects ──▶ owner (answered, ended …) and shell (send)
///     shell ── receive, sendFailed, fireTimers ──▶
///
///     UserAgent ── who is it for? ──▶ Session ── requests ──▶ TransactionLayer ──▶ datagrams
///
/// It owns the transaction layer, the sessions, and the two ways to find a session: by its number and by its dialogs.
/// Every method appends to `effects` in the order in which things happened and calls nobody back. `random` is the
/// only source of chance, `now` the only clock: equal inputs give equal effects, in every process. Neither its
/// dictionaries nor anything below it is ever iterated where order would show.
///
/// After each call the owner asks `nextDeadline` and calls `fireTimers` then.
public struct UserAgent: Sendable {
    var sessions: [SessionID: any SessionMachine] = [:]
    var bench: Workbench
    var nextIncoming: UInt64 = SessionID.firstIncoming.rawValue

    public init(configuration: UserAgentConfiguration) {
        bench = Workbench(configuration: configuration)
    }

    public var configuration: UserAgentConfiguration { bench.configuration }

    /// The earliest moment at which `fireTimers` has something to do; nil when all is quiet.
    public var nextDeadline: Instant? {
        switch (bench.transactions.nextDeadline, bench.timers.nextDeadline) {
        case (let left?, let right?): min(left, right)
        case (let left, let right): left ?? right
        }
    }

    public var gauges: UserAgentGauges {
        var gauges = bench.transactions.gauges
        gauges.sessions = sessions.count
        gauges.dialogs = bench.dialogs.count
        gauges.timers += bench.timers.count
        return gauges
    }

    /// Draws the identifiers of an INVITE, to be stored before it leaves.
    public static func drawIdentifiers(node: UInt16, random: inout RandomSource) -> InvitationIdentifiers {
        InvitationIdentifiers(
            callID: SIPIdentifier.callID(node: node, random: &random),
            fromTag: SIPIdentifier.tag(node: node, random: &random),
            branch: SIPIdentifier.branch(node: node, random: &random))
    }

    /// What to store of a session so that `endRestored` can end it; nil for one that is not alive any more.
    public func record(of id: SessionID) -> SessionRecord? { sessions[id]?.record }

    // MARK: Commands

    /// Whose requests outside dialogs are taken from now on (``UserAgentConfiguration/allowedPeers``). Dialogs and
    /// transactions that there are go on.
    public mutating func allow(_ peers: [IPAddressRange]?) { bench.configuration.allowedPeers = peers }

    /// Sends an INVITE. What follows: `progressed` any number of times, then `answered` or `failed`.
    ///
    /// A number that is in use, or that belongs to incoming sessions, is refused with `failed(.protocolError)`.
    public mutating func invite(
        _ id: SessionID, _ invitation: Invitation, now: Instant, random: inout RandomSource,
        into effects: inout [UserAgentEffect]
    ) {
        guard sessions[id] == nil, !id.isIncoming else {
            effects.append(.failed(id, .protocolError("session number \(id) is in use")))
            return
        }
        work(now, &random, &effects) { agent in
            let identifiers =
                invitation.identifiers
                ?? UserAgent.drawIdentifiers(node: agent.configuration.node, random: &agent.bench.random)
            var session = OutgoingSession(id: id, invitation: invitation, identifiers: identifiers)
            session.start(&agent.bench)
            agent.keep(session)
        }
    }

    /// Ends a session, whatever its state: CANCEL before the answer (held back until a provisional response), BYE
    /// after it, a 480 for an incoming one that has not been answered. Idempotent; an unknown number is ignored.
    ///
    /// - Parameter reason: value of a Reason header field (RFC 3326), such as `Q.850;cause=16`.
    public mutating func end(
        _ id: SessionID, reason: String? = nil, now: Instant, random: inout RandomSource,
        into effects: inout [UserAgentEffect]
    ) {
        work(now, &random, &effects) { agent in
            agent.change(id) { session, bench in session.end(reason: reason, &bench) }
        }
    }

    /// Answers an incoming INVITE 180. No effect once it has been answered or is over.
    public mutating func ring(
        _ id: SessionID, now: Instant, random: inout RandomSource, into effects: inout [UserAgentEffect]
    ) {
        changeIncoming(id, now, &random, &effects) { $0.progress(.ringing, body: nil, &$1) }
    }

    /// Answers an incoming INVITE 183 with early media. No effect once it has been answered or is over.
    public mutating func progress(
        _ id: SessionID, sdp: [UInt8], now: Instant, random: inout RandomSource, into effects: inout [UserAgentEffect]
    ) {
        changeIncoming(id, now, &random, &effects) { $0.progress(.sessionProgress, body: sdp, &$1) }
    }

    /// Answers an incoming INVITE 200; `sdp` is the answer, or the offer where the peer made none. `acknowledged`
    /// follows, or `ended(.neverAcknowledged)`.
    public mutating func answer(
        _ id: SessionID, sdp: [UInt8], now: Instant, random: inout RandomSource, into effects: inout [UserAgentEffect]
    ) {
        changeIncoming(id, now, &random, &effects) { $0.answer(sdp, &$1) }
    }

    /// Refuses an incoming INVITE with a status of 300 to 699 (anything else is taken as 603).
    public mutating func reject(
        _ id: SessionID, status: StatusCode, headers: SIPHeaders = SIPHeaders(), now: Instant,
        random: inout RandomSource, into effects: inout [UserAgentEffect]
    ) {
        changeIncoming(id, now, &random, &effects) { $0.reject(status, headers, &$1) }
    }

    /// Answers the `offerReceived` that is open: with SDP 200, with nil 488. No effect where none is open.
    ///
    /// - Parameter headers: into the 488: a Warning that says why (RFC 3261 §20.43).
    public mutating func answerOffer(
        _ id: SessionID, sdp: [UInt8]?, headers: SIPHeaders = SIPHeaders(), now: Instant, random: inout RandomSource,
        into effects: inout [UserAgentEffect]
    ) {
        work(now, &random, &effects) { agent in
            agent.change(id) { session, bench in session.answerOffer(sdp, headers, &bench) }
        }
    }

    /// The record that a `recordDue` asked for is stored, or cannot be: what waited for it leaves.
    public mutating func recordStored(
        _ id: SessionID, _ hold: RecordHold, now: Instant, random: inout RandomSource,
        into effects: inout [UserAgentEffect]
    ) {
        work(now, &random, &effects) { agent in
            agent.change(id) { session, bench in session.recordStored(hold, &bench) }
        }
    }

    /// Sends an INFO that knows no package (RFC 6086 §9.2) in an answered session. `infoAnswered` follows.
    public mutating func info(
        _ id: SessionID, contentType: String, body: [UInt8], now: Instant, random: inout RandomSource,
        into effects: inout [UserAgentEffect]
    ) {
        work(now, &random, &effects) { agent in
            agent.change(id) { session, bench in
                session.sendInfo(contentType: contentType, body: body, &bench)
            }
        }
    }

    /// Reports a key to the peer by INFO (`application/dtmf-relay`).
    ///
    /// - Parameter key: `0`…`9`, `*`, `#`, `A`…`D`.
    public mutating func reportKey(
        _ id: SessionID, _ key: Character, milliseconds: Int, now: Instant, random: inout RandomSource,
        into effects: inout [UserAgentEffect]
    ) {
        info(
            id, contentType: KeyReport.contentTypes[0], body: KeyReport.body(key, milliseconds: milliseconds), now: now,
            random: &random, into: &effects)
    }

    /// Ends what a crash left behind. A call without an answer is cancelled under its stored branch, and each early
    /// dialog gets a BYE; an answered one gets a BYE. For 64·T1 the session goes on to ACK and BYE every 2xx that
    /// arrives late or again. Then `ended` (if it was answered before the crash) or `failed(.canceled)` tells that all
    /// is quiet. A record of another version only gives that last effect.
    public mutating func endRestored(
        _ id: SessionID, _ record: SessionRecord, now: Instant, random: inout RandomSource,
        into effects: inout [UserAgentEffect]
    ) {
        guard sessions[id] == nil else { return }
        guard record.version == SessionRecord.currentVersion else {
            effects.append(
                record.phase == .confirmed ? .ended(id, .localHangUp(confirmed: false)) : .failed(id, .canceled))
            return
        }
        // An incoming session may come back under its old number: later ones are drawn above it.
        if id.isIncoming { nextIncoming = max(nextIncoming, id.rawValue &+ 1) }
        work(now, &random, &effects) { agent in
            var session = RestoredSession(id: id, record: record)
            session.start(&agent.bench)
            agent.keep(session)
        }
    }

    // MARK: Inputs

    /// A datagram, or one whole message of a stream transport.
    public mutating func receive(
        _ datagram: [UInt8], from source: TransportAddress, now: Instant, random: inout RandomSource,
        into effects: inout [UserAgentEffect]
    ) {
        work(now, &random, &effects) { $0.dispatch(datagram, from: source) }
    }

    /// What a `resolve` came to; no addresses where the host has none. Which of them is taken, and what to do without
    /// any, is the dialog's affair.
    public mutating func resolved(
        _ id: SessionID, host: String, addresses: [IPAddress], now: Instant, random: inout RandomSource,
        into effects: inout [UserAgentEffect]
    ) {
        work(now, &random, &effects) { agent in
            agent.change(id) { session, bench in session.resolved(host, addresses, &bench) }
        }
    }

    /// The transport could not send to that address (RFC 3261 §17.1.4): every client transaction that waits for an
    /// answer from there is over.
    ///
    /// - Parameter explanation: why, in words.
    public mutating func sendFailed(
        to address: TransportAddress, _ explanation: String, now: Instant, random: inout RandomSource,
        into effects: inout [UserAgentEffect]
    ) {
        work(now, &random, &effects) { agent in
            let events = agent.bench.transactions.sendFailed(to: address, &agent.bench.output)
            agent.handle(events, because: explanation)
        }
    }

    /// Does everything that is due at `now`.
    public mutating func fireTimers(
        now: Instant, random: inout RandomSource, into effects: inout [UserAgentEffect]
    ) {
        work(now, &random, &effects) { agent in
            // Whichever is earlier comes first; of equals the transactions', so that a retransmission leaves before a
            // session gives up.
            while let deadline = agent.nextDeadline, deadline <= now {
                if agent.bench.transactions.nextDeadline == deadline {
                    agent.handle(agent.bench.transactions.fireNext(now, &agent.bench.output))
                } else if let timer = agent.bench.timers.popDue(now) {
                    agent.change(timer.session) { session, bench in session.fire(timer.kind, &bench) }
                }
            }
        }
    }
}
