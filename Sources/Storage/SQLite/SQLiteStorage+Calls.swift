import GRDB
package import Telephony

extension SQLiteStorage {
    /// What a call's row holds beside its row id.
    private static let callColumns = """
        call_id, application_id, parent_call_id, phone_number_id, from_number, to_number, direction, status,
        ended_reason, answered_by, created, updated, revision, started, connected, ended
        """
    /// SQLite would otherwise look the account up for each row.
    private static let ofAccount = "account = (SELECT id FROM accounts WHERE account_id = :account)"

    package func call(_ callID: CallID, account: AccountID) async throws(StorageError) -> Call? {
        try await read { db in
            try Row.fetchOne(
                db, sql: "SELECT \(Self.callColumns) FROM calls WHERE call_id = :call AND \(Self.ofAccount)",
                arguments: ["call": callID.text, "account": account.text]
            ).map { try Self.call($0, account: account) }
        }
    }

    package func calls(
        account: AccountID, filter: CallFilter, after cursor: PageCursor?
    ) async throws(StorageError) -> Page<Call> {
        var query = PageQuery(
            columns: Self.callColumns, table: "calls", condition: Self.ofAccount, arguments: ["account": account.text])
        if let to = filter.to {
            query.condition += " AND to_number = :to"
            query.arguments["to"] = to
        }
        if let from = filter.from {
            query.condition += " AND from_number = :from"
            query.arguments["from"] = from
        }
        if let status = filter.status {
            query.condition += " AND status = :status"
            query.arguments["status"] = status.rawValue
        }
        if let parent = filter.parentCallID {
            query.condition += " AND parent_call_id = :parent"
            query.arguments["parent"] = parent.text
        }
        if !filter.applicationIDs.isEmpty {
            let names = filter.applicationIDs.indices.map { "application\($0)" }
            query.condition += " AND application_id IN (\(names.map { ":\($0)" }.joined(separator: ", ")))"
            for (name, id) in zip(names, filter.applicationIDs) { query.arguments[name] = id.text }
        }
        if let earliest = filter.startedFrom {
            query.condition += " AND started >= :started"
            query.arguments["started"] = earliest.microseconds
        }
        if let latest = filter.endedUntil {
            query.condition += " AND ended <= :ended"
            query.arguments["ended"] = latest.microseconds
        }
        if filter.isActive { query.condition += " AND \(Schema.active)" }
        let complete = query
        return try await read { db in
            try complete.page(after: cursor, in: db) { try Self.call($0, account: account) }
        }
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
            conditions.append("(ended, id) > (:ended, :row)")
            arguments += ["ended": position.ended.microseconds, "row": position.row]
        }
        let sql = """
            SELECT id, (SELECT account_id FROM accounts WHERE id = calls.account) AS account_id, \(Self.callColumns)
            FROM calls WHERE \(conditions.joined(separator: " AND ")) ORDER BY ended, id LIMIT :limit
            """
        let complete = arguments
        return try await read { db in
            let rows = try Row.fetchAll(db, sql: sql, arguments: complete)
            let page = rows.prefix(EndedCallFilter.pageSize)
            let calls = try page.map { try Self.call($0, account: $0.identifier("account_id")) }
            guard rows.count > page.count, let last = page.last else { return EndedCalls(calls: calls, next: nil) }
            return EndedCalls(
                calls: calls,
                next: EndedCallPosition(ended: try last.time("ended"), row: try last.value("id")))
        }
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
            columns: "sequence, timestamp, level, scope, request_id, message, metadata", table: "journal",
            condition: "call = (SELECT id FROM calls WHERE call_id = :call AND \(Self.ofAccount))", key: "sequence",
            arguments: ["call": callID.text, "account": account.text])
        return try await read { db in
            try query.page(after: cursor, in: db) { row in
                JournalEntry(
                    timestamp: try row.time("timestamp"), sequence: try row.value("sequence"),
                    level: try row.word("level"), scope: try row.word("scope"), accountID: account, callID: callID,
                    requestID: try row.optionalIdentifier("request_id"), message: try row.value("message"),
                    metadata: try row.members("metadata"))
            }
        }
    }

    private static func call(_ row: Row, account: AccountID) throws -> Call {
        var call = Call(
            callID: try row.identifier("call_id"), accountID: account,
            applicationID: try row.optionalIdentifier("application_id"),
            parentCallID: try row.optionalIdentifier("parent_call_id"),
            phoneNumberID: try row.optionalIdentifier("phone_number_id"), from: try row.value("from_number"),
            to: try row.value("to_number"), direction: try row.word("direction"), status: try row.word("status"),
            created: try row.time("created"))
        call.endedReason = try row.optionalWord("ended_reason")
        call.answeredBy = try row.optionalWord("answered_by")
        call.dateUpdated = try row.time("updated")
        call.revision = try row.value("revision")
        call.startTime = try row.optionalTime("started")
        call.connectTime = try row.optionalTime("connected")
        call.endTime = try row.optionalTime("ended")
        return call
    }
}
