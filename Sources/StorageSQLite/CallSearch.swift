import Dispatch
import GRDB
import Storage
import Telephony

/// One page of an account's calls, by any of the filters together.
///
/// Which index serves is decided here and not by SQLite, which knows nothing of what its tables hold: the matches of
/// each filter are counted along its own index, as far as lists go, and the one with the fewest leads.
/// - Where they are few, all of them are looked at: the list, its order and its total come of one reading.
/// - Where every filter has many, calls are looked at newest first until the page is full, and the total is left open
///   where counting it would take too long.
///
/// Whether a call satisfies the other filters is asked of their indexes. Rows are read for the page alone, and for the calls
/// that were created in the same moment as its first or its last.
struct CallSearch: Sendable {
    /// A total of several filters counts as far as this reaches: some five thousand calls.
    private static let countingInstructions = 130_000

    let account: AccountID
    let filter: CallFilter
    let cursor: PageCursor?

    /// A call's place in the list, and its row.
    private struct Place {
        var created: Int64
        var identifier: String
        var row: Int64

        func isNewer(than other: Place) -> Bool { (created, identifier) > (other.created, other.identifier) }
    }

    /// One filter, and the index that holds what satisfies it.
    private struct Source: Equatable {
        var index: String
        var condition: String
        /// The matches lie there in the list's order, so that it also says whether one call is among them.
        var isInOrder = true

        /// Whether a call is among the matches, said by an index alone: rows lie far apart in the file.
        var probe: String {
            // The one of all calls says when each of them began and ended.
            let index = isInOrder ? index : "calls_by_account"
            return """
                EXISTS (SELECT 1 FROM calls AS probed INDEXED BY \(index)
                WHERE account = :account AND \(condition) AND probed.created = calls.created AND probed.id = calls.id)
                """
        }
    }

    /// - Throws: ``StorageError/tooSlow(milliseconds:)`` among others.
    func page(in db: Database) throws -> Page<Call> {
        let end = DispatchTime.now().uptimeNanoseconds + UInt64(PageQuery.limitMilliseconds) * 1_000_000
        let start = cursor?.position ?? 0
        let room = max(0, min(PageLimits.pageSize, PageLimits.maximumTotal - start))
        let found = try QueryLimit.time(until: end).run(in: db) { () -> (found: Found, calls: [Call])? in
            // SQLite would otherwise look the account up for each row.
            guard
                let key = try Int64.fetchOne(
                    db, sql: "SELECT id FROM accounts WHERE account_id = ?", arguments: [account.text])
            else { return nil }
            // One row more than the page holds tells whether there is a next one.
            let found = try find(in: db, key, atMost: room + 1)
            return (found, try calls(found.page.prefix(room).map(\.row), in: db))
        }
        guard let found else { throw StorageError.tooSlow(milliseconds: PageQuery.limitMilliseconds) }
        guard let (found, calls) = found else { return Page(items: [], total: 0, start: start, next: nil) }
        let total = try found.total ?? count(found.uncounted, in: db)
        let last = start + calls.count
        var next: PageCursor?
        if found.page.count > room, last < PageLimits.maximumTotal, let place = found.page.prefix(room).last {
            next = PageCursor(after: place.created, identifier: place.identifier, position: last)
        }
        return Page(items: calls, total: total.map { max($0, last) }, start: start, next: next)
    }

    // MARK: Conditions

    private func sources(_ account: Int64) -> (list: [Source], arguments: StatementArguments) {
        var sources: [Source] = []
        var arguments: StatementArguments = ["account": account]
        if let to = filter.to {
            sources.append(Source(index: "calls_by_to", condition: "to_number = :to"))
            arguments += ["to": to]
        }
        if let from = filter.from {
            sources.append(Source(index: "calls_by_from", condition: "from_number = :from"))
            arguments += ["from": from]
        }
        if let parent = filter.parentCallID {
            sources.append(Source(index: "calls_by_parent", condition: "parent_call_id = :parent"))
            arguments += ["parent": parent.text]
        }
        if filter.isActive { sources.append(Source(index: "calls_active", condition: Schema.active)) }
        if let status = filter.status {
            sources.append(Source(index: "calls_by_status", condition: "status = :status"))
            arguments += ["status": status.rawValue]
        }
        if !filter.applicationIDs.isEmpty {
            let names = filter.applicationIDs.indices.map { "application\($0)" }
            sources.append(
                Source(
                    index: "calls_by_application",
                    condition: "application_id IN (\(names.map { ":\($0)" }.joined(separator: ", ")))"))
            for (name, id) in zip(names, filter.applicationIDs) { arguments += [name: id.text] }
        }
        // No call ends before it begins, so each of the two bounds the other's index as well.
        if let earliest = filter.startedFrom {
            let bound = filter.endedUntil == nil ? "" : " AND started <= :ended"
            sources.append(
                Source(index: "calls_by_start", condition: "started >= :started\(bound)", isInOrder: false))
            arguments += ["started": earliest.microseconds]
        }
        if let latest = filter.endedUntil {
            let bound = filter.startedFrom == nil ? "" : " AND ended >= :started"
            sources.append(Source(index: "calls_by_end", condition: "ended <= :ended\(bound)", isInOrder: false))
            arguments += ["ended": latest.microseconds]
        }
        return (sources, arguments)
    }

    // MARK: Finding

    private struct Found {
        /// Newest first.
        var page: [Place]
        /// Nil where nobody has counted, and then it is ``uncounted`` that would have to be.
        var total: Int?
        var uncounted: (sql: String, arguments: StatementArguments) = ("", StatementArguments())
    }

    private func find(in db: Database, _ account: Int64, atMost limit: Int) throws -> Found {
        let (sources, arguments) = sources(account)
        // Holds all calls in the list's order.
        let everything = Source(index: "calls_by_account", condition: "TRUE")
        var narrowest = everything
        var fewest = Int.max
        for source in sources.isEmpty ? [everything] : sources {
            let sql = Self.count(along: source.index, "account = :account AND \(source.condition)")
            let count = try Int.fetchOne(db, sql: sql, arguments: arguments) ?? 0
            guard count < fewest else { continue }
            (narrowest, fewest) = (source, count)
            if count == 0 { return Found(page: [], total: 0) }
        }
        let isFew = fewest < PageLimits.maximumTotal
        let isAlone = sources.count <= 1
        // Where there are many, the list's order counts for more than their number.
        let leader = isFew ? narrowest : sources.first(where: \.isInOrder) ?? everything
        let others = leader == everything ? sources.map(\.condition) : sources.filter { $0 != leader }.map(\.probe)
        var rest = others.map { " AND \($0)" }.joined()
        if isFew, !isAlone || !leader.isInOrder || filter.applicationIDs.count > 1 {
            let (rows, total) = try few(along: leader.index, leader.condition + rest, arguments, atMost: limit, in: db)
            return Found(page: try inOrder(of: rows, atMost: limit, in: db), total: total)
        }
        if leader == everything, let newest = try newestOfOld(sources, arguments, in: db) {
            rest += " AND created <= \(newest)"
        }
        // The calls of each of several applications lie in the list's order by themselves.
        let applications = filter.applicationIDs
        let isSeveral = leader.index == "calls_by_application" && applications.count > 1
        let parts =
            isSeveral
            ? applications.indices.filter { applications.firstIndex(of: applications[$0]) == $0 }
                .map { "application_id = :application\($0)" } : [leader.condition]
        var page: [Place] = []
        for part in parts {
            page += try inOrder(along: leader.index, part + rest, arguments, atMost: limit, in: db)
        }
        if isSeveral { page = Array(page.sorted { $0.isNewer(than: $1) }.prefix(limit)) }
        return Found(
            page: page, total: isAlone ? fewest : nil,
            uncounted: (Self.count(along: leader.index, "account = :account AND \(leader.condition)\(rest)"), arguments)
        )
    }

    /// All that satisfy a condition, where they are few, as the index tells of them: how many they are, and of their rows
    /// those from the cursor's moment on, `limit` and the rest of the last one's moment.
    private func few(
        along index: String, _ condition: String, _ arguments: StatementArguments, atMost limit: Int, in db: Database
    ) throws -> (rows: [Int64], total: Int) {
        let sql = "SELECT created, id FROM calls INDEXED BY \(index) WHERE account = :account AND \(condition)"
        let all = try Row.fetchAll(db, sql: sql, arguments: arguments)
            .map { row in (created: row[0] as Int64, id: row[1] as Int64) }
            .sorted { $0 > $1 }
        let behind = cursor.map { cursor in all.drop { $0.created > cursor.after } } ?? all[...]
        // Some of the cursor's own moment may lie before it.
        let least = behind.prefix { $0.created == cursor?.after }.count + limit
        let last = behind.prefix(least).last?.created
        return (behind.prefix { $0.created >= last ?? .max }.map(\.id), all.count)
    }

    /// When the newest call was created that had ended by then, so that nobody looks for it from the newest of all on; nil
    /// where that would be the shorter way.
    private func newestOfOld(_ sources: [Source], _ arguments: StatementArguments, in db: Database) throws -> Int64? {
        guard let ends = sources.first(where: { $0.index == "calls_by_end" }) else { return nil }
        func number(_ selection: String) throws -> Int64 {
            try Int64.fetchOne(db, sql: "SELECT \(selection)", arguments: arguments) ?? 0
        }
        let along = "FROM calls INDEXED BY calls_by_end WHERE account = :account AND \(ends.condition)"
        let all = "id FROM calls INDEXED BY calls_by_account WHERE account = :account ORDER BY created"
        // Calls end in about the order in which they began: where the last of them stands tells how many had ended.
        let last = try number("id \(along) ORDER BY ended DESC LIMIT 1")
        guard try last - number("\(all) LIMIT 1") < number("\(all) DESC LIMIT 1") - last else { return nil }
        return try number("MAX(created) \(along)")
    }

    private func inOrder(
        along index: String, _ condition: String, _ arguments: StatementArguments, atMost limit: Int, in db: Database
    ) throws -> [Place] {
        try places(
            "calls INDEXED BY \(index) WHERE account = :account AND \(condition)", arguments, atMost: limit, in: db)
    }

    private func inOrder(of rows: [Int64], atMost limit: Int, in db: Database) throws -> [Place] {
        try places(
            "calls WHERE id IN (SELECT value FROM json_each(:rows))", ["rows": Self.list(rows)], atMost: limit, in: db)
    }

    /// Those behind the cursor, newest first.
    private func places(
        _ source: String, _ arguments: StatementArguments, atMost limit: Int, in db: Database
    ) throws -> [Place] {
        var arguments = arguments
        var after = ""
        if let cursor {
            // The first of the two is what an index can use.
            after = " AND created <= :after AND (created, call_id) < (:after, :identifier)"
            arguments += ["after": cursor.after, "identifier": cursor.identifier]
        }
        let sql = """
            SELECT created, call_id, id FROM \(source)\(after) ORDER BY created DESC, call_id DESC LIMIT \(limit)
            """
        return try Row.fetchAll(db, sql: sql, arguments: arguments).map { row in
            var columns = ColumnReader(row)
            return Place(
                created: try columns.value(), identifier: try columns.value(), row: try columns.value())
        }
    }

    private static func count(along index: String, _ condition: String) -> String {
        """
        SELECT COUNT(*) FROM
        (SELECT 1 FROM calls INDEXED BY \(index) WHERE \(condition) LIMIT \(PageLimits.maximumTotal))
        """
    }

    // MARK: Reading

    private static func list(_ rows: [Int64]) -> String { "[" + rows.map(String.init).joined(separator: ",") + "]" }

    private func calls(_ rows: [Int64], in db: Database) throws -> [Call] {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT \(SQLiteStorage.callColumns) FROM calls
                WHERE id IN (SELECT value FROM json_each(?)) ORDER BY created DESC, call_id DESC
                """,
            arguments: [Self.list(rows)])
        var readable = ReadableRows()
        return try readable.map(rows, of: "calls") { row in
            var columns = ColumnReader(row)
            return try SQLiteStorage.call(&columns, account: account)
        }
    }

    private func count(_ query: (sql: String, arguments: StatementArguments), in db: Database) throws -> Int? {
        try QueryLimit.instructions(Self.countingInstructions).run(in: db) {
            try Int.fetchOne(db, sql: query.sql, arguments: query.arguments) ?? 0
        }
    }
}
