import PQL
import Storage
import StorageSamples
import Telephony
import Testing

@Suite("The account's log in storage")
struct LogTests {
    /// The whole list by its pages.
    private func all(_ storage: any CallStorage, _ query: LogQuery?) async throws -> (
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

    @Test(
        "SQL finds what the query means, in order, over all pages: random queries over random entries",
        arguments: Implementation.allCases)
    func meaning(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        var corpus = LogCorpus(seed: 11, count: 300)
        try await storage.commit(corpus.operations)
        #expect(try await all(storage, nil).entries == corpus.expected(nil))
        var sizes: Set<Int> = []
        for _ in 0..<500 {
            let text = corpus.query()
            let query = try LogQuery(text)
            let expected = corpus.expected(query)
            let found: (entries: [JournalEntry], total: Int?)
            do { found = try await all(storage, query) } catch {
                Issue.record("\(text): \(error)")
                break
            }
            try #require(found.entries == expected, "\(text)")
            try #require(found.total == expected.count, "\(text)")
            sizes.insert(expected.count)
        }
        // Queries that all find everything or nothing would prove little.
        #expect(sizes.count > 40)
        await storage.close()
    }

    @Test(
        "Entries of one moment keep their order; pages stay where they were while the log grows",
        arguments: Implementation.allCases)
    func stablePaging(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        func entry(_ call: Int?, _ sequence: Int) -> JournalEntry {
            var entry = Sample.entry(call ?? 0, sequence)
            entry.timestamp = Sample.time
            if call == nil { entry.callID = nil }
            return entry
        }
        try await storage.commit([.saveCall(Sample.call(1)), .saveCall(Sample.call(2))])
        for sequence in 1...90 {
            try await storage.commit([
                .appendJournal(entry(1, sequence)), .appendJournal(entry(nil, sequence)),
                .appendJournal(entry(2, sequence)),
            ])
        }
        var seen: [JournalEntry] = []
        var position: LogPosition?
        for round in 0..<3 {
            let page = try await storage.logs(account: Sample.account, query: nil, after: position)
            seen += page.entries
            position = page.next
            var later = entry(2, 1_000 + round)
            later.timestamp = Sample.time.advanced(byMicroseconds: 1)
            try await storage.commit([.appendJournal(later)])
        }
        #expect(position == nil)
        var expected: [JournalEntry] = []
        for call in [2, 1, nil] { expected += (1...90).reversed().map { entry(call, $0) } }
        #expect(seen == expected)
        await storage.close()
    }

    @Test("Another account's entries are never found, whatever the query says", arguments: Implementation.allCases)
    func foreign(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        let corpus = LogCorpus(seed: 12, count: 200)
        try await storage.commit(corpus.operations)
        let stranger = Sample.otherAccount
        for text in [
            "accountId = \"\(stranger)\"", "callId = \"\(Sample.callID(1))\"", "requestId = \"\(Sample.requestID(1))\"",
            "accountId != \"\(Sample.account)\"",
        ] {
            #expect(try await all(storage, try LogQuery(text)).entries.isEmpty, "\(text)")
        }
        #expect(
            try await all(storage, try LogQuery("NOT level = \"x\"".replacing("x", with: "info"))).entries.allSatisfy {
                $0.accountID == Sample.account
            })
        let unknown = try #require(AccountID(Sample.text("AC", 9)))
        #expect(try await storage.logs(account: unknown, query: nil, after: nil).total == 0)
        await storage.close()
    }
}
