package import SIP
import Telephony

/// All calls of one process, and what they share: the user agent, the dial queue, the RTP ports, the timers, the
/// notifications that are being retried. Told an input and the moment, it answers with effects.
///
/// ```
///  Input ──▶ handle ──▶ CallMachine ──▶ [CallDirective] ──▶ [Effect]
///                          ▲                   │
///                          └── UserAgent ◀─────┘  invite, end, answer
/// ```
/// What an input changes on disk is gathered into one transaction, which stands before every other effect of it.
package struct Exchange: Sendable {
    /// Lent to one call at a time.
    var turn: Turn
    /// Where customers reach this server; empty until it is known.
    private(set) var publicURL = ""
    var userAgent: UserAgent
    var calls = CallTable()
    /// Which call a SIP session, and the media session of the same number, belongs to.
    var callsBySession: [SessionID: CallID] = [:]
    /// By the Call-ID that both sides' messages name a call by; of those whose INVITE has left or come in.
    var callsBySIPCallID: [String: CallID] = [:]
    /// The trunk's lines: each call is asked anew after each of its events, so that they cannot drift from what the
    /// calls are.
    var lines = LinesInUse()
    /// Calls whose turn has come and whose INVITE nobody has answered with anything yet, not even a 100.
    var callsUnheard: Set<CallID> = []
    /// Whose webhook is in flight.
    var callsByEvent: [EventID: CallID] = [:]
    /// Calls that came in and whose number is being looked up.
    var invitations: [SessionID: PendingInvitation] = [:]
    var queues = QueueTable()
    var conferences = ConferenceTable()
    /// Whose webhook is in flight.
    var conferencesByEvent: [EventID: ConferenceID] = [:]
    /// What calls have to tell each other, while the input at hand is carried out.
    var facts = RoomFacts()
    var queue: DialQueue
    var admission: Admission
    var ports: PortPool
    var refusals = RefusalWatch()
    var retries: NotificationRetries
    var timers = TimerTable<ExchangeTimer>()
    var isDraining = false
    /// New calls are refused, so that those there are can be ended and told of.
    var isStorageLow = false
    /// The disk takes no writes: no call begins, and none is dialled, before it does again.
    var isStorageFailing = false
    var finishedCalls: [CallStatus: Int] = [:]
    var endedNotifications: [NotificationEnd: Int] = [:]
    /// What the timer `overdue` is armed for; nil: it is not.
    var overdueAt: Instant?
    /// By the latest input, in order.
    var settledCalls: [CallID] = []

    /// What the user agent has told and nobody has taken yet.
    var sipEffects: [UserAgentEffect] = []
    /// What the input at hand has come to.
    private var effects: [Effect] = []

    var nextSession: UInt64
    var nextMix: UInt64 = 0
    var nextCommit: UInt64 = 1
    var commits: [CommitToken: [PendingCommit]] = [:]
    /// What the input at hand writes.
    var operations: [StorageOperation] = []
    /// Calls whose record this input changes, in order: each is written once, as it is at the end.
    var staleRecords: [CallID] = []
    var awaited: [PendingCommit] = []
    /// Requests that are answered when what they change is on disk.
    var awaitedReplies: [PendingReply] = []
    var committedReplies: [CommitToken: [PendingReply]] = [:]
    /// Conferences whose row this input changes, in order, and those that may be forgotten.
    var staleConferences: [ConferenceID] = []
    var settledConferences: [ConferenceID] = []
    var awaitedNews: [ConferenceNews] = []
    var committedNews: [CommitToken: [ConferenceNews]] = [:]

    /// A call that came in, before it is known whose it is.
    struct PendingInvitation: Sendable {
        var invitation: IncomingInvitation
        /// What has been sent and received for it so far; its log begins with them.
        var traces: [(trace: SIPTrace, isSent: Bool)] = []
        /// Whose it is, while the host that its offer names is looked up.
        var route: InboundRoute?
        /// Of that host.
        var addresses: [IPAddress]?
    }

    /// Somebody who waits for a transaction.
    struct PendingCommit: Hashable, Sendable {
        var call: CallID
        var purpose: CallCommit
        var reply: ReplyToken?
        /// The call as it is to be answered.
        var snapshot: Call?
        /// As it was when the call was accepted.
        var expectedWaitSeconds = 0.0
    }

    /// An answer that a transaction holds up.
    struct PendingReply: Hashable, Sendable {
        /// What does not stand where it is not stored.
        enum Change: Hashable, Sendable {
            /// - former: what it was before; nil: there was none.
            case queue(CallQueue, former: CallQueue?)
            case conference(Conference, former: Conference?)
        }

        var token: ReplyToken
        var reply: Reply
        var undoing: Change
    }

    enum ExchangeTimer: Hashable, Sendable {
        case call(CallID, CallTimer)
        /// The rate, or a resting port, allows the next call.
        case turn
        /// The first of those that wait has done so for as long as it may.
        case overdue
        case retry(EventID)
        /// The disk refused what a conference owes.
        case conference(ConferenceID)
    }

    /// - Parameter publicURL: empty where it becomes known later (``Input/reachable(at:)``).
    package init(
        configuration: ExchangeConfiguration, userAgent: UserAgentConfiguration, publicURL: String = "",
        random: RandomSource
    ) {
        // Every input comes with its own moment.
        let before = Moment(instant: Instant(nanoseconds: 0), wall: Timestamp(microseconds: 0))
        turn = Turn(now: before, configuration: configuration, random: random)
        self.publicURL = publicURL
        var userAgent = userAgent
        userAgent.awaitsRecords = true
        self.userAgent = UserAgent(configuration: userAgent)
        queue = DialQueue(callsPerSecond: configuration.trunk.callsPerSecond, longestWait: configuration.queueWait)
        admission = Admission(trunk: configuration.trunk)
        retries = NotificationRetries(configuration: configuration)
        // Session numbers begin anywhere, so that a late event of an earlier process meets nobody.
        nextSession = turn.random.next() >> 34
        ports = PortPool(
            range: configuration.rtpPorts, rest: configuration.portRest, heldRest: configuration.heldPortRest,
            most: configuration.mostPorts, random: &turn.random)
    }

    /// When `timersDue` is wanted next; nil: nothing is armed.
    package var nextDeadline: Instant? {
        switch (timers.nextDeadline, userAgent.nextDeadline) {
        case (let own?, let sip?): min(own, sip)
        case (let own?, nil): own
        case (nil, let sip): sip
        }
    }

    /// As ``nextDeadline``. Mutating although it changes nothing: so a shell that keeps the exchange in a class asks it
    /// where it stands, where reading it would copy the whole of it first.
    package mutating func lookAtDeadline() -> Instant? { nextDeadline }

    package mutating func handle(_ input: Input, now: Moment) -> [Effect] {
        settledCalls.removeAll(keepingCapacity: true)
        turn.now = now
        dispatch(input)
        tellFacts()
        finishInput()
        return takeEffects()
    }

    mutating func takeEffects() -> [Effect] {
        let taken = effects
        effects = []
        return taken
    }

    mutating func emit(_ effect: Effect) { effects.append(effect) }

    /// It stands before all that the input has come to.
    mutating func emitFirst(_ effect: Effect) { effects.insert(effect, at: 0) }

    var now: Moment { turn.now }

    private mutating func dispatch(_ input: Input) {
        switch input {
        case .makeCall(let token, let request): makeCall(token, request)
        case .describeParent(let token, let id, let account): emit(.reply(token, describeParent(id, account)))
        case .updateCall(let token, let id, let account, let update, let requestID):
            updateCall(token, id, account, update, requestID)
        case .datagramReceived(let bytes, let source):
            withUserAgent { agent, now, random, sip in
                agent.receive(bytes, from: source, now: now, random: &random, into: &sip)
            }
        case .sendFailed(let address, let explanation):
            withUserAgent { agent, now, random, sip in
                agent.sendFailed(to: address, explanation, now: now, random: &random, into: &sip)
            }
        case .hopResolved(let session, let host, let addresses):
            withUserAgent { agent, now, random, sip in
                agent.resolved(session, host: host, addresses: addresses, now: now, random: &random, into: &sip)
            }
        case .queueRequest(let token, let account, let request, let requestID):
            answer(token, request, of: account, by: requestID)
        case .conferenceRequest(let token, let account, let request, let requestID):
            answer(token, request, of: account, by: requestID)
        case .committed(let token):
            answerCommitted(token, isStored: true)
            for news in committedNews.removeValue(forKey: token) ?? [] { newsCommitted(news) }
            for pending in commits.removeValue(forKey: token) ?? [] { committed(pending) }
        case .commitFailed(let token, let failure):
            answerCommitted(token, isStored: false)
            for news in committedNews.removeValue(forKey: token) ?? [] { newsNotStored(news) }
            for pending in commits.removeValue(forKey: token) ?? [] { commitFailed(pending, failure) }
        case .storageLow(let isLow): isStorageLow = isLow
        case .storageFailing(let isFailing): storageFailing(isFailing)
        case .storageStalled: storageStalled()
        case .limitsChanged(let limits): limitsChanged(limits)
        case .peersChanged(let peers): userAgent.allow(peers)
        case .trunkMoved(let address): trunkMoved(to: address)
        case .webhookWaits(let event, let explanation): webhookWaits(event, explanation)
        case .webhookFinished(let event, let outcome, let milliseconds):
            webhookFinished(event, outcome, milliseconds)
        case .inboundRouted(let session, let route): takeIn(session, route)
        case .mediaNameResolved(let question, let addresses): mediaNameResolved(question, addresses)
        case .callerResolved(let id, let number):
            withCall(id) { call, turn in
                call.withTalk(&turn) { talk, _, dossier, turn in talk.callerResolved(number, &dossier, &turn) }
            }
        case .conferenceLookedUp(let id, let conference, let isKnown):
            withCall(id) { call, turn in call.take(.conferenceRefused(conference, isTerminated: isKnown), &turn) }
        case .mix(let fact): mixFact(fact)
        case .media(let media, let fact): withCall(of: media) { call, turn in call.take(fact, &turn) }
        case .timersDue: fireTimers()
        case .reachable(let url):
            publicURL = url
            // Calls that an earlier process left were taken up before it was known.
            calls.forEach { $0.reachable(at: url) }
        case .accountChanged(let account): accountChanged(account)
        case .stopDialling(let hangsUp): stopDialling(hangsUp: hangsUp)
        case .startDialling: admission.isStopped = false
        case .drain: isDraining = true
        case .hangUpAll:
            isDraining = true
            for id in calls.ids { withCall(id) { call, turn in call.hangUpForShutdown(&turn) } }
        }
    }

    private mutating func trunkMoved(to address: TransportAddress) {
        turn.configuration.trunk.address = address
        admission.trunkMoved(to: address)
    }

    private mutating func limitsChanged(_ limits: ExchangeLimits) {
        turn.configuration.trunk.callsPerSecond = limits.callsPerSecond
        turn.configuration.trunk.callsAtOnce = limits.callsAtOnce
        turn.configuration.longestCall = limits.longestCall
        turn.configuration.queueWait = limits.queueWait
        queue.setPace(callsPerSecond: limits.callsPerSecond)
        queue.longestWait = limits.queueWait
        dialNext()
    }
}
