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
        // Listening before the first signal, so that none is lost between the two.
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        try await gracefulShutdown()
        logger.notice("draining: no new calls; live ones may go on for \(patienceSeconds) s")
        health.setReady(false)
        loop.post(.drain)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await loop.waitUntilQuiet(atMost: .milliseconds(Int64(patienceSeconds * 1000))) }
            group.addTask {
                // The first is the one that began this.
                var count = 0
                for await _ in signals {
                    count += 1
                    if count == 2 { return }
                }
            }
            await group.next()
            group.cancelAll()
            loop.post(.hangUpAll)
        }
        await loop.waitUntilQuiet(atMost: .seconds(Self.settlingSeconds))
    }
}
