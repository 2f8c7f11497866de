import GRDB
package import Storage
package import Telephony

extension SQLiteStorage {
    private static let conferenceColumns = """
        conference_id, alias, play_beep, recorded, status, wait_url, action_url, status_callback_url, created, updated,
        revision
        """
    private static let ofAccount = "account = (SELECT id FROM accounts WHERE account_id = :account)"

    package func conference(_ id: ConferenceID, account: AccountID) async throws(StorageError) -> Conference? {
        try await read { db in
            try Row.fetchOne(
                db,
                sql: """
                    SELECT \(Self.conferenceColumns) FROM conferences
                    WHERE conference_id = :conference AND \(Self.ofAccount)
                    """,
                arguments: ["conference": id.text, "account": account.text]
            ).map { try Self.conference($0, account: account) }
        }
    }

    package func conferences(
        account: AccountID, filter: ConferenceFilter, after cursor: PageCursor?
    ) async throws(StorageError) -> Page<Conference> {
        var query = PageQuery(
            columns: Self.conferenceColumns, table: "conferences", condition: Self.ofAccount,
            identifier: "conference_id", arguments: ["account": account.text])
        if let alias = filter.alias {
            query.condition += " AND alias = :alias"
            query.arguments["alias"] = alias
        }
        if let status = filter.status {
            // Fewer conferences have one alias than one status; with the plus, the index of those is not looked at.
            query.condition += filter.alias == nil ? " AND status = :status" : " AND +status = :status"
            query.arguments["status"] = status.rawValue
        }
        for (column, times) in [("created", filter.created), ("updated", filter.updated)] {
            guard let times else { continue }
            query.condition += " AND \(column) >= :\(column)_from AND \(column) < :\(column)_until"
            query.arguments["\(column)_from"] = times.lowerBound.microseconds
            query.arguments["\(column)_until"] = times.upperBound.microseconds
        }
        let complete = query
        return try await list(of: account) { db in
            try complete.page(after: cursor, in: db) { try Self.conference($0, account: account) }
        }
    }

    package func journal(
        of room: RoomID, account: AccountID, after cursor: PageCursor?
    ) async throws(StorageError) -> Page<JournalEntry> {
        // With the plus, no index of the account's serves: it would go through all of its entries.
        let query = PageQuery(
            columns: Self.accountEntryColumns, table: "account_journal",
            condition: "room = :room AND +\(Self.ofAccount)", key: "id",
            arguments: ["room": room.text, "account": account.text])
        return try await list(of: account) { db in
            try query.page(after: cursor, in: db) { row in
                // Behind the page's key and identifier.
                var columns = ColumnReader(row, from: 2)
                return try Self.accountEntry(&columns, account: account)
            }
        }
    }

    /// Looked for beside the writer, as calls are.
    package func removeConferences(
        terminatedBefore: Timestamp, after cursor: PageCursor?, limit: Int
    ) async throws(StorageError) -> (removed: Int, next: PageCursor?) {
        let conferences = try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT id, updated, conference_id FROM conferences
                    WHERE status = 'terminated' AND updated < :before
                        AND (updated, conference_id) > (:updated, :conference)
                        AND NOT EXISTS (SELECT 1 FROM notifications WHERE conference = conferences.id)
                        AND NOT EXISTS (SELECT 1 FROM recordings WHERE conference = conferences.id AND deleted = 0)
                    ORDER BY updated, conference_id LIMIT :limit
                    """,
                arguments: [
                    "before": terminatedBefore.microseconds, "limit": limit, "updated": cursor?.after ?? .min,
                    "conference": cursor?.identifier ?? "",
                ]
            ).map { row in
                (row: row["id"] as Int64, updated: row["updated"] as Int64, name: row["conference_id"] as String)
            }
        }
        guard let last = conferences.last else { return (0, nil) }
        try await change { db in
            for conference in conferences {
                try db.execute(sql: "DELETE FROM account_journal WHERE room = ?", arguments: [conference.name])
                try db.execute(sql: "DELETE FROM recordings WHERE conference = ?", arguments: [conference.row])
                try db.execute(sql: "DELETE FROM conferences WHERE id = ?", arguments: [conference.row])
            }
        }
        let position = (cursor?.position ?? 0) + conferences.count
        return (
            conferences.count,
            conferences.count < limit
                ? nil : PageCursor(after: last.updated, identifier: last.name, position: position)
        )
    }

    static func conference(_ row: Row, account: AccountID) throws -> Conference {
        var conference = Conference(
            conferenceID: try row.identifier("conference_id"), accountID: account, alias: try row.optional("alias"),
            playBeep: try row.word("play_beep"), isRecorded: try row.value("recorded"),
            waitURL: try row.optionalURL("wait_url"), actionURL: try row.optionalURL("action_url"),
            statusCallbackURL: try row.optionalURL("status_callback_url"), created: try row.time("created"))
        conference.status = try row.word("status")
        conference.dateUpdated = try row.time("updated")
        conference.revision = try row.count("revision")
        return conference
    }

    /// The row ids of those that a start takes up. Each half goes by an index of its own.
    static let unfinishedConferenceRows = """
        SELECT id FROM conferences WHERE \(Schema.alive) UNION SELECT id FROM conferences WHERE \(Schema.owing)
        """

    /// Those that have not been terminated, with their records, and those that have and have one, in order of creation.
    static func unfinishedConferences(
        in db: Database, _ readable: inout ReadableRows
    ) throws -> [(Conference, [UInt8]?)] {
        try readable.map(
            Row.fetchAll(
                db,
                sql: """
                    SELECT \(conferenceColumns), record,
                        (SELECT account_id FROM accounts WHERE id = conferences.account) AS account_id
                    FROM conferences WHERE id IN (\(unfinishedConferenceRows)) ORDER BY id
                    """),
            of: "conferences"
        ) { row in
            (try conference(row, account: row.identifier("account_id")), try row.optionalBytes("record"))
        }
    }
}
