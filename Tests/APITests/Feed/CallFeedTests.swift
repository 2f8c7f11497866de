import HTTPTypes
import JSON
import Synchronization
import Telephony
import Testing

@testable import API

extension Reply {
    /// Of an answer that is a stream of them.
    var events: [ServerSentEvent] {
        get throws {
            var reader = ServerSentEventReader()
            return try reader.read(text.utf8)
        }
    }
}

extension ServerSentEvent {
    var json: JSONValue { (try? JSONValue(parsing: data)) ?? .null }
}

/// docs/contract/feed.md#a-call. The model of storage commits at chosen moments of the reading, so that every order of what
/// is read and what comes is one that the test has chosen.
@Suite("The feed of a call")
struct CallFeedTests {
    static func call(_ test: TestServer, _ status: CallStatus, revision: Int = 3) -> Call {
        var call = Call(
            callID: SystemIdentifierSource().draw(CallKind.self), accountID: test.account, applicationID: nil,
            parentCallID: nil, phoneNumberID: nil, from: "+13125550100", to: "+13125550199", direction: .outboundAPI,
            status: status, created: TestServer.start)
        call.revision = revision
        return call
    }

    static func entry(_ call: Call, _ sequence: Int) -> JournalEntry {
        JournalEntry(
            timestamp: TestServer.start.advanced(byMicroseconds: Int64(sequence)), sequence: sequence, level: .info,
            scope: .sip, accountID: call.accountID, callID: call.callID, requestID: nil, message: "entry \(sequence)",
            metadata: ["text": "first\nsecond"])
    }

    static func ended(_ call: Call) -> Call {
        var call = call
        call.status = .completed
        call.endedReason = .farEndHangup
        call.revision += 1
        return call
    }

    private func path(_ test: TestServer, _ call: Call) -> String { "\(test.base)/Calls/\(call.callID)/Feed" }

    private func identifiers(_ reply: Reply, _ name: String = "log") throws -> [String?] {
        try reply.events.filter { $0.name == name }.map(\.id)
    }

    @Test("A call that is over is told whole: the call, its log as GET gives it, oldest first, and the end")
    func whole() async throws {
        let test = try TestServer()
        let call = Self.call(test, .completed)
        test.calls.insert(call, journal: (1...250).map { Self.entry(call, $0) })
        let reply = try await test.send(.get, path(test, call))
        #expect(reply.status == 200)
        #expect(reply.header("Content-Type") == "text/event-stream")
        #expect(reply.header("Cache-Control") == "no-store")
        #expect(reply.header("X-Accel-Buffering") == "no")
        #expect(reply.header("Request-Id") != nil)
        let events = try reply.events
        #expect(events.map(\.name) == ["call"] + Array(repeating: "log", count: 250) + ["end"])
        #expect(try identifiers(reply) == (1...250).map { "\($0)" })
        let resource = try await test.send(.get, "\(test.base)/Calls/\(call.callID)").json
        #expect(events.first?.json == resource && events.last?.json == resource)
        #expect(events.first?.id == nil, "a call's state is nothing to resume behind")
        var logs: [JSONValue] = []
        var next: String? = "/Accounts/\(test.account)/Calls/\(call.callID)/Logs"
        while let path = next {
            let page = try await test.send(.get, "/apiserver" + path)
            logs += page["logs"]?.elements ?? []
            next = page["nextPageUri"]?.string
        }
        #expect(events.filter { $0.name == "log" }.map(\.json) == logs.reversed())
        #expect(test.feed.count == 0, "the place is given back")
    }

    @Test("What is committed before, while and after the journal is read comes once each, in order, up to the end")
    func noGapAndNothingTwice() async throws {
        let test = try TestServer()
        let call = Self.call(test, .inProgress)
        test.calls.insert(call, journal: (1...3).map { Self.entry(call, $0) })
        test.calls.answerSettled { $0 > 1 }
        test.calls.onRead(
            will: { behind in
                // It is both read and told.
                if behind == 0 { test.commit(.appendJournal(Self.entry(call, 4))) }
            },
            did: { behind in
                // The journal was read to its end: these are told only.
                guard behind == 4 else { return }
                test.commit(.appendJournal(Self.entry(call, 5)), .saveCall(Self.ended(call)))
                test.feed.settled(call.callID)
                // And this one is found at the end only.
                test.calls.apply([.appendJournal(Self.entry(call, 6))])
            })
        let reply = try await test.send(.get, path(test, call))
        #expect(try identifiers(reply) == (1...6).map { "\($0)" })
        let events = try reply.events
        #expect(events.filter { $0.name == "call" }.map { $0.json["status"] } == ["inProgress", "completed"])
        #expect(events.last?.name == "end" && events.last?.json["status"] == "completed")
        #expect(events.count { $0.name == "end" } == 1)
    }

    @Test("Each change of the call is told once, by its revision")
    func revisions() async throws {
        let test = try TestServer()
        let call = Self.call(test, .ringing)
        test.calls.insert(call)
        test.calls.answerSettled { $0 > 1 }
        test.calls.onRead(did: { _ in
            var answered = call
            answered.status = .inProgress
            answered.revision = 4
            // The end is stored again where the far end has confirmed it.
            let ended = Self.ended(answered)
            test.commit(.saveCall(call), .saveCall(answered), .saveCall(ended), .saveCall(ended))
            test.feed.settled(call.callID)
        })
        let reply = try await test.send(.get, path(test, call))
        let calls = try reply.events.filter { $0.name == "call" }
        #expect(calls.map { $0.json["revision"] } == [3, 4, 5])
        #expect(calls.map { $0.json["status"] } == ["ringing", "inProgress", "completed"])
    }

    @Test("The end waits until all that was noted can be read; what comes behind the last status is told before it")
    func settling() async throws {
        let test = try TestServer()
        let call = Self.call(test, .inProgress)
        test.calls.insert(call, journal: [Self.entry(call, 1)])
        // While it goes on; when its end is told but the disk fails; and when it has recovered.
        test.calls.answerSettled { asked in
            switch asked {
            case 2:
                test.commit(.appendJournal(Self.entry(call, 2)))
                test.feed.beat()
                return false
            case 3: return true
            default: return false
            }
        }
        test.calls.onRead(did: { behind in
            guard behind == 1 else { return }
            test.commit(.saveCall(Self.ended(call)))
            test.feed.settled(call.callID)
        })
        let reply = try await test.send(.get, path(test, call))
        #expect(try reply.events.map(\.name) == ["call", "log", "call", "log", "end"])
    }

    @Test("Behind the event that a client had last, by the header or, for those who cannot set it, by the parameter")
    func resume() async throws {
        let test = try TestServer()
        let call = Self.call(test, .completed)
        test.calls.insert(call, journal: (1...120).map { Self.entry(call, $0) })
        let name = try #require(HTTPField.Name("Last-Event-ID"))
        for (header, query, first) in [("117", "", 118), (nil, "?after=117", 118), ("119", "?after=3", 120)] {
            let reply = try await test.send(
                .get, path(test, call) + query, headers: header.map { [name: $0] } ?? [:])
            #expect(try identifiers(reply) == (first...120).map { "\($0)" }, "\(header ?? "-") \(query)")
            // How the call is now is told to whoever comes again.
            #expect(try reply.events.first?.name == "call" && reply.events.last?.name == "end")
        }
        let all = try await test.send(.get, path(test, call) + "?after=120")
        #expect(try all.events.map(\.name) == ["call", "end"])
    }

    @Test(
        "What is no event's id is refused, and named",
        arguments: ["", "x", "-1", "1.5", "01", "1 ", "12345678901234567", "0x1"])
    func malformed(_ text: String) async throws {
        let test = try TestServer()
        let call = Self.call(test, .completed)
        test.calls.insert(call)
        let name = try #require(HTTPField.Name("Last-Event-ID"))
        let header = try await test.send(.get, path(test, call), headers: [name: text])
        let parameter = try await test.send(.get, path(test, call) + "?after=" + Query.encode(text))
        for (reply, field) in [(header, "Last-Event-ID"), (parameter, "after")] {
            // A space at its end is none of a header's value (RFC 9110 §5.5).
            guard field == "after" || text.last != " " else { continue }
            #expect(reply.status == 400 && reply.code == 9, "\(field) \(text)")
            #expect(reply.blamed == [field])
        }
        #expect(test.feed.count == 0)
    }

    @Test("A call that is not the account's is none")
    func foreign() async throws {
        let test = try TestServer()
        var call = Self.call(test, .completed)
        call.accountID = SystemIdentifierSource().draw(AccountKind.self)
        test.calls.insert(call)
        for id in [call.callID.text, SystemIdentifierSource().draw(CallKind.self).text, "x"] {
            let reply = try await test.send(.get, "\(test.base)/Calls/\(id)/Feed")
            #expect(reply.status == 404 && reply.code == 1)
        }
        let path = "/apiserver/Accounts/\(call.accountID)/Calls/\(call.callID)/Feed"
        #expect(try await test.send(.get, path).status == 403)
    }

    @Test("Whoever does not keep up is told so, and goes on where he left off, with nothing missing and nothing twice")
    func lagging() async throws {
        let test = try TestServer(feeds: FeedLimits(news: 3))
        let call = Self.call(test, .inProgress)
        test.calls.insert(call, journal: [Self.entry(call, 1)])
        test.calls.answerSettled { $0 > 1 }
        test.calls.onRead(did: { behind in
            guard behind == 1 else { return }
            for sequence in 2...6 { test.commit(.appendJournal(Self.entry(call, sequence))) }
        })
        let first = try await test.send(.get, path(test, call))
        #expect(try first.events.map(\.name) == ["call", "log", "log", "log", "log", "lagging"])
        let last = try #require(try identifiers(first).last ?? nil)
        test.calls.onRead()
        let second = try await test.send(.get, path(test, call) + "?after=\(last)")
        #expect(try identifiers(first) + identifiers(second) == (1...6).map { "\($0)" })
        #expect(try second.events.last?.name == "end")
    }

    @Test("A stream on which nothing is told shows that it lives")
    func beat() async throws {
        let test = try TestServer()
        let call = Self.call(test, .inProgress)
        test.calls.insert(call)
        test.calls.answerSettled { asked in
            if asked == 2 { test.feed.close() }
            return false
        }
        test.calls.onRead(did: { _ in test.feed.beat() })
        let reply = try await test.send(.get, path(test, call))
        #expect(reply.text.hasSuffix("\n\n:\n\n"))
    }

    @Test("A key that is revoked, and an account that is suspended, keep no feed open", arguments: [true, false])
    func revoked(_ isKey: Bool) async throws {
        let test = try TestServer()
        let call = Self.call(test, .inProgress)
        test.calls.insert(call)
        test.calls.answerSettled { asked in
            if asked > 1 { Issue.record("the feed goes on") }
            return asked > 1
        }
        test.calls.onRead(did: { _ in
            if isKey {
                test.directory.add(
                    Account(accountID: test.account, kind: .full, status: .active, created: TestServer.start),
                    key: "another")
            } else {
                test.directory.setStatus(.suspended, of: test.account)
            }
            test.feed.beat()
        })
        let reply = try await test.send(.get, path(test, call))
        #expect(try reply.events.map(\.name) == ["call"])
    }

    @Test("A good key keeps it open, also where there are two")
    func kept() async throws {
        let test = try TestServer()
        let call = Self.call(test, .inProgress)
        test.calls.insert(call)
        test.calls.answerSettled { $0 > 1 }
        test.calls.onRead(did: { _ in
            test.directory.add(
                Account(accountID: test.account, kind: .full, status: .active, created: TestServer.start),
                AccountCredentials(
                    accountID: test.account,
                    apiKeyHashes: ["newer", TestServer.key].map { Authenticator.hash(ofKey: $0.utf8) },
                    signingSecrets: []))
            test.feed.beat()
        })
        let reply = try await test.send(.get, path(test, call))
        #expect(try reply.events.map(\.name) == ["call", "end"])
    }

    @Test("When the server stops the streams end, and none begins any more")
    func stop() async throws {
        let test = try TestServer()
        let call = Self.call(test, .inProgress)
        test.calls.insert(call)
        test.calls.onRead(did: { _ in test.feed.close() })
        let reply = try await test.send(.get, path(test, call))
        #expect(try reply.status == 200 && reply.events.map(\.name) == ["call"])
        let late = try await test.send(.get, path(test, call))
        #expect(late.status == 503 && late.code == 55)
        #expect(late.header("Retry-After") == "10")
    }

    @Test("The server's stop reaches each listener once, also one that reads nothing")
    func cutOff() throws {
        let feed = Feed()
        let account = SystemIdentifierSource().draw(AccountKind.self)
        let stopped = Mutex<[Int]>([])
        let held = try (0..<3).map { number in
            try feed.listen(to: nil, of: account) { stopped.withLock { $0.append(number) } }
        }
        #expect(stopped.withLock { $0.isEmpty })
        feed.close()
        #expect(stopped.withLock { $0.sorted() } == [0, 1, 2])
        #expect(held.allSatisfy { $0.take().isClosed })
    }

    @Test("What a call has come to is told before the server's stop ends the stream", arguments: [true, false])
    func lastWord(_ isSettled: Bool) async throws {
        let test = try TestServer()
        let call = Self.call(test, .inProgress)
        test.calls.insert(call)
        test.calls.answerSettled { asked in isSettled && asked > 1 }
        test.calls.onRead(did: { _ in
            // Submitted a moment ago, and committed before the next question is answered.
            test.calls.apply([.saveCall(Self.ended(call)), .appendJournal(Self.entry(call, 1))])
            test.feed.close()
        })
        let reply = try await test.send(.get, path(test, call))
        #expect(try reply.events.map(\.name) == ["call", "call", "log"] + (isSettled ? ["end"] : []))
    }

    @Test("One feed more than an account may have is a 429 that says so; another account's are its own")
    func tooMany() async throws {
        let test = try TestServer()
        let call = Self.call(test, .completed)
        test.calls.insert(call)
        var held = try (0..<32).map { _ in try test.feed.listen(to: nil, of: test.account) }
        for path in [path(test, call), test.base + "/Feed"] {
            let reply = try await test.send(.get, path)
            #expect(reply.status == 429 && reply.code == 24)
            #expect(reply["details"]?["rule"] == "feedsAtOnce")
            #expect(reply.header("Retry-After") == "10")
            #expect(reply.message.contains("32 feeds"))
        }
        let other = SystemIdentifierSource().draw(AccountKind.self)
        test.directory.add(
            Account(accountID: other, kind: .full, status: .active, created: TestServer.start), key: "k")
        var theirs = Self.call(test, .completed)
        theirs.accountID = other
        test.calls.insert(theirs)
        let beside = try await test.send(
            .get, "/apiserver/Accounts/\(other)/Calls/\(theirs.callID)/Feed",
            authorization: TestServer.basic(other.text, "k"))
        #expect(beside.status == 200)
        held.removeLast()
        #expect(try await test.send(.get, path(test, call)).status == 200)
    }

    @Test("HEAD is answered without a place being taken", .timeLimit(.minutes(1)))
    func head() async throws {
        let test = try TestServer()
        let call = Self.call(test, .inProgress)
        test.calls.insert(call)
        let reply = try await test.send(.head, path(test, call))
        #expect(reply.status == 200 && reply.text.isEmpty)
        while test.feed.count > 0 { await Task.yield() }
    }

    @Test("How many listen, and how many did not keep up, is counted")
    func metrics() async throws {
        let test = try TestServer(feeds: FeedLimits(news: 0))
        let listening = try test.feed.listen(to: nil, of: test.account)
        test.commit(.saveCall(Self.call(test, .queued)))
        #expect(listening.take().isBehind)
        let reply = try await test.send(.get, "/metrics", authorization: "Bearer \(TestServer.operatorToken)")
        withExtendedLifetime(listening) {}
        #expect(reply.text.contains("\nbelay_feed_listeners 1\n"))
        #expect(reply.text.contains("\nbelay_feed_lagging_total 1\n"))
    }
}
