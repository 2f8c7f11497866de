import SIP
package import Telephony

/// One call's turn, and what it wants of the others.
extension Exchange {
    mutating func drawSession() -> SessionID {
        nextSession += 1
        return SessionID(rawValue: nextSession)
    }

    /// The call is there from here on.
    mutating func enter(_ call: CallMachine) {
        calls.insert(call)
        callsBySession[call.leg.session] = call.dossier.call.callID
    }

    mutating func withCall(of media: MediaHandle, _ event: (inout CallMachine, inout Turn) -> Void) {
        withCall(of: SessionID(rawValue: media.rawValue), event)
    }

    mutating func withCall(of session: SessionID, _ event: (inout CallMachine, inout Turn) -> Void) {
        if let id = callsBySession[session] { withCall(id, event) }
    }

    /// Lets one call take one event, and carries out what it wants.
    mutating func withCall(_ id: CallID, _ event: (inout CallMachine, inout Turn) -> Void) {
        guard calls.change(id, { event(&$0, &turn) }) != nil else { return }
        carryOut(turn.takeDirectives(), of: id)
    }

    /// - Parameters:
    ///   - reply: whoever waits for the call's acceptance.
    ///   - expectedWaitSeconds: and is told then how long its turn may take to come.
    mutating func carryOut(
        _ directives: [CallDirective], of id: CallID, reply: ReplyToken? = nil, expectedWaitSeconds: Double = 0
    ) {
        guard let session = calls.look(at: id, { $0.leg.session }) else { return }
        for directive in directives {
            switch directive {
            case .effect(let effect):
                if case .deliver(let webhook, _) = effect { callsByEvent[webhook.eventID] = id }
                emit(effect)
            case .store(let operation):
                // The disk may have refused the row that this one refers to.
                if case .saveRecording(let recording) = operation, let conference = recording.conferenceID {
                    saveConference(conference)
                }
                store(operation)
            case .saveRecord: if !staleRecords.contains(id) { staleRecords.append(id) }
            case .awaitCommit(.creation):
                awaitCommit(
                    PendingCommit(
                        call: id, purpose: .creation, reply: reply, snapshot: calls.look(at: id) { $0.dossier.call },
                        expectedWaitSeconds: expectedWaitSeconds))
            case .awaitCommit(let purpose): awaitCommit(PendingCommit(call: id, purpose: purpose))
            case .session(let order): carryOut(order, of: id, session)
            case .recordStored(let hold): recordStored(session, hold)
            case .makeChild(let dial, let number): makeChild(dial, number, of: id)
            case .room(let order): carryOut(order, of: id)
            case .changePort(let port, let explanation): changePort(of: id, from: port, explanation)
            case .releasePort(let port): ports.giveBack(port, now: now.instant)
            case .arm(let timer, let duration): timers.arm(.call(id, timer), at: now.instant + duration)
            case .disarm(let timer): timers.cancel(.call(id, timer))
            case .retryLater(let webhook, let wasAnswered):
                carryOut(retries.add(webhook, wasAnswered: wasAnswered, now: now))
            case .notificationEnded(let end): endedNotifications[end, default: 0] += 1
            case .withdraw:
                if let account = calls.look(at: id, { $0.dossier.call.accountID }) {
                    queue.withdraw(id, of: account, now: now.instant)
                }
            case .settled: forget(id)
            }
        }
        takeStock(of: id)
        dialNext()
    }

    private mutating func carryOut(_ order: SessionOrder, of id: CallID, _ session: SessionID) {
        if case .invite(let invitation) = order, let identifiers = invitation.identifiers {
            callsBySIPCallID[identifiers.callID] = id
        }
        withUserAgent { agent, now, random, sip in
            switch order {
            case .invite(let invitation):
                agent.invite(session, invitation, now: now, random: &random, into: &sip)
            case .end: agent.end(session, now: now, random: &random, into: &sip)
            case .ring: agent.ring(session, now: now, random: &random, into: &sip)
            case .progress(let sdp): agent.progress(session, sdp: sdp, now: now, random: &random, into: &sip)
            case .answer(let sdp): agent.answer(session, sdp: sdp, now: now, random: &random, into: &sip)
            case .reject(let status): agent.reject(session, status: status, now: now, random: &random, into: &sip)
            case .answerOffer(let body): agent.answerOffer(session, sdp: body, now: now, random: &random, into: &sip)
            case .refuseOffer(let headers):
                agent.answerOffer(session, sdp: nil, headers: headers, now: now, random: &random, into: &sip)
            case .reportKey(let key, let milliseconds):
                agent.reportKey(session, key, milliseconds: milliseconds, now: now, random: &random, into: &sip)
            }
        }
    }

    /// What the exchange keeps of a call follows from what it is now, so that the two cannot drift apart.
    private mutating func takeStock(of id: CallID) {
        let standing = calls.look(at: id) { $0.standing }
        lines.set(id, isInUse: standing?.takesLine == true, account: standing?.account, now: now.instant)
        if standing?.isDialling != true { callsUnheard.remove(id) }
        if let standing, standing.isOver, admission.isOpen(id, of: standing.account),
            let call = calls.look(at: id, { $0.dossier.call })
        {
            admission.ended(call, now: now.wall)
        }
    }

    /// Something came back: the far end, or what is between, has the INVITE.
    mutating func hear(of session: SessionID) {
        guard !callsUnheard.isEmpty, let id = callsBySession[session] else { return }
        callsUnheard.remove(id)
    }

    /// A call that owes nothing any more.
    private mutating func forget(_ id: CallID) {
        guard let call = calls.remove(id) else { return }
        admission.ended(call.dossier.call, now: now.wall)
        callsBySession[call.leg.session] = nil
        callsBySIPCallID[call.leg.identifiers.callID] = nil
        finishedCalls[call.dossier.call.status, default: 0] += 1
        settledCalls.append(id)
    }

    /// Calls that the latest input has settled: they owe nothing to anybody any more, and what they have noted stands in
    /// the transactions up to that input's.
    package mutating func takeSettledCalls() -> [CallID] {
        defer { settledCalls.removeAll() }
        return settledCalls
    }

    /// The call is not settled yet.
    package func keeps(_ id: CallID) -> Bool { calls.contains(id) }
}

extension CallMachine {
    /// What the exchange asks after each event.
    struct Standing {
        var account: AccountID
        var takesLine: Bool
        var isDialling: Bool
        var isOver: Bool
    }

    var standing: Standing {
        Standing(
            account: dossier.call.accountID, takesLine: dossier.call.direction != .inbound && leg.takesLine,
            isDialling: leg.isDialling, isOver: leg.isOver)
    }

    /// Nothing is under way: it waits for its turn on disk, or is over but for its port.
    var isSettledButForTurn: Bool {
        switch leg.phase {
        case .waiting(let waiting): waiting.isStored
        case .over(let settling): !settling.awaitsSession && dossier.outbox.isEmpty
        case .incoming, .opening, .ringing, .answered: false
        }
    }
}
