import Foundation
import GRDB
import Storage
import StorageSamples
import Synchronization
import Telephony
import Testing

@testable import StorageSQLite

/// A disk that refuses each COMMIT for as long as it is told to, with SQLite's own results.
private final class FailingDisk: TransactionObserver, Sendable {
    private let code = Mutex<ResultCode?>(nil)

    init(of storage: SQLiteStorage) async throws {
        try await storage.pool.writeWithoutTransaction { $0.add(transactionObserver: self, extent: .databaseLifetime) }
    }

    func fail(with code: ResultCode?) { self.code.withLock { $0 = code } }

    func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { false }
    func databaseDidChange(with event: DatabaseEvent) {}
    func databaseWillCommit() throws {
        if let code = code.withLock({ $0 }) { throw DatabaseError(resultCode: code, message: "as the test says") }
    }
    func databaseDidCommit(_ db: Database) {}
    func databaseDidRollback(_ db: Database) {}
}

@Suite("A disk that takes no writes (docs/decisions/0032)")
struct OutageTests {
    private static func ended(_ number: Int) -> Call {
        var call = Sample.call(number, status: .completed)
        call.revision = 2
        return call
    }

    @Test(
        "What begins a call and what changes the directory is refused at once; all else is on disk afterwards, in order",
        arguments: [ResultCode.SQLITE_IOERR, .SQLITE_FULL, .SQLITE_READONLY, .SQLITE_CORRUPT, .SQLITE_BUSY])
    func outage(_ code: ResultCode) async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder)
        let disk = try await FailingDisk(of: storage)
        try await storage.commit([.saveCall(Sample.call(1))])
        let events = Log<StorageEvent>()
        storage.observe { events.append($0) }
        let order = Log<String>()
        let told = Log<StorageOperation>()
        storage.observeCommits { for operation in $0 { told.append(operation) } }

        disk.fail(with: code)
        storage.submit([
            .saveCall(Self.ended(1)), .saveNotification(Sample.notification(1, call: 1, sequence: 1)),
        ]) { _ in order.append("end") }
        storage.submit([.appendJournal(Sample.entry(1, 1))], isAwaited: false, completion: nil)
        let thrown = await #expect(throws: StorageError.self) { try await storage.commit([.saveCall(Sample.call(2))]) }
        let refusal = try #require(thrown)
        #expect(refusal.isOutage)
        #expect(storage.health == .failing(refusal))
        await #expect(throws: StorageError.self) { try await storage.setSwitch("dialling", to: "stopped") }
        await storage.barrier()
        #expect(try await storage.call(Sample.callID(1), account: Sample.account)?.status == .queued)
        #expect(order.items.isEmpty)
        #expect(told.items.isEmpty, "what is not on disk is told to nobody")

        disk.fail(with: nil)
        // It goes behind what has waited longer.
        try await storage.commit([.appendJournal(Sample.entry(1, 2))])
        #expect(order.items == ["end"])
        #expect(
            told.items == [
                .saveCall(Self.ended(1)), .saveNotification(Sample.notification(1, call: 1, sequence: 1)),
                .appendJournal(Sample.entry(1, 1)), .appendJournal(Sample.entry(1, 2)),
            ])
        #expect(storage.health == .well)
        #expect(try await storage.call(Sample.callID(1), account: Sample.account)?.status == .completed)
        #expect(try await storage.call(Sample.callID(2), account: Sample.account) == nil)
        #expect(try await storage.unfinishedWork().notifications.count == 1)
        let journal = try await storage.journal(of: Sample.callID(1), account: Sample.account, after: nil)
        #expect(journal.items.map(\.sequence) == [2, 1])
        try await storage.commit([.saveCall(Sample.call(2))])
        guard case .failing? = events.items.first, case .recovered? = events.items.last, events.items.count == 2 else {
            Issue.record("\(events.items)")
            return
        }
        await storage.close()
    }

    @Test("Nobody writes, and it is found out all the same, when asked; and again that it takes writes")
    func idle() async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder)
        let disk = try await FailingDisk(of: storage)
        let (recoveries, told) = AsyncStream<Void>.makeStream()
        storage.observe { if case .recovered = $0 { told.yield() } }
        disk.fail(with: .SQLITE_IOERR)
        #expect(storage.health == .well)
        await storage.probe(unlessWrittenWithin: 0)
        guard case .failing = storage.health else {
            Issue.record("\(storage.health)")
            return
        }
        disk.fail(with: nil)
        for await _ in recoveries { break }
        #expect(storage.health == .well)
        await storage.close()
    }

    @Test("A probe writes, although it changes nothing")
    func probe() async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder)
        await storage.flush()
        func logBytes() throws -> Int {
            try #require(
                FileManager.default.attributesOfItem(atPath: "\(folder.path)/\(SQLiteStorage.fileName)-wal")[.size]
                    as? Int)
        }
        let before = try logBytes()
        await storage.probe(unlessWrittenWithin: 0)
        #expect(try logBytes() > before)
        await storage.close()
    }

    @Test("What readers had seen when the disk failed, and was not synced, goes into the database itself")
    func unsynced() async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(
            folder, patience: WriterPatience(rowsMilliseconds: 3_600_000, journalMilliseconds: 3_600_000))
        let disk = try await FailingDisk(of: storage)
        try await storage.commit([.saveCall(Sample.call(1))])
        storage.submit([.saveCall(Sample.call(1, status: .inProgress))], isAwaited: false, completion: nil)
        await storage.barrier()
        let log = "\(folder.path)/\(SQLiteStorage.fileName)-wal"
        func logBytes() throws -> Int {
            try #require(FileManager.default.attributesOfItem(atPath: log)[.size] as? Int)
        }
        let before = try logBytes()
        disk.fail(with: .SQLITE_IOERR)
        await #expect(throws: StorageError.self) { try await storage.commit([.saveCall(Sample.call(2))]) }
        disk.fail(with: nil)
        try await storage.commit([.appendJournal(Sample.entry(1, 1))])
        // It was emptied, and has little in it since.
        #expect(try logBytes() < before)
        #expect(try await storage.call(Sample.callID(1), account: Sample.account)?.status == .inProgress)
        await storage.close()
    }

    @Test("Where the process ends meanwhile, what waited fails, and nothing of it is on disk")
    func closing() async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder)
        let disk = try await FailingDisk(of: storage)
        try await storage.commit([.saveCall(Sample.call(1))])
        disk.fail(with: .SQLITE_IOERR)
        let results = Log<Bool>()
        storage.submit([.saveCall(Self.ended(1))]) { result in
            if case .failure = result { results.append(false) } else { results.append(true) }
        }
        await storage.close()
        #expect(results.items == [false])
        let again = try SQLiteStorage(.init(folder: folder.path))
        #expect(try await again.call(Sample.callID(1), account: Sample.account)?.status == .queued)
        await again.close()
    }

    @Test("A database that is removed or replaced under the server takes nothing that would be lost with it")
    func replaced() async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder)
        let path = "\(folder.path)/\(SQLiteStorage.fileName)"
        try FileManager.default.moveItem(atPath: path, toPath: path + ".away")
        let error = await #expect(throws: StorageError.self) { try await storage.commit([.saveCall(Sample.call(1))]) }
        #expect(error == .replaced(path: path))
        try Data().write(to: URL(fileURLWithPath: path))
        await #expect(throws: StorageError.replaced(path: path)) {
            try await storage.commit([.saveCall(Sample.call(1))])
        }
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.moveItem(atPath: path + ".away", toPath: path)
        try await storage.commit([.appendJournal(accountEntry)])
        #expect(storage.health == .well)
        await storage.close()
    }

    private var accountEntry: JournalEntry {
        JournalEntry(
            timestamp: Sample.time, sequence: 0, level: .info, scope: .request, accountID: Sample.account, callID: nil,
            requestID: Sample.requestID(1), message: "kept", metadata: [:])
    }

    @Test("However long it lasts, the latest rows and records are kept, and the last entries; what is awaited is whole")
    func compaction() {
        let end: [StorageOperation] = [
            .saveCall(Self.ended(1)), .saveRecord(Sample.callID(1), [9]),
            .saveNotification(Sample.notification(1, call: 1, sequence: 1)), .appendJournal(Sample.entry(1, 1)),
        ]
        var transactions: [(operations: [StorageOperation], isAwaited: Bool)] = [(end, true)]
        for number in 2...500 {
            transactions.append(
                (
                    [
                        .saveRecord(Sample.callID(2), [UInt8(number & 255)]), .appendJournal(Sample.entry(2, number)),
                        .saveCall(Self.ended(2)),
                        .saveNotification(Sample.notification(7, call: 2, sequence: 1, attempts: number)),
                    ], false
                ))
        }
        transactions.append(([.removeRecord(Sample.callID(1))], false))
        let kept = HeldOperations.compacted(transactions, maximumEntries: 10)
        #expect(kept.count == transactions.count)
        #expect(kept[0] == end)
        let rest = kept.dropFirst().joined()
        // A call's first row and its last, the last record of each, the last notification, ten entries.
        #expect(rest.count == 2 + 2 + 1 + 10)
        #expect(kept.last == [.removeRecord(Sample.callID(1))])
        #expect(kept[499].contains(.saveRecord(Sample.callID(2), [UInt8(500 & 255)])))
        #expect(kept[499].contains(.appendJournal(Sample.entry(2, 500))))
    }
}
