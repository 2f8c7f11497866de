import SIP
import Telephony

extension Exchange {
    /// Lets the user agent take one step, and tells the calls what came of it, in the order in which it came: what a
    /// call has the user agent do meanwhile stands behind what the user agent had done before.
    mutating func withUserAgent(
        _ step: (inout UserAgent, Instant, inout RandomSource, inout [UserAgentEffect]) -> Void
    ) {
        let isOutermost = sipEffects.isEmpty
        step(&userAgent, turn.now.instant, &turn.random, &sipEffects)
        guard isOutermost else { return }
        var next = 0
        while next < sipEffects.count {
            take(sipEffects[next])
            next += 1
        }
        sipEffects.removeAll(keepingCapacity: true)
    }

    private mutating func take(_ effect: UserAgentEffect) {
        switch effect {
        case .send(let bytes, let destination): emit(.send(bytes, to: destination))
        // What came is in the journal as a SIP message; a call stays `ringing` whatever the provisional code.
        case .progressed: break
        case .answered(let session, let body):
            let record = userAgent.record(of: session)
            withCall(of: session) { call, turn in call.answered(body, record: record, &turn) }
        case .failed(let session, let failure):
            withCall(of: session) { call, turn in call.withLeg(&turn) { leg, _ in leg.failed(failure) } }
        case .ended(let session, let end):
            withCall(of: session) { call, turn in call.withLeg(&turn) { leg, _ in leg.ended(end) } }
        case .offerReceived(let session, let body):
            withCall(of: session) { call, turn in
                call.withLeg(&turn) { leg, turn in leg.offerReceived(body, &turn) }
            }
        case .offerWithdrawn(let session):
            withCall(of: session) { call, turn in
                call.withLeg(&turn) { leg, _ in
                    leg.offerWithdrawn()
                    return nil
                }
            }
        case .recordChanged(let session):
            guard let record = userAgent.record(of: session) else { return }
            withCall(of: session) { call, turn in
                call.withLeg(&turn) { leg, turn in
                    leg.recordChanged(record, &turn)
                    return nil
                }
            }
        case .recordDue(let session, let hold): recordDue(session, hold)
        case .resolve(let session, let host): emit(.resolveHop(session, host))
        case .keyReported(let session, let key, let milliseconds):
            withCall(of: session) { call, turn in
                call.withTalk(&turn) { talk, leg, dossier, turn in
                    talk.keyReported(key, milliseconds: milliseconds, &leg, &dossier, &turn)
                }
            }
        case .infoAnswered(let session, let status):
            withCall(of: session) { call, turn in call.reportAnswered(status, &turn) }
        case .messageRefused(let session, let trace, let error):
            withCall(of: session) { call, turn in call.withDossier { $0.note(refused: trace, error, &turn) } }
        case .invited(let session, let invitation): invited(session, invitation)
        case .canceledByPeer(let session): invitations[session] = nil
        case .acknowledged(let session, let body):
            withCall(of: session) { call, turn in call.acknowledged(body, &turn) }
        case .messageSent(let session, let trace): traced(session, trace, isSent: true)
        case .messageReceived(let session, let trace):
            hear(of: session)
            traced(session, trace, isSent: false)
        case .discarded(let reason, _): emit(.discarded(reason))
        case .turnedAway(let request): turnedAway(request)
        }
    }

    private mutating func traced(_ session: SessionID, _ trace: SIPTrace, isSent: Bool) {
        invitations[session]?.traces.append((trace, isSent))
        withCall(of: session) { call, turn in call.withDossier { $0.note(trace, isSent: isSent, &turn) } }
    }

    /// A message of the user agent's waits until the record knows what it says.
    private mutating func recordDue(_ session: SessionID, _ hold: RecordHold) {
        guard callsBySession[session] != nil, let record = userAgent.record(of: session) else {
            return recordStored(session, hold)
        }
        withCall(of: session) { call, turn in
            call.withLeg(&turn) { leg, turn in
                leg.recordDue(record, hold, &turn)
                return nil
            }
        }
        if isStorageFailing { recordStored(session, hold) }
    }

    /// The user agent's message need not wait any longer.
    mutating func recordStored(_ session: SessionID, _ hold: RecordHold) {
        withUserAgent { agent, now, random, sip in
            agent.recordStored(session, hold, now: now, random: &random, into: &sip)
        }
    }

    /// A host that an offer, or a later description, names has these addresses, or none.
    mutating func mediaNameResolved(_ question: NameQuestion, _ addresses: [IPAddress]) {
        if let route = invitations[question.session]?.route {
            invitations[question.session]?.addresses = addresses
            takeIn(question.session, route)
            return
        }
        withCall(of: question.session) { call, turn in
            call.withLeg(&turn) { leg, turn in leg.nameResolved(question, addresses, &turn) }
        }
    }
}
