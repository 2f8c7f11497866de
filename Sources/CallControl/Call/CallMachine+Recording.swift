import JSON
import PerCL
import SIP
import Telephony

extension CallMachine {
    /// A file that is being written.
    struct ActiveRecording: Sendable {
        var recording: Recording
        /// Set once the file is complete.
        var milliseconds: Int?
    }

    /// StartRecordCall: both directions, until the call ends. A second one changes nothing.
    mutating func recordCall(_ random: inout RandomSource, _ now: Moment, _ directives: inout [CallDirective]) {
        guard callRecording == nil else { return }
        callRecording = beginRecording(.call, isPrivate: false, &random, now, &directives)
        directives.append(.saveRecord)
    }

    mutating func startUtterance(
        _ command: RecordUtterance, _ random: inout RandomSource, _ now: Moment, _ directives: inout [CallDirective]
    ) {
        utterance = beginRecording(.farEnd, isPrivate: command.privacyMode, &random, now, &directives)
    }

    mutating func endUtterance(_ directives: inout [CallDirective]) {
        guard let utterance else { return }
        directives.append(.effect(.stopRecording(media, utterance.recording.recordingID)))
    }

    mutating func recordingEnded(
        _ id: RecordingID, milliseconds: Int, failure: String?, now: Moment, random: inout RandomSource,
        into directives: inout [CallDirective]
    ) {
        if let failure {
            let explanation =
                "\(failure); what was recorded before is kept, and can be fetched; whether the disk is full or cannot be "
                + "written, whoever runs this server can tell"
            note(
                .error, .media, "Recording failed",
                ["recordingId": .string(id.text), "explanation": .string(explanation)], now, &directives)
        }
        // Those that the call's end cut short have been told of already (`closeRecordings`).
        guard !isOver else { return }
        if utterance?.recording.recordingID == id {
            utterance?.milliseconds = milliseconds
            complete(\.utterance, seconds: (milliseconds + 999) / 1000, now, &directives)
            advanceScript(now, &random, &directives) { run, _, steps in run.utteranceCompleted(into: &steps) }
        } else if callRecording?.recording.recordingID == id {
            complete(\.callRecording, seconds: (milliseconds + 999) / 1000, now, &directives)
        }
    }

    /// The call ends, and with it what is being recorded: how long it was follows from the clock, since the webhooks
    /// that tell of it go to disk together with the end.
    mutating func closeRecordings(_ now: Moment, _ directives: inout [CallDirective]) {
        if let begun = callRecording?.recording, begun.durationSeconds == nil {
            let seconds = clock.reading(now).secondsRoundedUp(since: begun.dateCreated)
            complete(\.callRecording, seconds: seconds, now, &directives)
        }
        closeUtterance(now, &directives)
    }

    mutating func closeUtterance(_ now: Moment, _ directives: inout [CallDirective]) {
        guard let begun = utterance?.recording, begun.durationSeconds == nil else { return }
        let end = clock.reading(now)
        utterance?.milliseconds = Int(max(0, end.microseconds - begun.dateCreated.microseconds) / 1000)
        complete(\.utterance, seconds: end.secondsRoundedUp(since: begun.dateCreated), now, &directives)
    }

    /// What the record webhook says (docs/contract/webhooks.md#record): nulls where nothing was recorded.
    func recordExtras(
        _ command: RecordUtterance, _ reason: UtteranceRecording.Reason
    ) -> [String: JSONValue] {
        var extras: [String: JSONValue] = [
            "termReason": .string(reason.rawValue), "privacyMode": .bool(command.privacyMode),
            "recordingId": .null, "recordingUrl": .null, "recordingSize": .null, "recordingFormat": .null,
            "recordingDurationSec": 0,
        ]
        guard let utterance else { return extras }
        extras.merge(recordingFields(utterance.recording)) { _, new in new }
        // RIFF's header and 8000 samples of 16 bits a second.
        extras["recordingSize"] = .string(String(44 + (utterance.milliseconds ?? 0) * 16))
        extras["recordingFormat"] = "audio/wav"
        return extras
    }

    /// What callStatus and record say of a recording.
    func recordingFields(_ recording: Recording) -> [String: JSONValue] {
        let path = "/Accounts/\(recording.accountID.text)/Recordings/\(recording.recordingID.text)/Download"
        return [
            "recordingId": .string(recording.recordingID.text),
            "recordingUrl": .string("\(publicURL)/apiserver\(path)"),
            "recordingDurationSec": JSONValue(recording.durationSeconds ?? 0),
        ]
    }

    /// The recording that `Play.file` means, where it is one of this account on this server.
    func recording(named reference: AudioFileReference) -> RecordingID? {
        var path = Substring(reference.text)
        if case .url = reference {
            guard !publicURL.isEmpty, path.hasPrefix("\(publicURL)/apiserver/") else { return nil }
            path = path.dropFirst("\(publicURL)/apiserver".count)
        }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[1] == "Accounts", parts[2] == call.accountID.text, parts[3] == "Recordings",
            parts[5] == "Download" || parts[5] == "Stream"
        else { return nil }
        return RecordingID(parts[4])
    }

    private mutating func beginRecording(
        _ content: RecordingContent, isPrivate: Bool, _ random: inout RandomSource, _ now: Moment,
        _ directives: inout [CallDirective]
    ) -> ActiveRecording {
        let recording = Recording(
            recordingID: RecordingID(random: &random), accountID: call.accountID, callID: call.callID,
            created: clock.reading(now), isPrivate: isPrivate)
        directives.append(.store(.saveRecording(recording)))
        directives.append(.effect(.startRecording(media, recording.recordingID, content)))
        note(
            .info, .media, "Recording begins", ["recordingId": .string(recording.recordingID.text)], now,
            &directives)
        return ActiveRecording(recording: recording)
    }

    private mutating func complete(
        _ active: WritableKeyPath<CallMachine, ActiveRecording?>, seconds: Int, _ now: Moment,
        _ directives: inout [CallDirective]
    ) {
        guard var recording = self[keyPath: active]?.recording else { return }
        recording.durationSeconds = seconds
        recording.dateUpdated = clock.reading(now)
        recording.revision += 1
        self[keyPath: active]?.recording = recording
        directives.append(.store(.saveRecording(recording)))
        note(
            .info, .media, "Recording complete",
            ["recordingId": .string(recording.recordingID.text), "durationSec": JSONValue(seconds)], now,
            &directives)
    }
}
