import CallControl
import Logging
import Runtime
import ServiceLifecycle
import UnixSignals

/// Takes the configuration over anew at each SIGHUP, as far as that can be done while calls are live.
struct Reload: Service {
    let source: SettingSource
    /// Reads flags, environment and file again.
    let read: @Sendable () throws -> (SettingSource, ServerConfiguration)
    let loop: CallLoop
    let housekeeping: Housekeeping
    let disk: DiskWatch
    let status: LiveStatus
    let log: ServerLog

    func run() async throws {
        let logger = log.logger("belay")
        let signals = await UnixSignalsSequence(trapping: .sighup)
        var current = source
        for await _ in signals.cancelOnGracefulShutdown() {
            do {
                let (next, configuration) = try read()
                apply(configuration, changedFrom: current, to: next, logger)
                current = next
            } catch {
                logger.error("the configuration cannot be reloaded and stays as it was: \(error)")
            }
        }
    }

    private func apply(
        _ configuration: ServerConfiguration, changedFrom old: SettingSource, to new: SettingSource, _ logger: Logger
    ) {
        let changed = Setting.all.map(\.name).filter { old.values[$0]?.text != new.values[$0]?.text }
        loop.post(
            .limitsChanged(
                ExchangeLimits(
                    callsPerSecond: configuration.callsPerSecond, callsAtOnce: configuration.callsAtOnce,
                    longestCall: .seconds(configuration.longestCallSeconds),
                    queueWait: configuration.queueSeconds.map { .seconds($0) })))
        housekeeping.set(configuration.retention)
        disk.set(minimumBytes: configuration.minimumFreeBytes)
        log.set(configuration.logLevel)
        status.reloaded(new)
        let (taken, left) = (
            changed.filter(Setting.reloadable.contains), changed.filter { !Setting.reloadable.contains($0) }
        )
        logger.notice(
            "the configuration was reloaded; changed: \(taken.isEmpty ? "nothing" : taken.joined(separator: ", "))")
        for name in left { logger.warning("\(name) has changed; it holds from the next start on") }
    }
}

/// Something that goes on until the server stops.
struct BackgroundTask: Service {
    let body: @Sendable () async throws -> Void

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            do { try await body() } catch is CancellationError {}
        }
    }
}
