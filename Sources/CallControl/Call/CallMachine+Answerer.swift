import JSON
import PerCL
import SIP
import Telephony

/// Who answered (docs/contract/calls.md#ifmachine): what is heard of it, and what `ifMachine` does then.
extension CallMachine {
    mutating func found(
        _ finding: AnswerFinding, configuration: ExchangeConfiguration, now: Moment, random: inout RandomSource,
        into directives: inout [CallDirective]
    ) {
        guard case .connected = phase, let ifMachine else { return }
        switch finding {
        case .tone(let tone, let milliseconds):
            noteTone("Tone heard: \(tone.rawValue)", ["milliseconds": JSONValue(milliseconds)], now, &directives)
        case .beepEnded(let beep):
            noteTone("Beep ended", beep.journalMetadata, now, &directives)
            guard answerer?.isMachine == true else { return }
            // It records now: there is nothing more to hear from it.
            directives.append(.effect(.observeAnswerer(media, false)))
            stopAwaitingBeep("the machine has beeped", now, &random, &directives)
        case .verdict(let verdict):
            guard answerer == nil else { return }
            take(verdict, ifMachine, configuration, now, &random, &directives)
        }
    }

    private mutating func take(
        _ verdict: AnswerVerdict, _ ifMachine: MachineHandling, _ configuration: ExchangeConfiguration,
        _ now: Moment, _ random: inout RandomSource, _ directives: inout [CallDirective]
    ) {
        answerer = verdict.answerer
        note(
            .info, .media, "Answered by \(verdict.answerer.explanation)", verdict.journalMetadata, now, &directives)
        if let answeredBy = verdict.answerer.answeredBy {
            call.answeredBy = answeredBy
            call.dateUpdated = clock.reading(now)
            call.revision += 1
            directives.append(.store(.saveCall(call)))
            directives.append(.saveRecord)
        }
        let awaitsBeep = verdict.answerer == .answeringMachine && verdict.cause != .beep
        if !awaitsBeep { directives.append(.effect(.observeAnswerer(media, false))) }
        guard verdict.answerer.isMachine else { return }
        switch ifMachine {
        case .hangup:
            tellCollectedDigits(now, &random, &directives)
            finish(
                CallOutcome(
                    .completed, .machineDetected, "\(verdict.answerer.explanation) answered, and ifMachine is hangup"),
                now, &directives)
        case .redirect(let url):
            abortScript(now, &random, &directives)
            let wait = machineBeepSeconds.map { .seconds($0) } ?? configuration.beepWait ?? .zero
            if awaitsBeep, wait > .zero { awaitBeep(wait, &directives) }
            fetchScript(
                from: url, type: CallWebhook.machineDetected, extras: CallWebhook.machineExtras(verdict.answerer),
                &random, now, &directives)
        }
    }

    /// Whatever runs, or has been asked for, is given up (docs/contract/calls.md#a-machine-before-the-script,
    /// docs/contract/calls.md#a-machine-during-getdigits).
    private mutating func abortScript(
        _ now: Moment, _ random: inout RandomSource, _ directives: inout [CallDirective]
    ) {
        withdrawScript(&directives)
        var given: [CallOutbox.Directive] = []
        for webhook in outbox.abandonScripts(into: &given) {
            note(
                .info, .webhook, "Webhook \(webhook.requestType) is given up: its answer will be ignored",
                ["eventId": .string(webhook.eventID.text)], now, &directives)
        }
        carryOut(given, &directives)
        tellCollectedDigits(now, &random, &directives)
        advanceScript(now, &random, &directives) { run, _, steps in run.abort(into: &steps) }
        guard case .connected(var conversation) = phase else { return }
        conversation.run = nil
        conversation.held = nil
        conversation.pendingDial = nil
        phase = .connected(conversation)
        // It is complete as it is; another RecordUtterance may begin before the engine says so.
        closeUtterance(now, &directives)
        utterance = nil
    }

    /// GetDigits ends with reason `tone` (docs/contract/calls.md#a-machine-during-getdigits). Its answer is no script,
    /// so that it goes as a notification.
    private mutating func tellCollectedDigits(
        _ now: Moment, _ random: inout RandomSource, _ directives: inout [CallDirective]
    ) {
        guard case .connected(let conversation) = phase,
            let (command, end) = conversation.run?.collectedBeforeMachine
        else { return }
        emit(
            CallWebhook.getDigits, extras: CallWebhook.getDigitsExtras(command, end),
            privateFields: command.privacyMode ? ["digits"] : [], purpose: .notification, to: command.actionURL,
            &random, now, &directives)
    }

    // MARK: The beep

    private mutating func awaitBeep(_ wait: Duration, _ directives: inout [CallDirective]) {
        guard case .connected(var conversation) = phase else { return }
        conversation.awaitsBeep = true
        phase = .connected(conversation)
        directives.append(.arm(.beep, after: wait))
    }

    mutating func stopAwaitingBeep(
        _ explanation: String, _ now: Moment, _ random: inout RandomSource, _ directives: inout [CallDirective]
    ) {
        guard case .connected(var conversation) = phase, conversation.awaitsBeep else { return }
        conversation.awaitsBeep = false
        phase = .connected(conversation)
        directives.append(.disarm(.beep))
        note(.info, .media, "The wait for a beep is over: \(explanation)", [:], now, &directives)
        startHeldScript(now, &random, &directives)
    }

    // MARK: The journal

    /// A line may sound for hours; its journal may not grow with it.
    private mutating func noteTone(
        _ message: String, _ metadata: [String: JSONValue], _ now: Moment, _ directives: inout [CallDirective]
    ) {
        tonesNoted += 1
        guard tonesNoted <= Self.maximumTonesNoted else { return }
        note(.info, .media, message, metadata, now, &directives)
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
