import JSON
import PerCL
import Telephony

/// The bodies of a call's webhooks (spec §4): flat objects, all fields written, nulls too.
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

    /// What a call that was dialled says when it came to an outcome.
    static func connect(_ call: Call) -> String {
        call.direction == .outboundDial ? outDialConnect : outDialAPIConnect
    }

    /// The parameters that every voice webhook carries (spec §4.1).
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

    /// What `outDialApiConnect` and `outDialConnect` add: `dialCallStatus`, the copy of callStatus (seed).
    static func connectExtras(_ call: Call) -> [String: JSONValue] {
        ["dialCallStatus": .string(call.status.rawValue)]
    }

    /// What `machineDetected` adds (decision 5).
    static func machineExtras(_ answerer: Answerer) -> [String: JSONValue] {
        ["machineType": .string(answerer == .faxModem ? "fax modem" : "answering machine")]
    }

    static func getDigitsExtras(_ command: GetDigits, _ end: DigitCollection.End) -> [String: JSONValue] {
        [
            "digits": .string(end.digits), "reason": .string(end.reason.rawValue),
            "privacyMode": .bool(command.privacyMode),
        ]
    }

    /// What `callStatus` adds. A call never answered lasted 0 seconds (decision 26).
    static func callStatusExtras(_ call: Call) -> [String: JSONValue] {
        [
            "callEndedReason": JSONValue(call.endedReason?.rawValue),
            "callDuration": JSONValue(call.durationSeconds ?? 0),
            "recordingUrl": .null,
            "recordingId": .null,
            "recordingDurationSec": .null,
        ]
    }
}
