import SIP
import Telephony

/// What the clock does with a call.
extension CallMachine {
    mutating func timerFired(_ timer: CallTimer, _ turn: inout Turn) {
        switch timer {
        case .ring: withLeg(&turn) { leg, _ in leg.rungOut() }
        case .longestCall:
            guard leg.isAnswered else { return }
            finish(CallOutcome(.completed, .maxDuration, "the longest call allowed is over"), &turn)
        case .keyReport: keyReportDue(&turn)
        case .storing: storeAgain(&turn)
        case .waiting:
            withTalk(&turn) { talk, _, dossier, turn in
                talk.waitAgain(&dossier, &turn)
                return nil
            }
        case .beep:
            withTalk(&turn) { talk, leg, dossier, turn in
                talk.stopAwaitingBeep("no beep came", &leg, &dossier, &turn)
            }
        case .pause: advance(&turn) { run, memory, steps in run.pauseOver(&memory, into: &steps) }
        case .keys: advance(&turn) { run, _, steps in run.keysTimedOut(into: &steps) }
        case .silence: advance(&turn) { run, _, steps in run.fellSilent(into: &steps) }
        case .utterance: advance(&turn) { run, _, steps in run.lengthReached(into: &steps) }
        }
    }

    /// Lets the script that runs, if there is one, take an event.
    mutating func advance(
        _ turn: inout Turn, _ event: (inout ScriptRun, inout ScriptMemory, inout [ScriptRun.Directive]) -> Void
    ) {
        withTalk(&turn) { talk, leg, dossier, turn in talk.advance(&leg, &dossier, &turn, event) }
    }
}
