import JSON
import PerCL
import SIP
import Telephony

/// Who answered (docs/contract/calls.md#ifmachine): what is heard of it, and what `ifMachine` does then.
extension Talk {
    mutating func found(
        _ finding: AnswerFinding, _ leg: inout Leg, _ dossier: inout Dossier, _ turn: inout Turn
    ) -> Want? {
        guard leg.isAnswered, let ifMachine = dossier.terms.ifMachine else { return nil }
        switch finding {
        case .tone(let tone, let milliseconds):
            dossier.note(
                within: .tones, .info, .media, "Tone heard: \(tone.rawValue)",
                ["milliseconds": JSONValue(milliseconds)], &turn)
            return nil
        case .beepEnded(let beep):
            dossier.note(within: .tones, .info, .media, "Beep ended", beep.journalMetadata, &turn)
            guard answerer?.isMachine == true else { return nil }
            // It records now: there is nothing more to hear from it.
            turn.perform(.media(media, .observeAnswerer(false)))
            return stopAwaitingBeep("the machine has beeped", &leg, &dossier, &turn)
        case .verdict(let verdict):
            guard answerer == nil else { return nil }
            return take(verdict, ifMachine, &leg, &dossier, &turn)
        }
    }

    private mutating func take(
        _ verdict: AnswerVerdict, _ ifMachine: MachineHandling, _ leg: inout Leg, _ dossier: inout Dossier,
        _ turn: inout Turn
    ) -> Want? {
        answerer = verdict.answerer
        dossier.note(
            .info, .media, "Answered by \(verdict.answerer.explanation)", verdict.journalMetadata, &turn)
        if let answeredBy = verdict.answerer.answeredBy {
            dossier.call.answeredBy = answeredBy
            dossier.saveChange(&turn)
            turn.want(.saveRecord)
        }
        let mayBeep = verdict.answerer == .answeringMachine && verdict.cause != .beep
        if !mayBeep { turn.perform(.media(media, .observeAnswerer(false))) }
        guard verdict.answerer.isMachine else { return nil }
        switch ifMachine {
        case .hangup:
            tellCollectedDigits(&dossier, &turn)
            return .end(
                CallOutcome(
                    .completed, .machineDetected, "\(verdict.answerer.explanation) answered, and ifMachine is hangup"))
        case .redirect(let url):
            abort(&leg, &dossier, &turn)
            let wait = dossier.terms.machineBeepSeconds.map { .seconds($0) } ?? turn.configuration.beepWait ?? .zero
            if mayBeep, wait > .zero { awaitBeep(wait, &turn) }
            ask(
                ScriptRequest(CallWebhook.machineDetected, CallWebhook.machineExtras(verdict.answerer)), at: url,
                &dossier, &turn)
            return nil
        }
    }
}

extension Answerer {
    fileprivate var explanation: String {
        switch self {
        case .human: "a person"
        case .answeringMachine: "an answering machine"
        case .faxModem: "a fax or modem"
        case .undecided: "somebody unknown: what was heard decides nothing"
        }
    }
}

extension AnswerVerdict {
    fileprivate var journalMetadata: [String: JSONValue] {
        [
            "cause": .string(cause.rawValue),
            "confidence": .number((confidence * 1000).rounded() / 1000),
            // Of sound since the answer.
            "milliseconds": JSONValue(milliseconds),
            "features": .object(
                Dictionary(features.map { ($0.name, JSONValue.number($0.value)) }) { first, _ in first }),
        ]
    }
}

extension AnswerBeep {
    fileprivate var journalMetadata: [String: JSONValue] {
        [
            "milliseconds": JSONValue(milliseconds), "hertz": JSONValue(hertz),
            "lengthMilliseconds": JSONValue(lengthMilliseconds),
        ]
    }
}
