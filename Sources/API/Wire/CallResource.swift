import JSON
import Telephony

/// The Call resource (docs/contract/calls.md#the-call-resource): every field is written, what is not known as null.
struct CallResource {
    let call: Call

    static func uri(_ call: CallID, of account: AccountID) -> String { "/Accounts/\(account)/Calls/\(call)" }

    func write(to writer: inout JSONWriter) {
        let uri = Self.uri(call.callID, of: call.accountID)
        let created = (call.dateCreated.rfc1123, call.dateCreated.iso8601)
        let isUntouched = call.dateUpdated == call.dateCreated
        let updated = isUntouched ? created : (call.dateUpdated.rfc1123, call.dateUpdated.iso8601)
        writer.object { object in
            object.member("accountId", call.accountID.text)
            object.member("answeredBy", call.answeredBy?.rawValue)
            object.member("applicationId", call.applicationID?.text)
            object.member("audioStreamDuration", Int?.none)
            object.member("callEndedReason", call.endedReason?.rawValue)
            object.member("callId", call.callID.text)
            object.member("callerName", String?.none)
            object.member("connectDuration", call.connectDurationSeconds)
            object.member("connectTime", call.connectTime?.rfc1123)
            object.member("connectTimeISO", call.connectTime?.iso8601)
            object.member("dateCreated", created.0)
            object.member("dateCreatedISO", created.1)
            object.member("dateUpdated", updated.0)
            object.member("dateUpdatedISO", updated.1)
            object.member("direction", call.direction.rawValue)
            object.member("duration", call.durationSeconds)
            object.member("endTime", call.endTime?.rfc1123)
            object.member("endTimeISO", call.endTime?.iso8601)
            object.member("from", call.from)
            object.member("parentCallId", call.parentCallID?.text)
            object.member("phoneNumberId", call.phoneNumberID?.text)
            object.member("revision", call.revision)
            object.member("startTime", call.startTime?.rfc1123)
            object.member("startTimeISO", call.startTime?.iso8601)
            object.member("status", call.status.rawValue)
            object.member("subresourceUris") { subresources in
                subresources.member("logs", uri + "/Logs")
                subresources.member("recordings", uri + "/Recordings")
            }
            object.member("to", call.to)
            object.member("uri", uri)
            object.member("webRTC", false)
        }
    }
}
