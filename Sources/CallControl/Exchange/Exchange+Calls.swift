import PerCL
import SIP
import Telephony

extension Exchange {
    mutating func makeCall(_ token: ReplyToken, _ request: CallRequest, _ now: Moment, _ effects: inout [Effect]) {
        guard !isDraining else {
            effects.append(.reply(token, .refused(.draining)))
            return
        }
        guard !isStorageFailing else {
            effects.append(.reply(token, .refused(.diskFailing)))
            return
        }
        guard !isStorageLow else {
            effects.append(.reply(token, .refused(.diskFull)))
            return
        }
        if let rule = brokenRule(by: request, now) {
            effects.append(.reply(token, .refused(.notAllowed(rule))))
            return
        }
        if let refusal = lateTurn(of: request.accountID, now.instant) {
            effects.append(.reply(token, .refused(refusal)))
            return
        }
        admit(request, .outboundAPI, reply: token, now, &effects)
    }

    /// OutDial (docs/contract/percl.md#outdial): a call of its own, in the same transaction as what its parent does
    /// next.
    mutating func makeChild(
        _ dial: OutDial, _ number: PhoneNumberID?, of parent: CallMachine, _ now: Moment, _ effects: inout [Effect]
    ) {
        if let explanation = reasonForNoCalls {
            withCall(parent.call.callID, now, &effects) { call, _, directives in
                call.refuseOutDial(explanation, code: 55, now, &directives)
            }
            return
        }
        var request = CallRequest(
            requestID: parent.requestID, accountID: parent.call.accountID,
            applicationID: parent.call.applicationID, phoneNumberID: number, from: dial.callingNumber,
            to: .number(dial.destination), callConnectURL: dial.callConnectURL,
            statusCallbackURL: dial.statusCallbackURL ?? parent.statusCallbackURL,
            sendDigits: dial.sendDigits.flatMap { try? DigitString($0) }, ringTimeoutSeconds: dial.ringTimeoutSeconds)
        request.parentCallID = parent.call.callID
        request.isPrivate = dial.privacyMode
        request.ifMachine = dial.ifMachine
        request.machineBeepSeconds = dial.machineBeepSeconds
        if let rule = brokenRule(by: request, now) {
            withCall(parent.call.callID, now, &effects) { call, _, directives in
                call.refuseOutDial(rule.explanation, rule: rule.name, now, &directives)
            }
            return
        }
        // A script is not told to come again: its call is made, and ends at once, undialled.
        let late = lateTurn(of: request.accountID, now.instant).map(explanation(of:))
        let child = admit(request, .outboundDial, reply: nil, now, &effects)
        if let late {
            withCall(child, now, &effects) { call, _, directives in
                call.waitedTooLong(late, now: now, into: &directives)
            }
        }
        withCall(parent.call.callID, now, &effects) { call, random, directives in
            call.childMade(child, dial, now: now, random: &random, into: &directives)
        }
    }

    /// Why no call begins, however it comes; nil where calls do.
    var reasonForNoCalls: String? {
        if isDraining { return "the server is stopping" }
        if isStorageFailing { return "the disk takes no writes" }
        return isStorageLow ? "the disk is full" : nil
    }

    private func brokenRule(by request: CallRequest, _ now: Moment) -> DialRule? {
        admission.broken(by: request, now: now.wall) {
            admission.openCalls(of: request.accountID).reduce(0) { seconds, id in
                seconds + (calls[id]?.talkSeconds(at: now) ?? 0)
            }
        }
    }

    /// The account's rules or standing are others now.
    mutating func accountChanged(_ account: Account, _ now: Moment, _ effects: inout [Effect]) {
        admission.update(account)
        queue.setPace(of: account.accountID, callsPerSecond: account.rules.callsPerSecond)
        for (call, rule) in admission.openCallsBroken(of: account.accountID) {
            stop([call], by: rule, evenUnderWay: false, now, &effects)
        }
        dialNext(now, &effects)
    }

    /// No account's calls go out any more, and what waits is taken back.
    ///
    /// - Parameter hangsUp: calls that ring or are connected end too.
    mutating func stopDialling(hangsUp: Bool, _ now: Moment, _ effects: inout [Effect]) {
        admission.isStopped = true
        let outbound = calls.keys.sorted().filter { calls[$0]?.call.direction != .inbound }
        stop(outbound, by: .diallingStopped, evenUnderWay: hangsUp, now, &effects)
    }

    mutating func stop(
        _ stopped: [CallID], by rule: DialRule, evenUnderWay: Bool, _ now: Moment, _ effects: inout [Effect]
    ) {
        for id in stopped {
            withCall(id, now, &effects) { call, _, directives in
                call.stop(by: rule, evenUnderWay: evenUnderWay, now: now, into: &directives)
            }
        }
    }

    @discardableResult
    private mutating func admit(
        _ request: CallRequest, _ direction: CallDirection, reply token: ReplyToken?, _ now: Moment,
        _ effects: inout [Effect]
    ) -> CallID {
        let id = CallID(random: &random)
        let session = drawSession()
        let identifiers = UserAgent.drawIdentifiers(node: userAgent.configuration.node, random: &random)
        var call = CallMachine(
            request, direction: direction, callID: id, session: session, identifiers: identifiers,
            publicURL: publicURL,
            clock: CallClock(source: configuration.clockSource, from: now))
        var directives: [CallDirective] = []
        call.accept(
            expectedWaitSeconds: expectedWaitSeconds(of: request.accountID, now.instant), now: now, into: &directives)
        if let key = request.idempotency { directives.append(.store(.saveKey(key, id, now.wall))) }
        calls[id] = call
        callsBySession[session] = id
        queue.append(id, of: request.accountID, now: now.instant)
        admission.accepted(id, request, now: now.wall)
        // Where its turn is now, the intent to dial goes into the same transaction (ARCHITECTURE.md#gates).
        carryOut(directives, of: id, reply: token, now, &effects)
        return id
    }

    func describeParent(_ id: CallID, _ account: AccountID) -> Reply {
        guard let call = calls[id], call.call.accountID == account else { return .refused(.notFound) }
        return .parent(
            ParentCall(
                call: call.call, callConnectURL: call.call.direction == .inbound ? nil : call.callConnectURL,
                statusCallbackURL: call.statusCallbackURL))
    }

    mutating func updateCall(
        _ token: ReplyToken, _ id: CallID, _ account: AccountID, _ update: CallUpdate, _ requestID: RequestID,
        _ now: Moment, _ effects: inout [Effect]
    ) {
        guard calls[id]?.call.accountID == account else {
            effects.append(.reply(token, .refused(.notFound)))
            return
        }
        // Nothing but the disk keeps it from being dialled after a crash.
        let waits = calls[id]?.isUndialled == true
        guard !waits || !isStorageFailing else {
            effects.append(.reply(token, .refused(.diskFailing)))
            return
        }
        var isTaken = false
        withCall(id, now, &effects) { call, _, directives in
            isTaken = call.update(update, requestID: requestID, now: now, into: &directives)
        }
        guard isTaken, waits else {
            effects.append(.reply(token, isTaken ? .updated : .refused(.notFound)))
            return
        }
        awaitCommit(PendingCommit(call: id, purpose: .cancellation, reply: token))
    }

    mutating func dial(_ id: CallID, _ now: Moment, _ effects: inout [Effect]) {
        guard let index = calls.index(forKey: id) else { return }
        let port = ports.take(now: now.instant)
        callsUnheard.insert(id)
        var directives: [CallDirective] = []
        // It was accepted by this very input: one transaction holds both.
        let joinsAcceptance = awaited.contains { $0.call == id && $0.purpose == .creation }
        calls.values[index].dial(
            port: port, joinsAcceptance: joinsAcceptance, configuration: configuration, random: &random,
            into: &directives)
        if port == nil {
            let explanation = portsHeld
            calls.values[index].mediaOpenFailed(explanation, isLast: true, now: now, into: &directives)
        }
        carryOut(directives, of: id, now, &effects)
    }

    /// The port that could not be bound is the last to be tried again: whoever holds it may let it go.
    mutating func changePort(
        of id: CallID, from port: UInt16, _ explanation: String, _ now: Moment, _ effects: inout [Effect]
    ) {
        ports.giveUp(port, explanation, now: now.instant)
        guard let next = ports.take(now: now.instant) else {
            let explanation = portsHeld
            withCall(id, now, &effects) { call, _, directives in
                call.mediaOpenFailed(explanation, isLast: true, now: now, into: &directives)
            }
            return
        }
        withCall(id, now, &effects) { call, random, directives in
            call.changePort(to: next, random: &random, into: &directives)
        }
    }

    /// Why there is no port, in words.
    var portsHeld: String {
        let range = configuration.rtpPorts
        return "none of \(range.lowerBound)-\(range.upperBound) is free: \(ports.trouble)"
    }

    mutating func fireTimers(_ now: Moment, _ effects: inout [Effect]) {
        withUserAgent(now, &effects) { agent, random, sip in
            agent.fireTimers(now: now.instant, random: &random, into: &sip)
        }
        while let timer = timers.popDue(now.instant) {
            switch timer {
            case .call(let id, let timer):
                withCall(id, now, &effects) { call, random, directives in
                    call.timerFired(timer, now: now, random: &random, into: &directives)
                }
            case .turn: dialNext(now, &effects)
            case .overdue: endOverdue(now, &effects)
            case .retry(let event):
                if let directive = retries.due(event) { carryOut(directive, now, &effects) }
            }
        }
    }
}
