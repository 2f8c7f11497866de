import JSON
import PerCL
import Telephony

/// The bodies of a call's webhooks (docs/contract/webhooks.md#the-webhooks): flat objects, all fields written, nulls
/// too.
enum CallWebhook {
    static let outDialAPIConnect = "outDialApiConnect"
    static let callStatus = "callStatus"
    static let redirect = "redirect"
    static let outDialConnect = "outDialConnect"
    static let outDialStart = "outDialStart"
    static let getDigits = "getDigits"
    static let record = "record"
    static let inboundCall = "inboundCall"
    static let machineDetected = "machineDetected"

    static let addToQueueNotification = "addToQueueNotification"
    static let queueWait = "queueWait"
    static let dequeue = "dequeue"
    static let removeFromQueueNotification = "removeFromQueueNotification"
    static let park = "park"
    static let parkWait = "parkWait"
    static let unpark = "unpark"

    static let createConference = "createConference"
    static let addToConferenceNotification = "addToConferenceNotification"
    static let leaveConference = "leaveConference"
    static let callControl = "callControl"

    /// What a call that was dialled says when it came to an outcome.
    static func connect(_ call: Call) -> String {
        call.direction == .outboundDial ? outDialConnect : outDialAPIConnect
    }

    /// The parameters that every voice webhook carries (docs/contract/webhooks.md#fields).
    static func standard(_ requestType: String, _ call: Call) -> [String: JSONValue] {
        [
            "requestType": .string(requestType),
            "callId": .string(call.callID.text),
            "accountId": .string(call.accountID.text),
            "from": .string(call.from),
            "to": .string(call.to),
            "callStatus": .string(call.status.rawValue),
            "direction": .string(call.direction.rawValue),
            "conferenceId": .null,
            "queueId": .null,
            "parentCallId": JSONValue(call.parentCallID?.text),
        ]
    }

    /// What `outDialApiConnect` and `outDialConnect` add: `dialCallStatus`, the copy of callStatus
    /// (docs/contract/webhooks.md#outdialapiconnect).
    static func connectExtras(_ call: Call) -> [String: JSONValue] {
        ["dialCallStatus": .string(call.status.rawValue)]
    }

    /// What `machineDetected` adds: `machineType`, in the API's words with a blank
    /// (docs/contract/webhooks.md#machinedetected).
    static func machineExtras(_ answerer: Answerer) -> [String: JSONValue] {
        ["machineType": .string(answerer == .faxModem ? "fax modem" : "answering machine")]
    }

    /// What a GetDigits has come to (docs/contract/webhooks.md#getdigits).
    static func collected(_ command: GetDigits, _ end: DigitCollection.End) -> ScriptRequest {
        ScriptRequest(
            getDigits,
            [
                "digits": .string(end.digits), "reason": .string(end.reason.rawValue),
                "privacyMode": .bool(command.privacyMode),
            ], privateFields: command.privacyMode ? ["digits"] : [])
    }

    /// What a RecordUtterance has come to (docs/contract/webhooks.md#record): nulls where nothing was recorded.
    static func recorded(
        _ command: RecordUtterance, _ reason: UtteranceRecording.Reason,
        _ utterance: (recording: Recording, milliseconds: Int)?, publicURL: String
    ) -> ScriptRequest {
        var extras: [String: JSONValue] = [
            "termReason": .string(reason.rawValue), "privacyMode": .bool(command.privacyMode),
            "recordingId": .null, "recordingUrl": .null, "recordingSize": .null, "recordingFormat": .null,
            "recordingDurationSec": 0,
        ]
        if let utterance {
            extras.merge(recordingFields(utterance.recording, publicURL: publicURL)) { _, new in new }
            extras["recordingSize"] = .string(String(RecordingLinks.fileBytes(milliseconds: utterance.milliseconds)))
            extras["recordingFormat"] = "audio/wav"
        }
        return ScriptRequest(record, extras)
    }

    /// What callStatus and record say of a recording.
    static func recordingFields(_ recording: Recording, publicURL: String) -> [String: JSONValue] {
        [
            "recordingId": .string(recording.recordingID.text),
            "recordingUrl": .string(RecordingLinks(publicURL: publicURL).download(of: recording)),
            "recordingDurationSec": JSONValue(recording.durationSeconds ?? 0),
        ]
    }

    /// callStatus. A call never answered lasted 0 seconds (docs/contract/calls.md#durations).
    ///
    /// - Parameter recording: StartRecordCall's.
    static func ended(_ call: Call, _ recording: Recording?, publicURL: String) -> ScriptRequest {
        var extras: [String: JSONValue] = [
            "callEndedReason": JSONValue(call.endedReason?.rawValue),
            "callDuration": JSONValue(call.durationSeconds ?? 0),
            "recordingUrl": .null,
            "recordingId": .null,
            "recordingDurationSec": .null,
        ]
        if let recording {
            extras.merge(recordingFields(recording, publicURL: publicURL)) { _, recording in recording }
        }
        return ScriptRequest(callStatus, extras)
    }
}
