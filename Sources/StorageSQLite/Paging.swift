import Dispatch
import GRDB
import Storage
import Telephony

/// How every list is read: newest first, from a cursor on, with the whole list's size.
///
/// The page begins behind the place that the cursor names, so that rows inserted or removed since then do not shift it. The
/// count stops at ``PageLimits/maximumTotal``, and so does the list.
struct PageQuery: Sendable {
    var columns: String
    var table: String
    /// A condition over the named arguments.
    var condition: String
    /// The column that orders the list.
    var key = "created"
    /// The column that decides between rows of one moment; nil where no two have the same key.
    var identifier: String?
    var arguments: [String: (any DatabaseValueConvertible & Sendable)?]

    /// A list that no index serves is given up after so long.
    static let limitMilliseconds = 2_000

    /// - Throws: ``StorageError/tooSlow(milliseconds:)`` among others.
    func page<Item: Sendable>(
        after cursor: PageCursor?, in db: Database, decode: (Row) throws -> Item
    ) throws -> Page<Item> {
        let end = DispatchTime.now().uptimeNanoseconds + UInt64(Self.limitMilliseconds) * 1_000_000
        let found = try QueryLimit.time(until: end).run(in: db) {
            try wholePage(after: cursor, in: db, decode: decode)
        }
        guard let found else { throw StorageError.tooSlow(milliseconds: Self.limitMilliseconds) }
        return found
    }

    private func wholePage<Item: Sendable>(
        after cursor: PageCursor?, in db: Database, decode: (Row) throws -> Item
    ) throws -> Page<Item> {
        let total =
            try Int.fetchOne(
                db,
                sql: """
                    SELECT COUNT(*) FROM
                    (SELECT 1 FROM \(table) WHERE \(condition) LIMIT \(PageLimits.maximumTotal))
                    """,
                arguments: StatementArguments(arguments)) ?? 0

        let start = cursor?.position ?? 0
        let room = max(0, min(PageLimits.pageSize, PageLimits.maximumTotal - start))
        var pageArguments = arguments
        var pageCondition = condition
        if let cursor {
            pageArguments["after"] = cursor.after
            pageCondition = "(\(condition)) AND \(key) < :after"
            if let identifier {
                pageArguments["identifier"] = cursor.identifier
                // The first of the two is what an index can use.
                pageCondition = """
                    (\(condition)) AND \(key) <= :after AND (\(key), \(identifier)) < (:after, :identifier)
                    """
            }
        }
        // One row more than the page holds tells whether there is a next one.
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT \(key) AS page_key, \(identifier ?? "''") AS page_identifier, \(columns) FROM \(table)
                WHERE \(pageCondition) ORDER BY \(key) DESC\(identifier.map { ", \($0) DESC" } ?? "")
                LIMIT \(room + 1)
                """,
            arguments: StatementArguments(pageArguments))
        // One that cannot be read does not take the list with it.
        var readable = ReadableRows()
        let items = try readable.map(rows.prefix(room), of: table, decode)

        var next: PageCursor?
        let end = start + min(room, rows.count)
        if rows.count > room, end < PageLimits.maximumTotal, let last = rows.prefix(room).last {
            next = PageCursor(after: last["page_key"], identifier: last["page_identifier"], position: end)
        }
        return Page(items: items, total: max(total, end), start: start, next: next)
    }
}
