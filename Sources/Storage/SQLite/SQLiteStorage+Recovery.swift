import GRDB
package import Telephony

extension SQLiteStorage {
    /// The journal sequences are those of every call that has a record or owes a notification: the entry that tells
    /// of the delivery needs its number too.
    package func unfinishedWork() async throws(StorageError) -> UnfinishedWork {
        try await read { db in
            let records = try Row.fetchAll(
                db,
                sql: """
                    SELECT call_id, record FROM records JOIN calls ON calls.id = records.call ORDER BY records.call
                    """
            ).map { (try $0.identifier("call_id") as CallID, try $0.bytes("record")) }

            let notifications = try Row.fetchAll(
                db,
                sql: """
                    SELECT notifications.*, call_id, account_id FROM notifications
                    JOIN calls ON calls.id = notifications.call
                    JOIN accounts ON accounts.id = calls.account
                    ORDER BY notifications.call, event_sequence
                    """
            ).compactMap(Self.notification)

            let sequences = try Row.fetchAll(
                db,
                sql: """
                    SELECT call_id, COALESCE((SELECT MAX(sequence) FROM journal WHERE call = calls.id), 0) AS highest
                    FROM calls WHERE id IN (SELECT call FROM records UNION SELECT call FROM notifications)
                    """
            ).map { (try $0.identifier("call_id") as CallID, try $0.value("highest", as: Int.self)) }

            let recordings = try Row.fetchAll(
                db,
                sql: """
                    SELECT \(Self.recordingColumns),
                        (SELECT account_id FROM accounts WHERE id = recordings.account) AS account_id
                    FROM recordings WHERE call IN (SELECT call FROM records)
                    """
            ).map { try Self.recording($0, account: $0.identifier("account_id")) }

            return UnfinishedWork(
                records: records, notifications: notifications,
                journalSequences: Dictionary(sequences, uniquingKeysWith: { first, _ in first }),
                recordings: Dictionary(recordings.map { ($0.recordingID, $0) }, uniquingKeysWith: { first, _ in first })
            )
        }
    }

    package func use(since: Timestamp) async throws(StorageError) -> [DayUse] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT account_id,
                        (SELECT COUNT(*) FROM calls
                            WHERE started >= :since AND account = accounts.id AND direction <> 'inbound') AS begun,
                        (SELECT COALESCE(SUM((ended - connected + 999999) / 1000000), 0) FROM calls
                            WHERE ended >= :since AND connected IS NOT NULL AND account = accounts.id
                                AND direction <> 'inbound') AS seconds
                    FROM accounts ORDER BY id
                    """,
                arguments: ["since": since.microseconds]
            ).map { row in
                DayUse(
                    accountID: try row.identifier("account_id"), calls: try row.value("begun"),
                    seconds: try row.value("seconds"))
            }
        }
    }

    /// Nil: its URL is one that an earlier version took and that can never work.
    private static func notification(_ row: Row) throws -> PendingNotification? {
        guard let url = try row.optionalURL("url") else { return nil }
        return PendingNotification(
            webhook: Webhook(
                eventID: try row.identifier("event_id"), eventSequence: try row.value("event_sequence"),
                requestID: try row.identifier("request_id"), accountID: try row.identifier("account_id"),
                callID: try row.identifier("call_id"), requestType: try row.value("request_type"),
                purpose: try row.word("purpose"), url: url, body: try row.bytes("body")),
            attempts: try row.value("attempts"), firstAttempt: try row.time("first_attempt"),
            nextAttempt: try row.time("next_attempt"))
    }
}
