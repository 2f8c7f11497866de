import JSON
import Telephony

/// What is kept of an ended call for whoever pays for it: times in ISO 8601 in UTC, lengths in whole seconds.
struct CallDetailRecord {
    let call: Call

    func write(to writer: inout JSONWriter) {
        writer.object { object in
            object.member("callId", call.callID.text)
            object.member("accountId", call.accountID.text)
            object.member("applicationId", call.applicationID?.text)
            object.member("parentCallId", call.parentCallID?.text)
            object.member("phoneNumberId", call.phoneNumberID?.text)
            object.member("direction", call.direction.rawValue)
            object.member("from", call.from)
            object.member("to", call.to)
            object.member("status", call.status.rawValue)
            object.member("callEndedReason", call.endedReason?.rawValue)
            object.member("answeredBy", call.answeredBy?.rawValue)
            object.member("created", call.dateCreated.iso8601)
            object.member("started", call.startTime?.iso8601)
            object.member("connected", call.connectTime?.iso8601)
            object.member("ended", call.endTime?.iso8601)
            object.member("duration", call.durationSeconds)
            object.member("connectDuration", call.connectDurationSeconds)
        }
    }
}
