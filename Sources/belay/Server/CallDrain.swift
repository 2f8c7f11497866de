import CallControl
import Logging
import NIOCore
import Runtime
import ServiceLifecycle
import UnixSignals

/// Ends the calls when the process is asked to end: no new ones at once; live ones get their time, then BYE; a second
/// signal cuts that time short.
struct CallDrain: Service {
    /// For the last BYEs and the first attempt of the last webhooks.
    static let settlingSeconds: Int64 = 10

    let loop: CallLoop
    let health: ServerHealth
    let patienceSeconds: Double
    let logger: Logger

    func run() async throws {
        try await gracefulShutdown()
        logger.notice("draining: no new calls; live ones may go on for \(patienceSeconds) s")
        health.setReady(false)
        loop.post(.drain)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await loop.waitUntilQuiet(atMost: .milliseconds(Int64(patienceSeconds * 1000))) }
            group.addTask {
                for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint) { return }
            }
            await group.next()
            group.cancelAll()
            loop.post(.hangUpAll)
        }
        await loop.waitUntilQuiet(atMost: .seconds(Self.settlingSeconds))
    }
}
