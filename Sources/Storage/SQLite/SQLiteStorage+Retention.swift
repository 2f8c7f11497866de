import GRDB
import Synchronization
package import Telephony

extension SQLiteStorage {
    package func removeCalls(endedBefore: Timestamp, limit: Int) async throws(StorageError) -> Int {
        let removed = Mutex(0)
        try await change { db in
            let calls = try Int64.fetchAll(
                db,
                sql: """
                    SELECT id FROM calls
                    WHERE ended < :before
                        AND NOT EXISTS (SELECT 1 FROM records WHERE call = calls.id)
                        AND NOT EXISTS (SELECT 1 FROM notifications WHERE call = calls.id)
                        AND NOT EXISTS (SELECT 1 FROM recordings WHERE call = calls.id AND deleted = 0)
                    ORDER BY ended LIMIT :limit
                    """,
                arguments: ["before": endedBefore.microseconds, "limit": limit])
            for call in calls {
                try db.execute(sql: "DELETE FROM journal WHERE call = ?", arguments: [call])
                try db.execute(sql: "DELETE FROM recordings WHERE call = ?", arguments: [call])
                try db.execute(sql: "DELETE FROM calls WHERE id = ?", arguments: [call])
            }
            removed.withLock { $0 = calls.count }
        }
        return removed.withLock { $0 }
    }

    package func removeJournals(endedBefore: Timestamp, limit: Int) async throws(StorageError) -> Int {
        let removed = Mutex(0)
        try await change { db in
            let calls = try Int64.fetchAll(
                db,
                sql: """
                    SELECT id FROM calls
                    WHERE ended < :before AND EXISTS (SELECT 1 FROM journal WHERE call = calls.id)
                        AND NOT EXISTS (SELECT 1 FROM notifications WHERE call = calls.id)
                    ORDER BY ended LIMIT :limit
                    """,
                arguments: ["before": endedBefore.microseconds, "limit": limit])
            for call in calls { try db.execute(sql: "DELETE FROM journal WHERE call = ?", arguments: [call]) }
            try db.execute(
                sql: """
                    DELETE FROM account_journal WHERE id IN
                        (SELECT id FROM account_journal WHERE timestamp < :before ORDER BY timestamp LIMIT :limit)
                    """,
                arguments: ["before": endedBefore.microseconds, "limit": limit])
            removed.withLock { $0 = calls.count }
        }
        return removed.withLock { $0 }
    }
}
