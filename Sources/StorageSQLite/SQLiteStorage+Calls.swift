import GRDB
package import Storage
package import Telephony

extension SQLiteStorage {
    /// What a call's row holds beside its row id.
    static let callColumns = """
        call_id, application_id, parent_call_id, phone_number_id, from_number, to_number, direction, status, created,
        ended_reason, answered_by, updated, revision, started, connected, ended
        """
    /// SQLite would otherwise look the account up for each row.
    private static let ofAccount = "account = (SELECT id FROM accounts WHERE account_id = :account)"

    package func call(_ callID: CallID, account: AccountID) async throws(StorageError) -> Call? {
        try await read { db in
            try Row.fetchOne(
                db, sql: "SELECT \(Self.callColumns) FROM calls WHERE call_id = :call AND \(Self.ofAccount)",
                arguments: ["call": callID.text, "account": account.text]
            ).map { row in
                var columns = ColumnReader(row)
                return try Self.call(&columns, account: account)
            }
        }
    }

    package func calls(
        account: AccountID, filter: CallFilter, after cursor: PageCursor?
    ) async throws(StorageError) -> Page<Call> {
        let search = CallSearch(account: account, filter: filter, cursor: cursor)
        return try await list(of: account) { db in try search.page(in: db) }
    }

    package func endedCalls(
        _ filter: EndedCallFilter, after position: EndedCallPosition?
    ) async throws(StorageError) -> EndedCalls {
        var conditions = ["ended IS NOT NULL"]
        var arguments: StatementArguments = ["limit": EndedCallFilter.pageSize + 1]
        if let account = filter.accountID {
            conditions.append(Self.ofAccount)
            arguments += ["account": account.text]
        }
        if let since = filter.since {
            conditions.append("ended >= :since")
            arguments += ["since": since.microseconds]
        }
        if let until = filter.until {
            conditions.append("ended < :until")
            arguments += ["until": until.microseconds]
        }
        if let position {
            conditions.append("(ended, call_id) > (:ended, :call)")
            arguments += ["ended": position.ended.microseconds, "call": position.callID.text]
        }
        let sql = """
            SELECT (SELECT account_id FROM accounts WHERE id = calls.account), \(Self.callColumns)
            FROM calls WHERE \(conditions.joined(separator: " AND ")) ORDER BY ended, call_id LIMIT :limit
            """
        let complete = arguments
        return try await read { db in
            let rows = try Row.fetchAll(db, sql: sql, arguments: complete)
            let page = rows.prefix(EndedCallFilter.pageSize)
            var readable = ReadableRows()
            let calls = try readable.map(page, of: "calls") { row in
                var columns = ColumnReader(row)
                return try Self.call(&columns, account: columns.identifier())
            }
            guard rows.count > page.count else { return EndedCalls(calls: calls, next: nil) }
            return EndedCalls(calls: calls, next: page.reversed().lazy.compactMap(Self.position).first)
        }
    }

    /// Where a list of ended calls goes on behind this one; nil where the row cannot be read.
    static func position(_ row: Row) -> EndedCallPosition? {
        guard let ended = try? row.time("ended"), let callID: CallID = try? row.identifier("call_id") else {
            return nil
        }
        return EndedCallPosition(ended: ended, callID: callID)
    }

    package func hasInboundCall(
        with number: PhoneNumber, account: AccountID
    ) async throws(StorageError) -> Bool {
        try await read { db in
            for column in ["from_number", "to_number"] {
                let found = try Bool.fetchOne(
                    db,
                    sql: """
                        SELECT EXISTS (SELECT 1 FROM calls
                        WHERE \(Self.ofAccount) AND \(column) = :number AND direction = 'inbound')
                        """,
                    arguments: ["account": account.text, "number": number.text])
                if found == true { return true }
            }
            return false
        }
    }

    package func journal(
        of callID: CallID, account: AccountID, after cursor: PageCursor?
    ) async throws(StorageError) -> Page<JournalEntry> {
        let query = PageQuery(
            columns: Self.entryColumns, table: "journal",
            condition: "call = (SELECT id FROM calls WHERE call_id = :call AND \(Self.ofAccount))", key: "sequence",
            arguments: ["call": callID.text, "account": account.text])
        return try await list(of: account) { db in
            try query.page(after: cursor, in: db) { row in
                // Behind the page's key and identifier.
                var columns = ColumnReader(row, from: 2)
                return try Self.entry(&columns, account: account, callID: callID)
            }
        }
    }

    package func journal(
        of callID: CallID, account: AccountID, behind sequence: Int
    ) async throws(StorageError) -> [JournalEntry] {
        try await list(of: account) { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT \(Self.entryColumns) FROM journal
                    WHERE call = (SELECT id FROM calls WHERE call_id = :call AND \(Self.ofAccount))
                        AND sequence > :sequence
                    ORDER BY sequence LIMIT \(PageLimits.pageSize)
                    """,
                arguments: ["call": callID.text, "account": account.text, "sequence": sequence])
            var readable = ReadableRows()
            return try readable.map(rows, of: "journal") { row in
                var columns = ColumnReader(row)
                return try Self.entry(&columns, account: account, callID: callID)
            }
        }
    }

    /// In the order of ``callColumns``.
    static func call(_ columns: inout ColumnReader, account: AccountID) throws -> Call {
        var call = Call(
            callID: try columns.identifier(), accountID: account, applicationID: try columns.optionalIdentifier(),
            parentCallID: try columns.optionalIdentifier(), phoneNumberID: try columns.optionalIdentifier(),
            from: try columns.value(), to: try columns.value(), direction: try columns.word(),
            status: try columns.word(), created: try columns.time())
        call.endedReason = try columns.optionalWord()
        call.answeredBy = try columns.optionalWord()
        call.dateUpdated = try columns.time()
        call.revision = try columns.count()
        call.startTime = try columns.optionalTime()
        call.connectTime = try columns.optionalTime()
        call.endTime = try columns.optionalTime()
        return call
    }

    /// What the two tables of entries have in common.
    static let entryColumns = "sequence, timestamp, level, scope, request_id, message, metadata"

    /// Of ``entryColumns``, those of entries of no call have one more.
    static let accountEntryColumns = entryColumns + ", room"

    /// In the order of ``accountEntryColumns``.
    static func accountEntry(_ columns: inout ColumnReader, account: AccountID) throws -> JournalEntry {
        var entry = try entry(&columns, account: account, callID: nil)
        entry.room = try columns.optionalRoom()
        return entry
    }

    /// In the order of ``entryColumns``.
    static func entry(
        _ columns: inout ColumnReader, account: AccountID, callID: CallID?
    ) throws -> JournalEntry {
        let sequence = try columns.count()
        return JournalEntry(
            timestamp: try columns.time(), sequence: sequence, level: try columns.word(),
            scope: try columns.word(), accountID: account, callID: callID,
            requestID: try columns.optionalIdentifier(), message: try columns.value(),
            metadata: try columns.members())
    }
}
