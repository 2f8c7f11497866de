import SIP
import Telephony

extension Exchange {
    mutating func makeCall(_ token: ReplyToken, _ request: CallRequest) {
        guard !isDraining else {
            emit(.reply(token, .refused(.draining)))
            return
        }
        guard !isStorageFailing else {
            emit(.reply(token, .refused(.diskFailing)))
            return
        }
        guard !isStorageLow else {
            emit(.reply(token, .refused(.diskFull)))
            return
        }
        if let rule = brokenRule(by: request) {
            emit(.reply(token, .refused(.notAllowed(rule))))
            return
        }
        if let refusal = lateTurn(of: request.accountID) {
            emit(.reply(token, .refused(refusal)))
            return
        }
        admit(request, .outboundAPI, reply: token)
    }

    /// Why no call begins, however it comes; nil where calls do.
    var reasonForNoCalls: String? {
        if isDraining { return "the server is stopping" }
        if isStorageFailing { return "the disk takes no writes" }
        return isStorageLow ? "the disk is full" : nil
    }

    func brokenRule(by request: CallRequest) -> DialRule? {
        admission.broken(by: request, now: now.wall) {
            admission.openCalls(of: request.accountID).reduce(0) { seconds, id in
                seconds + (calls.look(at: id) { $0.dossier.talkSeconds(at: now) } ?? 0)
            }
        }
    }

    /// The account's rules or standing are others now.
    mutating func accountChanged(_ account: Account) {
        admission.update(account)
        queue.setPace(of: account.accountID, callsPerSecond: account.rules.callsPerSecond)
        for (call, rule) in admission.openCallsBroken(of: account.accountID) {
            stop([call], by: rule, evenUnderWay: false)
        }
        dialNext()
    }

    /// No account's calls go out any more, and what waits is taken back.
    ///
    /// - Parameter hangsUp: calls that ring or are connected end too.
    mutating func stopDialling(hangsUp: Bool) {
        admission.isStopped = true
        let outbound = calls.ids.filter { id in calls.look(at: id) { $0.dossier.call.direction } != .inbound }
        stop(outbound, by: .diallingStopped, evenUnderWay: hangsUp)
    }

    mutating func stop(
        _ stopped: [CallID], by rule: DialRule, evenUnderWay: Bool
    ) {
        for id in stopped {
            withCall(id) { call, turn in call.stop(by: rule, evenUnderWay: evenUnderWay, &turn) }
        }
    }

    @discardableResult
    mutating func admit(
        _ request: CallRequest, _ direction: CallDirection, reply token: ReplyToken?
    ) -> CallID {
        let id = CallID(random: &turn.random)
        let session = drawSession()
        let identifiers = UserAgent.drawIdentifiers(
            node: userAgent.configuration.node, random: &turn.random)
        let clock = CallClock(source: turn.configuration.clockSource, from: now)
        let resource = Call(
            callID: id, accountID: request.accountID, applicationID: request.applicationID,
            parentCallID: request.parentCallID, phoneNumberID: request.phoneNumberID, from: request.from.text,
            to: request.to.text, direction: direction, status: .queued, created: clock.wall)
        var call = CallMachine(
            Dossier(resource, to: request.to, terms: request.terms, publicURL: publicURL, clock: clock),
            Leg(waiting: session, identifiers, isStored: false))
        let wait = expectedWaitSeconds(of: request.accountID)
        call.accept(remarks: request.remarks, expectedWaitSeconds: wait, &turn)
        if let key = request.idempotency { turn.store(.saveKey(key, id, now.wall)) }
        enter(call)
        queue.append(id, of: request.accountID, now: now.instant)
        admission.accepted(id, request, now: now.wall)
        // Where its turn is now, the intent to dial goes into the same transaction (ARCHITECTURE.md#gates).
        carryOut(turn.takeDirectives(), of: id, reply: token, expectedWaitSeconds: wait)
        return id
    }

    mutating func updateCall(
        _ token: ReplyToken, _ id: CallID, _ account: AccountID, _ update: CallUpdate, _ requestID: RequestID
    ) {
        guard calls.look(at: id, { $0.dossier.call.accountID }) == account else {
            emit(.reply(token, .refused(.notFound)))
            return
        }
        // Nothing but the disk keeps it from being dialled after a crash.
        let waits = calls.look(at: id) { $0.leg.isUndialled } == true
        guard !waits || !isStorageFailing else {
            emit(.reply(token, .refused(.diskFailing)))
            return
        }
        var refusal: CallRefusal?
        withCall(id) { call, turn in
            refusal = call.update(update, requestID: requestID, &turn)
        }
        guard refusal == nil, waits else {
            emit(.reply(token, refusal.map(Reply.refused) ?? .updated))
            return
        }
        awaitCommit(PendingCommit(call: id, purpose: .cancellation, reply: token))
    }

    mutating func dial(_ id: CallID) {
        guard calls.contains(id) else { return }
        let port = ports.take(now: now.instant)
        let trouble = port == nil ? portsHeld : nil
        callsUnheard.insert(id)
        // It was accepted by this very input: one transaction holds both.
        let joinsAcceptance = awaited.contains { $0.call == id && $0.purpose == .creation }
        withCall(id) { call, turn in
            call.dial(port: port, joinsAcceptance: joinsAcceptance, &turn)
            if let trouble { call.mediaOpenFailed(trouble, isPortTaken: true, isLast: true, &turn) }
        }
    }

    /// The port that could not be bound is the last to be tried again: whoever holds it may let it go.
    mutating func changePort(of id: CallID, from port: UInt16, _ explanation: String) {
        ports.giveUp(port, explanation, now: now.instant)
        let next = ports.take(now: now.instant)
        let trouble = next == nil ? portsHeld : nil
        withCall(id) { call, turn in
            if let next {
                call.withLeg(&turn) { leg, turn in
                    leg.changePort(to: next, &turn)
                    return nil
                }
            } else if let trouble {
                call.mediaOpenFailed(trouble, isPortTaken: true, isLast: true, &turn)
            }
        }
    }

    /// Why there is no port, in words.
    var portsHeld: String {
        let range = turn.configuration.rtpPorts
        return "none of \(range.lowerBound)-\(range.upperBound) is free: \(ports.trouble)"
    }

    mutating func fireTimers() {
        withUserAgent { agent, now, random, sip in agent.fireTimers(now: now, random: &random, into: &sip) }
        while let timer = timers.popDue(now.instant) {
            switch timer {
            case .call(let id, let timer): withCall(id) { call, turn in call.timerFired(timer, &turn) }
            case .turn: dialNext()
            case .overdue: endOverdue()
            case .conference(let id): storeConferenceAgain(id)
            case .retry(let event): if let directive = retries.due(event) { carryOut(directive) }
            }
            // What the next one ends knows by then in which room it is.
            tellFacts()
        }
    }
}
