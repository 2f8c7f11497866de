import Dispatch
import Storage
import StorageSamples
import Telephony
import Testing

@Suite struct WriterTests {
    @Test("Completions run in the order of submission, after the rows can be read", arguments: Implementation.allCases)
    func completionsInOrder(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
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

    @Test("A submission takes effect whole or not at all", arguments: Implementation.allCases)
    func atomicity(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        await #expect(throws: StorageError.unknownCall(Sample.callID(2))) {
            try await storage.commit([.saveCall(Sample.call(1)), .saveRecord(Sample.callID(2), [1])])
        }
        #expect(try await storage.call(Sample.callID(1), account: Sample.account) == nil)
        await storage.close()
    }

    @Test("A submission that fails fails alone, whatever was committed with it", arguments: Implementation.allCases)
    func failsAlone(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        let release = await storage.holdCompletions()
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

    @Test(
        "What is wrong with the content is no outage: it fails alone, and the others do not wait for it",
        arguments: Implementation.allCases)
    func content(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        try await storage.commit([.saveCall(Sample.call(1)), .appendJournal(Sample.entry(1, 1))])
        for operation in [
            StorageOperation.appendJournal(Sample.entry(1, 1)), .appendJournal(Sample.entry(9, 1)),
            .saveRecord(Sample.callID(9), [1]),
        ] {
            await #expect(throws: StorageError.self) { try await storage.commit([operation]) }
            #expect(storage.health == .well)
        }
        await storage.close()
    }

    @Test("A call of an account that does not exist is refused", arguments: Implementation.allCases)
    func unknownAccount(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.open()
        await #expect(throws: StorageError.unknownAccount(Sample.account)) {
            try await storage.commit([.saveCall(Sample.call(1))])
        }
        await storage.close()
    }

    @Test("A barrier returns only when everything submitted before it is committed", arguments: Implementation.allCases)
    func barrier(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        for number in 1...300 {
            storage.submit([.saveCall(Sample.call(number))], completion: nil)
            if number % 50 == 0 {
                await storage.barrier()
                #expect(try await storage.call(Sample.callID(number), account: Sample.account) != nil)
            }
        }
        await storage.close()
    }

    @Test("Behind a barrier a read finds what nobody awaited", arguments: Implementation.allCases)
    func unawaited(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        try await storage.commit([.saveCall(Sample.call(1))])
        for sequence in 1...50 {
            storage.submit([.appendJournal(Sample.entry(1, sequence))], isAwaited: false, completion: nil)
            await storage.barrier()
            let page = try await storage.journal(of: Sample.callID(1), account: Sample.account, after: nil)
            #expect(page.items.first?.sequence == sequence)
        }
        await storage.close()
    }

    @Test(
        "Closing commits what was submitted and refuses what comes later, without waiting for the second close",
        arguments: Implementation.allCases)
    func close(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        for number in 1...100 { storage.submit([.saveCall(Sample.call(number))], completion: nil) }
        await storage.close()
        await #expect(throws: StorageError.closed) { try await storage.commit([]) }
        await #expect(throws: StorageError.closed) {
            _ = try await storage.call(Sample.callID(1), account: Sample.account)
        }
        await storage.barrier()
        await storage.close()
        let again = try await place.open()
        let page = try await again.calls(account: Sample.account, filter: CallFilter(), after: nil)
        #expect(page.total == 100)
        await again.close()
    }

    @Test("Ten thousand calls are stored and listed, and the list ends at its cap", arguments: Implementation.allCases)
    func tenThousand(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
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

    @Test(
        "Of what one transaction would write several times, the last is what stands", arguments: Implementation.allCases
    )
    func lastOneWins(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        try await storage.commit([.saveCall(Sample.call(1)), .saveRecord(Sample.callID(1), [1])])
        let release = await storage.holdCompletions()
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
}
