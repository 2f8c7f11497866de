import GRDB
package import Storage
package import Telephony

extension SQLiteStorage {
    static let recordingColumns = """
        recording_id, (SELECT call_id FROM calls WHERE calls.id = recordings.call) AS call_id,
        (SELECT conference_id FROM conferences WHERE conferences.id = recordings.conference) AS conference_id, created,
        updated, revision, seconds, private, deleted
        """
    private static let ofAccount = "account = (SELECT id FROM accounts WHERE account_id = :account)"

    package func recording(_ id: RecordingID, account: AccountID) async throws(StorageError) -> Recording? {
        try await read { db in
            try Row.fetchOne(
                db,
                sql: """
                    SELECT \(Self.recordingColumns) FROM recordings
                    WHERE recording_id = :recording AND \(Self.ofAccount)
                    """,
                arguments: ["recording": id.text, "account": account.text]
            ).map { try Self.recording($0, account: account) }
        }
    }

    package func recordings(
        account: AccountID, filter: RecordingFilter, after cursor: PageCursor?
    ) async throws(StorageError) -> Page<Recording> {
        var query = PageQuery(
            columns: Self.recordingColumns, table: "recordings", condition: Self.ofAccount, identifier: "recording_id",
            arguments: ["account": account.text])
        if let callID = filter.callID {
            query.condition += " AND call = (SELECT id FROM calls WHERE call_id = :call)"
            query.arguments["call"] = callID.text
        }
        if let conferenceID = filter.conferenceID {
            query.condition += " AND conference = (SELECT id FROM conferences WHERE conference_id = :conference)"
            query.arguments["conference"] = conferenceID.text
        }
        if let earliest = filter.earliest {
            query.condition += " AND created >= :earliest"
            query.arguments["earliest"] = earliest.microseconds
        }
        if let latest = filter.latest {
            query.condition += " AND created < :latest"
            query.arguments["latest"] = latest.microseconds
        }
        let complete = query
        return try await list(of: account) { db in
            try complete.page(after: cursor, in: db) { try Self.recording($0, account: account) }
        }
    }

    package func unfinishedRecordings() async throws(StorageError) -> [Recording] {
        try await read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT \(Self.recordingColumns),
                        (SELECT account_id FROM accounts WHERE accounts.id = recordings.account) AS account_id
                    FROM recordings WHERE seconds IS NULL ORDER BY id
                    """)
            var readable = ReadableRows()
            return try readable.map(rows, of: "recordings") {
                try Self.recording($0, account: $0.identifier("account_id"))
            }
        }
    }

    package func expiredRecordings(
        privateBefore: Timestamp, before: Timestamp?, limit: Int
    ) async throws(StorageError) -> [Recording] {
        try await kept(
            "((private = 1 AND updated < :private) OR created < :before)",
            ["private": privateBefore.microseconds, "before": before?.microseconds ?? .min, "limit": limit])
    }

    package func oldestRecordings(limit: Int) async throws(StorageError) -> [Recording] {
        try await kept(
            """
            account = (
                SELECT account FROM recordings WHERE deleted = 0 AND seconds IS NOT NULL
                GROUP BY account ORDER BY SUM(seconds) DESC, account LIMIT 1)
            """, ["limit": limit])
    }

    private func kept(_ condition: String, _ arguments: StatementArguments) async throws(StorageError) -> [Recording] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT \(Self.recordingColumns),
                        (SELECT account_id FROM accounts WHERE accounts.id = recordings.account) AS account_id
                    FROM recordings WHERE deleted = 0 AND seconds IS NOT NULL AND \(condition)
                    ORDER BY created LIMIT :limit
                    """,
                arguments: arguments
            ).map { try Self.recording($0, account: $0.identifier("account_id")) }
        }
    }

    static func recording(_ row: Row, account: AccountID) throws -> Recording {
        var recording = Recording(
            recordingID: try row.identifier("recording_id"), accountID: account,
            owner: try owner(row),
            created: try row.time("created"), isPrivate: try row.value("private"))
        recording.dateUpdated = try row.time("updated")
        recording.revision = try row.value("revision")
        recording.durationSeconds = try row.optional("seconds")
        recording.isDeleted = try row.value("deleted")
        return recording
    }

    private static func owner(_ row: Row) throws -> Recording.Owner {
        guard let call = try row.optionalIdentifier("call_id") as CallID? else {
            return .conference(try row.identifier("conference_id"))
        }
        return try row.optionalIdentifier("conference_id").map { .participant(call, in: $0) } ?? .call(call)
    }
}
