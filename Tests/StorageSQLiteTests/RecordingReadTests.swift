import Storage
import StorageSamples
import Telephony
import Testing

@testable import StorageSQLite

/// docs/contract/rest.md#recordings
@Suite struct RecordingReadTests {
    private static func id(_ number: Int) throws -> RecordingID {
        try #require(RecordingID(Sample.text("RE", number)))
    }

    /// Begun so many seconds after the others' time; `seconds` long, or still being made.
    private static func recording(
        _ number: Int, call: Int = 1, account: AccountID = Sample.account, at second: Int64 = 0, seconds: Int? = 3,
        isPrivate: Bool = false
    ) throws -> Recording {
        var recording = Recording(
            recordingID: try id(number), accountID: account, owner: .call(Sample.callID(call)),
            created: Sample.time.advanced(byMicroseconds: second * 1_000_000), isPrivate: isPrivate)
        recording.durationSeconds = seconds
        return recording
    }

    private static func opened(_ folder: TemporaryFolder, _ recordings: [Recording]) async throws -> SQLiteStorage {
        let storage = try await SQLiteStorage.opened(folder)
        let calls = [Sample.call(1), Sample.call(2), Sample.call(3, account: Sample.otherAccount)]
        try await storage.commit(calls.map { .saveCall($0) } + recordings.map { .saveRecording($0) })
        return storage
    }

    @Test("A recording comes back with every field, before and after its end, to its own account alone")
    func everyField() async throws {
        let folder = TemporaryFolder()
        var recording = try Self.recording(1, call: 2, at: 7, seconds: nil, isPrivate: true)
        let storage = try await Self.opened(folder, [recording])
        let id = recording.recordingID
        #expect(try await storage.recording(id, account: Sample.account) == recording)
        recording.durationSeconds = 12
        recording.isDeleted = true
        recording.revision = 3
        recording.dateUpdated = Sample.time.advanced(byMicroseconds: 99)
        try await storage.commit([.saveRecording(recording)])
        #expect(try await storage.recording(id, account: Sample.account) == recording)
        #expect(try await storage.recording(id, account: Sample.otherAccount) == nil)
        #expect(try await storage.recording(Self.id(2), account: Sample.account) == nil)
        await storage.close()
    }

    @Test("A list is its account's, newest first, of one call or all, from a moment on and until before another")
    func filters() async throws {
        let folder = TemporaryFolder()
        let storage = try await Self.opened(
            folder,
            [
                try Self.recording(1, at: 10), try Self.recording(2, call: 2, at: 20), try Self.recording(3, at: 30),
                try Self.recording(4, call: 3, account: Sample.otherAccount, at: 20),
            ])
        func second(_ second: Int64) -> Timestamp { Sample.time.advanced(byMicroseconds: second * 1_000_000) }
        func found(_ filter: RecordingFilter, of account: AccountID = Sample.account) async throws -> [RecordingID] {
            let page = try await storage.recordings(account: account, filter: filter, after: nil)
            #expect(page.total == page.items.count)
            return page.items.map(\.recordingID)
        }
        let (one, two, three) = (try Self.id(1), try Self.id(2), try Self.id(3))
        #expect(try await found(RecordingFilter()) == [three, two, one])
        #expect(try await found(RecordingFilter(), of: Sample.otherAccount) == [try Self.id(4)])
        #expect(try await found(RecordingFilter(callID: Sample.callID(1))) == [three, one])
        #expect(try await found(RecordingFilter(callID: Sample.callID(3))) == [], "another account's call")
        #expect(try await found(RecordingFilter(earliest: second(20))) == [three, two])
        #expect(try await found(RecordingFilter(latest: second(20))) == [one])
        #expect(try await found(RecordingFilter(earliest: second(10), latest: second(30))) == [two, one])
        #expect(
            try await found(RecordingFilter(callID: Sample.callID(1), earliest: second(11), latest: second(31)))
                == [three])
        await storage.close()
    }

    @Test("A list goes on page by page")
    func pages() async throws {
        let folder = TemporaryFolder()
        let storage = try await Self.opened(folder, try (1...150).map { try Self.recording($0, at: Int64($0)) })
        let first = try await storage.recordings(account: Sample.account, filter: RecordingFilter(), after: nil)
        let second = try await storage.recordings(
            account: Sample.account, filter: RecordingFilter(), after: first.next)
        #expect(first.items.count == 100 && second.start == 100 && second.next == nil)
        #expect(first.total == 150 && second.total == 150)
        let ids = try (1...150).reversed().map { try Self.id($0) }
        #expect((first.items + second.items).map(\.recordingID) == ids)
        await storage.close()
    }

    @Test("A start finds the recordings of all accounts that were being made, in their order")
    func unfinished() async throws {
        let folder = TemporaryFolder()
        let all = [
            try Self.recording(1, seconds: nil), try Self.recording(2),
            try Self.recording(3, call: 3, account: Sample.otherAccount, seconds: nil),
            try Self.recording(4, seconds: 0),
        ]
        let storage = try await Self.opened(folder, all)
        #expect(try await storage.unfinishedRecordings() == [all[0], all[2]])
        await storage.close()
    }

    @Test(
        "What has expired is told to the microsecond, the oldest first, and neither what is gone nor what is being made"
    )
    func expired() async throws {
        let folder = TemporaryFolder()
        var gone = try Self.recording(5, at: 1, isPrivate: true)
        gone.isDeleted = true
        var late = try Self.recording(1, at: 5, isPrivate: true)
        late.dateUpdated = Sample.time.advanced(byMicroseconds: 20_000_000)
        let all = [
            late, try Self.recording(2, at: 4), try Self.recording(3, at: 3, isPrivate: true),
            try Self.recording(4, at: 2, seconds: nil, isPrivate: true), gone,
        ]
        let storage = try await Self.opened(folder, all)
        func found(_ privateBefore: Int64, _ before: Int64?, limit: Int = 9) async throws -> [Recording] {
            try await storage.expiredRecordings(
                privateBefore: Sample.time.advanced(byMicroseconds: privateBefore),
                before: before.map { Sample.time.advanced(byMicroseconds: $0) }, limit: limit)
        }
        #expect(try await found(3_000_000, nil) == [])
        #expect(try await found(3_000_001, nil) == [all[2]])
        #expect(try await found(20_000_000, nil) == [all[2]], "from its end on, not its beginning")
        #expect(try await found(20_000_001, nil) == [all[2], late])
        #expect(try await found(0, 4_000_000) == [all[2]])
        #expect(try await found(0, 4_000_001) == [all[2], all[1]])
        #expect(try await found(20_000_001, 9_000_000, limit: 2) == [all[2], all[1]])
        await storage.close()
    }

    @Test("Who keeps most is told by what is there: neither what is gone nor what is being made counts")
    func oldest() async throws {
        let folder = TemporaryFolder()
        var gone = try Self.recording(1, at: 1, seconds: 1000)
        gone.isDeleted = true
        let other = Sample.otherAccount
        let all = [
            gone, try Self.recording(2, at: 2, seconds: nil), try Self.recording(3, at: 3, seconds: 5),
            try Self.recording(4, call: 3, account: other, at: 5, seconds: 4),
            try Self.recording(5, call: 3, account: other, at: 4, seconds: 2),
        ]
        let storage = try await Self.opened(folder, all)
        #expect(try await storage.oldestRecordings(limit: 9) == [all[4], all[3]])
        #expect(try await storage.oldestRecordings(limit: 1) == [all[4]])
        await storage.close()
    }
}
