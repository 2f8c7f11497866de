import JSON
import Telephony

/// The Recording resource (docs/contract/rest.md#recordings).
struct RecordingResource {
    let recording: Recording
    let isGone: Bool

    init(_ recording: Recording, now: Timestamp) {
        self.recording = recording
        isGone = recording.isGone(at: now)
    }

    func write(to writer: inout JSONWriter) {
        let uri = "/Accounts/\(recording.accountID)/Recordings/\(recording.recordingID)"
        writer.object { object in
            object.member("accountId", recording.accountID.text)
            object.member("callId", recording.callID?.text)
            object.member("conferenceId", recording.conferenceID?.text)
            object.member("dateCreated", recording.dateCreated.rfc1123)
            object.member("dateCreatedISO", recording.dateCreated.iso8601)
            object.member("dateUpdated", recording.dateUpdated.rfc1123)
            object.member("dateUpdatedISO", recording.dateUpdated.iso8601)
            object.member("deleted", isGone)
            object.member("downloadUrl", isGone ? nil : uri + "/Download")
            object.member("durationSec", recording.durationSeconds)
            object.member("mimeType", "audio/wav")
            object.member("recordingId", recording.recordingID.text)
            object.member("revision", recording.revision)
            object.member("type", recording.isPrivate ? "private" : "protected")
            object.member("uri", uri)
        }
    }
}
