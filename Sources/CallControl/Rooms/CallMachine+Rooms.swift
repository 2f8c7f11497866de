import JSON
import PerCL
import SIP
import Telephony

extension CallMachine {
    /// What the call hears of others goes to the part that it concerns.
    mutating func take(_ fact: RoomFact, _ turn: inout Turn) {
        switch fact {
        case .childMade(let child, let dial):
            withTalk(&turn) { talk, _, dossier, turn in
                talk.childMade(child, dial, &dossier, &turn)
                return nil
            }
        case .childRefused(let refusal):
            withTalk(&turn) { talk, _, dossier, turn in talk.refuseOutDial(refusal, &dossier, &turn) }
        case .turnTooLate(let explanation): waitedTooLong(explanation, &turn)
        case .enqueued(let enqueue, let place):
            withTalk(&turn) { talk, _, dossier, turn in
                talk.enqueued(enqueue, place, &dossier, &turn)
                return nil
            }
        case .queueFull(let enqueue):
            withTalk(&turn) { talk, _, dossier, turn in
                talk.queueFull(enqueue, &dossier, &turn)
                return nil
            }
        case .queueRefused(_, let explanation):
            withTalk(&turn) { _, _, dossier, turn in
                dossier.note(.error, .percl, "PerCL Enqueue failed", ["explanation": .string(explanation)], &turn)
                return .end(CallOutcome(.completed, .perclProcessingError, "Enqueue: \(explanation)"))
            }
        case .stands(let place, let queue):
            withTalk(&turn) { talk, _, dossier, turn in
                talk.stands(at: place, in: queue, &dossier, &turn)
                return nil
            }
        case .dequeued(let queue):
            withTalk(&turn) { talk, leg, dossier, turn in
                talk.dequeued(from: queue, &leg, &dossier, &turn)
                return nil
            }
        case .conferenceCreated, .conferenceNotCreated, .joined, .conferenceRefused, .standingChanged, .recorded, .left,
            .participants:
            takeConference(fact, &turn)
        }
    }

    /// What it hears of its conference.
    private mutating func takeConference(_ fact: RoomFact, _ turn: inout Turn) {
        withTalk(&turn) { talk, leg, dossier, turn in
            switch fact {
            case .conferenceCreated(let command, let id):
                talk.ask(CallWebhook.conferenceCreated(id), at: command.actionURL, &dossier, &turn)
                return nil
            case .conferenceNotCreated(let explanation):
                dossier.note(
                    .error, .percl, "PerCL CreateConference failed", ["explanation": .string(explanation)], &turn)
                return .end(
                    CallOutcome(.completed, .perclProcessingError, "CreateConference: \(explanation)"))
            case .joined(let command, let mix, let standing, let status):
                talk.joined(command, mix, standing, status, &dossier, &turn)
                return nil
            case .conferenceRefused(let id, let isTerminated):
                return talk.conferenceRefused(id, isTerminated: isTerminated, &dossier, &turn)
            case .standingChanged(let id, let standing):
                talk.standingChanged(id, standing, &dossier, &turn)
                return nil
            case .recorded(in: let id):
                talk.recorded(in: id, &dossier, &turn)
                return nil
            case .left(let id, let departure): return talk.left(id, departure, &leg, &dossier, &turn)
            case .participants(let count, let id): return talk.participants(count, in: id, &leg, &dossier, &turn)
            default: return nil
            }
        }
    }

    /// docs/contract/calls.md#resume-a-parked-call.
    mutating func resume(_ requestID: RequestID, _ turn: inout Turn) -> CallRefusal? {
        if leg.isOver { return .notFound }
        guard talk?.isParked == true else { return .notParked }
        dossierNote("Resume requested", by: requestID, &turn)
        withTalk(&turn) { talk, leg, dossier, turn in
            talk.resume(&leg, &dossier, &turn)
            return nil
        }
        return nil
    }

    private mutating func dossierNote(_ message: String, by requestID: RequestID, _ turn: inout Turn) {
        withDossier { $0.note(.info, .request, message, [:], by: requestID, &turn) }
    }
}

/// What the app is told of a wait that the call's end cuts short.
struct InterruptedWait {
    let request: ScriptRequest
    let url: WebURL

    init(_ waiting: Waiting, _ outcome: CallOutcome, _ now: Instant) {
        let result: Waiting.QueueResult =
            switch outcome.reason {
            case .farEndHangup, .appHangup, .maxDuration, .machineDetected: .hangup
            default: .systemError
            }
        request = waiting.leaving(result, now)
        url = waiting.actionURL
    }

    /// Of an earlier process.
    init(_ wait: TalkRecord.Wait) {
        request =
            wait.queueID.map { CallWebhook.left($0, .systemError, seconds: nil) } ?? ScriptRequest(CallWebhook.unpark)
        url = wait.actionURL
    }
}
