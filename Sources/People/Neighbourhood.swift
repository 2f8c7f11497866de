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
        let line: Line
        /// The caller's; nil where it made none, and in a call that the person makes.
        let offer: [UInt8]?
        /// As the SDP says it; media comes from `boundPort`.
        var audio: LocalAudio
        var boundPort: UInt16
        /// Named by the SDP and bound by nobody, where the line has it so.
        var sparePort: UInt16?
        var portsTried = 1
        /// The person's own source of chance, where everybody has one.
        var random: RandomSource?
        /// The port is bound, and what may be uttered is at hand.
        var isMediaOpen = false
        /// What the person did before that: done then.
        var held: [PersonEffect] = []
        /// A call that the person makes, and that waits for its port.
        var invitation: Invitation?
        var isConnected = false
        var acksToLose: Int
        var isOver = false
    }

    private struct TimerKey: Hashable, Sendable {
        let session: SessionID
        let timer: PersonTimer
    }

    package let configuration: NeighbourhoodConfiguration
    private let directory: any PeopleDirectory
    private var agent: UserAgent
    private var random: RandomSource
    /// What the user agent has told and nobody has taken yet.
    private var sipEffects: [UserAgentEffect] = []
    private var residents: [SessionID: Resident] = [:]
    private var sessionsByCallID: [String: SessionID] = [:]
    private var timers = TimerTable<TimerKey>()
    /// Free ports, the longest unused first.
    private var freePorts: [UInt16]
    /// All that there are.
    private let portCount: Int
    private var nextOutgoing: UInt64 = 1
    /// Call-IDs of lines that send everything twice.
    private var doubledCallIDs: Set<String> = []

    package init(configuration: NeighbourhoodConfiguration, directory: any PeopleDirectory, random: RandomSource) {
        self.configuration = configuration
        self.directory = directory
        self.random = random
        agent = UserAgent(configuration: configuration.userAgent)
        // In an order that is drawn: two programs with the same range seldom want the same port.
        freePorts = configuration.rtpPorts.filter { $0 % 2 == 0 }.shuffled(using: &self.random)
        portCount = freePorts.count
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
        let notice = Notice(datagram)
        if let number = notice?.number, directory.behaviour(of: number) == .neverResponds { return }
        if let notice, isLost(notice) { return }
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

    package mutating func fireTimers(now: Instant, into effects: inout [NeighbourhoodEffect]) {
        withAgent(now, &effects) { agent, random, sip in
            agent.fireTimers(now: now, random: &random, into: &sip)
        }
        while let key = timers.popDue(now) { tell(.timerFired(key.timer), key.session, now, &effects) }
    }

    /// Somebody of this neighbourhood calls: `called` follows, and in the end `left`.
    ///
    /// - Returns: nil where every port is in use.
    package mutating func call(
        _ call: OutwardCall, now: Instant, into effects: inout [NeighbourhoodEffect]
    ) -> SessionID? {
        guard let port = takePort() else { return nil }
        let id = SessionID(rawValue: nextOutgoing)
        nextOutgoing += 1
        let agent = configuration.userAgent
        let identifiers = UserAgent.drawIdentifiers(node: agent.node, random: &random)
        let audio = localAudio(port)
        let callee = SIPURI(user: call.to, host: call.destination.address.hostText, port: call.destination.port)
        let person = Person(calling: call.conversation, patience: call.patience)
        var resident = Resident(
            person: person, number: call.from, callID: identifiers.callID, line: .sound, offer: nil, audio: audio,
            boundPort: port, acksToLose: 0)
        resident.random = personalRandom(call.from)
        resident.invitation = Invitation(
            destination: call.destination, requestURI: callee,
            from: NameAddress(uri: SIPURI(user: call.from, host: agent.contactHost, port: agent.contactPort)),
            to: NameAddress(uri: callee), offer: audio.offer.bytes, identifiers: identifiers)
        residents[id] = resident
        sessionsByCallID[identifiers.callID] = id
        effects.append(.called(id, number: call.from, callID: identifiers.callID))
        effects.append(.openMedia(id, port: port, preparing: person.utterances))
        return id
    }

    package mutating func mediaOpened(_ id: SessionID, now: Instant, into effects: inout [NeighbourhoodEffect]) {
        guard var resident = residents[id], !resident.isMediaOpen else { return }
        resident.isMediaOpen = true
        let held = resident.held
        let invitation = resident.invitation
        resident.held = []
        resident.invitation = nil
        residents[id] = resident
        for action in held { carryOut(action, id, now, &effects) }
        guard var invitation, !resident.isOver else { return }
        invitation.offer = resident.audio.offer.bytes
        tell(.dialled, id, now, &effects)
        withAgent(now, &effects) { agent, random, sip in
            agent.invite(id, invitation, now: now, random: &random, into: &sip)
        }
    }

    /// A port may be another program's: the next is tried, and where all have been the call is refused.
    package mutating func mediaOpenFailed(_ id: SessionID, now: Instant, into effects: inout [NeighbourhoodEffect]) {
        guard var resident = residents[id], !resident.isMediaOpen else { return }
        if resident.portsTried < portCount, let port = takePort() {
            freePorts.append(resident.boundPort)
            if resident.audio.port == resident.boundPort { resident.audio.port = port }
            resident.boundPort = port
            resident.portsTried += 1
            residents[id] = resident
            effects.append(.openMedia(id, port: port, preparing: resident.person.utterances))
            return
        }
        if resident.invitation != nil {
            leave(id, .canceled, .failed(.transportFailed("no RTP port")), now, &effects)
        } else {
            withAgent(now, &effects) { agent, random, sip in
                agent.reject(id, status: .serviceUnavailable, now: now, random: &random, into: &sip)
            }
        }
        forget(id)
    }

    package mutating func mediaClosed(_ id: SessionID) { forget(id) }

    /// What was to be uttered has been, to its end.
    package mutating func uttered(_ id: SessionID, now: Instant, into effects: inout [NeighbourhoodEffect]) {
        tell(.uttered, id, now, &effects)
    }

    /// What was to be pressed has been, to its last digit.
    package mutating func pressed(_ id: SessionID, now: Instant, into effects: inout [NeighbourhoodEffect]) {
        tell(.pressed, id, now, &effects)
    }

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
        if var own = resident.random {
            resident.person.handle(input, random: &own, into: &actions)
            resident.random = own
        } else {
            resident.person.handle(input, random: &random, into: &actions)
        }
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
        case .progress: if isReady(id, action) { progress(id, now, &effects) }
        case .answer: if isReady(id, action) { answer(id, now, &effects) }
        case .utter(let utterance): if isReady(id, action) { effects.append(.utter(id, utterance)) }
        case .reject(let code): reject(id, StatusCode(code) ?? .decline, now, &effects)
        case .press(let digits): effects.append(.press(id, digits))
        case .messageBegan: effects.append(.messageBegan(id))
        case .messageEnded: effects.append(.messageEnded(id))
        case .missed(let step): effects.append(.missed(id, number: residents[id]?.number ?? "", step))
        case .hangUp: endSession(id, now, &effects)
        case .arm(let timer, let milliseconds):
            timers.arm(TimerKey(session: id, timer: timer), at: now + .milliseconds(milliseconds))
        case .disarm(let timer): timers.cancel(TimerKey(session: id, timer: timer))
        }
    }

    /// Whether the media is open; where it is not, the action is kept until it is.
    private mutating func isReady(_ id: SessionID, _ action: PersonEffect) -> Bool {
        guard let resident = residents[id] else { return false }
        if !resident.isMediaOpen { residents[id]?.held.append(action) }
        return resident.isMediaOpen
    }

    /// A 183 with our answer to the offer, which the 200 repeats (RFC 3261 §13.2.1). A caller who offered nothing hears
    /// nothing before the answer.
    private mutating func progress(_ id: SessionID, _ now: Instant, _ effects: inout [NeighbourhoodEffect]) {
        guard let resident = residents[id], !resident.isOver, let offer = resident.offer,
            let (agreement, answer) = try? resident.audio.answer(to: offer)
        else { return }
        residents[id]?.isConnected = true
        effects.append(.connectMedia(id, agreement))
        withAgent(now, &effects) { agent, random, sip in
            agent.progress(id, sdp: answer.bytes, now: now, random: &random, into: &sip)
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
        if !resident.isConnected { effects.append(.connectMedia(id, agreement)) }
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
        case .send(let bytes, let destination):
            effects.append(.send(bytes, to: destination))
            if isDoubled(bytes) { effects.append(.send(bytes, to: destination)) }
        case .invited(let id, let invitation): beCalled(id, invitation, now, &effects)
        case .acknowledged(let id, let body): beAcknowledged(id, body, now, &effects)
        case .answered(let id, let body): beAnswered(id, body, now, &effects)
        case .failed(let id, let failure): leave(id, .canceled, .failed(failure), now, &effects)
        case .ended(let id, let end): leave(id, .hungUp, .ended(end), now, &effects)
        case .offerReceived(let id, let body): takeOffer(id, body, now, &effects)
        // Everybody here names addresses; who names a host is answered where the call came from.
        case .resolve(let id, let host):
            withAgent(now, &effects) { agent, random, sip in
                agent.resolved(id, host: host, addresses: [], now: now, random: &random, into: &sip)
            }
        // The 487 has been sent; `failed` follows.
        case .canceledByPeer: break
        // An offer is answered at once here, so that none is ever taken back.
        case .offerWithdrawn: break
        // A caller of ours waits for the answer alone, and nobody reads a trace.
        case .progressed, .messageSent, .messageReceived, .messageRefused, .discarded, .turnedAway: break
        // No records are kept here.
        case .recordChanged, .recordDue: break
        // Keys reach a person as media.
        case .keyReported, .infoAnswered: break
        }
    }

    private mutating func beCalled(
        _ id: SessionID, _ invitation: IncomingInvitation, _ now: Instant, _ effects: inout [NeighbourhoodEffect]
    ) {
        guard let port = takePort() else {
            return reject(id, .serviceUnavailable, now, &effects)
        }
        let number = invitation.to.uri.sip?.user ?? ""
        let line = directory.line(of: number)
        var audio = localAudio(port)
        var sparePort: UInt16?
        if line == .mediaFromAnotherPort, let other = takePort() {
            sparePort = other
            audio.port = other
        }
        var acksToLose = 0
        if case .losesACKs(let count) = line { acksToLose = count }
        if line == .doubles { doubledCallIDs.insert(invitation.callID) }
        let person = Person(directory.behaviour(of: number))
        var resident = Resident(
            person: person, number: number, callID: invitation.callID, line: line, offer: invitation.offer,
            audio: audio, boundPort: port, sparePort: sparePort, acksToLose: acksToLose)
        resident.random = personalRandom(number)
        residents[id] = resident
        sessionsByCallID[invitation.callID] = id
        effects.append(.called(id, number: number, callID: invitation.callID))
        effects.append(.openMedia(id, port: port, preparing: person.utterances))
        tell(.invited, id, now, &effects)
    }

    private mutating func takePort() -> UInt16? { freePorts.isEmpty ? nil : freePorts.removeFirst() }

    private mutating func localAudio(_ port: UInt16) -> LocalAudio {
        LocalAudio(address: configuration.mediaAddress, port: port, sessionID: random.next() >> 2, sessionVersion: 1)
    }

    private func personalRandom(_ number: String) -> RandomSource? {
        configuration.personalSeed.map { seed in
            RandomSource(seed: Array("\(seed)/\(configuration.userAgent.node)/\(number)".utf8))
        }
    }

    /// Somebody whom a person of ours has called picked up.
    private mutating func beAnswered(
        _ id: SessionID, _ body: [UInt8], _ now: Instant, _ effects: inout [NeighbourhoodEffect]
    ) {
        guard let resident = residents[id], !resident.isOver else { return }
        guard let agreement = try? resident.audio.agreement(answer: body) else {
            return endSession(id, now, &effects)
        }
        effects.append(.connectMedia(id, agreement))
        effects.append(.answered(id, number: resident.number))
        tell(.acknowledged, id, now, &effects)
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
        _ id: SessionID, _ reason: PersonInput, _ parting: Parting, _ now: Instant,
        _ effects: inout [NeighbourhoodEffect]
    ) {
        tell(reason, id, now, &effects)
        guard let resident = residents[id], !resident.isOver else { return }
        residents[id]?.isOver = true
        sessionsByCallID[resident.callID] = nil
        effects.append(
            .left(id, number: resident.number, digitsHeard: resident.person.digitsHeard, parting))
        effects.append(.closeMedia(id))
    }

    private mutating func forget(_ id: SessionID) {
        guard let resident = residents.removeValue(forKey: id) else { return }
        if sessionsByCallID[resident.callID] == id { sessionsByCallID[resident.callID] = nil }
        for timer in PersonTimer.allCases { timers.cancel(TimerKey(session: id, timer: timer)) }
        freePorts.append(resident.boundPort)
        if let spare = resident.sparePort { freePorts.append(spare) }
        if resident.line == .doubles { doubledCallIDs.remove(resident.callID) }
    }

    // MARK: Lines

    /// Whether the line loses it: an ACK of our 2xx.
    private mutating func isLost(_ notice: Notice) -> Bool {
        guard notice.method == .ack, let id = sessionsByCallID[notice.callID], let left = residents[id]?.acksToLose,
            left > 0
        else { return false }
        residents[id]?.acksToLose = left - 1
        return true
    }

    private func isDoubled(_ bytes: [UInt8]) -> Bool {
        guard !doubledCallIDs.isEmpty, let callID = Notice.callID(of: bytes) else { return false }
        return doubledCallIDs.contains(callID)
    }
}
