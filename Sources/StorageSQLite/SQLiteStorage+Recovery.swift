import GRDB
package import Storage
package import Telephony

extension SQLiteStorage {
    /// The journal sequences are those of every call that is not over, has a record or owes a notification: the
    /// entry that tells of the delivery needs its number too.
    ///
    /// One row that cannot be read does not keep the others from being taken up.
    package func unfinishedWork() async throws(StorageError) -> UnfinishedWork {
        try await read { db in
            var readable = ReadableRows()
            let records = try readable.map(
                Row.fetchAll(
                    db,
                    sql: """
                        SELECT call_id, record FROM records JOIN calls ON calls.id = records.call
                        ORDER BY records.call
                        """),
                of: "records"
            ) { (try $0.identifier("call_id") as CallID, try $0.bytes("record")) }

            let notifications = try readable.map(
                Row.fetchAll(
                    db,
                    sql: """
                        SELECT notifications.*, call_id, conference_id, account_id FROM notifications
                        LEFT JOIN calls ON calls.id = notifications.call
                        LEFT JOIN conferences ON conferences.id = notifications.conference
                        JOIN accounts ON accounts.id = COALESCE(calls.account, conferences.account)
                        ORDER BY call IS NULL, call, conference, event_sequence
                        """),
                of: "notifications", Self.notification)

            let sequences = try readable.map(
                Row.fetchAll(
                    db,
                    sql: """
                        SELECT call_id, COALESCE((SELECT MAX(sequence) FROM journal
                            WHERE call = calls.id AND sequence <= \(ColumnRange.counts.upperBound)), 0) AS highest
                        FROM calls WHERE id IN
                            (SELECT call FROM records UNION SELECT call FROM notifications
                                UNION SELECT id FROM calls WHERE \(Schema.active))
                        """),
                of: "calls"
            ) { (try $0.identifier("call_id") as CallID, try $0.value("highest", as: Int.self)) }

            let recordings = try readable.map(
                Row.fetchAll(
                    db,
                    sql: """
                        SELECT \(Self.recordingColumns),
                            (SELECT account_id FROM accounts WHERE id = recordings.account) AS account_id
                        FROM recordings WHERE call IN (SELECT call FROM records) OR id IN
                            (SELECT latest.id FROM (\(Self.unfinishedConferenceRows)) AS taken
                                JOIN recordings AS latest ON latest.id IN
                                    (SELECT id FROM recordings AS own WHERE own.conference = taken.id AND own.call IS NULL
                                        ORDER BY own.id DESC LIMIT \(Conference.mostIncompleteRecordings)))
                        """),
                of: "recordings"
            ) { try Self.recording($0, account: $0.identifier("account_id")) }

            let queues = try readable.map(
                Row.fetchAll(
                    db,
                    sql: """
                        SELECT queues.*, account_id FROM queues JOIN accounts ON accounts.id = queues.account
                        ORDER BY queues.id
                        """),
                of: "queues", Self.queue)

            let conferences = try Self.unfinishedConferences(in: db, &readable)
            let rows = try readable.map(Self.unfinishedRows(in: db), of: "calls", Self.unfinishedRow)

            return UnfinishedWork(
                records: records, notifications: notifications,
                journalSequences: Dictionary(sequences, uniquingKeysWith: { first, _ in first }),
                recordings: Dictionary(
                    recordings.map { ($0.recordingID, $0) }, uniquingKeysWith: { first, _ in first }),
                rows: rows, complaints: readable.complaints, queues: queues, conferences: conferences)
        }
    }

    /// Ends calls of which neither the row nor the record can be read: a later version's words, or a damaged database.
    /// Nobody can be told, for nothing tells whom. To be called when a start has taken up the others.
    ///
    /// - Returns: what was done, in words for the operator.
    package func endUnreadableCalls(now: Timestamp) async throws(StorageError) -> [String] {
        let unreadable = try await read { db -> [(row: Int64, reason: String)] in
            try Self.unfinishedRows(in: db).compactMap { row -> (row: Int64, reason: String)? in
                do {
                    _ = try Self.unfinishedRow(row)
                    return nil
                } catch {
                    // Whoever has a record was taken up by it, unless nothing told whose it is.
                    let hasRecord = try row.value("has_record", as: Bool.self)
                    let isTakenUp = hasRecord && (try? row.identifier("call_id") as CallID) != nil
                    let status = CallStatus(rawValue: try row.value("status"))
                    guard !isTakenUp, status?.isTerminal != true else { return nil }
                    return (row: try row.value("id"), reason: "\(StorageError(error))")
                }
            }
        }
        guard !unreadable.isEmpty else { return [] }
        try await change { db in
            for (row, _) in unreadable {
                try db.execute(sql: "DELETE FROM records WHERE call = ?", arguments: [row])
                try db.execute(
                    sql: """
                        UPDATE calls SET status = 'failed', ended_reason = 'internalError', ended = :now, updated = :now,
                            revision = revision + 1
                        WHERE id = :row
                        """, arguments: ["now": now.microseconds, "row": row])
            }
        }
        return unreadable.map { "row \($0.row) of calls cannot be read, so that its call ends: \($0.reason)" }
    }

    private static func unfinishedRows(in db: Database) throws -> [Row] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT \(callColumns), id, (SELECT account_id FROM accounts WHERE id = calls.account) AS account_id,
                    (SELECT status_callback_url FROM applications
                        WHERE applications.application_id = calls.application_id) AS callback,
                    EXISTS (SELECT 1 FROM records WHERE call = calls.id) AS has_record,
                    COALESCE((SELECT MAX(event_sequence) FROM notifications WHERE call = calls.id), 0) AS event_sequence
                FROM calls WHERE id IN (SELECT id FROM calls WHERE \(Schema.active) UNION SELECT call FROM records)
                ORDER BY id
                """)
    }

    private static func unfinishedRow(_ row: Row) throws -> UnfinishedRow {
        var columns = ColumnReader(row)
        return UnfinishedRow(
            call: try call(&columns, account: row.identifier("account_id")),
            applicationStatusCallbackURL: try row.optionalURL("callback"),
            eventSequence: try row.count("event_sequence"))
    }

    package func use(since: Timestamp) async throws(StorageError) -> [DayUse] {
        try await read { db in
            let rows = try Row.fetchAll(
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
                arguments: ["since": since.microseconds])
            var readable = ReadableRows()
            return try readable.map(rows, of: "accounts") { row in
                DayUse(
                    accountID: try row.identifier("account_id"), calls: try row.value("begun"),
                    seconds: try row.value("seconds"))
            }
        }
    }

    private static func queue(_ row: Row) throws -> CallQueue {
        var queue = CallQueue(
            queueID: try row.identifier("queue_id"), accountID: try row.identifier("account_id"),
            alias: try row.optional("alias"), maxSize: try row.count("max_size"), isKept: try row.value("kept"),
            created: try row.time("created"))
        queue.dateUpdated = try row.time("updated")
        queue.revision = try row.count("revision")
        return queue
    }

    private static func notification(_ row: Row) throws -> PendingNotification {
        guard let url = try row.optionalURL("url") else {
            throw StorageError.corrupt("the notification's URL is one that can never work")
        }
        let body = try row.bytes("body")
        guard !body.isEmpty else { throw StorageError.corrupt("the notification has no body") }
        let owner: WebhookOwner =
            try row.optionalIdentifier("call_id").map { .call($0) } ?? .conference(row.identifier("conference_id"))
        return PendingNotification(
            webhook: Webhook(
                eventID: try row.identifier("event_id"), eventSequence: try row.count("event_sequence"),
                requestID: try row.identifier("request_id"), accountID: try row.identifier("account_id"),
                owner: owner, requestType: try row.value("request_type"),
                purpose: try row.word("purpose"), url: url, body: body),
            attempts: try row.count("attempts"), firstAttempt: try row.time("first_attempt"),
            nextAttempt: try row.time("next_attempt"))
    }
}
