import GRDB
import PQL
import Storage
import StorageSamples
import Telephony
import Testing

@testable import StorageSQLite

@Suite("Which indexes a search of the log goes along, and how far")
struct LogTests {
    /// The whole list by its pages.
    private func all(_ storage: SQLiteStorage, _ query: LogQuery?) async throws -> (
        entries: [JournalEntry], total: Int?
    ) {
        var entries: [JournalEntry] = []
        var total: Int?
        var position: LogPosition?
        repeat {
            let page = try await storage.logs(account: Sample.account, query: query, after: position)
            #expect(page.start == entries.count)
            #expect(position == nil || page.total == total)
            total = page.total
            entries += page.entries
            position = page.next
            try #require(entries.count <= PageLimits.maximumTotal)
        } while position != nil
        return (entries, total)
    }

    // MARK: Indexes

    /// SQLite's plan for each statement that a search makes.
    private func plans(_ storage: SQLiteStorage, _ query: String?, after position: LogPosition? = nil) async throws
        -> [String]
    {
        let statements = Log<String>()
        let search = LogSearch(account: Sample.account, query: try query.map { try LogQuery($0) }, after: position)
        return try await storage.pool.read { db in
            db.trace { if case .statement(let statement) = $0 { statements.append(statement.expandedSQL) } }
            _ = try search.page(in: db, until: .max)
            db.trace(options: [])
            return try statements.items.map { sql in
                try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN " + sql).map { $0["detail"] as String }
                    .joined(separator: "; ")
            }
        }
    }

    @Test(
        "Each kind of query goes along its index, in the log's order, and sorts nothing but single calls and single moments",
        arguments: [
            (nil, ["journal_by_time", "account_journal_by_time"], false),
            ("timestamp > 5 AND message CONTAINS \"x\"", ["journal_by_time", "account_journal_by_time"], false),
            ("level = \"ERROR\"", ["journal_grave", "account_journal_by_time"], false),
            ("level != \"info\" AND timestamp < 5", ["journal_grave", "account_journal_by_time"], false),
            ("metadata.status = 5", ["journal_by_time", "account_journal_by_time"], false),
            ("callId = \"CA\(String(repeating: "0", count: 40))\"", ["PRIMARY KEY"], true),
            (
                "requestId = \"RQ\(String(repeating: "0", count: 40))\"",
                ["journal_by_request", "PRIMARY KEY", "account_journal_by_request"], true
            ),
        ] as [(String?, [String], Bool)])
    func indexes(_ query: String?, _ indexes: [String], _ sorts: Bool) async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder)
        let corpus = LogCorpus(seed: 13, count: 100)
        try await storage.commit(corpus.operations)
        let position = LogPosition(
            timestamp: Sample.time.microseconds + 20, callID: Sample.callID(2), sequence: 2, position: 40)
        for position in [nil, position] {
            let plans = try await plans(storage, query, after: position)
            for index in indexes {
                #expect(
                    plans.contains {
                        $0.contains("USING INDEX \(index)") || $0.contains("USING \(index)")
                            || $0.contains("USING COVERING INDEX \(index)")
                    }, "\(index): \(plans)")
            }
            #expect(!plans.contains { $0.contains("SCAN journal") || $0.contains("SCAN account_journal") }, "\(plans)")
            #expect(
                // SQLite says "RIGHT PART OF" or "LAST 2 TERMS OF" where it sorts what is of one moment.
                plans.contains { $0.contains("TEMP B-TREE FOR ORDER") } == sorts, "\(plans)")
        }
        await storage.close()
    }

    @Test("A database of before has its entries' accounts filled in")
    func migration() async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder)
        let corpus = LogCorpus(seed: 14, count: 100)
        try await storage.commit(corpus.operations)
        await storage.close()
        // As version 2 of the schema would have left it.
        let queue = try DatabaseQueue(path: folder.path + "/" + SQLiteStorage.fileName)
        try await queue.write { db in
            try db.execute(
                sql: """
                    DROP INDEX journal_by_time; DROP INDEX journal_grave; DROP INDEX journal_by_request;
                    ALTER TABLE journal DROP COLUMN account;
                    DROP INDEX account_journal_by_time; DROP INDEX account_journal_by_request;
                    CREATE INDEX account_journal_by_account ON account_journal (account);
                    DELETE FROM grdb_migrations WHERE identifier = '4 logs';
                    """)
        }
        try queue.close()
        let again = try await SQLiteStorage.opened(folder)
        #expect(try await all(again, nil).entries == corpus.expected(nil))
        await again.close()
    }

    // MARK: Limits

    /// Many entries at once, by SQL: what a year leaves.
    private func fill(_ storage: SQLiteStorage, _ count: Int) async throws {
        try await storage.commit([.saveCall(Sample.call(1)), .appendJournal(Sample.entry(1, 1))])
        try await storage.change { db in
            try db.execute(
                sql: """
                    INSERT INTO journal
                        (call, sequence, timestamp, level, scope, request_id, message, metadata, account)
                    WITH RECURSIVE numbers (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
                    SELECT call, n, timestamp + n - 1, 'info', scope, request_id, 'entry ' || n, metadata, account
                    FROM numbers, journal WHERE sequence = 1
                    """, arguments: [count])
        }
    }

    @Test("A total is told up to ten thousand, and not at all where counting takes too long")
    func totals() async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder)
        try await fill(storage, 60_000)
        func page(_ query: String?) async throws -> LogPage {
            try await storage.logs(account: Sample.account, query: try query.map { try LogQuery($0) }, after: nil)
        }
        #expect(try await page(nil).total == PageLimits.maximumTotal)
        #expect(try await page("timestamp > \(Sample.time.microseconds + 10_000)").total == PageLimits.maximumTotal)
        #expect(try await page("timestamp <= \(Sample.time.microseconds + 500)").total == 500)
        let rare = try await page("message ENDS_WITH \"9999\"")
        #expect(rare.total == nil)
        #expect(rare.entries.map(\.sequence) == [59_999, 49_999, 39_999, 29_999, 19_999, 9_999])
        let last = LogPosition(
            timestamp: Sample.time.microseconds + 50_000, callID: Sample.callID(1), sequence: 50_000,
            position: PageLimits.maximumTotal - 50)
        let end = try await storage.logs(account: Sample.account, query: nil, after: last)
        #expect(end.entries.count == 50 && end.next == nil && end.start == PageLimits.maximumTotal - 50)
        await storage.close()
    }

    @Test("A search that finds nothing within its time is given up, and the reader goes on with the next")
    func deadline() async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder, logMilliseconds: 1)
        try await fill(storage, 50_000)
        let slow = try LogQuery(
            (1...20).map { "NOT message ENDS_WITH \"\($0)\" AND message CONTAINS \"nothing\"" }.joined(
                separator: " OR "))
        for _ in 0..<3 {
            await #expect(throws: StorageError.tooSlow(milliseconds: 1)) {
                _ = try await storage.logs(account: Sample.account, query: slow, after: nil)
            }
            // One call is found on the same connections at once, and whole.
            let journal = try await storage.journal(of: Sample.callID(1), account: Sample.account, after: nil)
            #expect(journal.items.count == 100 && journal.total == PageLimits.maximumTotal)
        }
        await storage.close()
    }
}
