import GRDB
package import Telephony

extension SQLiteStorage {
    /// Looked for beside the writer, which has only to remove them: a call that ended long ago and owes nothing stays so.
    package func removeCalls(endedBefore: Timestamp, limit: Int) async throws(StorageError) -> Int {
        let calls = try await ended(
            before: endedBefore, limit: limit,
            """
            NOT EXISTS (SELECT 1 FROM records WHERE call = calls.id)
                AND NOT EXISTS (SELECT 1 FROM recordings WHERE call = calls.id AND deleted = 0)
            """)
        guard !calls.isEmpty else { return 0 }
        try await change { db in
            for call in calls {
                try db.execute(sql: "DELETE FROM journal WHERE call = ?", arguments: [call])
                try db.execute(sql: "DELETE FROM recordings WHERE call = ?", arguments: [call])
                try db.execute(sql: "DELETE FROM calls WHERE id = ?", arguments: [call])
            }
        }
        return calls.count
    }

    /// Calls that ended before, owe no webhook, and satisfy the condition; those that ended first come first.
    private func ended(before: Timestamp, limit: Int, _ condition: String) async throws(StorageError) -> [Int64] {
        try await read { db in
            try Int64.fetchAll(
                db,
                sql: """
                    SELECT id FROM calls
                    WHERE ended < :before AND NOT EXISTS (SELECT 1 FROM notifications WHERE call = calls.id)
                        AND \(condition)
                    ORDER BY ended LIMIT :limit
                    """,
                arguments: ["before": before.microseconds, "limit": limit])
        }
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
        let calls = try await ended(
            before: endedBefore, limit: limit, "EXISTS (SELECT 1 FROM journal WHERE call = calls.id)")
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
}
