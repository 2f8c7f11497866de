import JSON
import PQL
import Telephony

/// One entry of a log (docs/contract/rest.md#logs). What the API has no field for stands within `metadata`.
struct LogEntryResource {
    let entry: JournalEntry

    func write(to writer: inout JSONWriter) {
        writer.object { object in
            object.member("accountId", entry.accountID.text)
            object.member("callId", entry.callID?.text)
            object.member("level", entry.level.rawValue)
            object.member("message", entry.message)
            object.member("metadata", .object(entry.shownMetadata))
            object.member("requestId", entry.requestID?.text)
            object.member("timestamp", entry.timestamp.microseconds)
        }
    }
}
