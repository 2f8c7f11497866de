import Foundation
import NIOPosix
import NameResolution
import Telephony
import Testing

@testable import Webhooks

/// What of the files of Play is kept, where, and for how long (docs/contract/percl.md#play).
@Suite struct AudioCacheTests {
    private static let lasting = "Cache-Control: max-age=1000"

    @Test("What a redirect led to is kept under its own place; the redirect is asked for anew each time")
    func redirected() async throws {
        let bench = try await AudioBench { request in
            request.line.contains("/b.wav")
                ? [ScriptedServer.answer(headers: [Self.lasting], body: "sound")]
                : [ScriptedServer.answer("302 Found", headers: ["Location: /b.wav", Self.lasting])]
        }
        for _ in 0..<2 { #expect(try await bench.text("/a.wav") == "sound") }
        #expect(try await bench.text("/b.wav") == "sound")
        #expect(
            bench.server.requests.map(\.line) == ["GET /a.wav HTTP/1.1", "GET /b.wav HTTP/1.1", "GET /a.wav HTTP/1.1"])
        #expect(bench.fetcher.size == (5, 1))
        await bench.stop()
    }

    @Test("A stale file at the end of a redirect is asked about by its validators")
    func redirectedAndStale() async throws {
        let bench = try await AudioBench { request in
            guard request.line.contains("/b.wav") else {
                return [ScriptedServer.answer("302 Found", headers: ["Location: /b.wav"])]
            }
            return request.headers["if-none-match"] == "\"v1\""
                ? [.send("HTTP/1.1 304 Not Modified\r\n\r\n")]
                : [ScriptedServer.answer(headers: ["ETag: \"v1\"", "Cache-Control: no-cache"], body: "sound")]
        }
        for _ in 0..<2 { #expect(try await bench.text("/a.wav") == "sound") }
        #expect(bench.server.requests.map { $0.headers["if-none-match"] } == [nil, nil, nil, "\"v1\""])
        await bench.stop()
    }

    @Test("Five redirects are followed, and no sixth", arguments: [5, 6])
    func hops(_ count: Int) async throws {
        let bench = try await AudioBench { request in
            let number = request.line.split(separator: " ")[1].dropFirst().prefix { $0 != "." }
            guard let number = Int(number), number < count else { return [ScriptedServer.answer(body: "sound")] }
            return [ScriptedServer.answer("307 On", headers: ["Location: /\(number + 1).wav"])]
        }
        if count == 5 {
            #expect(try await bench.text("/0.wav") == "sound")
        } else {
            let fault = await #expect(throws: AudioFetchError.self) { try await bench.text("/0.wav") }
            #expect(fault?.description.contains("answered 307") == true && fault?.description.contains("6th") == true)
        }
        #expect(bench.server.requests.count == 6)
        await bench.stop()
    }

    @Test("The folder is full to its last byte before anything goes; a file that exceeds it alone is not kept")
    func full() async throws {
        let bench = try await AudioBench(maximumCacheBytes: 20) { request in
            let body = request.line.contains("/large") ? String(repeating: "x", count: 21) : "0123456789"
            return [ScriptedServer.answer(headers: [Self.lasting], body: body)]
        }
        for path in ["/a", "/b", "/a", "/b"] { _ = try await bench.text(path) }
        #expect(bench.fetcher.size == (20, 2))
        #expect(bench.server.requests.count == 2)
        #expect(try await bench.text("/large").count == 21)
        #expect(bench.fetcher.size == (20, 2), "nothing went for it")
        #expect(try await bench.text("/large").count == 21)
        #expect(bench.server.requests.count == 4)
        #expect(await eventually { bench.files.count == 2 })
        await bench.stop()
    }

    @Test("A file that is fetched anew takes its former's place, in bytes too")
    func replaced() async throws {
        let count = Counter()
        let bench = try await AudioBench { _ in
            [ScriptedServer.answer(body: count.increment() == 1 ? "0123456789" : "abc")]
        }
        #expect(try await bench.text() == "0123456789")
        bench.clock.advance(seconds: 10)
        #expect(try await bench.text() == "abc")
        #expect(bench.fetcher.size == (3, 1))
        #expect(await eventually { bench.files.count == 1 })
        await bench.stop()
    }

    @Test("Room is made to the byte, from what was asked for least recently")
    func room() async throws {
        let bench = try await AudioBench { _ in [ScriptedServer.answer(headers: [Self.lasting], body: "0123456789")] }
        for path in ["/a", "/b", "/c", "/d", "/a"] { _ = try await bench.text(path) }
        #expect(bench.fetcher.makeRoom(0) == 0)
        #expect(bench.fetcher.makeRoom(10) == 10)
        #expect(bench.fetcher.size == (30, 3))
        // It was b: the others are there still.
        for path in ["/c", "/d", "/a"] { _ = try await bench.text(path) }
        #expect(bench.server.requests.count == 4)
        #expect(bench.fetcher.makeRoom(11) == 20)
        #expect(bench.fetcher.size == (10, 1))
        _ = try await bench.text("/a")
        #expect(bench.server.requests.count == 4)
        #expect(bench.fetcher.makeRoom(1000) == 10)
        #expect(bench.fetcher.size == (0, 0))
        #expect(await eventually { bench.files.isEmpty })
        await bench.stop()
    }

    @Test("The folder is its owner's alone; where none can be, that is told")
    func folder() async throws {
        let bench = try await AudioBench { _ in [] }
        let mode = try FileManager.default.attributesOfItem(atPath: bench.folder)[.posixPermissions] as? NSNumber
        #expect(mode?.intValue == 0o700)
        try Data("x".utf8).write(to: URL(fileURLWithPath: "\(bench.folder)/file"))
        let fault = #expect(throws: AudioFetchError.self) {
            try AudioFetcher(
                .init(folder: "\(bench.folder)/file/folder"), group: MultiThreadedEventLoopGroup.singleton,
                addressGuard: Sample.loopback, resolver: NameResolver { _ throws(NameFailure) in throw .noSuchName },
                now: { Sample.time })
        }
        guard case .cacheFailed = fault else {
            Issue.record("\(String(describing: fault))")
            return
        }
        await bench.stop()
    }

    @Test("A file that cannot be written fails as that, and is asked for again the next time")
    func unwritable() async throws {
        let bench = try await AudioBench { _ in [ScriptedServer.answer(headers: [Self.lasting], body: "x")] }
        try FileManager.default.removeItem(atPath: bench.folder)
        let fault = await #expect(throws: AudioFetchError.self) { try await bench.text() }
        guard case .cacheFailed(let reason) = fault else {
            Issue.record("\(String(describing: fault))")
            return
        }
        #expect(fault?.description.contains("could not be kept on this server's disk: \(reason)") == true)
        try FileManager.default.createDirectory(atPath: bench.folder, withIntermediateDirectories: true)
        #expect(try await bench.text() == "x")
        #expect(bench.server.requests.count == 2)
        await bench.stop()
    }

    @Test("Who was called off before he asked is told so at once; his request serves who asks next")
    func calledOff() async throws {
        let bench = try await AudioBench { _ in [.hold, ScriptedServer.answer(headers: [Self.lasting], body: "x")] }
        let task = Task { [fetcher = bench.fetcher, url = bench.url()] in
            while !Task.isCancelled { await Task.yield() }
            return try await fetcher.fetch(url)
        }
        task.cancel()
        await #expect(throws: AudioFetchError.cancelled) { try await task.value }
        bench.server.release()
        #expect(try await bench.text() == "x")
        #expect(bench.server.requests.count == 1)
        await bench.stop()
    }

    @Test(
        "Why a file is not there to be played is told with what can be done",
        arguments: [
            (AudioFetchError.status(401), "answered 401 instead of 200; it wants a user"),
            (.status(403), "403 instead of 200; it does not give the file"),
            (.status(404), "404 instead of 200; is the path written right"),
            (.status(410), "410 instead of 200; is the path written right"),
            (.status(500), "500 instead of 200; its own log"), (.status(503), "503 instead of 200; its own log"),
            (.tooLarge(limit: 100_000_000), "larger than 100 MB"), (.emptyBody, "empty"),
            (.cancelled, "nobody waits"), (.redirect(status: 302, reason: "why"), "answered 302, a redirect"),
            (.redirect(status: 302, reason: "why"), "not followed: why"),
            (.unreachable(WebhookFailure(kind: .connect, explanation: "a.example:80 refused")), "a.example:80 refused"),
        ])
    func words(_ error: AudioFetchError, _ words: String) {
        #expect(error.description.contains(words), "\(error.description)")
    }

    @Test("A status that nothing is known of has no advice", arguments: [204, 302, 400, 402, 405, 409, 411, 499])
    func noAdvice(_ status: Int) {
        #expect(AudioFetchError.status(status).description == "the server answered \(status) instead of 200")
    }
}
