// swift-format-ignore-file: NeverForceUnwrap
// Constants of the tests: one that is malformed fails every test at once.

import Foundation
import NIOPosix
import NameResolution
import Synchronization
import Telephony
import Testing

@testable import Webhooks

@Suite struct AudioFetcherTests {
    @Test("A file is fetched by GET and lies on disk whole, for its owner alone")
    func fetch() async throws {
        let bench = try await AudioBench { _ in
            [
                .send("HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\nContent-Length: 3000000\r\n\r\n"),
                .fill(3_000_000),
            ]
        }
        let audio = try await bench.fetcher.fetch(bench.url("/a%20b.wav?x=1"))
        #expect(audio.contentType == "audio/wav" && audio.size == 3_000_000)
        let data = try Data(contentsOf: URL(fileURLWithPath: audio.path))
        #expect(data.count == 3_000_000 && data.allSatisfy { $0 == 0x61 })
        let mode = try FileManager.default.attributesOfItem(atPath: audio.path)[.posixPermissions] as? NSNumber
        #expect(mode?.intValue == 0o600)
        let request = try #require(bench.server.requests.first)
        #expect(request.line == "GET /a%20b.wav?x=1 HTTP/1.1")
        #expect(request.headers["freeclimb-signature"] == nil)
        await bench.stop()
    }

    @Test("Without headers a file is used for five seconds and then fetched again")
    func defaultLifetime() async throws {
        let count = Counter()
        let bench = try await AudioBench { _ in [ScriptedServer.answer(body: "version \(count.increment())")] }
        #expect(try await bench.text() == "version 1")
        bench.clock.advance(seconds: 4)
        #expect(try await bench.text() == "version 1")
        bench.clock.advance(seconds: 1)
        #expect(try await bench.text() == "version 2")
        #expect(bench.server.requests.count == 2)
        #expect(bench.server.requests[1].headers["if-none-match"] == nil)
        #expect(bench.fetcher.size.files == 1)
        await bench.stop()
    }

    @Test("A stale file is asked about by its validators, and a 304 makes it fresh again")
    func revalidation() async throws {
        let bench = try await AudioBench { request in
            request.headers["if-none-match"] == "\"v1\""
                ? [.send("HTTP/1.1 304 Not Modified\r\nCache-Control: max-age=100\r\n\r\n")]
                : [ScriptedServer.answer(headers: ["ETag: \"v1\"", "Cache-Control: no-cache"], body: "content")]
        }
        let first = try await bench.fetcher.fetch(bench.url())
        #expect(try await bench.text() == "content")
        #expect(try await bench.text() == "content")
        #expect(bench.server.requests.count == 2)
        let again = try await bench.fetcher.fetch(bench.url())
        #expect(again.path == first.path)
        bench.clock.advance(seconds: 100)
        _ = try await bench.fetcher.fetch(bench.url())
        #expect(bench.server.requests.count == 3)
        await bench.stop()
    }

    @Test("What may not be stored is fetched each time and removed when it has been used")
    func noStore() async throws {
        let bench = try await AudioBench { _ in
            [ScriptedServer.answer(headers: ["Cache-Control: no-store"], body: "secret")]
        }
        #expect(try await bench.text() == "secret")
        #expect(await eventually { bench.files == [] })
        #expect(try await bench.text() == "secret")
        #expect(bench.server.requests.count == 2 && bench.fetcher.size == (0, 0))
        await bench.stop()
    }

    @Test("Askers of one URL at once share one request, and share its failure")
    func coalescing() async throws {
        let count = Counter()
        let bench = try await AudioBench { _ in
            [.hold, count.increment() == 1 ? ScriptedServer.answer("404 Not Found") : ScriptedServer.answer(body: "x")]
        }
        try await withThrowingTaskGroup(of: Result<Int, AudioFetchError>.self) { tasks in
            let url = bench.url()
            for _ in 0..<20 {
                tasks.addTask { [fetcher = bench.fetcher] in
                    do throws(AudioFetchError) { return .success(try await fetcher.fetch(url).size) } catch {
                        return .failure(error)
                    }
                }
            }
            await bench.server.waitForRequests(1)
            bench.server.release()
            for try await result in tasks { #expect(result == .failure(.status(404)) || result == .success(1)) }
        }
        // A failure is not kept.
        #expect(try await bench.text() == "x")
        #expect(bench.server.requests.count <= 3)
        await bench.stop()
    }

    @Test("One account's slow files take no places of another's, not even for the same file at the same host")
    func accountsShare() async throws {
        let bench = try await AudioBench { _ in [.hold, ScriptedServer.answer(body: "x")] }
        let (flood, other) = (
            Sample.webhook("http://a/").accountID, AccountID("AC" + String(repeating: "7", count: 40))
        )
        let fetcher = bench.fetcher
        let urls = (0..<20).map { bench.url("/\($0)") }
        let tasks = urls.map { url in Task { try await fetcher.fetch(url, of: flood) } }
        await bench.server.waitForRequests(8)
        let same = Task { try await fetcher.fetch(urls[19], of: other) }
        await bench.server.waitForRequests(9)
        #expect(bench.server.requests.count == 9, "eight of the one, and the other's")
        // What nobody waits for any more is not asked for.
        for task in tasks { task.cancel() }
        for task in tasks { await #expect(throws: AudioFetchError.cancelled) { try await task.value } }
        bench.server.release()
        #expect(try await same.value.size == 1)
        _ = try await fetcher.fetch(bench.url("/last"), of: flood)
        #expect(bench.server.requests.count == 10)
        await bench.stop()
    }

    @Test(
        "An answer that is no file is refused by kind",
        arguments: [
            ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", AudioFetchError.emptyBody),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", .emptyBody),
            ("HTTP/1.1 204 No Content\r\n\r\n", .status(204)),
            ("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", .status(302)),
            ("HTTP/1.1 300 Many\r\nLocation: /b.wav\r\nContent-Length: 0\r\n\r\n", .status(300)),
            ("HTTP/1.1 304 Not Modified\r\n\r\n", .status(304)),
            ("HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nabc", .status(404)),
            ("HTTP/1.1 503 Later\r\nContent-Length: 3\r\n\r\nabc", .status(503)),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n", .tooLarge(limit: 1000)),
        ])
    func refused(_ answer: String, _ error: AudioFetchError) async throws {
        let bench = try await AudioBench(maximumFileBytes: 1000) { _ in [.send(answer)] }
        await #expect(throws: error) { try await bench.fetcher.fetch(bench.url()) }
        #expect(bench.fetcher.size == (0, 0))
        #expect(await eventually { bench.files == [] })
        await bench.stop()
    }

    @Test("A file that grows beyond the limit is cut off and nothing of it stays")
    func tooLarge() async throws {
        let bench = try await AudioBench(maximumFileBytes: 1_000_000) { _ in
            [.send("HTTP/1.1 200 OK\r\n\r\n"), .fill(20_000_000)]
        }
        await #expect(throws: AudioFetchError.tooLarge(limit: 1_000_000)) {
            try await bench.fetcher.fetch(bench.url())
        }
        await bench.server.waitForClosedConnections(1)
        #expect(await eventually { bench.files == [] })
        await bench.stop()
    }

    /// A disk whose free bytes are what lies in no file and is claimed by nobody.
    private final class SmallDisk: DiskRoom, Sendable {
        let spare: Int
        let claimed = Mutex(0)
        let most = Mutex(0)
        let folder = Mutex("")

        init(spare: Int) { self.spare = spare }

        private var written: Int {
            let folder = folder.withLock { $0 }
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            return names.reduce(0) { sum, name in
                let attributes = try? FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")
                return sum + ((attributes?[.size] as? Int) ?? 0)
            }
        }

        func claim(_ bytes: Int) -> Bool {
            let written = written
            return claimed.withLock { claimed in
                guard written + claimed + bytes <= spare else { return false }
                claimed += bytes
                most.withLock { $0 = max($0, written) }
                return true
            }
        }

        func giveBack(_ bytes: Int) { claimed.withLock { $0 -= bytes } }
    }

    @Test("Files that do not fit beside each other are refused before they are fetched; those that fit are whole")
    func roomForSome() async throws {
        let disk = SmallDisk(spare: 200_000)
        let bench = try await AudioBench(room: disk) { _ in
            [.send("HTTP/1.1 200 OK\r\nContent-Length: 95000\r\n\r\n"), .fill(95_000)]
        }
        disk.folder.withLock { $0 = bench.folder }
        var kept: [FetchedAudio] = []
        var refused: [AudioFetchError] = []
        for number in 0..<6 {
            do throws(AudioFetchError) { kept.append(try await bench.fetcher.fetch(bench.url("/\(number).wav"))) } catch
            {
                refused.append(error)
            }
        }
        #expect(kept.map(\.size) == [95_000, 95_000])
        #expect(refused == [.noRoom, .noRoom, .noRoom, .noRoom])
        #expect(refused.first?.description.contains("min-free-mb") == true)
        #expect(await eventually { disk.claimed.withLock { $0 } == 0 })
        // What is forgotten is gone once nobody plays it.
        #expect(bench.fetcher.makeRoom(1) == 95_000)
        kept = []
        #expect(await eventually { bench.files.count == 1 })
        await bench.stop()
    }

    @Test("All at once, the claims of those that are under way count")
    func roomAtOnce() async throws {
        let disk = SmallDisk(spare: 200_000)
        let bench = try await AudioBench(room: disk) { _ in
            [.send("HTTP/1.1 200 OK\r\nContent-Length: 95000\r\n\r\n"), .fill(95_000)]
        }
        disk.folder.withLock { $0 = bench.folder }
        let whole = await withTaskGroup(of: FetchedAudio?.self) { group in
            for number in 0..<6 { group.addTask { try? await bench.fetcher.fetch(bench.url("/\(number).wav")) } }
            return await group.reduce(into: [FetchedAudio]()) { if let audio = $1 { $0.append(audio) } }
        }
        #expect((1...2).contains(whole.count))
        #expect(disk.most.withLock { $0 } <= 200_000)
        #expect(await eventually { disk.claimed.withLock { $0 } == 0 })
        await bench.stop()
    }

    @Test("A file that does not say how long it is ends where the room does, and nothing of it stays")
    func roomWhileItGrows() async throws {
        let disk = SmallDisk(spare: 300_000)
        let bench = try await AudioBench(room: disk) { _ in [.send("HTTP/1.1 200 OK\r\n\r\n"), .fill(20_000_000)] }
        disk.folder.withLock { $0 = bench.folder }
        await #expect(throws: AudioFetchError.noRoom) { try await bench.fetcher.fetch(bench.url()) }
        #expect(disk.most.withLock { $0 } <= 300_000)
        #expect(await eventually { bench.files == [] })
        #expect(await eventually { disk.claimed.withLock { $0 } == 0 })
        await bench.stop()
    }

    @Test(
        "A file that breaks off or takes too long is a failure, and nothing of it stays",
        arguments: [
            (true, WebhookFailure.Kind.closedWithinAnswer), (false, .unanswered),
        ])
    func broken(_ closes: Bool, _ kind: WebhookFailure.Kind) async throws {
        let bench = try await AudioBench(whole: closes ? .seconds(60) : .milliseconds(250)) { _ in
            [.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf"), closes ? .close : .hold]
        }
        do {
            _ = try await bench.fetcher.fetch(bench.url())
            Issue.record("half a file was taken for a whole one")
        } catch {
            guard case .unreachable(let failure) = error else { throw error }
            #expect(failure.kind == kind)
        }
        await bench.stop()
        #expect(await eventually { bench.files == [] })
    }

    @Test("The address guard holds for audio too")
    func forbidden() async throws {
        let bench = try await AudioBench(addressGuard: AddressGuard()) { _ in [ScriptedServer.answer(body: "x")] }
        do {
            _ = try await bench.fetcher.fetch(bench.url())
            Issue.record("loopback was reached")
        } catch {
            guard case .unreachable(let failure) = error else { throw error }
            #expect(failure.kind == .forbiddenAddress)
        }
        #expect(bench.server.connections == 0)
        await bench.stop()
    }

    @Test("When the folder is full, what was used least recently goes, but for what is being played")
    func eviction() async throws {
        let bench = try await AudioBench(maximumCacheBytes: 25) { request in
            [ScriptedServer.answer(headers: ["Cache-Control: max-age=1000"], body: "0123456789")]
        }
        var a: FetchedAudio? = try await bench.fetcher.fetch(bench.url("/a"))
        _ = try await bench.fetcher.fetch(bench.url("/b"))
        _ = try await bench.fetcher.fetch(bench.url("/a"))
        _ = try await bench.fetcher.fetch(bench.url("/c"))
        #expect(bench.fetcher.size == (20, 2))
        // b went: a and c are served from the cache.
        _ = try await bench.fetcher.fetch(bench.url("/a"))
        _ = try await bench.fetcher.fetch(bench.url("/c"))
        #expect(bench.server.requests.count == 3)
        _ = try await bench.fetcher.fetch(bench.url("/b"))
        _ = try await bench.fetcher.fetch(bench.url("/d"))
        // a has gone as well, but lies on disk as long as somebody plays it.
        #expect(try AudioBench.content(try #require(a)) == "0123456789")
        #expect(await eventually { bench.files.count == 3 })
        a = nil
        #expect(await eventually { bench.files.count == 2 })
        await bench.stop()
        #expect(await eventually { bench.files == [] })
    }

    @Test("A start clears what an earlier process left, and only that")
    func leftovers() async throws {
        let bench = try await AudioBench { _ in [] }
        let folder = URL(fileURLWithPath: bench.folder)
        try Data("x".utf8).write(to: folder.appendingPathComponent("old\(AudioFetcher.suffix)"))
        try Data("x".utf8).write(to: folder.appendingPathComponent("notes.txt"))
        let second = try AudioFetcher(
            .init(folder: bench.folder), group: MultiThreadedEventLoopGroup.singleton,
            addressGuard: Sample.loopback, resolver: NameResolver { _ throws(NameFailure) in throw .noSuchName },
            now: { Sample.time })
        #expect(bench.files == ["notes.txt"])
        await second.close()
        await bench.stop()
    }
}
