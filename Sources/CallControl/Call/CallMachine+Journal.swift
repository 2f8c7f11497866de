import JSON
import PerCL
import SIP
import Telephony

extension CallMachine {
    mutating func changeStatus(
        _ status: CallStatus, _ explanation: String, _ now: Moment, _ directives: inout [CallDirective]
    ) {
        call.status = status
        call.dateUpdated = clock.reading(now)
        call.revision += 1
        directives.append(.store(.saveCall(call)))
        var metadata: [String: JSONValue] = ["status": .string(status.rawValue), "explanation": .string(explanation)]
        if let reason = call.endedReason { metadata["callEndedReason"] = .string(reason.rawValue) }
        note(.info, .status, "Call \(status.rawValue)", metadata, now, &directives)
    }

    /// sendDigits as they may be read later.
    var shownSendDigits: JSONValue { isPrivate && sendDigits != nil ? .string(Mask.text) : JSONValue(sendDigits?.text) }

    /// What a restart would have to know of the call as it is now.
    var record: CallRecord {
        let recorded: CallRecord.Phase =
            switch phase {
            case .accepted, .queued: .queued
            case .opening, .ringing, .incoming: .dialling
            case .connected: .connected
            case .over: .over
            }
        return CallRecord(
            phase: recorded, call: call, requestID: requestID, callConnectURL: callConnectURL,
            statusCallbackURL: statusCallbackURL, sendDigits: recorded == .queued ? sendDigits?.text : nil,
            ringTimeoutSeconds: ringTimeoutSeconds, eventSequence: eventSequence, isPrivate: isPrivate ? true : nil,
            callRecordingID: callRecording?.recording.recordingID, clock: clock.source == nil ? nil : clock,
            ifMachine: recorded == .queued ? ifMachine : nil,
            ifMachineBeepSeconds: recorded == .queued ? machineBeepSeconds : nil, session: sessionRecord)
    }

    /// - Parameter other: the request that did it, where it is not the one that made the call.
    mutating func note(
        _ level: JournalLevel, _ scope: JournalScope, _ message: String, _ metadata: [String: JSONValue],
        by other: RequestID? = nil, _ now: Moment, _ directives: inout [CallDirective]
    ) {
        journalSequence += 1
        directives.append(
            .store(
                .appendJournal(
                    JournalEntry(
                        timestamp: clock.reading(now), sequence: journalSequence, level: level, scope: scope,
                        accountID: call.accountID, callID: call.callID, requestID: other ?? requestID,
                        message: message, metadata: metadata))))
    }

    /// What a webhook's attempt came to, with what was answered and how long it took.
    mutating func noteAnswer(
        _ webhook: Webhook, _ outcome: WebhookOutcome, _ milliseconds: Int, attempt: Int?, _ now: Moment,
        _ directives: inout [CallDirective]
    ) {
        let entry = WebhookJournal.answer(to: webhook, outcome, milliseconds: milliseconds, attempt: attempt)
        note(entry.level, .webhook, entry.message, entry.metadata, now, &directives)
    }

    /// A notification was not delivered; that one was, its answer has told.
    mutating func noteEnd(
        of webhook: Webhook, _ end: NotificationEnd, attempts: Int, _ now: Moment,
        _ directives: inout [CallDirective]
    ) {
        guard let entry = WebhookJournal.end(of: webhook, end, attempts: attempts) else { return }
        note(entry.level, .webhook, entry.message, entry.metadata, now, &directives)
    }

    mutating func noteEnd(
        _ command: Command, _ index: Int, _ result: PlaybackResult, _ now: Moment,
        _ directives: inout [CallDirective]
    ) {
        var metadata: [String: JSONValue] = ["index": JSONValue(index)]
        switch result {
        case .completed:
            note(.info, .percl, "PerCL \(command.name) completed", metadata, now, &directives)
        case .stopped:
            note(.info, .percl, "PerCL \(command.name) skipped", metadata, now, &directives)
        case .completedWithWarning(let warning):
            metadata.merge(command.journalMetadata) { own, _ in own }
            metadata["explanation"] = .string(warning)
            note(.warning, .percl, "PerCL \(command.name) completed", metadata, now, &directives)
        case .failed(let explanation):
            metadata.merge(command.journalMetadata) { own, _ in own }
            metadata["explanation"] = .string(explanation)
            note(.error, .percl, "PerCL \(command.name) failed", metadata, now, &directives)
        }
    }
}

extension Command {
    /// What the journal says of a command; private values are masked (docs/contract/privacy.md#the-mask).
    var journalMetadata: [String: JSONValue] {
        switch self {
        case .say(let say):
            [
                "text": .string(say.privacyMode ? Mask.text : say.text), "language": .string(say.language),
                "engine": JSONValue(say.engine.map { "\($0.name.rawValue); one voice speaks for every engine" }),
            ].filter { $0.value != .null }
        case .play(let play): ["file": .string(play.privacyMode ? Mask.text : play.file.description)]
        case .pause(let pause): ["length": JSONValue(pause.lengthMilliseconds)]
        case .redirect(let redirect): ["actionUrl": .string(redirect.actionURL.description)]
        case .hangup(let hangup): ["reason": JSONValue(hangup.reason)]
        case .getDigits(let get):
            [
                "actionUrl": .string(get.actionURL.description), "maxDigits": JSONValue(get.maxDigits),
                "minDigits": JSONValue(get.minDigits), "finishOnKey": .string(get.finishOnKey),
                "prompts": JSONValue(get.prompts.count),
            ]
        case .sendDigits(let send): ["digits": .string(send.privacyMode ? Mask.text : send.digits.text)]
        case .recordUtterance(let record):
            ["actionUrl": .string(record.actionURL.description), "maxLengthSec": JSONValue(record.maxLengthSeconds)]
        case .outDial(let dial):
            [
                "destination": .string(dial.destination.text), "callingNumber": .string(dial.callingNumber.text),
                "actionUrl": .string(dial.actionURL.description),
                "callConnectUrl": .string(dial.callConnectURL.description),
            ]
        case .reject(let reject): ["reason": JSONValue(reject.reason)]
        case .playEarlyMedia(let play): ["file": .string(play.file.description)]
        default: [:]
        }
    }
}
