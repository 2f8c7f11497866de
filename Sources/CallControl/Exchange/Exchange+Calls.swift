import PerCL
import SIP
import Telephony

extension Exchange {
    mutating func makeCall(_ token: ReplyToken, _ request: CallRequest, _ now: Moment, _ effects: inout [Effect]) {
        guard !isDraining else {
            effects.append(.reply(token, .refused(.draining)))
            return
        }
        guard queue.count < configuration.queueLimit else {
            let wait = Int(queue.expectedWaitSeconds(now: now.instant).rounded(.up))
            effects.append(.reply(token, .refused(.queueFull(retryAfterSeconds: min(max(1, wait), 3600)))))
            return
        }
        admit(request, .outboundAPI, reply: token, now, &effects)
    }

    /// OutDial (spec §3.3): a call of its own, in the same transaction as what its parent does next.
    mutating func makeChild(
        _ dial: OutDial, _ number: PhoneNumberID?, of parent: CallMachine, _ now: Moment, _ effects: inout [Effect]
    ) {
        guard !isDraining, queue.count < configuration.queueLimit else {
            let (explanation, code) =
                isDraining ? ("the server is stopping", 55) : ("too many calls are waiting", 24)
            withCall(parent.call.callID, now, &effects) { call, _, directives in
                call.refuseOutDial(explanation, code: code, now, &directives)
            }
            return
        }
        var request = CallRequest(
            requestID: parent.requestID, accountID: parent.call.accountID,
            applicationID: parent.call.applicationID, phoneNumberID: number, from: dial.callingNumber,
            to: dial.destination, callConnectURL: dial.callConnectURL,
            statusCallbackURL: dial.statusCallbackURL ?? parent.statusCallbackURL,
            sendDigits: dial.sendDigits.flatMap { try? DigitString($0) }, ringTimeoutSeconds: dial.ringTimeoutSeconds)
        request.parentCallID = parent.call.callID
        request.isPrivate = dial.privacyMode
        let child = admit(request, .outboundDial, reply: nil, now, &effects)
        withCall(parent.call.callID, now, &effects) { call, random, directives in
            call.childMade(child, dial, now: now, random: &random, into: &directives)
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
            publicURL: publicURL, now: now)
        var directives: [CallDirective] = []
        call.accept(
            expectedWaitSeconds: queue.expectedWaitSeconds(now: now.instant), now: now, into: &directives)
        calls[id] = call
        callsBySession[session] = id
        queue.append(id)
        // Where its turn is now, the intent to dial goes into the same transaction (DESIGN.md decision 5).
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
        _ token: ReplyToken, _ id: CallID, _ account: AccountID, _ update: CallUpdate, _ now: Moment,
        _ effects: inout [Effect]
    ) {
        guard calls[id]?.call.accountID == account else {
            effects.append(.reply(token, .refused(.notFound)))
            return
        }
        var isTaken = false
        withCall(id, now, &effects) { call, _, directives in
            isTaken = call.update(update, now: now, into: &directives)
        }
        effects.append(.reply(token, isTaken ? .updated : .refused(.notFound)))
    }

    /// Dials whoever is next, as long as the rate, the calls at once and the ports allow (decision 33).
    mutating func dialNext(_ now: Moment, _ effects: inout [Effect]) {
        while queue.count > 0, !isDraining {
            if let turn = queue.nextTurn(now: now.instant) {
                timers.arm(.turn, at: turn)
                return
            }
            if let limit = configuration.trunk.callsAtOnce, callsOnTrunk.count >= limit { return }
            if callsUnheard.count >= configuration.maximumUnheardCalls { return }
            guard let port = ports.take(now: now.instant) else {
                if let ready = ports.nextReady { timers.arm(.turn, at: ready) }
                return
            }
            guard let id = queue.popFirst(), let index = calls.index(forKey: id) else {
                ports.giveBackUnused(port)
                continue
            }
            queue.spendTurn(now: now.instant)
            callsUnheard.insert(id)
            var directives: [CallDirective] = []
            // It was accepted by this very input: one transaction holds both.
            let joinsAcceptance = awaited.contains { $0.call == id && $0.purpose == .creation }
            calls.values[index].dial(
                port: port, joinsAcceptance: joinsAcceptance, configuration: configuration, random: &random,
                into: &directives)
            carryOut(directives, of: id, now, &effects)
        }
    }

    /// The port that could not be bound rests, as one that was used: whoever holds it may let it go.
    mutating func changePort(of id: CallID, from port: UInt16, _ now: Moment, _ effects: inout [Effect]) {
        guard let next = ports.take(now: now.instant) else {
            withCall(id, now, &effects) { call, _, directives in
                call.mediaOpenFailed(
                    "\(port) cannot be bound, and no other is free", isLast: true, now: now, into: &directives)
            }
            return
        }
        ports.giveBack(port, now: now.instant)
        withCall(id, now, &effects) { call, random, directives in
            call.changePort(to: next, random: &random, into: &directives)
        }
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
            case .retry(let event):
                if let directive = retries.due(event) { carryOut(directive, now, &effects) }
            }
        }
    }
}
