import GRDB
package import Storage
package import Telephony

extension SQLiteStorage {
    /// Looked for beside the writer, which has only to remove them: a call that ended long ago and owes nothing stays so.
    package func removeCalls(
        endedBefore: Timestamp, after position: EndedCallPosition?, limit: Int
    ) async throws(StorageError) -> (removed: Int, next: EndedCallPosition?) {
        let calls = try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT id, ended, call_id FROM calls
                    WHERE ended < :before AND (ended, call_id) > (:ended, :call)
                        AND NOT EXISTS (SELECT 1 FROM notifications WHERE call = calls.id)
                        AND NOT EXISTS (SELECT 1 FROM records WHERE call = calls.id)
                        AND NOT EXISTS (SELECT 1 FROM recordings WHERE call = calls.id AND deleted = 0)
                    ORDER BY ended, call_id LIMIT :limit
                    """,
                arguments: [
                    "before": endedBefore.microseconds, "limit": limit,
                    "ended": position?.ended.microseconds ?? .min, "call": position?.callID.text ?? "",
                ]
            ).map { row in (row: row["id"] as Int64, position: Self.position(row)) }
        }
        guard !calls.isEmpty else { return (0, nil) }
        try await change { db in
            for call in calls {
                try db.execute(sql: "DELETE FROM journal WHERE call = ?", arguments: [call.row])
                try db.execute(sql: "DELETE FROM recordings WHERE call = ?", arguments: [call.row])
                try db.execute(sql: "DELETE FROM calls WHERE id = ?", arguments: [call.row])
            }
        }
        // One that cannot be read is gone with the others, and tells no place.
        return (calls.count, calls.count < limit ? nil : calls.last { $0.position != nil }?.position)
    }

    package func call(
        keyed key: String, account: AccountID, since: Timestamp
    ) async throws(StorageError) -> (call: CallID, fingerprint: [UInt8])? {
        try await read { db in
            try Row.fetchOne(
                db,
                sql: """
                    SELECT call_id, fingerprint FROM idempotency_keys JOIN calls ON calls.id = idempotency_keys.call
                    WHERE idempotency_keys.account = (SELECT id FROM accounts WHERE account_id = :account)
                        AND key = :key AND idempotency_keys.created >= :since
                    """,
                arguments: ["account": account.text, "key": key, "since": since.microseconds]
            ).map { (try $0.identifier("call_id"), try $0.bytes("fingerprint")) }
        }
    }

    package func removeKeys(before: Timestamp) async throws(StorageError) {
        try await change { db in
            try db.execute(
                sql: "DELETE FROM idempotency_keys WHERE created < ?", arguments: [before.microseconds])
        }
    }

    package func removeJournals(endedBefore: Timestamp, limit: Int) async throws(StorageError) -> Int {
        let calls = try await callsWithJournals(endedBefore: endedBefore, limit: limit)
        try await change { db in
            for call in calls { try db.execute(sql: "DELETE FROM journal WHERE call = ?", arguments: [call]) }
            try db.execute(
                sql: """
                    DELETE FROM account_journal WHERE id IN
                        (SELECT id FROM account_journal WHERE timestamp < :before ORDER BY timestamp LIMIT :limit)
                    """,
                arguments: ["before": endedBefore.microseconds, "limit": limit])
        }
        return calls.count
    }

    /// Found by their oldest entries, and not among the calls, which stay behind when their journals are gone: a sweep
    /// would look at all of those again and again.
    private func callsWithJournals(endedBefore: Timestamp, limit: Int) async throws(StorageError) -> [Int64] {
        try await read { db in
            var calls: [Int64] = []
            for account in try Int64.fetchAll(db, sql: "SELECT id FROM accounts") where calls.count < limit {
                calls += try Int64.fetchAll(
                    db,
                    sql: """
                        SELECT DISTINCT journal.call
                        FROM journal INDEXED BY journal_by_time CROSS JOIN calls ON calls.id = journal.call
                        WHERE journal.account = :account AND journal.timestamp < :before AND calls.ended < :before
                            AND NOT EXISTS (SELECT 1 FROM notifications WHERE call = calls.id)
                        LIMIT :limit
                        """,
                    arguments: [
                        "account": account, "before": endedBefore.microseconds, "limit": limit - calls.count,
                    ])
            }
            return calls
        }
    }
}
