import JSON
import PerCL
import SIP
import Telephony

/// What of a talk is being recorded, each beside the others: the whole call, an utterance of the far end's, and its stay in a
/// conference.
struct Recordings: Sendable {
    /// A file that is being written.
    struct Active: Sendable {
        var recording: Recording
        /// Set once the file is complete.
        var milliseconds: Int?
        /// No file of it is longer; nil: as long as it takes.
        var longestMilliseconds: Int?
    }

    /// StartRecordCall's.
    private(set) var call: Active?
    /// The latest RecordUtterance's.
    var utterance: Active?
    /// What it says and hears in the conference that it is in.
    private var stay: Active?
    /// Of conferences that it has left, whose files are not complete yet.
    private var formerStays: [Active] = []

    init() {}

    /// What StartRecordCall left behind in an earlier process.
    init(restoring recording: Recording?) { call = recording.map { Active(recording: $0) } }

    /// StartRecordCall: both directions, until the call ends. A second one changes nothing.
    mutating func recordCall(_ media: MediaHandle, _ dossier: inout Dossier, _ turn: inout Turn) {
        guard call == nil else { return }
        let active = begin(.call, .call(dossier.call.callID), isPrivate: false, media, &dossier, &turn)
        call = active
        dossier.callRecordingID = active.recording.recordingID
        turn.want(.saveRecord)
    }

    mutating func startUtterance(
        _ command: RecordUtterance, _ media: MediaHandle, _ dossier: inout Dossier, _ turn: inout Turn
    ) {
        let owner = Recording.Owner.call(dossier.call.callID)
        let longest = command.maxLengthSeconds * 1000
        utterance = begin(
            .farEnd(longestMilliseconds: longest), owner, isPrivate: command.privacyMode, media, &dossier, &turn)
        utterance?.longestMilliseconds = longest
    }

    func endUtterance(_ media: MediaHandle, _ turn: inout Turn) {
        guard let utterance else { return }
        turn.perform(.media(media, .stopRecording(utterance.recording.recordingID)))
    }

    /// The conference that it is in is recorded.
    mutating func startStay(
        in conference: ConferenceID, _ media: MediaHandle, _ dossier: inout Dossier, _ turn: inout Turn
    ) {
        guard stay == nil else { return }
        let owner = Recording.Owner.participant(dossier.call.callID, in: conference)
        stay = begin(.stay, owner, isPrivate: false, media, &dossier, &turn)
    }

    /// It leaves the conference.
    mutating func endStay(_ media: MediaHandle, _ turn: inout Turn) {
        guard let over = stay else { return }
        stay = nil
        formerStays.append(over)
        turn.perform(.media(media, .stopRecording(over.recording.recordingID)))
    }

    /// A file is complete. True where it is the utterance's.
    mutating func ended(_ id: RecordingID, milliseconds: Int, _ dossier: inout Dossier, _ turn: inout Turn) -> Bool {
        let seconds = (milliseconds + 999) / 1000
        if utterance?.recording.recordingID == id {
            utterance?.milliseconds = milliseconds
            Self.complete(&utterance, seconds: seconds, &dossier, &turn)
            return true
        }
        if call?.recording.recordingID == id {
            Self.complete(&call, seconds: seconds, &dossier, &turn)
        } else if stay?.recording.recordingID == id {
            Self.complete(&stay, seconds: seconds, &dossier, &turn)
        } else if let index = formerStays.firstIndex(where: { $0.recording.recordingID == id }) {
            var over: Active? = formerStays.remove(at: index)
            Self.complete(&over, seconds: seconds, &dossier, &turn)
        }
        return false
    }

    /// The call ends, and with it what is being recorded: how long it was follows from the clock, since the webhooks
    /// that tell of it go to disk together with the end.
    mutating func close(_ dossier: inout Dossier, _ turn: inout Turn) {
        Self.close(&call, &dossier, &turn)
        closeUtterance(&dossier, &turn)
        Self.close(&stay, &dossier, &turn)
        for former in formerStays {
            var over: Active? = former
            Self.close(&over, &dossier, &turn)
        }
    }

    mutating func closeUtterance(_ dossier: inout Dossier, _ turn: inout Turn) {
        guard let active = utterance, active.recording.durationSeconds == nil else { return }
        let passed = dossier.clock.reading(turn.now).microseconds - active.recording.dateCreated.microseconds
        utterance?.milliseconds = min(Int(max(0, passed) / 1000), active.longestMilliseconds ?? .max)
        Self.close(&utterance, &dossier, &turn)
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
        _ content: RecordingContent, _ owner: Recording.Owner, isPrivate: Bool, _ media: MediaHandle,
        _ dossier: inout Dossier, _ turn: inout Turn
    ) -> Active {
        let recording = Recording(
            recordingID: RecordingID(random: &turn.random), accountID: dossier.call.accountID, owner: owner,
            created: dossier.clock.reading(turn.now), isPrivate: isPrivate)
        turn.store(.saveRecording(recording))
        turn.perform(.media(media, .startRecording(recording.recordingID, content)))
        dossier.note(.info, .media, "Recording begins", Self.names(recording), &turn)
        return Active(recording: recording)
    }

    /// It is complete, as far as the clock can tell.
    private static func close(_ active: inout Active?, _ dossier: inout Dossier, _ turn: inout Turn) {
        guard let open = active, open.recording.durationSeconds == nil else { return }
        let seconds = dossier.clock.reading(turn.now).secondsRoundedUp(since: open.recording.dateCreated)
        let longest = open.longestMilliseconds.map { ($0 + 999) / 1000 } ?? .max
        complete(&active, seconds: min(seconds, longest), &dossier, &turn)
    }

    private static func complete(
        _ active: inout Active?, seconds: Int, _ dossier: inout Dossier, _ turn: inout Turn
    ) {
        guard var recording = active?.recording else { return }
        recording.durationSeconds = seconds
        recording.dateUpdated = dossier.clock.reading(turn.now)
        recording.revision += 1
        active?.recording = recording
        turn.store(.saveRecording(recording))
        var metadata = names(recording)
        metadata["durationSec"] = JSONValue(seconds)
        dossier.note(.info, .media, "Recording complete", metadata, &turn)
    }

    /// For the call's log.
    private static func names(_ recording: Recording) -> [String: JSONValue] {
        var names: [String: JSONValue] = ["recordingId": .string(recording.recordingID.text)]
        if let conference = recording.conferenceID { names["conferenceId"] = .string(conference.text) }
        return names
    }
}
