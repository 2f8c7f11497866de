import Dispatch
import GRDB
import Storage
import Telephony
import Testing

@testable import Storage

@Suite struct WriterTests {
    @Test("Completions run in the order of submission, after the rows can be read")
    func completionsInOrder() async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder)
        let order = Log<Int>()
        for number in 1...500 {
            storage.submit([.saveCall(Sample.call(number))]) { result in
                if case .success = result { order.append(number) }
            }
        }
        await storage.barrier()
        #expect(order.items == Array(1...500))
        #expect(storage.pendingOperations == 0)
        #expect(try await storage.call(Sample.callID(500), account: Sample.account) != nil)
        await storage.close()
    }

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

    @Test("A submission takes effect whole or not at all")
    func atomicity() async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder)
        await #expect(throws: StorageError.unknownCall(Sample.callID(2))) {
            try await storage.commit([.saveCall(Sample.call(1)), .saveRecord(Sample.callID(2), [1])])
        }
        #expect(try await storage.call(Sample.callID(1), account: Sample.account) == nil)
        await storage.close()
    }

    @Test("A submission that fails fails alone, whatever was committed with it")
    func failsAlone() async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder)
        let release = await storage.holdWriter()
        let failures = Log<Int>()
        let successes = Log<Int>()
        for number in 1...20 {
            var operations: [StorageOperation] = [.saveCall(Sample.call(number))]
            if number == 7 { operations.append(.appendJournal(Sample.entry(999, 1))) }
            if number == 13 {
                operations += [.appendJournal(Sample.entry(13, 1)), .appendJournal(Sample.entry(13, 1))]
            }
            storage.submit(operations) { result in
                switch result {
                case .success: successes.append(number)
                case .failure: failures.append(number)
                }
            }
        }
        release.signal()
        await storage.barrier()
        #expect(failures.items == [7, 13])
        #expect(successes.items == (1...20).filter { $0 != 7 && $0 != 13 })
        let page = try await storage.calls(account: Sample.account, filter: CallFilter(), after: nil)
        #expect(page.items.count == 18)
        // The statement that failed works again.
        try await storage.commit([.appendJournal(Sample.entry(20, 1))])
        await storage.close()
    }

    @Test("A call of an account that does not exist is refused")
    func unknownAccount() async throws {
        let folder = TemporaryFolder()
        let storage = try SQLiteStorage(.init(folder: folder.path))
        await #expect(throws: StorageError.unknownAccount(Sample.account)) {
            try await storage.commit([.saveCall(Sample.call(1))])
        }
        await storage.close()
    }

    @Test("A barrier returns only when everything submitted before it is committed")
    func barrier() async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder)
        for number in 1...300 {
            storage.submit([.saveCall(Sample.call(number))], completion: nil)
            if number % 50 == 0 {
                await storage.barrier()
                #expect(try await storage.call(Sample.callID(number), account: Sample.account) != nil)
            }
        }
        await storage.close()
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

    @Test("Closing commits what was submitted and refuses what comes later, without waiting for the second close")
    func close() async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder)
        for number in 1...100 { storage.submit([.saveCall(Sample.call(number))], completion: nil) }
        await storage.close()
        await #expect(throws: StorageError.closed) { try await storage.commit([]) }
        await #expect(throws: StorageError.closed) {
            _ = try await storage.call(Sample.callID(1), account: Sample.account)
        }
        await storage.barrier()
        await storage.close()
        let again = try SQLiteStorage(.init(folder: folder.path))
        let page = try await again.calls(account: Sample.account, filter: CallFilter(), after: nil)
        #expect(page.total == 100)
        await again.close()
    }

    @Test("Ten thousand calls are stored and listed, and the list ends at its cap")
    func tenThousand() async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder)
        let count = PageLimits.maximumTotal + 50
        for number in 1...count { storage.submit([.saveCall(Sample.call(number))], completion: nil) }
        await storage.barrier()
        var cursor: PageCursor?
        var seen: [CallID] = []
        for _ in 0...(PageLimits.maximumTotal / PageLimits.pageSize) {
            let page = try await storage.calls(account: Sample.account, filter: CallFilter(), after: cursor)
            #expect(page.total == PageLimits.maximumTotal)
            #expect(page.start == seen.count)
            seen += page.items.map(\.callID)
            cursor = page.next
            if cursor == nil { break }
        }
        #expect(cursor == nil)
        #expect(seen == (51...count).reversed().map(Sample.callID))
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

    @Test("Of what one transaction would write several times, the last is what stands")
    func lastOneWins() async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder)
        try await storage.commit([.saveCall(Sample.call(1)), .saveRecord(Sample.callID(1), [1])])
        let release = await storage.holdWriter()
        for (status, record) in [(CallStatus.ringing, 2), (.inProgress, 3), (.completed, 4)] as [(CallStatus, UInt8)] {
            for number in [1, 2] {
                storage.submit(
                    [
                        .saveCall(Sample.call(number, status: status)),
                        .appendJournal(Sample.entry(number, Int(record))),
                        .saveRecord(Sample.callID(number), [record]),
                    ], completion: nil)
            }
        }
        storage.submit([.removeRecord(Sample.callID(2))], completion: nil)
        release.signal()
        await storage.barrier()
        for number in [1, 2] {
            let call = try await storage.call(Sample.callID(number), account: Sample.account)
            #expect(call?.status == .completed)
            let journal = try await storage.journal(of: Sample.callID(number), account: Sample.account, after: nil)
            #expect(journal.items.map(\.sequence) == [4, 3, 2])
        }
        #expect(try await storage.unfinishedWork().records.map(\.1) == [[4]])
        await storage.close()
    }

    @Test("A full disk refuses what begins a call, and later reads and smaller writes go on")
    func diskFull() async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder, maximumPages: 60)
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
