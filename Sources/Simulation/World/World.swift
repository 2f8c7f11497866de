import CallControl
import People
import SIP
import Telephony

/// The whole world of one run: customers, their application, the disk, the network, the far ends, and Belay in it.
///
/// Everything happens at one instant of one virtual clock, in an order that follows from the seed alone. What Belay
/// wants done goes past the checks first; an illegal move ends the run.
final class World {
    static let belayAddress = World.address("192.0.2.1:5060")
    /// What the far ends' media addresses are called, in worlds where descriptions name hosts.
    static let farEndNames = ["media-a.example", "media-b.example"]
    static let farEndAddresses = [World.address("192.0.2.20:5060"), World.address("192.0.2.21:5060")]
    static let farEndPorts: [ClosedRange<UInt16>] = [30_000...39_999, 40_000...49_999]
    static let portRest = Duration.seconds(5)
    /// The wall clock's reading at the virtual clock's origin.
    static let epoch = Timestamp(microseconds: 1_800_000_000_000_000)
    /// No run of sound code needs more events, and more for a call; a run that goes on beyond does not come to rest.
    static let eventsPerRun = 20_000
    static let eventsPerCall = 300

    let run: SimulationRun
    let weather: Weather
    let configuration: ExchangeConfiguration
    let plans: [CallPlan]
    /// In the scenario `rooms`.
    let scene: RoomScene?
    let accountID: AccountID
    let fromNumber: PhoneNumber
    let callConnectURL: WebURL
    let statusCallbackURL: WebURL

    var random: RandomSource
    var now = Instant.zero
    var queue = EventQueue<Happening>()
    var trace: Trace
    var counters = Counters()

    // MARK: Belay
    /// Nil while it is down.
    var subject: Subject?
    /// How often it has been started.
    var life = 0
    var isCrashDue = false
    /// As soon as a 2xx has come and its ACK waits for the disk.
    var isCrashBeforeACKDue = false
    /// After the last call only sound commits are made, so that everything can come to rest.
    var isDiskSound = false
    private var belayTimer: Instant?

    // MARK: The rest of the world
    var farEnds: [Neighbourhood] = []
    private var farTimers: [Instant?] = [nil, nil]
    var farCallsByPort: [UInt16: FarCall] = [:]
    var farNumbers: [FarCall: String] = [:]
    var farCallsByCallID: [String: [FarCall]] = [:]
    var proxy = ForkingProxy()
    var storage = ModelStorage()
    var media = ModelMedia()
    var mixes = ModelMixes()
    var app = ModelApp()
    /// Which call a REST request is about.
    var requests: [ReplyToken: Int] = [:]
    /// Those that concern several calls.
    var roomRequests: [ReplyToken: RoomRequest] = [:]
    var nextRequest: UInt64 = 1
    var callIDs: [CallID?]
    /// Calls that an intent to dial was stored of, committed or not.
    var dialling: Set<CallID> = []
    /// Calls that owe nothing to anybody: their record was removed, or is being removed.
    var settled: Set<CallID> = []

    /// The latest that somebody waits for.
    var latestCommit: CommitToken?
    /// Updates of calls that wait, by the commit that answers them.
    var owedUpdates: [CommitToken: [ReplyToken]] = [:]

    // MARK: Checks
    var statuses = StatusCheck()
    var webhooks: WebhookCheck
    var signalling = SignallingCheck()
    var ports: PortCheck
    var durability = DurabilityCheck()
    var checks = RoomChecks()
    /// When a client was given somebody out of a queue, the last time.
    var servedAt: Instant?
    /// ACKs that left while the datagram at hand was dealt with.
    var acknowledged: [Sighting] = []
    /// The datagram at hand is a provisional response.
    var isAnsweringProvisional = false

    init(_ run: SimulationRun, storyLines: Int) {
        self.run = run
        var random = RandomSource(seed: run.seed)
        let weather: Weather
        let scene: RoomScene?
        switch run.scenario {
        case .calls:
            weather = Weather(seed: run.seed, random: &random)
            scene = nil
        case .rooms:
            weather = Weather(ofRooms: run.seed, random: &random)
            scene = RoomScene(seed: run.seed, calls: run.calls, random: &random)
        }
        self.weather = weather
        self.scene = scene
        var arrival = Instant.zero
        var plans: [CallPlan] = []
        for index in 0..<run.calls {
            // Some arrive together.
            arrival = arrival + .milliseconds(Int.random(in: scene?.pauses ?? 0...600, using: &random))
            if let scene {
                let room = RoomPlan(scene, &random)
                plans.append(CallPlan(index: index, arrival: arrival, room: room, random: &random))
            } else {
                plans.append(CallPlan(index: index, arrival: arrival, random: &random))
            }
        }
        self.plans = plans
        callIDs = Array(repeating: nil, count: run.calls)
        accountID = AccountID(random: &random)
        guard let from = PhoneNumber("+15550000001"), let connect = WebURL("https://app.example/connect"),
            let status = WebURL("https://app.example/status")
        else { preconditionFailure("the simulation's own constants are well-formed") }
        fromNumber = from
        callConnectURL = connect
        statusCallbackURL = status
        let ports = UInt16(20_000)...UInt16(20_000 + 2 * weather.ports - 1)
        configuration = ExchangeConfiguration(
            trunk: .init(
                address: Self.farEndAddresses[0], host: Self.farEndAddresses[0].address.hostText, port: 5060,
                callsPerSecond: weather.callsPerSecond, callsAtOnce: weather.callsAtOnce),
            localHost: Self.belayAddress.address.hostText, mediaAddress: Self.belayAddress.address.description,
            rtpPorts: ports, portRest: Self.portRest, longestCall: .seconds(45),
            beepWait: Bool.random(using: &random) ? .seconds(3) : nil, recordsParticipants: scene != nil,
            notificationLifetime: .seconds(600), firstRetryPause: .seconds(2), longestRetryPause: .seconds(120))
        let namesHosts = Int.random(in: 0...3, using: &random) == 0
        webhooks = WebhookCheck(configuration)
        self.ports = PortCheck(range: ports, rest: Self.portRest)
        trace = Trace(storyLines: storyLines)
        for index in 0..<2 {
            farEnds.append(
                Neighbourhood(
                    configuration: NeighbourhoodConfiguration(
                        userAgent: UserAgentConfiguration(
                            node: UInt16(100 + index), localAddress: Self.farEndAddresses[index],
                            tracesMessages: false),
                        mediaAddress: namesHosts
                            ? Self.farEndNames[index] : Self.farEndAddresses[index].address.description,
                        rtpPorts: Self.farEndPorts[index]),
                    directory: PlannedDirectory(plans: plans, farEnd: index),
                    random: RandomSource(seed: random.next())))
        }
        self.random = random
    }

    private static func address(_ text: String) -> TransportAddress {
        guard let address = TransportAddress(text) else {
            preconditionFailure("the simulation's own constants are well-formed")
        }
        return address
    }

    var moment: Moment {
        Moment(instant: now, wall: Self.epoch.advanced(byMicroseconds: now.nanoseconds / 1000))
    }

    func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    func isChosen(perMille: Int) -> Bool { perMille > 0 && draw(0...999) < perMille }

    func after(milliseconds: Int) -> Instant { now + .milliseconds(milliseconds) }

    // MARK: Running

    /// Runs until nothing is left to happen.
    func play() throws(Violation) {
        try start()
        for (index, plan) in plans.enumerated() { queue.schedule(.callWanted(index), at: plan.arrival) }
        for (instant, deed) in scene?.agenda ?? [] { queue.schedule(.deedWanted(deed), at: instant) }
        scheduleTroubles()
        try drainQueue()
        try checkIdle()
        // Whatever a failed commit has left on disk is taken up and ended by a last start.
        if storage.hasUnfinishedWork {
            isDiskSound = true
            try crash(isBatchCommitted: true)
            try start()
            try drainQueue()
            try checkIdle()
        }
        try endRooms()
        try conclude()
    }

    func drainQueue() throws(Violation) {
        while let (instant, happening) = queue.popFirst() {
            now = instant
            try take(happening)
            guard trace.eventCount <= Self.eventsPerRun + run.calls * Self.eventsPerCall else {
                throw Violation("everything comes to rest", "it has not after \(trace.eventCount) events")
            }
        }
    }

    private func scheduleTroubles() {
        let end = Int((plans.last?.arrival ?? .zero).nanoseconds / 1_000_000) + 5_000
        for _ in 0..<weather.crashes {
            // Some crashes meet a call that has just been made.
            let instant =
                isChosen(perMille: 400)
                ? plans[draw(0...(plans.count - 1))].arrival + .microseconds(draw(50...60_000))
                : after(milliseconds: draw(100...end))
            queue.schedule(.crash, at: instant)
        }
        for _ in 0..<weather.crashesBeforeACK {
            queue.schedule(.crashBeforeACK, at: after(milliseconds: draw(100...end)))
        }
        if weather.hasStop { queue.schedule(.drain, at: after(milliseconds: draw(end / 2...end))) }
    }

    func take(_ happening: Happening) throws(Violation) {
        switch happening {
        case .callWanted(let index): try makeCall(index)
        case .updateWanted(let index, let update): try updateCall(index, update)
        case .deedWanted(let deed): try carryOut(deed)
        case .datagramAtBelay(let bytes, let source): try receiveAtBelay(bytes, source)
        case .datagramAtFarEnd(let index, let bytes): try receiveAtFarEnd(index, bytes)
        case .belayTimer:
            guard belayTimer == now else { return }
            belayTimer = nil
            try feed(.timersDue)
        case .farTimer(let index):
            guard farTimers[index] == now else { return }
            farTimers[index] = nil
            trace.begin(2, at: now)
            try withFarEnd(index) { farEnd, now, effects in farEnd.fireTimers(now: now, into: &effects) }
        case .batchDone(let life):
            guard life == self.life, subject != nil else { return }
            try endBatch()
        case .webhookAnswered(let life, let event, let outcome, let milliseconds):
            try webhookAnswered(life, event, outcome, milliseconds)
        case .media(let life, let handle, let step):
            guard life == self.life, subject != nil else { return }
            try mediaHappened(handle, step)
        case .mix(let life, let step):
            guard life == self.life, subject != nil else { return }
            try mixHappened(step)
        case .mediaNameResolved(let life, let question, let addresses):
            guard life == self.life, subject != nil else { return }
            try feed(.mediaNameResolved(question, addresses))
        case .conferenceLookedUp(let life, let call, let id):
            guard life == self.life, subject != nil else { return }
            let isKnown = storage.conferences.contains { $0.conference.conferenceID == id }
            counters.count(isKnown ? .joinedTooLate : .joinedUnknown)
            try feed(.conferenceLookedUp(call, id, isKnown: isKnown))
        case .farEndHears(let call, let hearing):
            try withFarEnd(call.farEnd) { farEnd, now, effects in
                switch hearing {
                case .voiceStarted: farEnd.voiceStarted(call.session, now: now, into: &effects)
                case .voiceEnded: farEnd.voiceEnded(call.session, now: now, into: &effects)
                case .nothingAnyMore: farEnd.peerFellSilent(call.session, now: now, into: &effects)
                case .digit(let digit): farEnd.digitHeard(call.session, digit, now: now, into: &effects)
                }
            }
        case .farMediaClosed(let call): farEnds[call.farEnd].mediaClosed(call.session)
        case .drain:
            guard subject != nil else { return }
            try feed(.drain)
            queue.schedule(.hangUpAll, at: after(milliseconds: draw(0...8_000)))
        case .hangUpAll:
            guard subject != nil else { return }
            counters.count(.stoppedByOperator, times: liveCallCount)
            try feed(.hangUpAll)
            queue.schedule(.crash, at: after(milliseconds: draw(0...40_000)))
        case .crash: if subject != nil { isCrashDue = true }
        case .crashBeforeACK: isCrashBeforeACKDue = true
        case .restart: try start()
        }
    }

    // MARK: Belay

    /// Belay takes an input, and what it wants is done.
    func feed(_ input: Input) throws(Violation) {
        guard var running = subject else { return }
        subject = nil
        let effects = running.handle(input, now: moment)
        subject = running
        trace.begin(1, at: now)
        try carryOut(effects)
    }

    /// - Throws: what a check refused.
    func carryOut(_ effects: [Effect]) throws(Violation) {
        guard isCrashDue, !effects.isEmpty else {
            for effect in effects { try carryOut(effect) }
            try checks.mixes.settled(participants: checks.places.participantCount)
            guard isCrashBeforeACKDue, signalling.owesACK else { return armBelayTimer() }
            isCrashBeforeACKDue = false
            counters.count(.crashBeforeACK)
            try crash(isBatchCommitted: isChosen(perMille: 500))
            queue.schedule(.restart, at: after(milliseconds: draw(1...4_000)))
            return
        }
        // The process dies somewhere in the middle of doing what the core has told it.
        isCrashDue = false
        for effect in effects.prefix(draw(0...effects.count)) { try carryOut(effect) }
        try crash(isBatchCommitted: isChosen(perMille: 500))
        queue.schedule(.restart, at: after(milliseconds: draw(1...4_000)))
    }

    private func armBelayTimer() {
        guard let deadline = subject?.nextDeadline else {
            belayTimer = nil
            return
        }
        let due = max(deadline, now)
        guard belayTimer != due else { return }
        belayTimer = due
        queue.schedule(.belayTimer, at: due)
    }

    func start() throws(Violation) {
        life += 1
        media = ModelMedia()
        mixes = ModelMixes()
        var started = Subject(
            configuration: configuration,
            userAgent: UserAgentConfiguration(node: 1, localAddress: Self.belayAddress),
            random: RandomSource(seed: random.next()), defect: run.defect)
        let work = storage.unfinishedWork()
        for (id, _) in work.records {
            if let number = statuses.latest(id)?.to { signalling.restored(number: number, now: now) }
        }
        trace.begin(3, at: now)
        trace.tell(now, "start \(life): \(work.records.count) calls, \(work.notifications.count) notifications")
        let effects = started.restore(work, now: moment)
        subject = started
        try checks.told.restored(work, effects)
        try carryOut(effects)
    }

    func crash(isBatchCommitted: Bool) throws(Violation) {
        trace.begin(4, at: now)
        trace.tell(now, "crash of life \(life)")
        countCrash()
        for transaction in storage.crash(isBatchCommitted: isBatchCommitted) where isBatchCommitted {
            try noteCommitted(transaction)
        }
        try leaveOrphans()
        settled = settled.filter { storage.records[$0] == nil }
        subject = nil
        belayTimer = nil
        owedUpdates = [:]
        latestCommit = nil
        checks.crashed()
        statuses.crashed()
        webhooks.crashed()
        signalling.crashed()
        ports.crashed()
    }

    // MARK: The far ends

    func withFarEnd(
        _ index: Int, _ body: (inout Neighbourhood, Instant, inout [NeighbourhoodEffect]) -> Void
    ) throws(Violation) {
        var effects: [NeighbourhoodEffect] = []
        body(&farEnds[index], now, &effects)
        try carryOut(effects, at: index)
        guard let deadline = farEnds[index].nextDeadline else {
            farTimers[index] = nil
            return
        }
        let due = max(deadline, now)
        guard farTimers[index] != due else { return }
        farTimers[index] = due
        queue.schedule(.farTimer(index), at: due)
    }
}

/// Who answers in this run.
private struct PlannedDirectory: PeopleDirectory {
    let plans: [Behaviour]

    init(plans: [CallPlan], farEnd: Int) {
        self.plans = plans.map { farEnd == 0 ? $0.behaviour : $0.forkBehaviour ?? .isNotFound }
    }

    func behaviour(of number: String) -> Behaviour {
        guard let index = CallPlan.index(of: number), plans.indices.contains(index) else { return .isNotFound }
        return plans[index]
    }
}
