import JSON
import Telephony

/// What a call's webhooks say of conferences (docs/contract/webhooks.md#conferences).
extension CallWebhook {
    static func conferenceCreated(_ id: ConferenceID) -> ScriptRequest {
        ScriptRequest(createConference, ["conferenceId": .string(id.text)])
    }

    static func joined(_ id: ConferenceID, _ status: Conference.Status) -> ScriptRequest {
        ScriptRequest(
            addToConferenceNotification,
            [
                "conferenceId": .string(id.text), "status": .string(status.rawValue), "recordingUrl": .null,
                "recordingId": .null, "recordingDurationSec": .null,
            ])
    }

    static func left(_ id: ConferenceID) -> ScriptRequest {
        ScriptRequest(leaveConference, ["conferenceId": .string(id.text)])
    }

    /// - Parameter digits: the sequence that was typed.
    static func controlAsked(_ id: ConferenceID, digits: String) -> ScriptRequest {
        ScriptRequest(callControl, ["conferenceId": .string(id.text), "digits": .string(digits)])
    }
}
