import Dispatch
import GRDB
package import PQL
package import Storage
package import Telephony

extension SQLiteStorage {
    package func logs(
        account: AccountID, query: LogQuery?, after position: LogPosition?
    ) async throws(StorageError) -> LogPage {
        let search = LogSearch(account: account, query: query, after: position)
        try await logGate.enter(account)
        let end = DispatchTime.now().uptimeNanoseconds + UInt64(logMilliseconds) * 1_000_000
        let result: Result<LogPage?, StorageError>
        do { result = .success(try await read { db in try search.page(in: db, until: end) }) } catch {
            result = .failure(error)
        }
        await logGate.leave(account)
        guard let page = try result.get() else { throw .tooSlow(milliseconds: logMilliseconds) }
        return page
    }
}

/// One page of an account's log.
///
/// The entries of calls and those of none lie in two tables; each is read in the log's order, and the two are merged.
/// Which index serves is decided here and not by SQLite, which knows nothing of what its tables hold.
struct LogSearch: Sendable {
    /// The total counts as far as this reaches: ten thousand entries along an index take less than half of it.
    private static let countingInstructions = 200_000

    let account: AccountID
    let query: LogQuery?
    let position: LogPosition?
    private let narrowing: LogNarrowing

    init(account: AccountID, query: LogQuery?, after position: LogPosition?) {
        self.account = account
        self.query = query
        self.position = position
        narrowing = query.map { LogNarrowing($0.condition) } ?? LogNarrowing()
    }

    /// Nil where it took too long.
    ///
    /// - Parameter end: on the clock of `DispatchTime`, in nanoseconds.
    func page(in db: Database, until end: UInt64) throws -> LogPage? {
        let start = position?.position ?? 0
        let room = max(0, min(PageLimits.pageSize, PageLimits.maximumTotal - start))
        let found = try QueryLimit.time(until: end).run(in: db) { () -> (sources: [Source], rows: [Found]) in
            let sources = try self.sources(in: db)
            // One row more than the page holds tells whether there is a next one.
            let rows = try sources.flatMap { try self.rows(of: $0, atMost: room + 1, in: db) }
            return (sources, rows)
        }
        guard let found else { return nil }
        let rows = found.rows.sorted { $0.place.isNewer(than: $1.place) }
        let shown = rows.prefix(room)
        let last = start + shown.count
        var next: LogPosition?
        if rows.count > room, last < PageLimits.maximumTotal, var place = shown.last?.place {
            place.position = last
            next = place
        }
        let total = try QueryLimit.instructions(Self.countingInstructions).run(in: db) {
            try found.sources.reduce(0) { total, source in
                total + (try self.count(source, atMost: PageLimits.maximumTotal - total, in: db))
            }
        }
        return LogPage(
            entries: shown.map(\.entry), total: total.map { max($0, last) }, start: start, next: next)
    }

    // MARK: Where entries lie

    /// A table, the index to go along, and what narrows that.
    private struct Source {
        var sql: LogSQL
        var from: String
        var condition: String

        /// What orders the log within one moment. Calls' identifiers are looked up, for the few entries that the page has.
        var key: (call: String, sequence: String) {
            switch sql.table {
            case .calls: ("(SELECT call_id FROM calls WHERE calls.id = journal.call)", "sequence")
            case .account: ("''", "id")
            }
        }

        var columns: String {
            switch sql.table {
            case .calls: SQLiteStorage.entryColumns
            case .account: SQLiteStorage.accountEntryColumns
            }
        }
    }

    private func sources(in db: Database) throws -> [Source] {
        guard narrowing.isPossible,
            let key = try Int64.fetchOne(
                db, sql: "SELECT id FROM accounts WHERE account_id = ?", arguments: [account.text])
        else { return [] }
        var sources = try journal(of: key, in: db)
        // What belongs to no call has no callId that could be equal to something.
        if narrowing.callIDs == nil { sources.append(accountJournal(of: key)) }
        return sources
    }

    /// The entries of calls; none where there is no call to look at.
    private func journal(of account: Int64, in db: Database) throws -> [Source] {
        if let calls = try calls(of: account, in: db) {
            guard !calls.isEmpty else { return [] }
            var sql = LogSQL(.calls, account: self.account)
            // Along the primary key: with the plus, no index of the account's serves.
            let narrow = "call IN \(sql.bind(list: calls)) AND +account = \(sql.bind(account))"
            return [source(sql, from: "journal", narrow)]
        }
        guard narrowing.levels.contains(.info) else {
            // Each level by itself is in the log's order, and its entries alone are looked at.
            return JournalLevel.allCases.filter(narrowing.levels.contains).map { level in
                var sql = LogSQL(.calls, account: self.account)
                let levels = "\(Schema.grave) AND level = \(sql.bind(level.rawValue))"
                let narrow = "\(levels) AND account = \(sql.bind(account))\(times(&sql))"
                return source(sql, from: "journal INDEXED BY journal_grave", narrow)
            }
        }
        var sql = LogSQL(.calls, account: self.account)
        let narrow = "account = \(sql.bind(account))\(times(&sql))"
        return [source(sql, from: "journal INDEXED BY journal_by_time", narrow)]
    }

    private func accountJournal(of account: Int64) -> Source {
        var sql = LogSQL(.account, account: self.account)
        if let requests = narrowing.requestIDs {
            let list = sql.bind(list: requests.map(\.text).sorted())
            let narrow = "request_id IN \(list) AND account = \(sql.bind(account))"
            return source(sql, from: "account_journal INDEXED BY account_journal_by_request", narrow)
        }
        let narrow = "account = \(sql.bind(account))\(times(&sql))"
        return source(sql, from: "account_journal INDEXED BY account_journal_by_time", narrow)
    }

    private func source(_ sql: LogSQL, from: String, _ narrow: String) -> Source {
        var sql = sql
        let condition = query.map { " AND " + sql.condition($0.condition) } ?? ""
        return Source(sql: sql, from: from, condition: narrow + condition)
    }

    private func times(_ sql: inout LogSQL) -> String {
        var condition = ""
        if narrowing.earliest > .min { condition += " AND timestamp >= \(sql.bind(narrowing.earliest))" }
        if narrowing.latest < .max { condition += " AND timestamp <= \(sql.bind(narrowing.latest))" }
        return condition
    }

    /// The row ids of the calls that the query names, by themselves or by a request; nil where it names none.
    private func calls(of account: Int64, in db: Database) throws -> [Int64]? {
        var sql = LogSQL(.calls, account: self.account)
        if let ids = narrowing.callIDs {
            let list = sql.bind(list: ids.map(\.text).sorted())
            return try Int64.fetchAll(
                db, sql: "SELECT id FROM calls WHERE call_id IN \(list) AND +account = \(sql.bind(account))",
                arguments: StatementArguments(sql.arguments))
        }
        guard let ids = narrowing.requestIDs else { return nil }
        let list = sql.bind(list: ids.map(\.text).sorted())
        return try Int64.fetchAll(
            db,
            sql: """
                SELECT DISTINCT call FROM journal INDEXED BY journal_by_request
                WHERE request_id IN \(list) AND \(Schema.introducesRequest) AND account = \(sql.bind(account))
                """,
            arguments: StatementArguments(sql.arguments))
    }

    // MARK: Reading

    private struct Found {
        var place: LogPosition
        var entry: JournalEntry
    }

    private func rows(of source: Source, atMost count: Int, in db: Database) throws -> [Found] {
        var sql = source.sql
        var condition = source.condition
        let key = source.key
        if let position {
            let time = sql.bind(position.timestamp)
            let place = "\(time), \(sql.bind(position.callID?.text ?? "")), \(sql.bind(position.sequence))"
            // The first of the two is what the index can use for both tables.
            condition += " AND timestamp <= \(time) AND (timestamp, \(key.call), \(key.sequence)) < (\(place))"
        }
        let order = sql.table == .calls ? "timestamp DESC, call_id DESC, sequence DESC" : "timestamp DESC, id DESC"
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT timestamp, NULLIF(\(key.call), '') AS call_id, \(key.sequence), \(source.columns)
                FROM \(source.from) WHERE \(condition) ORDER BY \(order) LIMIT \(sql.bind(count))
                """,
            arguments: StatementArguments(sql.arguments))
        var found: [Found] = []
        while let row = try rows.next() {
            var columns = ColumnReader(row)
            let place = LogPosition(
                timestamp: try columns.value(), callID: try columns.optionalIdentifier(), sequence: try columns.value(),
                position: 0)
            let entry =
                switch source.sql.table {
                case .calls: try SQLiteStorage.entry(&columns, account: account, callID: place.callID)
                case .account: try SQLiteStorage.accountEntry(&columns, account: account)
                }
            found.append(Found(place: place, entry: entry))
        }
        return found
    }

    private func count(_ source: Source, atMost count: Int, in db: Database) throws -> Int {
        var sql = source.sql
        return try Int.fetchOne(
            db,
            sql: """
                SELECT COUNT(*) FROM
                (SELECT 1 FROM \(source.from) WHERE \(source.condition) LIMIT \(sql.bind(count)))
                """,
            arguments: StatementArguments(sql.arguments)) ?? 0
    }
}
