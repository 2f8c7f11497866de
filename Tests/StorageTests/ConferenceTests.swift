import Dispatch
import PQL
import Storage
import StorageSamples
import Telephony
import Testing

/// docs/contract/rest.md#conferences
@Suite struct ConferenceTests {
    private static func moment(_ microseconds: Int64) -> Timestamp {
        Sample.time.advanced(byMicroseconds: microseconds)
    }

    private static let day: Int64 = 86_400_000_000

    @Test(
        "A conference comes back with every field, as it was made and as it was changed, to its own account alone",
        arguments: Implementation.allCases)
    func everyField(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        let url = { (path: String) in WebURL("http://user:secret@example.com/\(path)?x=1") }
        var conference = Conference(
            conferenceID: Sample.conferenceID(1), accountID: Sample.account, alias: "Monday", playBeep: .exitOnly,
            isRecorded: true, waitURL: url("wait"), actionURL: url("action"), statusCallbackURL: url("status"),
            created: Sample.time)
        let plain = Sample.conference(2)
        try await storage.commit([
            .saveConference(conference, record: [1]), .saveConference(plain, record: [2]),
        ])
        let id = conference.conferenceID
        #expect(try await storage.conference(id, account: Sample.account) == conference)
        #expect(try await storage.conference(plain.conferenceID, account: Sample.account) == plain)
        conference.alias = nil
        conference.playBeep = .never
        conference.status = .terminated
        conference.dateUpdated = Self.moment(99)
        conference.revision = 7
        try await storage.commit([.saveConference(conference, record: nil)])
        #expect(try await storage.conference(id, account: Sample.account) == conference)
        #expect(try await storage.conference(id, account: Sample.otherAccount) == nil)
        #expect(try await storage.conference(Sample.conferenceID(3), account: Sample.account) == nil)
        await storage.close()
    }

    @Test(
        "A list is its account's, terminated ones too, of a status, an alias, or made and changed from a moment on and before another",
        arguments: Implementation.allCases)
    func filters(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        var conferences = [
            Sample.conference(1, status: .terminated, alias: "a"), Sample.conference(2, alias: "b"),
            Sample.conference(3, status: .inProgress, alias: "a"), Sample.conference(4),
        ]
        for index in conferences.indices { conferences[index].dateUpdated = Self.moment(Int64(20 + index)) }
        let foreign = Sample.conference(5, account: Sample.otherAccount, alias: "a")
        try await storage.commit((conferences + [foreign]).map { .saveConference($0, record: nil) })
        func found(_ filter: ConferenceFilter, of account: AccountID = Sample.account) async throws -> [ConferenceID] {
            let page = try await storage.conferences(account: account, filter: filter, after: nil)
            #expect(page.total == page.items.count && page.next == nil)
            return page.items.map(\.conferenceID)
        }
        func ids(_ numbers: Int...) -> [ConferenceID] { numbers.map(Sample.conferenceID) }
        #expect(try await found(ConferenceFilter()) == ids(4, 3, 2, 1))
        #expect(try await found(ConferenceFilter(), of: Sample.otherAccount) == ids(5))
        #expect(try await found(ConferenceFilter(status: .empty)) == ids(4, 2))
        #expect(try await found(ConferenceFilter(status: .terminated)) == ids(1))
        #expect(try await found(ConferenceFilter(alias: "a")) == ids(3, 1))
        #expect(try await found(ConferenceFilter(alias: "A")) == [], "exactly this one")
        #expect(try await found(ConferenceFilter(status: .inProgress, alias: "a")) == ids(3))
        #expect(try await found(ConferenceFilter(created: Self.moment(2)..<Self.moment(4))) == ids(3, 2))
        #expect(try await found(ConferenceFilter(updated: Self.moment(21)..<Self.moment(23))) == ids(3, 2))
        #expect(
            try await found(
                ConferenceFilter(
                    status: .empty, created: Self.moment(1)..<Self.moment(9), updated: Self.moment(22)..<Self.moment(24)
                )) == ids(4))
        await storage.close()
    }

    // MARK: What a start finds

    @Test(
        "A start finds those that have not been terminated with their latest records, in the order in which they were made",
        arguments: Implementation.allCases)
    func recovery(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        let conferences = [3, 1, 2, 4].map { Sample.conference($0) }
        try await storage.commit(conferences.map { .saveConference($0, record: [1]) })
        let populated = Sample.conference(1, status: .populated)
        try await storage.commit([
            .saveConference(populated, record: [1, 2]),
            .saveConference(Sample.conference(2, status: .terminated), record: nil),
            .saveConference(Sample.conference(4), record: nil),
        ])
        await storage.close()
        let again = try await place.opened()
        let work = try await again.unfinishedWork()
        #expect(work.conferences.map(\.0) == [conferences[0], populated, conferences[3]])
        #expect(work.conferences.map(\.1) == [[1], [1, 2], nil])
        #expect(work.complaints.isEmpty)
        await again.close()
    }

    @Test(
        "What a conference owes is found behind what calls owe, in its order, be it terminated",
        arguments: Implementation.allCases)
    func notifications(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        let all = [
            Sample.notification(9, call: 1, sequence: 1), Sample.notification(8, call: 1, sequence: 2),
            Sample.notification(7, conference: 1, sequence: 1, body: "first"),
            Sample.notification(6, conference: 1, sequence: 2), Sample.notification(5, conference: 2, sequence: 1),
        ]
        try await storage.commit([
            .saveConference(Sample.conference(1), record: [1]),
            .saveConference(Sample.conference(2, status: .terminated), record: nil), .saveCall(Sample.call(1)),
        ])
        try await storage.commit(all.reversed().map(StorageOperation.saveNotification))
        #expect(try await storage.unfinishedWork().notifications == all)
        let later = Sample.notification(7, conference: 1, sequence: 1, body: "first", attempts: 2)
        try await storage.commit([.saveNotification(later), .removeNotification(Sample.eventID(5))])
        #expect(try await storage.unfinishedWork().notifications == [all[0], all[1], later, all[3]])
        await storage.close()
    }

    @Test(
        "One that has been terminated is found while it has a record, with its latest recordings, and not any longer",
        arguments: Implementation.allCases)
    func terminatedWithRecord(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        let over = Sample.conference(2, status: .terminated)
        let recordings = [
            Sample.recording(1, of: .conference(over.conferenceID), seconds: nil),
            Sample.recording(2, of: .conference(over.conferenceID), seconds: nil),
            Sample.recording(3, of: .conference(Sample.conferenceID(3))),
        ]
        try await storage.commit(
            [
                .saveConference(Sample.conference(1), record: [1]), .saveConference(over, record: [2]),
                .saveConference(Sample.conference(3, status: .terminated), record: nil),
            ] + recordings.map(StorageOperation.saveRecording))
        await storage.close()
        let again = try await place.opened()
        let work = try await again.unfinishedWork()
        #expect(work.conferences.map(\.0) == [Sample.conference(1), over])
        #expect(work.conferences.map(\.1) == [[1], [2]])
        #expect(work.recordings.keys.sorted() == recordings.prefix(2).map(\.recordingID).sorted())
        try await again.commit([.saveConference(over, record: nil)])
        let next = try await again.unfinishedWork()
        #expect(next.conferences.map(\.0) == [Sample.conference(1)])
        #expect(next.recordings.isEmpty)
        await again.close()
    }

    @Test(
        "Of a conference that was recorded often, a start finds the latest recordings, as many as can be incomplete",
        arguments: Implementation.allCases)
    func latestRecordings(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        let most = Conference.mostIncompleteRecordings
        let recordings = (1...(most + 7)).map { Sample.recording($0, of: .conference(Sample.conferenceID(1))) }
        try await storage.commit(
            [.saveConference(Sample.conference(1), record: [1])] + recordings.map(StorageOperation.saveRecording))
        let found = try await storage.unfinishedWork().recordings
        #expect(found.count == most)
        #expect(recordings.suffix(most).allSatisfy { found[$0.recordingID] == $0 })
        await storage.close()
    }

    @Test("A start finds the latest recording of each conference that goes on", arguments: Implementation.allCases)
    func latestRecording(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        let live = Recording.Owner.conference(Sample.conferenceID(1))
        let over = Recording.Owner.conference(Sample.conferenceID(2))
        let latest = Sample.recording(3, of: live, seconds: nil)
        try await storage.commit([
            .saveConference(Sample.conference(1, status: .inProgress), record: [1]),
            .saveConference(Sample.conference(2, status: .terminated), record: nil),
            .saveRecording(Sample.recording(1, of: live)), .saveRecording(Sample.recording(2, of: over)),
            .saveRecording(latest), .saveCall(Sample.call(1)),
            .saveRecording(
                Sample.recording(4, of: .participant(Sample.callID(1), in: Sample.conferenceID(1)))),
        ])
        let found = try await storage.unfinishedWork().recordings
        #expect(found[latest.recordingID] == latest)
        #expect(found[Sample.recordingID(2)] == nil)
        #expect(found[Sample.recordingID(4)] == nil, "a participant's is none of the conference's talk")
        #expect(try await storage.unfinishedRecordings() == [latest])
        await storage.close()
    }

    // MARK: What belongs to it

    @Test(
        "A participant's recording is its call's and the conference's: listed by either and by both, and keeps both",
        arguments: Implementation.allCases)
    func participants(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        let conference = Self.over(1, daysAgo: 40)
        let (call, other) = (Sample.callID(1), Sample.callID(2))
        var recordings = [
            Sample.recording(1, of: .conference(conference.conferenceID)),
            Sample.recording(2, of: .participant(call, in: conference.conferenceID), seconds: nil),
            Sample.recording(3, of: .participant(other, in: conference.conferenceID)),
            Sample.recording(4, of: .call(call)),
        ]
        try await storage.commit(
            [.saveConference(conference, record: nil), .saveCall(Sample.call(1)), .saveCall(Sample.call(2))]
                + recordings.map(StorageOperation.saveRecording))
        func found(_ call: CallID?, _ conference: ConferenceID?) async throws -> [Recording] {
            var filter = RecordingFilter(callID: call)
            filter.conferenceID = conference
            return try await storage.recordings(account: Sample.account, filter: filter, after: nil).items
        }
        #expect(try await found(nil, nil) == recordings.reversed())
        #expect(try await found(call, nil) == [recordings[3], recordings[1]])
        #expect(try await found(nil, conference.conferenceID) == [recordings[2], recordings[1], recordings[0]])
        #expect(try await found(call, conference.conferenceID) == [recordings[1]])
        #expect(try await storage.recording(Sample.recordingID(2), account: Sample.account) == recordings[1])
        #expect(try await storage.unfinishedRecordings() == [recordings[1]])

        // As any other, it keeps the conference from being removed until its file is gone.
        let before = Self.moment(-30 * Self.day)
        recordings[0].isDeleted = true
        recordings[1].durationSeconds = 2
        recordings[1].isDeleted = true
        try await storage.commit(recordings.prefix(2).map(StorageOperation.saveRecording))
        #expect(try await storage.removeConferences(terminatedBefore: before, after: nil, limit: 9).removed == 0)
        recordings[2].isDeleted = true
        try await storage.commit([.saveRecording(recordings[2])])
        #expect(try await storage.removeConferences(terminatedBefore: before, after: nil, limit: 9).removed == 1)
        #expect(try await found(nil, nil) == [recordings[3]])
        await storage.close()
    }

    @Test("Its recordings come back as its own, and are listed by it", arguments: Implementation.allCases)
    func recordings(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        let (one, other) = (Sample.conferenceID(1), Sample.conferenceID(2))
        let recordings = [
            Sample.recording(1, of: .conference(one)), Sample.recording(2, of: .call(Sample.callID(1))),
            Sample.recording(3, of: .conference(other)), Sample.recording(4, of: .conference(one), seconds: nil),
        ]
        try await storage.commit(
            [
                .saveConference(Sample.conference(1), record: [1]), .saveConference(Sample.conference(2), record: [1]),
                .saveCall(Sample.call(1)),
            ] + recordings.map(StorageOperation.saveRecording))
        func found(_ filter: RecordingFilter, of account: AccountID = Sample.account) async throws -> [Recording] {
            try await storage.recordings(account: account, filter: filter, after: nil).items
        }
        var filter = RecordingFilter()
        #expect(try await found(filter) == recordings.reversed())
        filter.conferenceID = one
        #expect(try await found(filter) == [recordings[3], recordings[0]])
        #expect(try await found(filter, of: Sample.otherAccount) == [])
        filter.latest = Self.moment(4)
        #expect(try await found(filter) == [recordings[0]])
        filter.callID = Sample.callID(1)
        #expect(try await found(filter) == [], "none is of both")
        #expect(try await storage.recording(Sample.recordingID(3), account: Sample.account) == recordings[2])
        await storage.close()
    }

    @Test(
        "The story of a conference, and of a queue, is its own: newest first, page by page, and its account's alone",
        arguments: Implementation.allCases)
    func story(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        let (room, queue) = (RoomID.conference(Sample.conferenceID(1)), RoomID.queue(Sample.queueID(1)))
        let entries = (1...150).map { Sample.entry(of: room, $0) }
        try await storage.commit([.saveConference(Sample.conference(1), record: [1]), .saveCall(Sample.call(1))])
        try await storage.commit(
            entries.map(StorageOperation.appendJournal) + [
                .appendJournal(Sample.entry(of: .conference(Sample.conferenceID(2)), 7)),
                .appendJournal(Sample.entry(of: queue, 1)), .appendJournal(Sample.entry(1, 1)),
            ])
        let first = try await storage.journal(of: room, account: Sample.account, after: nil)
        let second = try await storage.journal(of: room, account: Sample.account, after: first.next)
        #expect(first.items + second.items == entries.reversed())
        #expect(first.items.count == PageLimits.pageSize && first.total == 150 && second.next == nil)
        #expect(
            try await storage.journal(of: queue, account: Sample.account, after: nil).items == [
                Sample.entry(of: queue, 1)
            ])
        #expect(try await storage.journal(of: room, account: Sample.otherAccount, after: nil).items.isEmpty)
        // The account's log has them too, as entries of no call.
        let query = try LogQuery("metadata.conferenceId = \"\(Sample.conferenceID(1))\" AND metadata.sequence > 148")
        let log = try await storage.logs(account: Sample.account, query: query, after: nil)
        #expect(log.entries == entries.suffix(2).reversed())
        #expect(try await storage.logs(account: Sample.account, query: nil, after: nil).total == 153)
        await storage.close()
    }

    @Test(
        "What refers to a conference that was never saved fails, and alone; its story refers to none",
        arguments: Implementation.allCases)
    func unknown(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        for operation in [
            StorageOperation.saveNotification(Sample.notification(1, conference: 1, sequence: 1)),
            .saveRecording(Sample.recording(1, of: .conference(Sample.conferenceID(1)))),
        ] {
            await #expect(throws: StorageError.unknownConference(Sample.conferenceID(1))) {
                try await storage.commit([operation])
            }
        }
        await #expect(throws: StorageError.self) {
            try await storage.commit([
                .saveConference(
                    Sample.conference(1, account: try #require(AccountID(Sample.text("AC", 9)))), record: [])
            ])
        }
        try await storage.commit([.appendJournal(Sample.entry(of: .conference(Sample.conferenceID(1)), 1))])
        #expect(try await storage.unfinishedWork().conferences.isEmpty)
        await storage.close()
    }

    @Test("Of what one commit would write several times, the last stands", arguments: Implementation.allCases)
    func written(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        let release = await storage.holdCompletions()
        let statuses: [Conference.Status] = [.empty, .populated, .inProgress, .empty]
        for (revision, status) in statuses.enumerated() {
            var conference = Sample.conference(1, status: status)
            conference.revision = revision + 1
            storage.submit(
                [
                    .saveConference(conference, record: [UInt8(revision)]),
                    .saveNotification(Sample.notification(revision, conference: 1, sequence: revision + 1)),
                ], completion: nil)
        }
        let over = Sample.conference(2, status: .terminated)
        storage.submit([.saveConference(Sample.conference(2), record: [9])], completion: nil)
        storage.submit([.saveConference(over, record: nil)], completion: nil)
        release.signal()
        await storage.barrier()
        let work = try await storage.unfinishedWork()
        #expect(work.conferences.map(\.0.revision) == [4])
        #expect(work.conferences.map(\.1) == [[3]])
        #expect(work.notifications.count == 4)
        #expect(try await storage.conference(over.conferenceID, account: Sample.account) == over)
        await storage.close()
    }

    // MARK: What has been kept long enough

    private static func over(_ number: Int, daysAgo: Int64) -> Conference {
        var conference = Sample.conference(number, status: .terminated)
        conference.dateUpdated = moment(-daysAgo * day)
        return conference
    }

    @Test(
        "Those terminated long ago go with all of theirs; one that owes something, or has a recording, is young or goes on, stays",
        arguments: Implementation.allCases)
    func retention(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        var old = Sample.conference(6)
        old.dateUpdated = Self.moment(-400 * Self.day)
        var recording = Sample.recording(1, of: .conference(Sample.conferenceID(4)))
        var gone = Sample.recording(2, of: .conference(Sample.conferenceID(1)))
        gone.isDeleted = true
        let conferences = [(1, 40), (2, 10), (3, 40), (4, 40), (5, 30)].map { Self.over($0.0, daysAgo: $0.1) } + [old]
        try await storage.commit(conferences.map { .saveConference($0, record: nil) })
        try await storage.commit(
            [
                .saveNotification(Sample.notification(1, conference: 3, sequence: 1)), .saveRecording(recording),
                .saveRecording(gone),
            ] + conferences.map { .appendJournal(Sample.entry(of: .conference($0.conferenceID), 1)) })
        func left() async throws -> [ConferenceID] {
            try await storage.conferences(account: Sample.account, filter: ConferenceFilter(), after: nil).items
                .map(\.conferenceID)
        }
        let before = Self.moment(-30 * Self.day)
        let first = try await storage.removeConferences(terminatedBefore: before, after: nil, limit: 100)
        #expect(first.removed == 1 && first.next == nil)
        #expect(try await left() == [6, 5, 4, 3, 2].map(Sample.conferenceID))
        #expect(try await storage.recording(gone.recordingID, account: Sample.account) == nil)
        let log = try await storage.logs(account: Sample.account, query: nil, after: nil)
        #expect(log.entries.compactMap(\.room).contains(.conference(Sample.conferenceID(1))) == false)
        #expect(log.entries.count == 5)

        recording.isDeleted = true
        try await storage.commit([.saveRecording(recording), .removeNotification(Sample.eventID(1))])
        #expect(try await storage.removeConferences(terminatedBefore: before, after: nil, limit: 100).removed == 2)
        let later = Self.moment(-30 * Self.day + 1)
        #expect(try await storage.removeConferences(terminatedBefore: later, after: nil, limit: 100).removed == 1)
        #expect(try await left() == [6, 2].map(Sample.conferenceID))
        await storage.close()
    }

    @Test("A sweep goes on where its last batch stopped, past what stays", arguments: Implementation.allCases)
    func batches(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        // They ended in no order, several at one moment; every third owes something.
        for number in 1...30 {
            try await storage.commit(
                [.saveConference(Self.over(number, daysAgo: 40 + Int64(number * 7 % 5)), record: nil)]
                    + (number % 3 == 0
                        ? [.saveNotification(Sample.notification(number, conference: number, sequence: 1))] : []))
        }
        let before = Self.moment(-30 * Self.day)
        var batches: [Int] = []
        var cursor: PageCursor?
        repeat {
            let batch = try await storage.removeConferences(terminatedBefore: before, after: cursor, limit: 6)
            batches.append(batch.removed)
            cursor = batch.next
        } while cursor != nil
        #expect(batches == [6, 6, 6, 2])
        let left = try await storage.conferences(account: Sample.account, filter: ConferenceFilter(), after: nil).items
        #expect(left.map(\.conferenceID) == (1...10).reversed().map { Sample.conferenceID($0 * 3) })
        await storage.close()
    }

    @Test("Its story goes as entries of no call do, by age, whatever becomes of it", arguments: Implementation.allCases)
    func storyRetention(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        let room = RoomID.conference(Sample.conferenceID(1))
        try await storage.commit(
            [.saveConference(Sample.conference(1), record: [1])]
                + (1...4).map { .appendJournal(Sample.entry(of: room, $0)) })
        _ = try await storage.removeJournals(endedBefore: Self.moment(3), limit: 100)
        #expect(
            try await storage.journal(of: room, account: Sample.account, after: nil).items.map(\.sequence) == [4, 3])
        #expect(try await storage.unfinishedWork().conferences.count == 1)
        await storage.close()
    }
}
