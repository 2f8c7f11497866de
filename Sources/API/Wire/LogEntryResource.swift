import JSON
import Telephony

/// One entry of a log (spec §2.9). What the API has no field for stands within `metadata`.
struct LogEntryResource {
    let entry: JournalEntry

    func write(to writer: inout JSONWriter) {
        var metadata = entry.metadata
        metadata["scope"] = .string(entry.scope.rawValue)
        metadata["sequence"] = .integer(Int64(entry.sequence))
        writer.object { object in
            object.member("accountId", entry.accountID.text)
            object.member("callId", entry.callID?.text)
            object.member("level", entry.level.rawValue)
            object.member("message", entry.message)
            object.member("metadata", .object(metadata))
            object.member("requestId", entry.requestID?.text)
            object.member("timestamp", entry.timestamp.microseconds)
        }
    }
}
