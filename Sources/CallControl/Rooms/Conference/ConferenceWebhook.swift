import JSON
import Telephony

/// The bodies of a conference's webhooks (docs/contract/webhooks.md#conferences): flat objects, all fields written, nulls
/// too.
enum ConferenceWebhook {
    static let conferenceStatus = "conferenceStatus"
    static let conferenceRecordingStatus = "conferenceRecordingStatus"

    /// Of the call that made the conference, nulls where none did.
    ///
    /// - Parameter recording: that is complete now.
    static func fields(
        _ type: String, _ conference: Conference, _ origin: ConferenceOrigin, _ recording: Recording?,
        publicURL: String
    ) -> [String: JSONValue] {
        let call = origin.call
        var fields: [String: JSONValue] = [
            "requestType": .string(type),
            "accountId": .string(conference.accountID.text),
            "conferenceId": .string(conference.conferenceID.text),
            "status": .string(conference.status.rawValue),
            "callId": JSONValue(call?.callID.text),
            "from": JSONValue(call?.from),
            "to": JSONValue(call?.to),
            // A conference outlives the call that made it, and is told of without it.
            "callStatus": .null,
            "direction": JSONValue(call?.direction.rawValue),
            "parentCallId": JSONValue(call?.parentCallID?.text),
            "queueId": .null,
            "recordingUrl": .null,
            "recordingId": .null,
            "recordingDurationSec": .null,
        ]
        if let recording {
            fields.merge(CallWebhook.recordingFields(recording, publicURL: publicURL)) { _, recording in recording }
        }
        return fields
    }
}
