import Foundation
import GRDB
import Storage
import StorageSamples
import Telephony
import Testing

@testable import StorageSQLite

/// Which of the writer's commits sync the log: `PRAGMA synchronous` as it stands at each.
private final class Commits: TransactionObserver, Sendable {
    private let levels = Log<Int>()
    private let (stream, told) = AsyncStream<Bool>.makeStream()
    private static let full = 2

    init(of storage: SQLiteStorage) async throws {
        try await storage.pool.writeWithoutTransaction { $0.add(transactionObserver: self, extent: .databaseLifetime) }
    }

    /// So far, in order: whether it was synced.
    var areSynced: [Bool] { levels.items.map { $0 == Self.full } }

    /// As they come; one listener.
    var eachIsSynced: AsyncStream<Bool> { stream }

    func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { false }
    func databaseDidChange(with event: DatabaseEvent) {}
    func databaseDidCommit(_ db: Database) {
        let level = (try? Int.fetchOne(db, sql: "PRAGMA synchronous")) ?? -1
        levels.append(level)
        told.yield(level == Self.full)
    }
    func databaseDidRollback(_ db: Database) {}
}

@Suite("What a reader costs, and what it is told (docs/decisions/0004)")
struct ReaderSyncTests {
    /// Longer than any test.
    private static let endless = WriterPatience(rowsMilliseconds: 3_600_000, journalMilliseconds: 3_600_000)

    private func logBytes(_ folder: TemporaryFolder) throws -> Int {
        let path = "\(folder.path)/\(SQLiteStorage.fileName)-wal"
        return try #require(FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
    }

    @Test("A barrier lets a read see what was submitted before, and syncs nothing; what is awaited next is synced")
    func barrier() async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder, patience: Self.endless)
        let commits = try await Commits(of: storage)
        try await storage.commit([.saveCall(Sample.call(1))])
        #expect(commits.areSynced == [true])

        storage.submit([.saveCall(Sample.call(1, status: .inProgress))], isAwaited: false, completion: nil)
        await storage.barrier()
        #expect(try await storage.call(Sample.callID(1), account: Sample.account)?.status == .inProgress)
        #expect(commits.areSynced == [true, false])
        // Whoever asks again, and nothing has come since, costs nothing at all.
        await storage.barrier()
        #expect(commits.areSynced == [true, false])

        storage.submit([.appendJournal(Sample.entry(1, 1))], isAwaited: false, completion: nil)
        await storage.barrier()
        #expect(try await storage.journal(of: Sample.callID(1), account: Sample.account, after: nil).items.count == 1)
        #expect(commits.areSynced == [true, false, false])

        try await storage.commit([.saveRecord(Sample.callID(1), [1])])
        #expect(commits.areSynced == [true, false, false, true])
        await storage.close()
    }

    @Test("Where somebody awaits what is committed with it, a barrier's commit is synced")
    func company() async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder, patience: Self.endless)
        let commits = try await Commits(of: storage)
        let release = await storage.holdWriter()
        storage.submit([.saveCall(Sample.call(1))], isAwaited: false, completion: nil)
        storage.submit([.saveRecord(Sample.callID(1), [1])], completion: nil)
        async let isThrough: Void = storage.barrier()
        release.signal()
        await isThrough
        #expect(commits.areSynced.allSatisfy { $0 })
        await storage.close()
    }

    @Test("That a call is over is synced before anybody reads it; so is what somebody is to be told of")
    func promises() async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder, patience: Self.endless)
        let commits = try await Commits(of: storage)
        try await storage.commit([.saveCall(Sample.call(1))])
        storage.submit([.saveCall(Sample.call(1, status: .completed))], isAwaited: false, completion: nil)
        await storage.barrier()
        storage.submit([.appendJournal(Sample.entry(1, 1))], isAwaited: false) { _ in }
        await storage.barrier()
        #expect(commits.areSynced == [true, true, true])
        await storage.close()
    }

    @Test(
        "What is awaited and changes nothing is synced all the same, with what was seen before",
        arguments: [[], [StorageOperation.saveRecord(Sample.callID(1), [7])]])
    func nothingNew(_ operations: [StorageOperation]) async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder, patience: Self.endless)
        let commits = try await Commits(of: storage)
        try await storage.commit([.saveCall(Sample.call(1))])
        storage.submit([.saveRecord(Sample.callID(1), [7])], isAwaited: false, completion: nil)
        await storage.barrier()
        let before = try logBytes(folder)
        try await storage.commit(operations)
        #expect(commits.areSynced == [true, false, true])
        // SQLite syncs a log into which it has written.
        #expect(try logBytes(folder) > before)
        let after = try logBytes(folder)
        try await storage.commit(operations)
        #expect(try logBytes(folder) == after, "it was synced before")
        await storage.close()
    }

    @Test("What a reader saw is synced when it would have been without the reader")
    func due() async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(
            folder, patience: WriterPatience(rowsMilliseconds: 100, journalMilliseconds: 3_600_000))
        let commits = try await Commits(of: storage)
        try await storage.commit([.saveCall(Sample.call(1))])
        var each = commits.eachIsSynced.makeAsyncIterator()
        #expect(await each.next() == true)
        var isSynced = true
        // On a busy machine the barrier may come when the row is due anyway.
        for number in 1...20 where isSynced {
            storage.submit([.saveRecord(Sample.callID(1), [UInt8(number)])], isAwaited: false, completion: nil)
            await storage.barrier()
            isSynced = await each.next() ?? true
        }
        try #require(!isSynced)
        let began = ContinuousClock.now
        #expect(await each.next() == true)
        // By itself, and not because a writer that has nothing to do looks whether it could.
        #expect(began.duration(to: .now) < .nanoseconds(Int64(StorageWriter.probeInterval / 2)))
        await storage.close()
    }

    @Test("Closing syncs what readers have seen")
    func closing() async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder, patience: Self.endless)
        let commits = try await Commits(of: storage)
        storage.submit([.saveCall(Sample.call(1))], isAwaited: false, completion: nil)
        await storage.barrier()
        await storage.close()
        #expect(commits.areSynced == [false, true])
        let again = try SQLiteStorage(.init(folder: folder.path))
        #expect(try await again.call(Sample.callID(1), account: Sample.account) != nil)
        await again.close()
    }
}
