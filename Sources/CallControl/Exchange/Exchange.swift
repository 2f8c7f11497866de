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
    package private(set) var configuration: ExchangeConfiguration
    /// Where customers reach this server; empty until it is known.
    private(set) var publicURL = ""
    var userAgent: UserAgent
    var random: RandomSource
    var calls: [CallID: CallMachine] = [:]
    /// Which call a SIP session, and the media session of the same number, belongs to.
    var callsBySession: [SessionID: CallID] = [:]
    /// By the Call-ID that both sides' messages name a call by; of those whose INVITE has left or come in.
    var callsBySIPCallID: [String: CallID] = [:]
    /// The trunk's lines: each call is asked anew after each of its events, so that they cannot drift from what the
    /// calls are.
    private(set) var lines = LinesInUse()
    /// Calls whose turn has come and whose INVITE nobody has answered with anything yet, not even a 100.
    var callsUnheard: Set<CallID> = []
    /// Whose webhook is in flight.
    var callsByEvent: [EventID: CallID] = [:]
    /// Calls that came in and whose number is being looked up.
    var invitations: [SessionID: PendingInvitation] = [:]
    var queue: DialQueue
    var admission: Admission
    var ports: PortPool
    var refusals = RefusalWatch()
    var retries: NotificationRetries
    var timers = TimerTable<ExchangeTimer>()
    var isDraining = false
    /// New calls are refused, so that those there are can be ended and told of.
    private(set) var isStorageLow = false
    /// The disk takes no writes: no call begins, and none is dialled, before it does again.
    private(set) var isStorageFailing = false
    var finishedCalls: [CallStatus: Int] = [:]
    var endedNotifications: [NotificationEnd: Int] = [:]
    /// What the timer `overdue` is armed for; nil: it is not.
    var overdueAt: Instant?

    /// What the user agent has told and nobody has taken yet.
    var sipEffects: [UserAgentEffect] = []

    private var nextSession: UInt64
    private var nextCommit: UInt64 = 1
    private var commits: [CommitToken: [PendingCommit]] = [:]
    /// What the input at hand writes.
    private var operations: [StorageOperation] = []
    /// Calls whose record this input changes, in order: each is written once, as it is at the end.
    private var staleRecords: [CallID] = []
    private(set) var awaited: [PendingCommit] = []

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
    }

    enum ExchangeTimer: Hashable, Sendable {
        case call(CallID, CallTimer)
        /// The rate, or a resting port, allows the next call.
        case turn
        /// The first of those that wait has done so for as long as it may.
        case overdue
        case retry(EventID)
    }

    /// - Parameter publicURL: empty where it becomes known later (``Input/reachable(at:)``).
    package init(
        configuration: ExchangeConfiguration, userAgent: UserAgentConfiguration, publicURL: String = "",
        random: RandomSource
    ) {
        self.configuration = configuration
        self.publicURL = publicURL
        var userAgent = userAgent
        userAgent.awaitsRecords = true
        self.userAgent = UserAgent(configuration: userAgent)
        self.random = random
        queue = DialQueue(callsPerSecond: configuration.trunk.callsPerSecond, longestWait: configuration.queueWait)
        admission = Admission(trunk: configuration.trunk)
        retries = NotificationRetries(configuration: configuration)
        // Session numbers begin anywhere, so that a late event of an earlier process meets nobody.
        nextSession = self.random.next() >> 34
        ports = PortPool(
            range: configuration.rtpPorts, rest: configuration.portRest, heldRest: configuration.heldPortRest,
            most: configuration.mostPorts, random: &self.random)
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
        var effects: [Effect] = []
        dispatch(input, now, &effects)
        finishInput(&effects)
        return effects
    }

    private mutating func dispatch(_ input: Input, _ now: Moment, _ effects: inout [Effect]) {
        switch input {
        case .makeCall(let token, let request):
            makeCall(token, request, now, &effects)
        case .describeParent(let token, let id, let account):
            effects.append(.reply(token, describeParent(id, account)))
        case .updateCall(let token, let id, let account, let update, let requestID):
            updateCall(token, id, account, update, requestID, now, &effects)
        case .datagramReceived(let bytes, let source):
            withUserAgent(now, &effects) { agent, random, sip in
                agent.receive(bytes, from: source, now: now.instant, random: &random, into: &sip)
            }
        case .hopResolved(let session, let host, let addresses):
            withUserAgent(now, &effects) { agent, random, sip in
                agent.resolved(
                    session, host: host, addresses: addresses, now: now.instant, random: &random, into: &sip)
            }
        case .committed(let token):
            for pending in commits.removeValue(forKey: token) ?? [] { committed(pending, now, &effects) }
        case .commitFailed(let token, let failure):
            for pending in commits.removeValue(forKey: token) ?? [] { commitFailed(pending, failure, now, &effects) }
        case .storageLow(let isLow):
            isStorageLow = isLow
        case .storageFailing(let isFailing):
            storageFailing(isFailing, now, &effects)
        case .storageStalled:
            storageStalled(now, &effects)
        case .limitsChanged(let limits):
            configuration.trunk.callsPerSecond = limits.callsPerSecond
            configuration.trunk.callsAtOnce = limits.callsAtOnce
            configuration.longestCall = limits.longestCall
            configuration.queueWait = limits.queueWait
            queue.setPace(callsPerSecond: limits.callsPerSecond)
            queue.longestWait = limits.queueWait
            dialNext(now, &effects)
        case .webhookWaits(let event, let explanation): webhookWaits(event, explanation, now, &effects)
        case .webhookFinished(let event, let outcome, let milliseconds):
            webhookFinished(event, outcome, milliseconds, now, &effects)
        case .mediaOpened(let media):
            withCall(of: media, now, &effects) { call, random, directives in
                call.mediaOpened(now: now, random: &random, into: &directives)
            }
        case .mediaOpenFailed(let media, let explanation, let isPortTaken):
            withCall(of: media, now, &effects) { call, _, directives in
                call.mediaOpenFailed(explanation, isPortTaken: isPortTaken, now: now, into: &directives)
            }
        case .playbackEnded(let media, let playback, let result):
            withCall(of: media, now, &effects) { call, random, directives in
                call.playbackEnded(playback, result, now: now, random: &random, into: &directives)
            }
        case .digitsSent(let media, let dialling):
            withCall(of: media, now, &effects) { call, random, directives in
                call.digitsSent(dialling, now: now, random: &random, into: &directives)
            }
        case .keyPressed(let media, let key):
            withCall(of: media, now, &effects) { call, random, directives in
                call.keyPressed(key, now: now, random: &random, into: &directives)
            }
        case .voiceStarted(let media):
            withCall(of: media, now, &effects) { call, random, directives in
                call.voiceChanged(isSpeaking: true, now: now, random: &random, into: &directives)
            }
        case .voiceEnded(let media):
            withCall(of: media, now, &effects) { call, random, directives in
                call.voiceChanged(isSpeaking: false, now: now, random: &random, into: &directives)
            }
        case .answererFound(let media, let finding):
            let configuration = configuration
            withCall(of: media, now, &effects) { call, random, directives in
                call.found(finding, configuration: configuration, now: now, random: &random, into: &directives)
            }
        case .recordingEnded(let media, let recording, let milliseconds, let failure):
            withCall(of: media, now, &effects) { call, random, directives in
                call.recordingEnded(
                    recording, milliseconds: milliseconds, failure: failure, now: now, random: &random,
                    into: &directives)
            }
        case .inboundRouted(let session, let route):
            takeIn(session, route, now, &effects)
        case .mediaNameResolved(let question, let addresses):
            if let route = invitations[question.session]?.route {
                invitations[question.session]?.addresses = addresses
                takeIn(question.session, route, now, &effects)
                return
            }
            guard let id = callsBySession[question.session] else { return }
            let configuration = configuration
            withCall(id, now, &effects) { call, random, directives in
                call.nameResolved(
                    question, addresses, configuration: configuration, now: now, random: &random, into: &directives)
            }
        case .callerResolved(let id, let number):
            withCall(id, now, &effects) { call, _, directives in
                call.callerResolved(number, now: now, into: &directives)
            }
        case .digitReceived(let media, let digit, let milliseconds):
            withCall(of: media, now, &effects) { call, _, directives in
                call.digitReceived(digit, milliseconds: milliseconds, now: now, into: &directives)
            }
        case .peerMoved(let media, let from, let to):
            withCall(of: media, now, &effects) { call, _, directives in
                call.peerMoved(from: from, to: to, now: now, into: &directives)
            }
        case .peerElsewhere(let media, let source, let described):
            withCall(of: media, now, &effects) { call, _, directives in
                call.peerElsewhere(source: source, described: described, now: now, into: &directives)
            }
        case .peerSilent(let media, let silence):
            withCall(of: media, now, &effects) { call, _, directives in
                call.peerSilent(silence, now: now, into: &directives)
            }
        case .mediaClosed(let media, let figures):
            withCall(of: media, now, &effects) { call, _, directives in
                call.mediaClosed(figures, now: now, into: &directives)
            }
        case .timersDue:
            fireTimers(now, &effects)
        case .reachable(let url):
            publicURL = url
            // Calls that an earlier process left were taken up before it was known.
            for index in calls.values.indices { calls.values[index].publicURL = url }
        case .accountChanged(let account):
            accountChanged(account, now, &effects)
        case .stopDialling(let hangsUp):
            stopDialling(hangsUp: hangsUp, now, &effects)
        case .startDialling:
            admission.isStopped = false
        case .drain:
            isDraining = true
        case .hangUpAll:
            isDraining = true
            // Sorted, for a dictionary's order differs from process to process.
            for id in calls.keys.sorted() {
                withCall(id, now, &effects) { call, _, directives in
                    call.hangUpForShutdown(now: now, into: &directives)
                }
            }
        }
    }

    // MARK: Steps

    mutating func drawSession() -> SessionID {
        nextSession += 1
        return SessionID(rawValue: nextSession)
    }

    mutating func withCall(
        of media: MediaHandle, _ now: Moment, _ effects: inout [Effect],
        _ body: (inout CallMachine, inout RandomSource, inout [CallDirective]) -> Void
    ) {
        guard let id = callsBySession[SessionID(rawValue: media.rawValue)] else { return }
        withCall(id, now, &effects, body)
    }

    /// Lets one call take one event, and carries out what it wants.
    mutating func withCall(
        _ id: CallID, _ now: Moment, _ effects: inout [Effect],
        _ body: (inout CallMachine, inout RandomSource, inout [CallDirective]) -> Void
    ) {
        guard let index = calls.index(forKey: id) else { return }
        var directives: [CallDirective] = []
        body(&calls.values[index], &random, &directives)
        carryOut(directives, of: id, now, &effects)
    }

    mutating func carryOut(
        _ directives: [CallDirective], of id: CallID, reply: ReplyToken? = nil, _ now: Moment,
        _ effects: inout [Effect]
    ) {
        guard let index = calls.index(forKey: id) else { return }
        let session = calls.values[index].look().session
        for directive in directives {
            switch directive {
            case .effect(let effect):
                if case .deliver(let webhook, _) = effect { callsByEvent[webhook.eventID] = id }
                effects.append(effect)
            case .store(let operation): operations.append(operation)
            case .saveRecord: if !staleRecords.contains(id) { staleRecords.append(id) }
            case .awaitCommit(let purpose):
                awaited.append(
                    PendingCommit(
                        call: id, purpose: purpose, reply: purpose == .creation ? reply : nil,
                        snapshot: purpose == .creation ? calls[id]?.call : nil))
            case .invite(let invitation):
                if let identifiers = invitation.identifiers { callsBySIPCallID[identifiers.callID] = id }
                withUserAgent(now, &effects) { agent, random, sip in
                    agent.invite(session, invitation, now: now.instant, random: &random, into: &sip)
                }
            case .endSession:
                withUserAgent(now, &effects) { agent, random, sip in
                    agent.end(session, now: now.instant, random: &random, into: &sip)
                }
            case .ring:
                withUserAgent(now, &effects) { agent, random, sip in
                    agent.ring(session, now: now.instant, random: &random, into: &sip)
                }
            case .progress(let sdp):
                withUserAgent(now, &effects) { agent, random, sip in
                    agent.progress(session, sdp: sdp, now: now.instant, random: &random, into: &sip)
                }
            case .answer(let sdp):
                withUserAgent(now, &effects) { agent, random, sip in
                    agent.answer(session, sdp: sdp, now: now.instant, random: &random, into: &sip)
                }
            case .reject(let status):
                withUserAgent(now, &effects) { agent, random, sip in
                    agent.reject(session, status: status, now: now.instant, random: &random, into: &sip)
                }
            case .answerOffer(let body):
                withUserAgent(now, &effects) { agent, random, sip in
                    agent.answerOffer(session, sdp: body, now: now.instant, random: &random, into: &sip)
                }
            case .refuseOffer(let headers):
                withUserAgent(now, &effects) { agent, random, sip in
                    agent.answerOffer(
                        session, sdp: nil, headers: headers, now: now.instant, random: &random, into: &sip)
                }
            case .reportKey(let key, let milliseconds):
                withUserAgent(now, &effects) { agent, random, sip in
                    agent.reportKey(
                        session, key, milliseconds: milliseconds, now: now.instant, random: &random, into: &sip)
                }
            case .recordStored(let hold):
                recordStored(session, hold, now, &effects)
            case .makeChild(let dial, let number):
                guard let call = calls[id] else { continue }
                makeChild(dial, number, of: call, now, &effects)
            case .changePort(let port, let explanation):
                changePort(of: id, from: port, explanation, now, &effects)
            case .releasePort(let port):
                ports.giveBack(port, now: now.instant)
            case .arm(let timer, let duration):
                timers.arm(.call(id, timer), at: now.instant + duration)
            case .disarm(let timer):
                timers.cancel(.call(id, timer))
            case .retryLater(let webhook, let wasAnswered):
                carryOut(retries.add(webhook, wasAnswered: wasAnswered, now: now), now, &effects)
            case .notificationEnded(let end):
                endedNotifications[end, default: 0] += 1
            case .withdraw:
                if let account = calls[id]?.call.accountID { queue.withdraw(id, of: account, now: now.instant) }
            case .settled:
                forget(id, now)
            }
        }
        let standing = calls.index(forKey: id).map { calls.values[$0].look() }
        lines.set(id, isInUse: standing?.isOnTrunk == true, account: standing?.account, now: now.instant)
        if standing?.isDialling != true { callsUnheard.remove(id) }
        if let standing, standing.isOver, admission.isOpen(id, of: standing.account), let call = calls[id]?.call {
            admission.ended(call, now: now.wall)
        }
        dialNext(now, &effects)
    }

    /// Something came back: the far end, or what is between, has the INVITE.
    mutating func hear(of session: SessionID) {
        guard !callsUnheard.isEmpty, let id = callsBySession[session] else { return }
        callsUnheard.remove(id)
    }

    /// A call that owes nothing any more.
    private mutating func forget(_ id: CallID, _ now: Moment) {
        guard let call = calls.removeValue(forKey: id) else { return }
        admission.ended(call.call, now: now.wall)
        callsBySession[call.session] = nil
        callsBySIPCallID[call.identifiers.callID] = nil
        finishedCalls[call.call.status, default: 0] += 1
    }

    mutating func store(_ operation: StorageOperation) { operations.append(operation) }

    /// The transaction stands first, so that whoever an effect wakes up can already read it.
    mutating func finishInput(_ effects: inout [Effect]) {
        writeRecords()
        guard !operations.isEmpty || !awaited.isEmpty else { return }
        var token: CommitToken?
        if !awaited.isEmpty {
            let drawn = CommitToken(rawValue: nextCommit)
            nextCommit += 1
            commits[drawn] = awaited
            awaited.removeAll(keepingCapacity: true)
            token = drawn
        }
        effects.insert(.store(operations, token), at: 0)
        operations.removeAll(keepingCapacity: true)
    }

    private mutating func writeRecords() {
        for id in staleRecords {
            // A call that needs none any more has had it removed meanwhile.
            guard let index = calls.index(forKey: id), let record = calls.values[index].takeRecord() else { continue }
            operations.append(.saveRecord(id, record.bytes))
        }
        staleRecords.removeAll(keepingCapacity: true)
    }

    /// What this input stores is waited for.
    mutating func awaitCommit(_ pending: PendingCommit) { awaited.append(pending) }

    private mutating func committed(_ pending: PendingCommit, _ now: Moment, _ effects: inout [Effect]) {
        if let reply = pending.reply, let snapshot = pending.snapshot {
            let awaitsTurn = calls[pending.call]?.awaitsTurn ?? false
            let wait = awaitsTurn ? expectedWaitSeconds(of: snapshot.accountID, now.instant) : 0
            effects.append(.reply(reply, .made(snapshot, expectedWaitSeconds: Int(wait.rounded(.up)))))
        }
        if pending.purpose == .cancellation, let reply = pending.reply { effects.append(.reply(reply, .updated)) }
        // The call may have been forgotten meanwhile; the far end waits all the same.
        if case .dialog(let session, let hold) = pending.purpose { recordStored(session, hold, now, &effects) }
        withCall(pending.call, now, &effects) { call, random, directives in
            switch pending.purpose {
            case .creation: call.acceptanceCommitted(now: now, random: &random, into: &directives)
            case .turn: call.turnCommitted(now: now, into: &directives)
            case .notification(let event): call.notificationCommitted(event, now: now, into: &directives)
            case .end: call.endCommitted(into: &directives)
            case .cancellation, .dialog: break
            }
        }
    }

    /// No call begins, and none is dialled, while the disk takes no writes. What the far end is to hear waits for it no
    /// longer: a call that goes on unrecorded is better than one that its callee gives up (docs/decisions/0025).
    private mutating func storageFailing(_ isFailing: Bool, _ now: Moment, _ effects: inout [Effect]) {
        isStorageFailing = isFailing
        guard isFailing else { return dialNext(now, &effects) }
        for token in commits.keys.sorted() {
            for index in (commits[token] ?? []).indices {
                guard let pending = commits[token]?[index] else { continue }
                if case .dialog(let session, let hold) = pending.purpose { recordStored(session, hold, now, &effects) }
                // It is canceled when the disk takes that, and may yet be dialled by a start before.
                if pending.purpose == .cancellation, let reply = pending.reply {
                    commits[token]?[index].reply = nil
                    effects.append(.reply(reply, .refused(.diskFailing)))
                }
            }
        }
    }

    /// A request for a call does not wait for ever. Its call may get to the disk yet: then it has failed, undialled.
    private mutating func storageStalled(_ now: Moment, _ effects: inout [Effect]) {
        storageFailing(true, now, &effects)
        for token in commits.keys.sorted() {
            for index in (commits[token] ?? []).indices {
                guard let pending = commits[token]?[index], let reply = pending.reply else { continue }
                commits[token]?[index].reply = nil
                effects.append(.reply(reply, .refused(.diskFailing)))
                withCall(pending.call, now, &effects) { call, _, directives in
                    call.finish(
                        CallOutcome(.failed, .internalError, "the disk did not answer in time"), now, &directives)
                }
            }
        }
    }

    private mutating func commitFailed(
        _ pending: PendingCommit, _ failure: CommitFailure, _ now: Moment, _ effects: inout [Effect]
    ) {
        if let reply = pending.reply {
            let refusal: CallRefusal =
                switch failure {
                // The call is there; that it was canceled is not known to the disk.
                case _ where pending.purpose == .cancellation: .diskFailing
                case .diskFull: .diskFull
                case .diskFailing: .diskFailing
                case .conflict: .keyInUse
                case .other: .notStored
                }
            effects.append(.reply(reply, .refused(refusal)))
        }
        if pending.purpose == .creation, let call = calls[pending.call]?.call { admission.takenBack(call) }
        if case .dialog(let session, let hold) = pending.purpose { recordStored(session, hold, now, &effects) }
        withCall(pending.call, now, &effects) { call, _, directives in
            switch pending.purpose {
            case .creation:
                call.abandon(now: now, into: &directives)
            case .turn:
                switch failure {
                // It was refused together with a call that begins; its own turn may be stored yet.
                case .diskFull, .diskFailing: call.notStored(into: &directives)
                case .conflict, .other: call.turnNotCommitted(now: now, into: &directives)
                }
            case .notification, .end, .cancellation: call.notStored(into: &directives)
            case .dialog:
                // The far end is not made to hang up for it: only a crash would miss the record.
                directives.append(.effect(.fault(pending.call, "a dialog could not be stored and goes on without")))
            }
        }
    }
}
