import Dispatch
import Storage
import StorageSamples
import Telephony
import Testing

@Suite("What has been kept long enough")
struct RetentionTests {
    private static let day: Int64 = 86_400_000_000

    private func ended(_ number: Int, daysAgo: Int64) -> Call {
        var call = Sample.call(number, status: .completed)
        call.endTime = Timestamp(microseconds: Sample.time.microseconds - daysAgo * Self.day)
        return call
    }

    /// The first entry of a call that ended so long ago.
    private func entry(_ number: Int, daysAgo: Int64) -> JournalEntry {
        JournalEntry(
            timestamp: Timestamp(microseconds: Sample.time.microseconds - daysAgo * Self.day - 1), sequence: 1,
            level: .info, scope: .request, accountID: Sample.account, callID: Sample.callID(number), requestID: nil,
            message: "Call accepted", metadata: [:])
    }

    private func save(_ operations: [StorageOperation], in storage: any CallStorage) async {
        storage.submit(operations, completion: nil)
        await storage.barrier()
    }

    @Test(
        "Old calls go with their journals; who owes something, has a recording, is young or live stays",
        arguments: Implementation.allCases)
    func calls(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        let recording = Recording(
            recordingID: try #require(RecordingID(Sample.text("RE", 1))), accountID: Sample.account,
            owner: .call(Sample.callID(4)), created: Sample.time, isPrivate: false)
        await save(
            [
                .saveCall(ended(1, daysAgo: 40)), .appendJournal(Sample.entry(1, 1)),
                .saveCall(ended(2, daysAgo: 10)), .appendJournal(Sample.entry(2, 1)),
                .saveCall(ended(3, daysAgo: 40)), .saveNotification(Sample.notification(1, call: 3, sequence: 1)),
                .saveCall(ended(4, daysAgo: 40)), .saveRecording(recording),
                .saveCall(ended(5, daysAgo: 40)), .saveRecord(Sample.callID(5), [1]),
                .saveCall(Sample.call(6)),
            ], in: storage)
        let before = Timestamp(microseconds: Sample.time.microseconds - 30 * Self.day)
        let first = try await storage.removeCalls(endedBefore: before, after: nil, limit: 100)
        #expect(first.removed == 1 && first.next == nil)
        let left = try await storage.calls(account: Sample.account, filter: CallFilter(), after: nil).items
        #expect(left.map(\.callID) == [6, 5, 4, 3, 2].map(Sample.callID))
        #expect(try await storage.journal(of: Sample.callID(2), account: Sample.account, after: nil).items.count == 1)

        var gone = recording
        gone.durationSeconds = 1
        gone.isDeleted = true
        await save(
            [.saveRecording(gone), .removeNotification(Sample.eventID(1)), .removeRecord(Sample.callID(5))],
            in: storage)
        let second = try await storage.removeCalls(endedBefore: before, after: nil, limit: 2)
        #expect(second.removed == 2 && second.next != nil)
        let third = try await storage.removeCalls(endedBefore: before, after: second.next, limit: 2)
        #expect(third.removed == 1 && third.next == nil)
        await storage.close()
    }

    @Test("Journals go before their calls do", arguments: Implementation.allCases)
    func journals(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        await save(
            [
                .saveCall(ended(1, daysAgo: 40)), .appendJournal(entry(1, daysAgo: 40)),
                .appendJournal(Sample.entry(1, 2)),
                .saveCall(ended(2, daysAgo: 10)), .appendJournal(entry(2, daysAgo: 10)),
                // It began before and ended after.
                .saveCall(ended(3, daysAgo: 29)), .appendJournal(entry(3, daysAgo: 31)),
            ], in: storage)
        let before = Timestamp(microseconds: Sample.time.microseconds - 30 * Self.day)
        #expect(try await storage.removeJournals(endedBefore: before, limit: 100) == 1)
        #expect(try await storage.removeJournals(endedBefore: before, limit: 100) == 0)
        #expect(try await storage.call(Sample.callID(1), account: Sample.account) != nil)
        #expect(try await storage.journal(of: Sample.callID(1), account: Sample.account, after: nil).items.isEmpty)
        #expect(try await storage.journal(of: Sample.callID(2), account: Sample.account, after: nil).items.count == 1)
        await storage.close()
    }

    @Test("A sweep goes on where its last batch stopped, past what stays", arguments: Implementation.allCases)
    func batches(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        // They ended in no order, several at one moment; every third owes something.
        for number in 1...40 {
            await save(
                [
                    .saveCall(ended(number, daysAgo: 40 + Int64(number * 7 % 5))),
                    .appendJournal(entry(number, daysAgo: 40)),
                ]
                    + (number % 3 == 0 ? [.saveRecord(Sample.callID(number), [1])] : []), in: storage)
        }
        let before = Timestamp(microseconds: Sample.time.microseconds - 30 * Self.day)
        var batches: [Int] = []
        var position: EndedCallPosition?
        repeat {
            let batch = try await storage.removeCalls(endedBefore: before, after: position, limit: 4)
            batches.append(batch.removed)
            position = batch.next
        } while position != nil
        #expect(batches == [4, 4, 4, 4, 4, 4, 3])
        let left = try await storage.calls(account: Sample.account, filter: CallFilter(), after: nil).items
        #expect(left.map(\.callID) == (1...13).reversed().map { Sample.callID($0 * 3) })
        #expect(try await storage.removeJournals(endedBefore: before, limit: 9) == 9)
        #expect(try await storage.removeJournals(endedBefore: before, limit: 9) == 4)
        await storage.close()
    }

    @Test("Private recordings expire after their completion, others by their age", arguments: Implementation.allCases)
    func recordings(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        func recording(_ number: Int, isPrivate: Bool, seconds: Int?) throws -> Recording {
            var recording = Recording(
                recordingID: try #require(RecordingID(Sample.text("RE", number))), accountID: Sample.account,
                owner: .call(Sample.callID(1)), created: Sample.time.advanced(byMicroseconds: Int64(number)),
                isPrivate: isPrivate)
            recording.durationSeconds = seconds
            return recording
        }
        let all = [
            try recording(1, isPrivate: true, seconds: 3), try recording(2, isPrivate: false, seconds: 3),
            try recording(3, isPrivate: true, seconds: nil),
        ]
        await save([.saveCall(Sample.call(1))] + all.map(StorageOperation.saveRecording), in: storage)
        let later = Sample.time.advanced(byMicroseconds: 1_000_000)
        #expect(
            try await storage.expiredRecordings(privateBefore: later, before: nil, limit: 9).map(\.recordingID)
                == [all[0].recordingID])
        #expect(
            try await storage.expiredRecordings(privateBefore: Sample.time, before: later, limit: 9).map(\.recordingID)
                == [all[0].recordingID, all[1].recordingID])
        #expect(
            try await storage.expiredRecordings(privateBefore: Sample.time, before: nil, limit: 9).isEmpty)
        #expect(try await storage.oldestRecordings(limit: 1).map(\.recordingID) == [all[0].recordingID])
        await storage.close()
    }

    @Test(
        "Where the room for recordings is full, the account that keeps most loses its oldest, nobody else's older ones",
        arguments: Implementation.allCases)
    func fullOfRecordings(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        func recording(_ number: Int, of account: AccountID, seconds: Int) throws -> Recording {
            var recording = Recording(
                recordingID: try #require(RecordingID(Sample.text("RE", number))), accountID: account,
                owner: .call(Sample.callID(account == Sample.account ? 1 : 2)),
                created: Sample.time.advanced(byMicroseconds: Int64(number)), isPrivate: false)
            recording.durationSeconds = seconds
            return recording
        }
        let all = [
            try recording(1, of: Sample.account, seconds: 90), try recording(2, of: Sample.otherAccount, seconds: 60),
            try recording(3, of: Sample.otherAccount, seconds: 60),
        ]
        let calls = [Sample.call(1), Sample.call(2, account: Sample.otherAccount)]
        await save(calls.map(StorageOperation.saveCall) + all.map(StorageOperation.saveRecording), in: storage)
        #expect(
            try await storage.oldestRecordings(limit: 9).map(\.recordingID) == all[1...].map(\.recordingID))
        await storage.close()
    }

    @Test("What an account has used of a day", arguments: Implementation.allCases)
    func use(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        func talked(_ number: Int, from: Int64, to: Int64) -> Call {
            var call = Sample.call(number, status: .completed)
            call.startTime = Sample.time.advanced(byMicroseconds: from)
            call.connectTime = call.startTime
            call.endTime = Sample.time.advanced(byMicroseconds: to)
            return call
        }
        await save(
            [
                .saveCall(talked(1, from: -10_000_000, to: -1)), .saveCall(talked(2, from: -5_000_000, to: 100)),
                .saveCall(talked(3, from: 1, to: 1_500_001)), .saveCall(Sample.call(4)),
            ], in: storage)
        let use = try await storage.use(since: Sample.time)
        #expect(use.first { $0.accountID == Sample.account } == DayUse(accountID: Sample.account, calls: 1, seconds: 8))
        #expect(
            use.first { $0.accountID == Sample.otherAccount }
                == DayUse(accountID: Sample.otherAccount, calls: 0, seconds: 0))
        await storage.close()
    }

    @Test("A switch stays as it was set", arguments: Implementation.allCases)
    func switches(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        #expect(try await storage.switches().isEmpty)
        try await storage.setSwitch("dialling", to: "stopped")
        try await storage.setSwitch("dialling", to: "stopped")
        #expect(try await storage.switches() == ["dialling": "stopped"])
        try await storage.setSwitch("dialling", to: nil)
        #expect(try await storage.switches().isEmpty)
        await storage.close()
    }

    @Test(
        "An Idempotency-Key is used once a day by an account, and with it the call or none",
        arguments: Implementation.allCases)
    func keys(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        let key = IdempotencyKey(text: "order-17", fingerprint: [1, 2])
        func submit(_ call: Call, at time: Timestamp) async -> Result<Void, StorageError> {
            await withCheckedContinuation { continuation in
                storage.submit([.saveCall(call), .saveKey(key, call.callID, time)]) {
                    continuation.resume(returning: $0)
                }
            }
        }
        try await submit(Sample.call(1), at: Sample.time).get()
        let again = await submit(Sample.call(2), at: Sample.time.advanced(byMicroseconds: 5))
        guard case .failure(.conflict) = again else {
            Issue.record("\(again)")
            return
        }
        #expect(try await storage.call(Sample.callID(2), account: Sample.account) == nil)
        // Another account's key is another key.
        try await submit(Sample.call(3, account: Sample.otherAccount), at: Sample.time).get()
        let found = try await storage.call(keyed: "order-17", account: Sample.account, since: Sample.time)
        #expect(found?.call == Sample.callID(1))
        #expect(found?.fingerprint == [1, 2])
        // Two submissions in one transaction: the second fails alone.
        let release = await storage.holdCompletions()
        let later = Sample.time.advanced(byMicroseconds: IdempotencyKey.lifetimeMicroseconds + 1)
        async let first = submit(Sample.call(4), at: later)
        async let second = submit(Sample.call(5), at: later)
        release.signal()
        let results = await [first, second]
        #expect(results.count { if case .success = $0 { true } else { false } } == 1)
        try await storage.removeKeys(before: later.advanced(byMicroseconds: 1))
        #expect(try await storage.call(keyed: "order-17", account: Sample.account, since: Sample.time) == nil)
        await storage.close()
    }
}
