package import Logging
package import Storage
import Synchronization
package import Telephony

/// How long what is over is kept.
package struct Retention: Hashable, Sendable {
    /// Of conferences that have been terminated, too. Nil: for ever.
    package var callDays: Double?
    package var journalDays: Double?
    package var recordingDays: Double?
    /// Of all recordings' files together; the oldest go first. Nil: no limit.
    package var recordingBytes: Int?

    package init(
        callDays: Double? = nil, journalDays: Double? = nil, recordingDays: Double? = nil, recordingBytes: Int? = nil
    ) {
        self.callDays = callDays
        self.journalDays = journalDays
        self.recordingDays = recordingDays
        self.recordingBytes = recordingBytes
    }
}

/// Removes what has been kept long enough: recordings with their files, journals, calls, conferences; private recordings when their
/// two minutes are over (docs/contract/rest.md#recordings).
package final class Housekeeping: Sendable {
    /// Private recordings are looked for so often, and everything else at each of so many rounds.
    private static let pause = Duration.seconds(10)
    private static let roundsBetweenSweeps = 60
    /// Bounds how long others wait for the writer.
    private static let batch = 50
    /// After a batch it rests so many times as long as that took: what is old is in no hurry, and calls are. At a quarter
    /// of the time, a sweep still removes more in ten minutes than ten minutes' calls.
    private static let restForWork = 3
    private static let microsecondsPerDay = 86_400_000_000.0

    private let storage: any CallStorage
    private let recordings: LiveRecordings
    private let files: RecordingFiles
    private let retention: Mutex<Retention>
    private let logger: Logger

    package init(
        storage: any CallStorage, recordings: LiveRecordings, files: RecordingFiles, retention: Retention,
        logger: Logger
    ) {
        self.storage = storage
        self.recordings = recordings
        self.files = files
        self.retention = Mutex(retention)
        self.logger = logger
    }

    /// Holds from the next round on.
    package func set(_ retention: Retention) { self.retention.withLock { $0 = retention } }

    /// Until the task is cancelled.
    package func run() async throws {
        var round = 0
        while !Task.isCancelled {
            do {
                try await removePrivate(now: SystemClock.wall())
                // A clock that is set ahead by mistake would have everything removed. It is believed after the next start.
                let now = min(SystemClock.wall(), SystemClock.steady())
                if round % Self.roundsBetweenSweeps == 0 { try await sweep(now: now) }
            } catch is CancellationError {
                return
            } catch {
                // The next round tries again.
                logger.warning("removing what is old failed: \(error)")
            }
            round += 1
            try await Task.sleep(for: Self.pause)
        }
    }

    func removePrivate(now: Timestamp) async throws {
        try await removeRecordings(before: nil, now: now)
    }

    /// Everything that the retention says.
    package func sweep(now: Timestamp) async throws {
        let retention = retention.withLock { $0 }
        func before(_ days: Double) -> Timestamp {
            Timestamp(microseconds: now.microseconds - Int64(days * Self.microsecondsPerDay))
        }
        try await storage.removeKeys(
            before: Timestamp(microseconds: now.microseconds - IdempotencyKey.lifetimeMicroseconds))
        if let days = retention.recordingDays {
            try await removeRecordings(before: before(days), now: now)
        }
        if let bytes = retention.recordingBytes { try await shrinkRecordings(to: bytes, now: now) }
        if let days = retention.journalDays {
            try await repeatedly { try await storage.removeJournals(endedBefore: before(days), limit: Self.batch) }
        }
        if let days = retention.callDays {
            var position: EndedCallPosition?
            try await repeatedly {
                let batch = try await storage.removeCalls(
                    endedBefore: before(days), after: position, limit: Self.batch)
                position = batch.next
                return batch.removed
            }
            var cursor: PageCursor?
            try await repeatedly {
                let batch = try await storage.removeConferences(
                    terminatedBefore: before(days), after: cursor, limit: Self.batch)
                cursor = batch.next
                return batch.removed
            }
        }
    }

    /// Private ones whose time is over, and any that were begun before.
    private func removeRecordings(before: Timestamp?, now: Timestamp) async throws {
        let lifetime = Int64(Recording.privateLifetimeSeconds) * 1_000_000
        let privateBefore = Timestamp(microseconds: now.microseconds - lifetime)
        try await repeatedly {
            let expired = try await storage.expiredRecordings(
                privateBefore: privateBefore, before: before, limit: Self.batch)
            for recording in expired { try await recordings.delete(recording, now: now) }
            return expired.count
        }
    }

    private func shrinkRecordings(to limit: Int, now: Timestamp) async throws {
        var size = files.totalBytes
        while size > limit {
            let oldest = try await storage.oldestRecordings(limit: Self.batch)
            guard !oldest.isEmpty else { return }
            for recording in oldest where size > limit {
                size -= files.bytes(of: recording.recordingID)
                try await recordings.delete(recording, now: now)
            }
        }
    }

    private func repeatedly(_ body: () async throws -> Int) async throws {
        let clock = ContinuousClock()
        while true {
            let start = clock.now
            guard try await body() == Self.batch else { return }
            try await Task.sleep(for: start.duration(to: clock.now) * Self.restForWork)
        }
    }
}
