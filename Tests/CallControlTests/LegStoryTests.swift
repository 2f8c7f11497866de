import SDP
import Telephony
import Testing

@testable import CallControl
@testable import SIP

/// A leg among all that it deals with: the disk, the media engine, the far end and the call that owns it. Each makes
/// the moves that it can make, and no other; what the leg wants of them is compared with what they stand at.
private struct LegStory {
    enum Move: CaseIterable {
        case accept, refuseAcceptance, commitTurn, refuseTurn, commitEnd
        case bind, refusePort, close
        case answer, giveUp, hangUp, hear
        case dial, ringOut, end

        /// Nothing comes of the call behind it.
        var isRefusal: Bool {
            [.refuseAcceptance, .refuseTurn, .refusePort, .giveUp, .hangUp, .ringOut, .end].contains(self)
        }
    }

    enum Commit { case acceptance, turn, end }

    enum Media: Equatable { case none, binding, open, closing(isBound: Bool), closed }

    enum Session { case none, ringing, answered, ending, over }

    let isOutgoing: Bool
    var leg: Leg
    private var turn: Turn
    private var random: RandomSource
    /// Transactions on their way, in order.
    private(set) var disk: [Commit]
    private(set) var media = Media.none
    private(set) var session: Session
    private var wasAnswered = false
    private(set) var isDialled = false
    private(set) var isAccepted: Bool
    private(set) var isOver = false
    private var rings = false
    /// Ports that have been taken and not given back.
    private(set) var held: Set<UInt16> = []
    private var nextPort: UInt16 = 40_000
    private(set) var invites = 0
    private(set) var moves: [Move] = []

    private static let media = MediaHandle(rawValue: 7)
    private static let identifiers = InvitationIdentifiers(callID: "c", fromTag: "f", branch: "z9hG4bK1")
    private static let answer = LocalAudio(address: "127.0.0.1", port: 50_000, sessionID: 3, sessionVersion: 1)

    init(isOutgoing: Bool, isAccepted: Bool = false, seed: UInt64 = 1) throws {
        self.isOutgoing = isOutgoing
        self.isAccepted = isOutgoing && isAccepted
        random = RandomSource(seed: seed)
        turn = Bench().exchange.turn
        disk = isOutgoing && isAccepted ? [] : [.acceptance]
        session = isOutgoing ? .none : .ringing
        guard !isOutgoing else {
            leg = Leg(waiting: SessionID(rawValue: 7), Self.identifiers, isStored: isAccepted)
            return
        }
        let audio = LocalAudio(address: "127.0.0.1", port: nextPort, sessionID: 1, sessionVersion: 1)
        let offer = Self.answer.offer.bytes
        let reply = try audio.reply(to: offer)
        leg = Leg(
            incoming: Leg.Incoming(
                offer: offer, sdp: reply.sdp,
                sources: MediaSources(signallingHost: "127.0.0.1", allowsAnySource: false, isFollowed: false),
                longestCall: .seconds(60), agreement: reply.agreement, port: MediaPort(audio)),
            SessionID(rawValue: 7), Self.identifiers)
        _ = takePort()
        leg.openMedia(&turn)
        observe()
    }

    // MARK: What may happen

    func isLegal(_ move: Move) -> Bool {
        switch move {
        case .accept, .refuseAcceptance: disk.first == .acceptance
        case .commitTurn, .refuseTurn: disk.first == .turn
        case .commitEnd: disk.first == .end
        case .bind, .refusePort: media == .binding || media == .closing(isBound: false)
        case .close: if case .closing = media { true } else { false }
        case .answer: session == .ringing && !isOver && (isOutgoing || rings)
        case .giveUp, .ringOut: session == .ringing && !isOver
        case .hangUp: session == .answered && !isOver
        case .hear: session == .ending
        case .dial: isOutgoing && !isDialled && !isOver
        case .end: !isOver && (isAccepted || isDialled || !isOutgoing)
        }
    }

    mutating func make(_ move: Move) throws {
        guard isLegal(move) else {
            Issue.record("nobody can \(move) after \(moves)")
            return
        }
        moves.append(move)
        switch move {
        case .accept:
            disk.removeFirst()
            isAccepted = true
            conclude(leg.acceptanceCommitted())
        case .refuseAcceptance:
            disk.removeFirst()
            let fact = leg.abandon(&turn)
            isOver = isOver || isOutgoing
            conclude(fact)
        case .commitTurn:
            disk.removeFirst()
            conclude(leg.turnCommitted())
        case .refuseTurn:
            disk.removeFirst()
            conclude(leg.turnNotCommitted())
        case .commitEnd:
            disk.removeFirst()
            leg.endCommitted()
        case .bind:
            media = media == .binding ? .open : .closing(isBound: true)
            conclude(leg.mediaOpened())
        case .refusePort:
            media = media == .binding ? .none : .closed
            let isTaken = chance(2)
            conclude(leg.mediaOpenFailed("no", isPortTaken: isTaken, isLast: chance(4), &turn))
        case .close:
            media = .closed
            leg.mediaClosed(&turn)
        case .answer:
            session = .answered
            wasAnswered = true
            try answer()
        case .giveUp:
            session = .over
            conclude(leg.failed(isOutgoing ? .response(.busyHere, reason: "Busy Here") : .canceledByPeer))
        case .hangUp:
            session = .over
            conclude(leg.ended(.remoteHangUp))
        case .hear:
            session = .over
            conclude(wasAnswered ? leg.ended(.localHangUp(confirmed: true)) : leg.failed(.canceled))
        case .dial:
            isDialled = true
            let joins = disk.contains(.acceptance) && chance(2)
            leg.dial(
                SIPURI(user: "+15555550123", host: "127.0.0.1"), from: "+15555550100", port: takePort(),
                joinsAcceptance: joins, &turn)
        case .ringOut: conclude(leg.rungOut())
        case .end: finish(CallOutcome(.canceled, .callCanceled, ""), farEndKnows: false)
        }
        observe()
        check()
    }

    /// Makes whatever can be made until nothing can.
    mutating func goOn() throws {
        for _ in 0..<500 {
            let legal = Move.allCases.filter { isLegal($0) }
            // Most stories go on for a while.
            let mild = chance(8) ? [] : legal.filter { !$0.isRefusal }
            guard let move = (mild.isEmpty ? legal : mild).randomElement(using: &random) else { return }
            try make(move)
        }
        Issue.record("it never ends: \(moves)")
    }

    private mutating func chance(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &random) == 0 }

    private mutating func takePort() -> UInt16 {
        defer { nextPort += 2 }
        held.insert(nextPort)
        return nextPort
    }

    private mutating func giveBack(_ port: UInt16) {
        if held.remove(port) == nil { Issue.record("port \(port) is given back twice after \(moves)") }
    }

    // MARK: The owner

    private mutating func answer() throws {
        if isOutgoing {
            let answer = leg.answered(Self.answer.offer.bytes, record: nil, &turn)
            let place = try #require(answer).get()
            #expect(leg.take(place, &turn) == .described(.flows(isFirst: true)))
        } else {
            let incoming = leg.answer()
            leg.sendAnswer(try #require(incoming), &turn)
        }
        #expect(leg.isAudible && leg.isAnswered)
    }

    private mutating func conclude(_ fact: Leg.Fact?) {
        observe()
        switch fact {
        case nil, .described: break
        case .invites:
            #expect(session == .none && media == .open && !isOver && isAccepted && disk.isEmpty, "\(moves)")
            leg.invited()
            session = .ringing
            invites += 1
        case .rings:
            #expect(media == .open && isAccepted && !rings && !isOver, "\(moves)")
            rings = true
        case .portRefused(let port, _):
            giveBack(port)
            leg.changePort(to: takePort(), &turn)
        case .noPort: finish(CallOutcome(.failed, .internalError, "no port"), farEndKnows: false)
        case .ended(let outcome, let farEndKnows): finish(outcome, farEndKnows: farEndKnows)
        case .sessionOver: #expect(leg.sessionOver() == true, "\(moves)")
        }
        observe()
    }

    private mutating func finish(_ outcome: CallOutcome, farEndKnows: Bool) {
        guard let farewell = leg.end(outcome, farEndKnows: farEndKnows, &turn) else {
            #expect(disk.first == .acceptance && isDialled, "only what is not on disk ends later: \(moves)")
            return
        }
        #expect(!isOver, "it ends once: \(moves)")
        isOver = true
        #expect(farewell.awaitsSession == (session == .ringing || session == .answered), "\(moves)")
        #expect((farewell.refusal != nil) == (!isOutgoing && !wasAnswered))
        if farewell.awaitsSession { session = .ending }
        leg.closeMedia(&turn)
        observe()
        if chance(3) {
            #expect(leg.endNotStored() == true)
            disk.append(.end)
        }
    }

    private mutating func observe() {
        for directive in turn.takeDirectives() {
            switch directive {
            case .effect(.media(Self.media, .open(let opening))):
                #expect(media == .none && held == [opening.port], "\(moves)")
                media = .binding
            case .effect(.media(Self.media, .close)):
                #expect(media == .binding || media == .open, "\(moves)")
                media = .closing(isBound: media == .open)
            case .awaitCommit(.turn): disk.append(.turn)
            case .releasePort(let port): giveBack(port)
            default: break
            }
        }
    }

    private func check() {
        let isSilent = media == .none || media == .closed
        let isHeard = session == .none || session == .over
        #expect(leg.isOver == isOver, "\(moves)")
        #expect(leg.isSettled == (isOver && isSilent && isHeard && !disk.contains(.end)), "\(moves)")
        if isOutgoing {
            #expect(leg.takesLine == (isOver ? session == .ending : isDialled), "\(moves)")
            #expect(leg.isUndialled == (!isOver && session == .none), "\(moves)")
            #expect(leg.isDialling == (!isOver && isDialled && session != .answered), "\(moves)")
        }
        #expect(held.count <= 1, "\(moves)")
    }
}

@Suite("A leg's whole story, whatever comes when")
struct LegStoryTests {
    @Test("It ends once, settles when nobody waits any more, and gives each port back once", arguments: [true, false])
    func stories(isOutgoing: Bool) throws {
        var answered = 0
        for seed in 1...400 as ClosedRange<UInt64> {
            var story = try LegStory(isOutgoing: isOutgoing, isAccepted: seed % 3 == 0, seed: seed)
            try story.goOn()
            #expect(story.isOver && story.leg.isSettled && story.held.isEmpty, "\(story.moves)")
            #expect(story.invites <= 1)
            if story.moves.contains(.answer) { answered += 1 }
        }
        #expect(answered > 50 && answered < 400, "some get as far")
    }

    @Test("Dialled, answered, hung up: each in its turn")
    func outgoing() throws {
        var story = try LegStory(isOutgoing: true)
        for move in [.accept, .dial, .bind, .commitTurn] as [LegStory.Move] where story.isLegal(move) {
            #expect(story.invites == 0)
            try story.make(move)
        }
        #expect(story.invites == 1 && story.session == .ringing && story.disk.isEmpty)
        #expect(!story.isLegal(.hangUp) && !story.isLegal(.close) && !story.isLegal(.dial))
        try story.make(.answer)
        try story.make(.hangUp)
        #expect(story.isOver && !story.leg.isSettled && story.held == [40_000])
        try story.make(.close)
        #expect(story.held.isEmpty)
    }

    @Test("Ended while its port is bound and its acceptance written: nothing leaves, and the end waits for the disk")
    func endsEarly() throws {
        for order in [[.bind, .accept, .close], [.accept, .bind, .close], [.accept, .refusePort]] as [[LegStory.Move]] {
            var story = try LegStory(isOutgoing: true)
            try story.make(.dial)
            try story.make(.end)
            #expect(!story.isOver)
            for move in order { try story.make(move) }
            if story.disk.first == .turn { try story.make(.commitTurn) }
            #expect(story.isOver && story.invites == 0 && story.held.isEmpty && story.session == .none)
        }
    }
}

/// Notifications that are tried again, among those who deal with them: a timer fires when it is armed and its time has
/// come, an app answers what was delivered, once.
private struct RetryStory {
    var retries: NotificationRetries
    /// Seconds.
    private(set) var now = 0.0
    private(set) var timers: [EventID: Double] = [:]
    /// On their way, with the number of the attempt.
    private(set) var inFlight: [EventID: Int] = [:]
    private(set) var attempts: [EventID: Int] = [:]
    /// First attempts of this life, in order.
    private(set) var firsts: [EventID] = []
    private(set) var ends: [EventID: NotificationEnd] = [:]

    private var moment: Moment {
        Moment(
            instant: Instant(nanoseconds: 0) + .seconds(now),
            wall: Timestamp(microseconds: 1_700_000_000_000_000 + Int64(now * 1_000_000)))
    }

    init() {
        retries = NotificationRetries(
            configuration: ExchangeConfiguration(
                trunk: .init(
                    address: Bench.remote, host: "127.0.0.1", port: 5070, callsPerSecond: nil, callsAtOnce: nil),
                localHost: "127.0.0.1", mediaAddress: "127.0.0.1", rtpPorts: 40_000...40_099))
    }

    /// Its first attempt has failed.
    mutating func add(_ webhook: Webhook, wasAnswered: Bool) {
        attempts[webhook.eventID] = 1
        take(retries.add(webhook, wasAnswered: wasAnswered, now: moment))
    }

    /// It was found on disk.
    mutating func restore(_ webhook: Webhook, attempts count: Int) {
        attempts[webhook.eventID] = count
        let pending = PendingNotification(
            webhook: webhook, attempts: count, firstAttempt: moment.wall, nextAttempt: moment.wall)
        if let step = retries.restore(pending, now: moment) { take(step) }
    }

    mutating func pass(_ seconds: Double) { now += seconds }

    mutating func fire(_ event: EventID) {
        guard let time = timers[event], time <= now else {
            Issue.record("no timer of \(event) is due")
            return
        }
        timers[event] = nil
        guard let step = retries.due(event) else {
            Issue.record("\(event) is not delivered")
            return
        }
        take(step)
    }

    mutating func answer(_ event: EventID, _ outcome: WebhookOutcome) {
        guard inFlight.removeValue(forKey: event) != nil else {
            Issue.record("\(event) is not on its way")
            return
        }
        for step in retries.finished(event, outcome, now: moment) { take(step) }
    }

    private mutating func take(_ step: NotificationRetries.Directive) {
        switch step {
        case .deliver(let webhook, let attempt):
            let event = webhook.eventID
            #expect(inFlight[event] == nil && ends[event] == nil, "one attempt at a time, none after the end")
            #expect(attempt == (attempts[event] ?? 0) + 1, "each attempt is one more")
            if attempt == 1 { firsts.append(event) }
            attempts[event] = attempt
            inFlight[event] = attempt
        case .schedule(let pending, let pause):
            let event = pending.webhook.eventID
            #expect(timers[event] == nil && inFlight[event] == nil && ends[event] == nil)
            #expect(pending.attempts == attempts[event] && pause >= .zero && pause <= .seconds(900))
            timers[event] = now + pause / .seconds(1)
        case .ended(let webhook, let end, let count):
            #expect(ends[webhook.eventID] == nil, "it ends once")
            #expect(count == attempts[webhook.eventID])
            ends[webhook.eventID] = end
        }
    }
}

@Suite("The whole story of notifications that are tried again, whatever is answered when")
struct RetryStoryTests {
    @Test("Each is tried one attempt at a time and ends once; a call's first attempts keep their order")
    func stories() throws {
        for seed in 1...60 as ClosedRange<UInt64> {
            var random = RandomSource(seed: seed)
            var story = RetryStory()
            var owed: [[EventID]] = []
            for call in 1...3 {
                // One that was tried before, and then some that never were.
                for number in 0...3 {
                    let webhook = try OutboxBench.webhook(call * 10 + number, .notification, call: call)
                    story.restore(webhook, attempts: number == 0 ? 2 : 0)
                    if number == 1 { owed.append([]) }
                    if number > 0 { owed[call - 1].append(webhook.eventID) }
                }
            }
            story.add(try OutboxBench.webhook(99, .notification, call: 9), wasAnswered: seed % 2 == 0)
            var steps = 0
            while story.retries.count > 0, steps < 20_000 {
                steps += 1
                let due = story.timers.filter { $0.value <= story.now }.keys.sorted { $0.text < $1.text }
                let sent = story.inFlight.keys.sorted { $0.text < $1.text }
                if let event = (due + sent).randomElement(using: &random) {
                    if due.contains(event) {
                        story.fire(event)
                    } else {
                        let outcomes = [
                            OutboxBench.taken, OutboxBench.failing, OutboxBench.refused, OutboxBench.unanswered,
                        ]
                        story.answer(event, outcomes[Int.random(in: 0..<4, using: &random)])
                    }
                } else if let next = story.timers.values.min() {
                    story.pass(max(0, next - story.now) + 0.001)
                } else {
                    Issue.record("somebody waits for nothing")
                    return
                }
            }
            #expect(story.ends.count == 13 && story.timers.isEmpty && story.inFlight.isEmpty, "\(seed)")
            for order in owed { #expect(story.firsts.filter { order.contains($0) } == order) }
        }
    }

    @Test("An hour without the app: what is owed goes on being tried, and is told when it is back")
    func away() throws {
        var story = RetryStory()
        let webhook = try OutboxBench.webhook(1, .notification)
        story.add(webhook, wasAnswered: false)
        let event = webhook.eventID
        while story.now < 3600 {
            let time = try #require(story.timers[event])
            story.pass(time - story.now)
            story.fire(event)
            story.answer(event, OutboxBench.refused)
        }
        #expect(story.ends.isEmpty && story.retries.contains(event))
        story.pass(900)
        story.fire(event)
        story.answer(event, OutboxBench.taken)
        #expect(story.ends == [event: .delivered] && story.retries.count == 0 && story.timers.isEmpty)
    }
}
