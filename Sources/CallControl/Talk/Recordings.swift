import JSON
import PerCL
import SIP
import Telephony

/// What of a talk is being recorded: the whole call, and an utterance of the far end's.
struct Recordings: Sendable {
    /// A file that is being written.
    struct Active: Sendable {
        var recording: Recording
        /// Set once the file is complete.
        var milliseconds: Int?
    }

    /// StartRecordCall's.
    private(set) var call: Active?
    /// The latest RecordUtterance's.
    var utterance: Active?

    init() {}

    /// What StartRecordCall left behind in an earlier process.
    init(restoring recording: Recording?) { call = recording.map { Active(recording: $0) } }

    /// StartRecordCall: both directions, until the call ends. A second one changes nothing.
    mutating func recordCall(_ media: MediaHandle, _ dossier: inout Dossier, _ turn: inout Turn) {
        guard call == nil else { return }
        let active = begin(.call, isPrivate: false, media, &dossier, &turn)
        call = active
        dossier.callRecordingID = active.recording.recordingID
        turn.want(.saveRecord)
    }

    mutating func startUtterance(
        _ command: RecordUtterance, _ media: MediaHandle, _ dossier: inout Dossier, _ turn: inout Turn
    ) {
        utterance = begin(.farEnd, isPrivate: command.privacyMode, media, &dossier, &turn)
    }

    func endUtterance(_ media: MediaHandle, _ turn: inout Turn) {
        guard let utterance else { return }
        turn.perform(.media(media, .stopRecording(utterance.recording.recordingID)))
    }

    /// A file is complete. True where it is the utterance's.
    mutating func ended(_ id: RecordingID, milliseconds: Int, _ dossier: inout Dossier, _ turn: inout Turn) -> Bool {
        let seconds = (milliseconds + 999) / 1000
        if utterance?.recording.recordingID == id {
            utterance?.milliseconds = milliseconds
            complete(\.utterance, seconds: seconds, &dossier, &turn)
            return true
        }
        if call?.recording.recordingID == id { complete(\.call, seconds: seconds, &dossier, &turn) }
        return false
    }

    /// The call ends, and with it what is being recorded: how long it was follows from the clock, since the webhooks
    /// that tell of it go to disk together with the end.
    mutating func close(_ dossier: inout Dossier, _ turn: inout Turn) {
        if let begun = call?.recording, begun.durationSeconds == nil {
            let seconds = dossier.clock.reading(turn.now).secondsRoundedUp(since: begun.dateCreated)
            complete(\.call, seconds: seconds, &dossier, &turn)
        }
        closeUtterance(&dossier, &turn)
    }

    mutating func closeUtterance(_ dossier: inout Dossier, _ turn: inout Turn) {
        guard let begun = utterance?.recording, begun.durationSeconds == nil else { return }
        let end = dossier.clock.reading(turn.now)
        utterance?.milliseconds = Int(max(0, end.microseconds - begun.dateCreated.microseconds) / 1000)
        complete(\.utterance, seconds: end.secondsRoundedUp(since: begun.dateCreated), &dossier, &turn)
    }

    /// What the record webhook says of the utterance (docs/contract/webhooks.md#record).
    func recorded(
        _ command: RecordUtterance, _ reason: UtteranceRecording.Reason, _ dossier: Dossier
    ) -> ScriptRequest {
        CallWebhook.recorded(
            command, reason, utterance.map { ($0.recording, milliseconds: $0.milliseconds ?? 0) },
            publicURL: dossier.publicURL)
    }

    // MARK: Steps

    private func begin(
        _ content: RecordingContent, isPrivate: Bool, _ media: MediaHandle, _ dossier: inout Dossier,
        _ turn: inout Turn
    ) -> Active {
        let recording = Recording(
            recordingID: RecordingID(random: &turn.random), accountID: dossier.call.accountID,
            owner: .call(dossier.call.callID), created: dossier.clock.reading(turn.now), isPrivate: isPrivate)
        turn.store(.saveRecording(recording))
        turn.perform(.media(media, .startRecording(recording.recordingID, content)))
        dossier.note(
            .info, .media, "Recording begins", ["recordingId": .string(recording.recordingID.text)], &turn)
        return Active(recording: recording)
    }

    private mutating func complete(
        _ active: WritableKeyPath<Recordings, Active?>, seconds: Int, _ dossier: inout Dossier, _ turn: inout Turn
    ) {
        guard var recording = self[keyPath: active]?.recording else { return }
        recording.durationSeconds = seconds
        recording.dateUpdated = dossier.clock.reading(turn.now)
        recording.revision += 1
        self[keyPath: active]?.recording = recording
        turn.store(.saveRecording(recording))
        dossier.note(
            .info, .media, "Recording complete",
            ["recordingId": .string(recording.recordingID.text), "durationSec": JSONValue(seconds)], &turn)
    }
}
