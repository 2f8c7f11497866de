import SIP
import Telephony

extension Exchange {
    /// Lets the user agent take one step, and tells the calls what came of it, in the order in which it came: what a
    /// call has the user agent do meanwhile stands behind what the user agent had done before.
    mutating func withUserAgent(
        _ now: Moment, _ effects: inout [Effect],
        _ body: (inout UserAgent, inout RandomSource, inout [UserAgentEffect]) -> Void
    ) {
        let isOutermost = sipEffects.isEmpty
        body(&userAgent, &random, &sipEffects)
        guard isOutermost else { return }
        var next = 0
        while next < sipEffects.count {
            take(sipEffects[next], now, &effects)
            next += 1
        }
        sipEffects.removeAll(keepingCapacity: true)
    }

    private mutating func take(_ effect: UserAgentEffect, _ now: Moment, _ effects: inout [Effect]) {
        let configuration = configuration
        switch effect {
        case .send(let bytes, let destination):
            effects.append(.send(bytes, to: destination))
        case .progressed(let session, let code, _):
            withCall(of: session, now, &effects) { call, _, directives in
                call.progressed(code, now: now, into: &directives)
            }
        case .answered(let session, let body):
            let record = userAgent.record(of: session)
            withCall(of: session, now, &effects) { call, random, directives in
                call.answered(
                    body, record: record, configuration: configuration, now: now, random: &random,
                    into: &directives)
            }
        case .failed(let session, let failure):
            withCall(of: session, now, &effects) { call, _, directives in
                call.failed(failure, now: now, into: &directives)
            }
        case .ended(let session, let end):
            withCall(of: session, now, &effects) { call, _, directives in
                call.ended(end, now: now, into: &directives)
            }
        case .offerReceived(let session, let body):
            withCall(of: session, now, &effects) { call, random, directives in
                call.offerReceived(
                    body, configuration: configuration, now: now, random: &random, into: &directives)
            }
        case .offerWithdrawn(let session):
            withCall(of: session, now, &effects) { call, _, _ in call.offerWithdrawn() }
        case .recordChanged(let session):
            guard let record = userAgent.record(of: session) else { return }
            withCall(of: session, now, &effects) { call, _, directives in
                call.recordChanged(record, into: &directives)
            }
        case .recordDue(let session, let hold):
            guard let id = callsBySession[session], let record = userAgent.record(of: session) else {
                return recordStored(session, hold, now, &effects)
            }
            withCall(id, now, &effects) { call, _, directives in
                call.recordDue(record, hold, into: &directives)
            }
            if isStorageFailing { recordStored(session, hold, now, &effects) }
        case .resolve(let session, let host):
            effects.append(.resolveHop(session, host))
        case .keyReported(let session, let key, let milliseconds):
            withCall(of: session, now, &effects) { call, random, directives in
                call.keyReported(key, milliseconds: milliseconds, now: now, random: &random, into: &directives)
            }
        case .infoAnswered(let session, let status):
            withCall(of: session, now, &effects) { call, random, directives in
                call.reportAnswered(status, now: now, random: &random, into: &directives)
            }
        case .messageRefused(let session, let trace, let error):
            withCall(of: session, now, &effects) { call, _, directives in
                call.refused(trace, error, now: now, into: &directives)
            }
        case .invited(let session, let invitation):
            invited(session, invitation, now, &effects)
        case .canceledByPeer(let session):
            invitations[session] = nil
        case .acknowledged(let session, let body):
            withCall(of: session, now, &effects) { call, random, directives in
                call.acknowledged(
                    body, configuration: configuration, now: now, random: &random, into: &directives)
            }
        case .messageSent(let session, let trace):
            invitations[session]?.traces.append((trace, true))
            withCall(of: session, now, &effects) { call, _, directives in
                call.traced(trace, isSent: true, now: now, into: &directives)
            }
        case .messageReceived(let session, let trace):
            hear(of: session)
            invitations[session]?.traces.append((trace, false))
            withCall(of: session, now, &effects) { call, _, directives in
                call.traced(trace, isSent: false, now: now, into: &directives)
            }
        case .discarded(let reason, _):
            effects.append(.discarded(reason))
        case .turnedAway(let request):
            turnedAway(request, now, &effects)
        }
    }

    /// The user agent's message need not wait any longer.
    mutating func recordStored(
        _ session: SessionID, _ hold: RecordHold, _ now: Moment, _ effects: inout [Effect]
    ) {
        withUserAgent(now, &effects) { agent, random, sip in
            agent.recordStored(session, hold, now: now.instant, random: &random, into: &sip)
        }
    }

    private mutating func withCall(
        of session: SessionID, _ now: Moment, _ effects: inout [Effect],
        _ body: (inout CallMachine, inout RandomSource, inout [CallDirective]) -> Void
    ) {
        guard let id = callsBySession[session] else { return }
        withCall(id, now, &effects, body)
    }
}
