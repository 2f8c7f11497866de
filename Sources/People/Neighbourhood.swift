import SDP
package import SIP

/// Everybody who can be called at one SIP address: a user agent, and a person behind each call that came in.
///
///     shell ── receive, fireTimers, mediaOpened, voiceStarted … ──▶ Neighbourhood ── effects ──▶ shell
///                                                  UserAgent ◀──▶ Person
///
/// A value without clock, sockets or chance of its own. Its dictionaries are only looked things up in, so that equal
/// inputs give equal effects in every process.
package struct Neighbourhood: Sendable {
    /// One call, from its INVITE to the moment when its media is closed.
    private struct Resident: Sendable {
        var person: Person
        let number: String
        let callID: String
        let offer: [UInt8]?
        var audio: LocalAudio
        /// The port is bound.
        var isMediaOpen = false
        /// Picked up before the port was bound: answers then.
        var isAnswerHeld = false
        var isOver = false
    }

    private struct TimerKey: Hashable, Sendable {
        let session: SessionID
        let timer: PersonTimer
    }

    package let configuration: NeighbourhoodConfiguration
    private let directory: any Directory
    private var agent: UserAgent
    private var random: RandomSource
    /// What the user agent has told and nobody has taken yet.
    private var sipEffects: [UserAgentEffect] = []
    private var residents: [SessionID: Resident] = [:]
    private var sessionsByCallID: [String: SessionID] = [:]
    private var timers = TimerTable<TimerKey>()
    /// Free ports, the longest unused first.
    private var freePorts: [UInt16]

    package init(configuration: NeighbourhoodConfiguration, directory: any Directory, random: RandomSource) {
        self.configuration = configuration
        self.directory = directory
        self.random = random
        agent = UserAgent(configuration: configuration.userAgent)
        freePorts = configuration.rtpPorts.filter { $0 % 2 == 0 }
    }

    /// The earliest moment at which `fireTimers` has something to do.
    package var nextDeadline: Instant? {
        switch (timers.nextDeadline, agent.nextDeadline) {
        case (let own?, let sip?): min(own, sip)
        case (let own, let sip): own ?? sip
        }
    }

    /// The user agent's gauges; for the last check of a simulation.
    package var gauges: UserAgentGauges { agent.gauges }

    /// Calls that are alive, or whose media is not closed yet.
    package var callCount: Int { residents.count }

    package func isAlive(_ id: SessionID) -> Bool { residents[id].map { !$0.isOver } ?? false }

    /// Nothing is left over.
    package var isIdle: Bool { residents.isEmpty && timers.count == 0 && agent.gauges.isIdle }

    // MARK: Inputs

    package mutating func receive(
        _ datagram: [UInt8], from source: TransportAddress, now: Instant, into effects: inout [NeighbourhoodEffect]
    ) {
        let notice = Self.notice(datagram)
        if let number = notice?.number, directory.behaviour(of: number) == .neverResponds { return }
        // People who act in the very instant do so before their telephone has understood what came.
        switch notice?.method {
        case .cancel: tell(.aboutToBeCanceled, callID: notice?.callID, now, &effects)
        case .bye: tell(.aboutToBeHungUp, callID: notice?.callID, now, &effects)
        default: break
        }
        withAgent(now, &effects) { agent, random, sip in
            agent.receive(datagram, from: source, now: now, random: &random, into: &sip)
        }
    }

    package mutating func sendFailed(
        to address: TransportAddress, now: Instant, into effects: inout [NeighbourhoodEffect]
    ) {
        withAgent(now, &effects) { agent, random, sip in
            agent.sendFailed(to: address, now: now, random: &random, into: &sip)
        }
    }

    package mutating func fireTimers(now: Instant, into effects: inout [NeighbourhoodEffect]) {
        withAgent(now, &effects) { agent, random, sip in
            agent.fireTimers(now: now, random: &random, into: &sip)
        }
        while let key = timers.popDue(now) { tell(.timerFired(key.timer), key.session, now, &effects) }
    }

    package mutating func mediaOpened(_ id: SessionID, now: Instant, into effects: inout [NeighbourhoodEffect]) {
        guard var resident = residents[id] else { return }
        resident.isMediaOpen = true
        let isAnswerHeld = resident.isAnswerHeld
        resident.isAnswerHeld = false
        residents[id] = resident
        if isAnswerHeld { answer(id, now, &effects) }
    }

    package mutating func mediaOpenFailed(_ id: SessionID, now: Instant, into effects: inout [NeighbourhoodEffect]) {
        withAgent(now, &effects) { agent, random, sip in
            agent.reject(id, status: .serviceUnavailable, now: now, random: &random, into: &sip)
        }
        forget(id)
    }

    package mutating func mediaClosed(_ id: SessionID) { forget(id) }

    package mutating func voiceStarted(_ id: SessionID, now: Instant, into effects: inout [NeighbourhoodEffect]) {
        tell(.voiceStarted, id, now, &effects)
    }

    package mutating func voiceEnded(_ id: SessionID, now: Instant, into effects: inout [NeighbourhoodEffect]) {
        tell(.voiceEnded, id, now, &effects)
    }

    package mutating func digitHeard(
        _ id: SessionID, _ digit: Character, now: Instant, into effects: inout [NeighbourhoodEffect]
    ) {
        tell(.digitHeard(digit), id, now, &effects)
    }

    /// Nothing has been heard of the other side for so long that anybody would hang up.
    package mutating func peerFellSilent(_ id: SessionID, now: Instant, into effects: inout [NeighbourhoodEffect]) {
        endSession(id, now, &effects)
    }

    /// Everybody who talks hangs up, in the order of their calls.
    package mutating func hangUpAll(now: Instant, into effects: inout [NeighbourhoodEffect]) {
        for id in residents.keys.sorted() { endSession(id, now, &effects) }
    }

    // MARK: The people

    private mutating func tell(
        _ input: PersonInput, callID: String?, _ now: Instant, _ effects: inout [NeighbourhoodEffect]
    ) {
        guard let callID, let id = sessionsByCallID[callID] else { return }
        tell(input, id, now, &effects)
    }

    private mutating func tell(
        _ input: PersonInput, _ id: SessionID, _ now: Instant, _ effects: inout [NeighbourhoodEffect]
    ) {
        guard var resident = residents[id] else { return }
        var actions: [PersonEffect] = []
        resident.person.handle(input, random: &random, into: &actions)
        residents[id] = resident
        for action in actions { carryOut(action, id, now, &effects) }
    }

    private mutating func carryOut(
        _ action: PersonEffect, _ id: SessionID, _ now: Instant, _ effects: inout [NeighbourhoodEffect]
    ) {
        switch action {
        case .ring:
            withAgent(now, &effects) { agent, random, sip in
                agent.ring(id, now: now, random: &random, into: &sip)
            }
        case .answer:
            guard residents[id]?.isMediaOpen == true else {
                residents[id]?.isAnswerHeld = true
                return
            }
            answer(id, now, &effects)
        case .reject(let code): reject(id, StatusCode(code) ?? .decline, now, &effects)
        case .say(let text): effects.append(.say(id, text))
        case .press(let digits): effects.append(.press(id, digits))
        case .hangUp: endSession(id, now, &effects)
        case .arm(let timer, let milliseconds):
            timers.arm(TimerKey(session: id, timer: timer), at: now + .milliseconds(milliseconds))
        case .disarm(let timer): timers.cancel(TimerKey(session: id, timer: timer))
        }
    }

    private mutating func answer(_ id: SessionID, _ now: Instant, _ effects: inout [NeighbourhoodEffect]) {
        guard let resident = residents[id], !resident.isOver else { return }
        guard let offer = resident.offer else {
            // The caller wants our offer; its answer comes with the ACK.
            return accept(id, resident.audio.offer.bytes, now, &effects)
        }
        guard let (agreement, answer) = try? resident.audio.answer(to: offer) else {
            return reject(id, .notAcceptableHere, now, &effects)
        }
        effects.append(.connectMedia(id, agreement))
        accept(id, answer.bytes, now, &effects)
    }

    private mutating func accept(
        _ id: SessionID, _ sdp: [UInt8], _ now: Instant, _ effects: inout [NeighbourhoodEffect]
    ) {
        if let number = residents[id]?.number { effects.append(.answered(id, number: number)) }
        withAgent(now, &effects) { agent, random, sip in
            agent.answer(id, sdp: sdp, now: now, random: &random, into: &sip)
        }
    }

    private mutating func reject(
        _ id: SessionID, _ status: StatusCode, _ now: Instant, _ effects: inout [NeighbourhoodEffect]
    ) {
        withAgent(now, &effects) { agent, random, sip in
            agent.reject(id, status: status, now: now, random: &random, into: &sip)
        }
    }

    private mutating func endSession(_ id: SessionID, _ now: Instant, _ effects: inout [NeighbourhoodEffect]) {
        withAgent(now, &effects) { agent, random, sip in
            agent.end(id, now: now, random: &random, into: &sip)
        }
    }

    // MARK: The user agent

    private mutating func withAgent(
        _ now: Instant, _ effects: inout [NeighbourhoodEffect],
        _ body: (inout UserAgent, inout RandomSource, inout [UserAgentEffect]) -> Void
    ) {
        // In the order in which it came: what a person does meanwhile stands behind it (a 180 after the 100).
        let isOutermost = sipEffects.isEmpty
        body(&agent, &random, &sipEffects)
        guard isOutermost else { return }
        var next = 0
        while next < sipEffects.count {
            take(sipEffects[next], now, &effects)
            next += 1
        }
        sipEffects.removeAll(keepingCapacity: true)
    }

    private mutating func take(
        _ effect: UserAgentEffect, _ now: Instant, _ effects: inout [NeighbourhoodEffect]
    ) {
        switch effect {
        case .send(let bytes, let destination): effects.append(.send(bytes, to: destination))
        case .invited(let id, let invitation): beCalled(id, invitation, now, &effects)
        case .acknowledged(let id, let body): beAcknowledged(id, body, now, &effects)
        case .failed(let id, _): leave(id, .canceled, now, &effects)
        case .ended(let id, _): leave(id, .hungUp, now, &effects)
        case .offerReceived(let id, let body): takeOffer(id, body, now, &effects)
        // The 487 has been sent; `failed` follows.
        case .canceledByPeer: break
        // Nobody here calls anybody, and nobody reads a trace.
        case .progressed, .answered, .recordChanged, .messageSent, .messageReceived, .discarded: break
        }
    }

    private mutating func beCalled(
        _ id: SessionID, _ invitation: IncomingInvitation, _ now: Instant, _ effects: inout [NeighbourhoodEffect]
    ) {
        guard !freePorts.isEmpty else {
            return reject(id, .serviceUnavailable, now, &effects)
        }
        let port = freePorts.removeFirst()
        let number = invitation.to.uri.sip?.user ?? ""
        let audio = LocalAudio(
            address: configuration.mediaAddress, port: port, sessionID: random.next() >> 2, sessionVersion: 1)
        residents[id] = Resident(
            person: Person(directory.behaviour(of: number)), number: number, callID: invitation.callID,
            offer: invitation.offer, audio: audio)
        sessionsByCallID[invitation.callID] = id
        effects.append(.called(id, number: number, callID: invitation.callID))
        effects.append(.openMedia(id, port: port))
        tell(.invited, id, now, &effects)
    }

    private mutating func beAcknowledged(
        _ id: SessionID, _ body: [UInt8]?, _ now: Instant, _ effects: inout [NeighbourhoodEffect]
    ) {
        guard let resident = residents[id] else { return }
        if let body {
            guard let agreement = try? resident.audio.agreement(answer: body) else {
                return endSession(id, now, &effects)
            }
            effects.append(.connectMedia(id, agreement))
        }
        tell(.acknowledged, id, now, &effects)
    }

    /// A re-INVITE or UPDATE.
    private mutating func takeOffer(
        _ id: SessionID, _ body: [UInt8]?, _ now: Instant, _ effects: inout [NeighbourhoodEffect]
    ) {
        var sdp: [UInt8]?
        if var resident = residents[id] {
            resident.audio.sessionVersion += 1
            if let body {
                if let (agreement, answer) = try? resident.audio.answer(to: body) {
                    effects.append(.connectMedia(id, agreement))
                    sdp = answer.bytes
                }
            } else {
                sdp = resident.audio.offer.bytes
            }
            residents[id] = resident
        }
        withAgent(now, &effects) { agent, random, sip in
            agent.answerOffer(id, sdp: sdp, now: now, random: &random, into: &sip)
        }
    }

    private mutating func leave(
        _ id: SessionID, _ reason: PersonInput, _ now: Instant, _ effects: inout [NeighbourhoodEffect]
    ) {
        tell(reason, id, now, &effects)
        guard let resident = residents[id], !resident.isOver else { return }
        residents[id]?.isOver = true
        sessionsByCallID[resident.callID] = nil
        effects.append(.left(id, number: resident.number, digitsHeard: resident.person.digitsHeard))
        effects.append(.closeMedia(id))
    }

    private mutating func forget(_ id: SessionID) {
        guard let resident = residents.removeValue(forKey: id) else { return }
        if sessionsByCallID[resident.callID] == id { sessionsByCallID[resident.callID] = nil }
        for timer in PersonTimer.allCases { timers.cancel(TimerKey(session: id, timer: timer)) }
        freePorts.append(resident.audio.port)
    }

    // MARK: Reading ahead

    private struct Notice {
        let method: SIPMethod
        let number: String?
        let callID: String
    }

    /// What a request says of its call; nil for a response and for what cannot be read.
    private static func notice(_ datagram: [UInt8]) -> Notice? {
        try? SIPMessageView.withView(of: datagram) { view -> Notice? in
            guard case .request(let method) = view.kind else { return nil }
            return Notice(
                method: method, number: (try? NameAddress(view.text(view.to)))?.uri.sip?.user,
                callID: view.text(view.callID))
        }
    }
}
