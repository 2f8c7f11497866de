import HTTPTypes
import JSON
import Telephony
import Testing

@testable import API

/// docs/contract/feed.md#an-account.
@Suite("The feed of an account", .timeLimit(.minutes(1)))
struct AccountFeedTests {
    private func note(_ test: TestServer, at microseconds: Int64) -> JournalEntry {
        JournalEntry(
            timestamp: TestServer.start.advanced(byMicroseconds: microseconds), sequence: 0, level: .warning,
            scope: .request, accountID: test.account, callID: nil, requestID: nil, message: "refused", metadata: [:])
    }

    /// The answer to what is asked; `body` runs when it is listened to, and the feed is closed behind it.
    private func follow(
        _ test: TestServer, _ query: String = "", headers: HTTPFields = [:], _ body: @escaping @Sendable () -> Void = {}
    ) async throws -> Reply {
        async let reply = test.send(.get, test.base + "/Feed" + query, headers: headers)
        while test.feed.count == 0 { await Task.yield() }
        body()
        test.feed.close()
        return try await reply
    }

    @Test("From now on everything of the account's: entries of calls and of none, and how each call changes")
    func everything() async throws {
        let test = try TestServer()
        let (one, two) = (CallFeedTests.call(test, .ringing), CallFeedTests.call(test, .queued))
        var foreign = CallFeedTests.call(test, .queued)
        foreign.accountID = SystemIdentifierSource().draw(AccountKind.self)
        test.calls.insert(one, journal: [CallFeedTests.entry(one, 1)])
        let theirs = foreign
        let refused = note(test, at: 9)
        let reply = try await follow(test) {
            test.commit(.saveCall(two), .appendJournal(CallFeedTests.entry(two, 1)))
            test.commit(.saveCall(theirs), .appendJournal(CallFeedTests.entry(theirs, 1)))
            test.commit(.appendJournal(CallFeedTests.entry(one, 2)), .appendJournal(refused))
        }
        #expect(reply.status == 200)
        #expect(reply.text.hasPrefix(":\n\n"), "whoever reads that is listened to")
        let events = try reply.events
        #expect(events.map(\.name) == ["call", "log", "log", "log"])
        #expect(events.map { $0.json["callId"] } == [two, two, one].map { .string($0.callID.text) } + [.null])
        let start = TestServer.start.microseconds
        #expect(
            events.dropFirst().map(\.id) == [
                "\(start + 1).1.\(two.callID)", "\(start + 2).2.\(one.callID)", "\(start + 9)",
            ])
    }

    @Test(
        "Whoever comes again has what the log has since, without what he had, and what comes meanwhile but once",
        arguments: [true, false])
    func resume(_ isHeader: Bool) async throws {
        let test = try TestServer()
        let (one, two) = (CallFeedTests.call(test, .inProgress), CallFeedTests.call(test, .inProgress))
        test.calls.insert(one, journal: (1...150).map { CallFeedTests.entry(one, $0) })
        test.calls.insert(two, journal: [CallFeedTests.entry(two, 20), CallFeedTests.entry(two, 21)])
        test.calls.note(note(test, at: 151))
        let name = try #require(HTTPField.Name("Last-Event-ID"))
        let last = FeedPlace(CallFeedTests.entry(one, 20)).text
        let reply = try await follow(
            test, isHeader ? "?after=1" : "?after=\(last)", headers: isHeader ? [name: last] : [:]
        ) {
            // Committed a moment ago, and read from the log already.
            test.feed.committed([.appendJournal(CallFeedTests.entry(one, 150))])
            test.feed.committed([.appendJournal(CallFeedTests.entry(one, 151))])
        }
        var sequences: [String: [Int64]] = [:]
        for event in try reply.events {
            #expect(event.name == "log")
            let sequence = try #require(event.json["metadata"]?["sequence"]?.integer)
            sequences[event.json["callId"]?.string ?? "none", default: []].append(sequence)
        }
        let behind: [Int64] = (21...151).map { $0 }
        #expect(sequences[one.callID.text] == behind)
        // Of the same microsecond as what he had: it may come once more, and is not left out.
        #expect(sequences[two.callID.text] == [20, 21])
        #expect(sequences["none"]?.count == 1)
    }

    @Test("Where more was missed than is told, that is told first, and then the newest")
    func gap() async throws {
        let test = try TestServer()
        let call = CallFeedTests.call(test, .inProgress)
        test.calls.insert(call, journal: (1...1_500).map { CallFeedTests.entry(call, $0) })
        let reply = try await follow(test, "?after=\(FeedPlace(CallFeedTests.entry(call, 1)).text)")
        let events = try reply.events
        #expect(events.map(\.name) == ["gap"] + Array(repeating: "log", count: 1_000))
        let sequences = events.dropFirst().compactMap { $0.json["metadata"]?["sequence"]?.integer }
        let newest: [Int64] = (501...1_500).map { $0 }
        #expect(sequences == newest)
    }

    @Test(
        "What is no event's id is refused, and named",
        arguments: [
            "x", "1.2", "1.2.CA12", "1.2.3.4", "-1", "1.x.CA0123456789abcdef0123456789abcdef01234567",
            "1.2.AP0123456789abcdef0123456789abcdef01234567",
        ])
    func malformed(_ text: String) async throws {
        let test = try TestServer()
        let reply = try await test.send(.get, test.base + "/Feed?after=" + text)
        #expect(reply.status == 400 && reply.code == 9 && reply.blamed == ["after"])
        #expect(reply.message.contains("1728486303358921"))
        #expect(test.feed.count == 0)
    }

    @Test("A place is read as it is written")
    func places() throws {
        let test = try TestServer()
        var ofRoom = note(test, at: 3)
        ofRoom.room = .conference(SystemIdentifierSource().draw(ConferenceKind.self))
        ofRoom.sequence = 7
        for entry in [CallFeedTests.entry(CallFeedTests.call(test, .queued), 12), note(test, at: 3), ofRoom] {
            let place = FeedPlace(entry)
            #expect(FeedPlace(place.text) == place)
            #expect(place.covers(entry))
            var later = entry
            later.timestamp = later.timestamp.advanced(byMicroseconds: 1)
            #expect(!place.covers(later))
        }
        #expect(!FeedPlace(note(test, at: 3)).covers(ofRoom), "what is of no call covers no story")
    }

    @Test("Where the log cannot be read just now, that is said, and no place is taken")
    func busy() async throws {
        let test = try TestServer()
        test.calls.refuseLogs(with: .busy)
        let reply = try await test.send(.get, test.base + "/Feed?after=1")
        #expect(reply.status == 503 && reply.header("Retry-After") == "2")
        while test.feed.count > 0 { await Task.yield() }
    }

    @Test("Another account's is a 403, and a parameter that it does not have is told of")
    func asked() async throws {
        let test = try TestServer()
        let stranger = SystemIdentifierSource().draw(AccountKind.self)
        #expect(try await test.send(.get, "/apiserver/Accounts/\(stranger)/Feed").status == 403)
        let reply = try await follow(test, "?afterr=1")
        #expect(reply.header("Belay-Warning")?.contains("did you mean after?") == true)
    }
}
