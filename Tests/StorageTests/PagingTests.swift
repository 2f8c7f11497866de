import PQL
import Storage
import StorageSamples
import Telephony
import Testing

/// Newest first, and those of one moment by their identifiers: an order that every database knows, so that a page begins
/// where the one before it ended, whatever has come or gone since (docs/contract/rest.md#lists).
@Suite("Pages are found by the values of what is in them")
struct PagingTests {
    /// A prime number, so that ``identity(_:)`` gives each number once; no page ends where a moment does.
    private static let count = 251

    /// Four of a moment.
    private static func moment(_ number: Int) -> Timestamp {
        Sample.time.advanced(byMicroseconds: Int64(number / 4))
    }

    /// Identifiers come in another order than what they name.
    private static func identity(_ number: Int) -> Int { number * 37 % count }

    /// All identifiers, page by page; between two pages something is done with the last one before.
    private func all<Item: Sendable, ID>(
        _ identifier: (Item) -> ID, _ page: (PageCursor?) async throws -> Page<Item>,
        between: (Item) async throws -> Void = { _ in }
    ) async throws -> [ID] {
        var seen: [ID] = []
        var cursor: PageCursor?
        repeat {
            let page = try await page(cursor)
            #expect(page.start == seen.count)
            seen += page.items.map(identifier)
            cursor = page.next
            if cursor != nil { try await between(try #require(page.items.last)) }
            try #require(seen.count <= PageLimits.maximumTotal)
        } while cursor != nil
        return seen
    }

    private func newestFirst<ID: Comparable>(_ items: [(created: Timestamp, id: ID)]) -> [ID] {
        items.sorted { $0 > $1 }.map(\.id)
    }

    @Test(
        "Applications and numbers go on behind one that has been deleted since",
        arguments: Implementation.allCases)
    func directory(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        var applications: [(created: Timestamp, id: ApplicationID)] = []
        var numbers: [(created: Timestamp, id: PhoneNumberID)] = []
        for number in 0..<Self.count {
            let application = Application(
                applicationID: Sample.applicationID(Self.identity(number)), accountID: Sample.account,
                created: Self.moment(number))
            try await storage.createApplication(application)
            applications.append((application.dateCreated, application.applicationID))
            let owned = OwnedNumber(
                phoneNumberID: Sample.phoneNumberID(Self.identity(number)), accountID: Sample.account,
                phoneNumber: try #require(PhoneNumber("+1555\(1_000_000 + number)")), created: Self.moment(number))
            try await storage.saveNumber(owned)
            numbers.append((owned.dateCreated, owned.phoneNumberID))
        }
        let foundApplications = try await all(\.applicationID) {
            try await storage.applications(account: Sample.account, alias: nil, after: $0)
        } between: {
            try await storage.deleteApplication($0.applicationID, account: Sample.account)
        }
        #expect(foundApplications == newestFirst(applications))
        let foundNumbers = try await all(\.phoneNumberID) {
            try await storage.numbers(account: Sample.account, filter: NumberFilter(), after: $0)
        } between: {
            try await storage.deleteNumber($0.phoneNumberID, account: Sample.account)
        }
        #expect(foundNumbers == newestFirst(numbers))
        await storage.close()
    }

    @Test("Recordings of the account, of a call and of a time are in this order", arguments: Implementation.allCases)
    func recordings(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        let recordings = try (0..<Self.count).map { number in
            Recording(
                recordingID: try #require(RecordingID(Sample.text("RE", Self.identity(number)))),
                accountID: Sample.account, owner: .call(Sample.callID(number % 5 == 0 ? 2 : 1)),
                created: Self.moment(number), isPrivate: false)
        }
        try await storage.commit(
            [.saveCall(Sample.call(1)), .saveCall(Sample.call(2))] + recordings.map(StorageOperation.saveRecording))
        for filter in [
            RecordingFilter(), RecordingFilter(callID: Sample.callID(1)),
            RecordingFilter(earliest: Self.moment(20), latest: Self.moment(240)),
        ] {
            let found = try await all(\.recordingID) {
                try await storage.recordings(account: Sample.account, filter: filter, after: $0)
            }
            let expected = recordings.filter { recording in
                filter.callID.map { $0 == recording.callID } ?? true
                    && filter.earliest.map { $0 <= recording.dateCreated } ?? true
                    && filter.latest.map { recording.dateCreated < $0 } ?? true
            }
            #expect(found == newestFirst(expected.map { ($0.dateCreated, $0.recordingID) }), "\(filter)")
        }
        await storage.close()
    }

    @Test("Conferences are in this order by whatever they are chosen", arguments: Implementation.allCases)
    func conferences(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        let statuses = Conference.Status.allCases
        let conferences = (0..<Self.count).map { number in
            var conference = Conference(
                conferenceID: Sample.conferenceID(Self.identity(number)), accountID: Sample.account,
                alias: number % 2 == 0 ? nil : "alias", created: Self.moment(number))
            conference.status = statuses[number % 3]
            conference.dateUpdated = Self.moment(number * 7 % Self.count)
            return conference
        }
        try await storage.commit(conferences.reversed().map { .saveConference($0, record: nil) })
        let span = Self.moment(17)..<Self.moment(230)
        for filter in [
            ConferenceFilter(), ConferenceFilter(status: statuses[0]), ConferenceFilter(alias: "alias"),
            ConferenceFilter(created: span), ConferenceFilter(updated: span),
            ConferenceFilter(status: statuses[1], alias: "alias", created: span, updated: span),
        ] {
            let found = try await all(\.conferenceID) {
                try await storage.conferences(account: Sample.account, filter: filter, after: $0)
            }
            let expected = conferences.filter(filter.lets)
            #expect(found == newestFirst(expected.map { ($0.dateCreated, $0.conferenceID) }), "\(filter)")
        }
        await storage.close()
    }

    /// The numbers are their places in the list, from the oldest on; every other one has ended.
    private func calls() -> [Call] {
        let numbers = (0..<Self.count).sorted {
            (Self.moment($0), Self.identity($0)) < (Self.moment($1), Self.identity($1))
        }
        return numbers.enumerated().map { place, number in
            var call = Sample.call(Self.identity(number), from: "+1222333000\(number % 3)")
            call = Call(
                callID: call.callID, accountID: call.accountID, applicationID: Sample.applicationID(number % 3),
                parentCallID: nil, phoneNumberID: nil, from: call.from, to: call.to, direction: .outboundAPI,
                status: place % 2 == 0 ? .queued : .completed, created: Self.moment(number))
            call.startTime = call.dateCreated
            if call.status.isTerminal { call.endTime = call.dateCreated.advanced(byMicroseconds: 5) }
            return call
        }
    }

    @Test("Calls are in this order by whatever they are chosen", arguments: Implementation.allCases)
    func calls(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        let calls = calls()
        // Stored in another order still.
        try await storage.commit(calls.reversed().map(StorageOperation.saveCall))
        let choices: [(inout CallFilter) -> Void] = [
            { _ in }, { $0.status = .completed }, { $0.isActive = true }, { $0.from = "+12223330001" },
            {
                $0.from = "+12223330001"; $0.status = .queued
            }, { $0.startedFrom = Self.moment(17) },
            {
                $0.endedUntil = Self.moment(230); $0.from = "+12223330002"
            },
            { $0.applicationIDs = [Sample.applicationID(0), Sample.applicationID(2)] },
            { $0.applicationIDs = [Sample.applicationID(1), Sample.applicationID(1)] },
        ]
        for choose in choices {
            var filter = CallFilter()
            choose(&filter)
            let chosen = filter
            let found = try await all(\.callID) {
                try await storage.calls(account: Sample.account, filter: chosen, after: $0)
            }
            #expect(found == calls.reversed().filter(chosen.matches).map(\.callID), "\(chosen)")
        }
        await storage.close()
    }

    @Test("A list of calls goes on behind one that has been removed since", arguments: Implementation.allCases)
    func removedCall(_ implementation: Implementation) async throws {
        var both = CallFilter(to: "+15556667777")
        both.startedFrom = Self.moment(0)
        for filter in [CallFilter(), both] {
            let place = implementation.place()
            let storage = try await place.opened()
            let calls = Array(calls().reversed())
            try await storage.commit(calls.map(StorageOperation.saveCall))
            let first = try await storage.calls(account: Sample.account, filter: filter, after: nil)
            let cursor = try #require(first.next)
            #expect(first.items.last?.endTime != nil)
            let end = Sample.time.advanced(byMicroseconds: 1_000)
            let removed = try await storage.removeCalls(endedBefore: end, after: nil, limit: Self.count)
            #expect(removed.removed == calls.count { $0.endTime != nil })
            let second = try await storage.calls(account: Sample.account, filter: filter, after: cursor)
            #expect(second.items == calls.dropFirst(first.items.count).filter { $0.endTime == nil })
            await storage.close()
        }
    }

    @Test("Ended calls of one moment are in order of their identifiers", arguments: Implementation.allCases)
    func endedCalls(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        let prime = 1_051
        let calls = (0..<prime).map { number in
            var call = Sample.call(number * 37 % prime, status: .completed)
            call.endTime = Sample.time.advanced(byMicroseconds: Int64(number / 100))
            return call
        }
        try await storage.commit(calls.map(StorageOperation.saveCall))
        var found: [CallID] = []
        var position: EndedCallPosition?
        repeat {
            let page = try await storage.endedCalls(EndedCallFilter(), after: position)
            found += page.calls.map(\.callID)
            position = try page.next.map { try #require(EndedCallPosition($0.text)) }
        } while position != nil
        let expected = try calls.map { (ended: try #require($0.endTime), id: $0.callID) }.sorted { $0 < $1 }
        #expect(found == expected.map(\.id))
        await storage.close()
    }

    @Test("The log goes on behind an entry whose call has been removed since", arguments: Implementation.allCases)
    func removedEntry(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        // Stored in another order than that of their identifiers; all entries are of one moment.
        var calls = [2, 3, 1].map { Sample.call($0, status: .completed) }
        calls[0].endTime = Sample.time
        try await storage.commit(calls.map(StorageOperation.saveCall))
        func entries(_ call: Int) -> [JournalEntry] {
            (1...60).map { sequence in
                var entry = Sample.entry(call, sequence)
                entry.timestamp = Sample.time
                return entry
            }
        }
        try await storage.commit([1, 2, 3].flatMap { entries($0) }.map(StorageOperation.appendJournal))
        let first = try await storage.logs(account: Sample.account, query: nil, after: nil)
        #expect(first.entries == entries(3).reversed() + entries(2).reversed().prefix(40))
        let next = try #require(first.next)
        #expect(LogCursor(LogCursor(position: next, query: nil).text)?.position == next)
        let later = Sample.time.advanced(byMicroseconds: 1)
        #expect(try await storage.removeCalls(endedBefore: later, after: nil, limit: 9).removed == 1)
        let second = try await storage.logs(account: Sample.account, query: nil, after: next)
        #expect(second.entries == entries(1).reversed())
        #expect(second.next == nil)
        await storage.close()
    }
}
