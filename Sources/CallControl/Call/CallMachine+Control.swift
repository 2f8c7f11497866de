import JSON
import SIP
import Telephony

extension CallMachine {
    // MARK: Timers

    mutating func timerFired(
        _ timer: CallTimer, now: Moment, random: inout RandomSource, into directives: inout [CallDirective]
    ) {
        switch timer {
        case .ring:
            switch phase {
            case .ringing: finish(OutcomeTable.ringTimeout, awaitsSession: true, now, &directives)
            case .incoming:
                finish(
                    CallOutcome(.noAnswer, .noAnswer, "the script did not answer within 180 s"), now, &directives)
            case .accepted, .queued, .opening, .connected, .over: break
            }
        case .longestCall:
            guard case .connected = phase else { return }
            finish(
                CallOutcome(.completed, .maxDuration, "the longest call allowed is over"), awaitsSession: true, now,
                &directives)
        case .pause:
            advanceScript(now, &random, &directives) { run, memory, steps in run.pauseOver(&memory, into: &steps) }
        case .keyReport:
            nextKeyReport(now, &random, &directives)
        case .beep:
            stopAwaitingBeep("no beep came", now, &random, &directives)
        case .storing:
            storeAgain(now: now, into: &directives)
        case .keys:
            advanceScript(now, &random, &directives) { run, _, steps in run.keysTimedOut(into: &steps) }
        case .silence:
            advanceScript(now, &random, &directives) { run, _, steps in run.fellSilent(into: &steps) }
        case .utterance:
            advanceScript(now, &random, &directives) { run, _, steps in run.lengthReached(into: &steps) }
        }
    }

    // MARK: REST and the operator

    /// Cancels what was not answered, hangs up what was (docs/contract/calls.md#cancel-and-hang-up). False where the
    /// call has ended.
    mutating func update(
        _ update: CallUpdate, requestID: RequestID, now: Moment, into directives: inout [CallDirective]
    ) -> Bool {
        switch phase {
        case .over: return false
        case .accepted, .queued, .opening, .ringing:
            note(
                .info, .request, "Cancel requested", ["status": .string(update.rawValue)], by: requestID, now,
                &directives)
            finish(CallOutcome(.canceled, .callCanceled, "canceled over REST"), now, &directives)
        case .incoming, .connected:
            note(
                .info, .request, "Hang-up requested", ["status": .string(update.rawValue)], by: requestID, now,
                &directives)
            // A call that rings here counts as in progress: it is answered, then hung up
            // (docs/contract/calls.md#cancel-and-hang-up).
            answer(now, &directives)
            finish(CallOutcome(.completed, .appHangup, "hung up over REST"), now, &directives)
        }
        return true
    }

    /// A rule has come to hold for a call that was accepted before.
    ///
    /// - Parameter evenUnderWay: not only while it waits for its turn.
    mutating func stop(
        by rule: DialRule, evenUnderWay: Bool, now: Moment, into directives: inout [CallDirective]
    ) {
        switch phase {
        case .over: return
        case .accepted, .queued: break
        case .incoming, .opening, .ringing, .connected: guard evenUnderWay else { return }
        }
        note(
            .warning, .status, "Stopped by a rule",
            ["rule": .string(rule.name), "explanation": .string(rule.explanation)], now, &directives)
        if case .connected = phase {
            finish(CallOutcome(.completed, .internalError, rule.explanation), awaitsSession: true, now, &directives)
        } else {
            finish(CallOutcome(.canceled, .callCanceled, rule.explanation), now, &directives)
        }
    }

    /// The server stops and its patience is over.
    mutating func hangUpForShutdown(now: Moment, into directives: inout [CallDirective]) {
        switch phase {
        // Calls that wait stay on disk for the next start (docs/contract/calls.md#a-restart).
        case .accepted, .queued, .over: break
        case .incoming, .opening, .ringing:
            finish(CallOutcome(.failed, .internalError, "the server stopped"), now, &directives)
        case .connected:
            finish(CallOutcome(.completed, .internalError, "the server stopped"), now, &directives)
        }
    }

    /// An impossible state was found in this call (ARCHITECTURE.md#faults).
    mutating func fault(_ explanation: String, now: Moment, into directives: inout [CallDirective]) {
        directives.append(.effect(.fault(call.callID, "\(explanation); \(self)")))
        guard !isOver else { return }
        let status: CallStatus = if case .connected = phase { .completed } else { .failed }
        finish(CallOutcome(status, .internalError, explanation), now, &directives)
    }
}
