import Storage
import StorageSamples
import Telephony
import Testing

@Suite("Whose journals go, and whose stay")
struct JournalRetentionTests {
    private static let day: Int64 = 86_400_000_000
    private static let before = Sample.time.advanced(byMicroseconds: -day)

    /// A call that ended so long before the limit.
    private func ended(_ number: Int, earlier microseconds: Int64, account: AccountID = Sample.account) -> Call {
        var call = Sample.call(number, account: account, status: .completed)
        call.endTime = Self.before.advanced(byMicroseconds: -microseconds)
        return call
    }

    /// Of a call, so long before the limit.
    private func entry(
        _ number: Int, sequence: Int = 1, earlier microseconds: Int64, account: AccountID = Sample.account
    ) -> JournalEntry {
        var entry = Sample.entry(number, sequence)
        entry.timestamp = Self.before.advanced(byMicroseconds: -microseconds)
        entry.accountID = account
        return entry
    }

    private func entries(
        _ storage: any CallStorage, _ number: Int, account: AccountID = Sample.account
    ) async throws -> Int {
        try await storage.journal(of: Sample.callID(number), account: account, after: nil).items.count
    }

    @Test(
        "A call that still owes a notification keeps its journal until that is delivered",
        arguments: Implementation.allCases)
    func owing(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        try await storage.commit([
            .saveCall(ended(1, earlier: 100)), .appendJournal(entry(1, earlier: 200)),
            .appendJournal(entry(1, sequence: 2, earlier: 150)),
            .saveNotification(Sample.notification(1, call: 1, sequence: 1)),
            .saveNotification(Sample.notification(2, call: 1, sequence: 2, attempts: 4)),
            .saveCall(ended(2, earlier: 100)), .appendJournal(entry(2, earlier: 200)),
        ])
        #expect(try await storage.removeJournals(endedBefore: Self.before, limit: 100) == 1)
        #expect(try await entries(storage, 1) == 2)
        #expect(try await entries(storage, 2) == 0)
        try await storage.commit([.removeNotification(Sample.eventID(1))])
        #expect(try await storage.removeJournals(endedBefore: Self.before, limit: 100) == 0, "the second is owed")
        try await storage.commit([.removeNotification(Sample.eventID(2))])
        #expect(try await storage.removeJournals(endedBefore: Self.before, limit: 100) == 1)
        #expect(try await entries(storage, 1) == 0)
        await storage.close()
    }

    @Test(
        "Those of calls that ended before go, to the microsecond; of a live call nothing does",
        arguments: Implementation.allCases)
    func boundary(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        try await storage.commit([
            .saveCall(ended(1, earlier: 1)), .appendJournal(entry(1, earlier: 10)),
            .saveCall(ended(2, earlier: 0)), .appendJournal(entry(2, earlier: 10)),
            .saveCall(ended(3, earlier: -1)), .appendJournal(entry(3, earlier: 10)),
            .saveCall(Sample.call(4)), .appendJournal(entry(4, earlier: 10)),
            .saveCall(ended(5, earlier: 1, account: Sample.otherAccount)),
            .appendJournal(entry(5, earlier: 10, account: Sample.otherAccount)),
        ])
        #expect(try await storage.removeJournals(endedBefore: Self.before, limit: 100) == 2)
        #expect(try await entries(storage, 1) == 0)
        for number in 2...4 { #expect(try await entries(storage, number) == 1, "\(number)") }
        #expect(try await entries(storage, 5, account: Sample.otherAccount) == 0)
        await storage.close()
    }

    @Test("No more than so many calls' at a time, of all accounts together", arguments: Implementation.allCases)
    func limit(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        for number in 1...10 {
            let account = number <= 4 ? Sample.account : Sample.otherAccount
            try await storage.commit([
                .saveCall(ended(number, earlier: 5, account: account)),
                .appendJournal(entry(number, earlier: 10, account: account)),
            ])
        }
        for removed in [6, 4, 0] {
            #expect(try await storage.removeJournals(endedBefore: Self.before, limit: 6) == removed)
        }
        await storage.close()
    }
}
