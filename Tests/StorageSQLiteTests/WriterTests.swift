import Dispatch
import GRDB
import Storage
import StorageSamples
import Telephony
import Testing

@testable import StorageSQLite

@Suite struct WriterTests {
    @Test("What piles up while the writer is busy is committed together, and counted until then")
    func groupCommit() async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder)
        let release = await storage.holdWriter()
        let commits = Log<Int>()
        for number in 1...100 {
            storage.submit([.saveCall(Sample.call(number)), .saveRecord(Sample.callID(number), [1])]) { _ in
                // The rows of all are there when the first completion runs: one transaction.
                let count = try? storage.pool.unsafeRead { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM calls") }
                commits.append(count ?? -1)
            }
        }
        #expect(storage.pendingOperations == 201)
        release.signal()
        await storage.barrier()
        #expect(commits.items == Array(repeating: 100, count: 100))
        await storage.close()
    }

    /// Longer than any test.
    private static let endless = WriterPatience(rowsMilliseconds: 3_600_000, journalMilliseconds: 3_600_000)

    @Test("What nobody awaits goes along with what is awaited, in one transaction and in order")
    func company() async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder, patience: Self.endless)
        try await storage.commit([.saveCall(Sample.call(1))])
        let seen = Log<Int>()
        storage.submit([.appendJournal(Sample.entry(1, 1))], isAwaited: false) { _ in
            let count = try? storage.pool.unsafeRead { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM calls") }
            seen.append(count ?? -1)
        }
        try await storage.commit([.saveCall(Sample.call(2))])
        #expect(seen.items == [2])
        storage.submit([.appendJournal(Sample.entry(1, 2))], isAwaited: false, completion: nil)
        await storage.barrier()
        #expect(try await storage.journal(of: Sample.callID(1), account: Sample.account, after: nil).items.count == 2)
        storage.submit([.saveCall(Sample.call(3))], isAwaited: false, completion: nil)
        await storage.close()
        let again = try SQLiteStorage(.init(folder: folder.path))
        #expect(try await again.call(Sample.callID(3), account: Sample.account) != nil)
        await again.close()
    }

    @Test("What is committed is told once it can be read, in order, each submission before its completion")
    func commitsAreTold() async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder)
        let told = Log<[StorageOperation]>()
        let order = Log<String>()
        storage.observeCommits { [unowned storage] operations in
            let count = try? storage.pool.unsafeRead { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM calls") }
            told.append(operations)
            order.append("told with \(count ?? -1) calls")
        }
        var ringing = Sample.call(1, status: .ringing)
        ringing.revision = 2
        // One transaction, in which the second row writes over the first.
        let together: [[StorageOperation]] = [
            [.saveCall(Sample.call(1)), .appendJournal(Sample.entry(1, 1))],
            [.saveCall(ringing), .appendJournal(Sample.entry(1, 2))],
        ]
        var release = await storage.holdWriter()
        for (number, operations) in together.enumerated() {
            storage.submit(operations) { _ in order.append("answered \(number)") }
        }
        release.signal()
        await storage.barrier()
        #expect(told.items == together)
        #expect(order.items == ["told with 1 calls", "answered 0", "told with 1 calls", "answered 1"])

        // One that fails alone is told to nobody; one that nobody awaits is told.
        release = await storage.holdWriter()
        storage.submit([.appendJournal(Sample.entry(9, 1))]) { _ in order.append("answered 2") }
        storage.submit([.appendJournal(Sample.entry(1, 3))], isAwaited: false, completion: nil)
        release.signal()
        await storage.barrier()
        #expect(told.items.dropFirst(2) == [[.appendJournal(Sample.entry(1, 3))]])
        #expect(order.items.dropFirst(4) == ["answered 2", "told with 1 calls"])
        await storage.close()
    }

    @Test("After a transaction of many submissions the next one waits, so that others can go along with it")
    func crowds() async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder)
        let release = await storage.holdWriter()
        for number in 1...StorageWriter.crowd { storage.submit([.saveCall(Sample.call(number))], completion: nil) }
        let began = ContinuousClock.now
        release.signal()
        await storage.barrier()
        try await storage.commit([.saveRecord(Sample.callID(1), [1])])
        #expect(began.duration(to: .now) >= .nanoseconds(Int64(StorageWriter.crowdedInterval)))
        await storage.close()
    }

    @Test("What nobody awaits is committed alone when nothing else comes; rows do not wait as long as the journal")
    func alone() async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(
            folder, patience: WriterPatience(rowsMilliseconds: 1, journalMilliseconds: 3_600_000))
        try await storage.commit([.saveCall(Sample.call(1))])
        let order = Log<String>()
        await withCheckedContinuation { continuation in
            storage.submit([.appendJournal(Sample.entry(1, 1))], isAwaited: false) { _ in order.append("journal") }
            storage.submit([.saveCall(Sample.call(1))], isAwaited: false) { _ in
                order.append("row")
                continuation.resume()
            }
        }
        #expect(order.items == ["journal", "row"])
        await storage.close()
    }

    @Test("A full disk refuses what begins a call, and later reads and smaller writes go on")
    func diskFull() async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder, maximumPages: 90)
        try await storage.commit([.saveCall(Sample.call(1))])
        await #expect(throws: StorageError.diskFull) {
            try await storage.commit([
                .saveCall(Sample.call(2)), .saveRecord(Sample.callID(2), Array(repeating: 1, count: 1_000_000)),
            ])
        }
        #expect(try await storage.call(Sample.callID(1), account: Sample.account) != nil)
        try await storage.commit([.saveRecord(Sample.callID(1), [1, 2, 3])])
        #expect(try await storage.unfinishedWork().records.map(\.1) == [[1, 2, 3]])
        await storage.close()
    }

    @Test("The connection that writes syncs each commit and overwrites what it removes")
    func pragmas() async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder)
        let values = try await storage.pool.writeWithoutTransaction { db in
            try ["synchronous", "secure_delete", "journal_mode"].map {
                try String.fetchOne(db, sql: "PRAGMA \($0)") ?? ""
            }
        }
        #expect(values == ["2", "1", "wal"])
        await storage.close()
    }
}
