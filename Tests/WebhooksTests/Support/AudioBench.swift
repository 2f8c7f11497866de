// swift-format-ignore-file: NeverForceUnwrap
// Constants of the tests: one that is malformed fails every test at once.

import Foundation
import NIOPosix
import NameResolution
import Synchronization
import Telephony

@testable import Webhooks

/// A wall clock that a test moves.
final class WallClock: Sendable {
    private let time = Mutex(Sample.time)
    var now: Timestamp { time.withLock { $0 } }
    func advance(seconds: Int64) {
        time.withLock { $0 = $0.advanced(byMicroseconds: seconds * 1_000_000) }
    }
}

/// A fetcher with a folder and a clock of its own, and a server.
final class AudioBench: Sendable {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("belay-audio-\(UUID())").path
    let clock = WallClock()
    let server: ScriptedServer
    let fetcher: AudioFetcher

    init(
        maximumFileBytes: Int = 100_000_000, maximumCacheBytes: Int = 1_000_000_000,
        whole: Duration = .seconds(60), addressGuard: AddressGuard = Sample.loopback,
        room: any DiskRoom = UnboundedDiskRoom(),
        _ script: @escaping ScriptedServer.Script
    ) async throws {
        server = try await ScriptedServer(script)
        fetcher = try AudioFetcher(
            .init(
                folder: folder, maximumFileBytes: maximumFileBytes, maximumCacheBytes: maximumCacheBytes,
                limits: RequestLimits(whole: whole, perHost: 8, total: 64)),
            group: MultiThreadedEventLoopGroup.singleton, addressGuard: addressGuard,
            resolver: NameResolver { _ throws(NameFailure) in throw .noSuchName },
            room: room,
            now: { [clock] in clock.now })
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func url(_ path: String = "/a.wav") -> WebURL { WebURL("http://127.0.0.1:\(server.port)\(path)")! }

    func text(_ path: String = "/a.wav") async throws -> String {
        let audio = try await fetcher.fetch(url(path))
        return try Self.content(audio)
    }

    var files: [String] { (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] }

    func stop() async {
        await fetcher.close()
        await server.stop()
    }

    static func content(_ audio: FetchedAudio) throws -> String {
        String(decoding: try Data(contentsOf: URL(fileURLWithPath: audio.path)), as: UTF8.self)
    }
}
