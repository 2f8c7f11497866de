import Dispatch
import Foundation
import GRDB
import Synchronization
import Telephony

/// The one thread that writes (DESIGN.md decision 5).
///
/// It commits at once when it is idle, and takes everything that piled up during the last commit as one
/// transaction: a lone submission waits for one sync of the device, and under load many share one.
///
///     callers       submit(A)  submit(B) submit(C)             submit(D)
///     writer        BEGIN A COMMIT······· BEGIN B C COMMIT······ BEGIN D COMMIT
///     completions                        A                      B C
///
/// A submission that nobody awaits does not begin a transaction at once: it waits for its patience at most, and goes
/// along with whatever is awaited before (docs/decisions/0004-writes-nobody-awaits.md).
///
/// While much is submitted, transactions begin at intervals: whatever begins one pays for a sync and for every page
/// that it touches, and pages are shared by those that come a little later.
///
/// Where a transaction of several submissions fails, each is tried alone, so that a bad one fails alone.
final class StorageWriter: Sendable {
    /// Bounds the time that one commit takes, and with it how long the next submission waits: at some 3 µs a row
    /// this is 30 ms.
    static let maximumOperationsInTransaction = 10_000
    /// A transaction of so many submissions says that there is much to do: the next one begins this long after it.
    static let crowd = 8
    static let crowdedInterval: UInt64 = 10_000_000
    /// After so long without work, what was removed is purged from the write-ahead log as well.
    static let purgeDelay: UInt64 = 1_000_000_000

    private enum Work {
        case operations([StorageOperation])
        case change(@Sendable (Database) throws -> Void)
        /// Empties the write-ahead log; nothing else may be in its batch.
        case purge

        /// How much of a transaction it takes up.
        var weight: Int {
            switch self {
            // None for a barrier, which nobody waits for in their turn.
            case .operations(let operations): operations.count
            case .change, .purge: 1
            }
        }
    }

    private struct Submission {
        let work: Work
        let completion: CallStorage.Completion?
    }

    private struct State {
        var backlog: [Submission] = []
        var pendingOperations = 0
        /// When the backlog is to be committed at the latest, on the clock of `DispatchTime`, in nanoseconds.
        var due = UInt64.max
        var isWaiting = false
        /// Whoever is due before has to wake the writer up.
        var waitsUntil = UInt64.max
        /// No transaction begins before, on the same clock.
        var earliest: UInt64 = 0
        var isClosing = false
    }

    private let state = Mutex(State())
    private let wakeUp = WakeUp()
    private let finished = DispatchSemaphore(value: 0)
    private let pool: DatabasePool
    private let patience: WriterPatience
    /// Held for as long as the thread may write, also where nobody closed the storage.
    private let lock: DataFolderLock

    init(pool: DatabasePool, patience: WriterPatience, holding lock: DataFolderLock) {
        self.pool = pool
        self.patience = patience
        self.lock = lock
        Thread.detachNewThread { [self] in
            Thread.current.name = "storage"
            run()
        }
    }

    var pendingOperations: Int { state.withLock { $0.pendingOperations } }

    func submit(_ operations: [StorageOperation], isAwaited: Bool, completion: CallStorage.Completion?) {
        let submission = Submission(work: .operations(operations), completion: completion)
        guard !isAwaited else { return enqueue(submission) }
        let isJournal = operations.allSatisfy { if case .appendJournal = $0 { true } else { false } }
        let milliseconds = isJournal ? patience.journalMilliseconds : patience.rowsMilliseconds
        enqueue(submission, due: DispatchTime.now().uptimeNanoseconds + UInt64(milliseconds) * 1_000_000)
    }

    /// - Parameter body: may run a second time, when the transaction that it was part of has failed.
    func change(_ body: @escaping @Sendable (Database) throws -> Void, completion: @escaping CallStorage.Completion) {
        enqueue(Submission(work: .change(body), completion: completion))
    }

    func purge(completion: @escaping CallStorage.Completion) {
        enqueue(Submission(work: .purge, completion: completion))
    }

    /// Commits the backlog and ends the thread; blocks until that is done. Further calls return at once.
    func close() {
        let (isFirst, mustWake) = state.withLock { state in
            let isFirst = !state.isClosing
            state.isClosing = true
            let mustWake = state.isWaiting
            state.isWaiting = false
            return (isFirst, mustWake)
        }
        if mustWake { wakeUp.signal() }
        if isFirst { finished.wait() }
    }

    private func enqueue(_ submission: Submission, due: UInt64 = 0) {
        enum Reaction { case none, wake, refuse }
        let reaction = state.withLock { state -> Reaction in
            guard !state.isClosing else { return .refuse }
            state.backlog.append(submission)
            state.pendingOperations += submission.work.weight
            state.due = min(state.due, due)
            guard state.isWaiting, due < state.waitsUntil else { return .none }
            state.isWaiting = false
            return .wake
        }
        switch reaction {
        case .none: break
        case .wake: wakeUp.signal()
        case .refuse: submission.completion?(.failure(.closed))
        }
    }

    // MARK: The thread

    private enum Next {
        case batch([Submission])
        /// Nobody awaits what there is.
        case wait(until: UInt64)
        case idle
        case end
    }

    private func run() {
        let rows = RowWriter()
        loop: while true {
            switch takeBatch() {
            case .batch(let batch): commit(batch, with: rows)
            case .end: break loop
            case .wait(let due):
                if !wakeUp.wait(until: due) { _ = stillWaiting() }
            case .idle:
                if rows.hasRemovedSecrets {
                    let end = DispatchTime.now().uptimeNanoseconds + Self.purgeDelay
                    if !wakeUp.wait(until: end), stillWaiting() {
                        rows.hasRemovedSecrets = !purgeLog()
                    }
                } else {
                    wakeUp.wait()
                }
            }
        }
        // Statements end before their connection.
        rows.forget()
        _ = purgeLog()
        finished.signal()
    }

    /// Everything that has piled up, to the limit; a purge alone.
    private func takeBatch() -> Next {
        state.withLock { state in
            guard !state.backlog.isEmpty else {
                if state.isClosing { return .end }
                state.isWaiting = true
                state.waitsUntil = .max
                return .idle
            }
            let now = DispatchTime.now().uptimeNanoseconds
            if !state.isClosing, state.earliest > now {
                state.isWaiting = true
                // Whatever comes meanwhile can wait as well.
                state.waitsUntil = 0
                return .wait(until: state.earliest)
            }
            if !state.isClosing, state.due > now {
                state.isWaiting = true
                state.waitsUntil = state.due
                return .wait(until: state.due)
            }
            var weight = 0
            var count = 0
            for submission in state.backlog {
                if case .purge = submission.work, count > 0 { break }
                weight += submission.work.weight
                guard count == 0 || weight <= Self.maximumOperationsInTransaction else { break }
                count += 1
                if case .purge = submission.work { break }
            }
            let batch = Array(state.backlog.prefix(count))
            state.backlog.removeFirst(count)
            state.earliest = count >= Self.crowd ? now + Self.crowdedInterval : 0
            // What the limit has left behind goes next.
            state.due = state.backlog.isEmpty ? .max : 0
            return .batch(batch)
        }
    }

    /// Takes back the promise to be woken. False where somebody has submitted in the meantime: the wake-up that
    /// belongs to it is then taken here, so that the next wait does not end early.
    private func stillWaiting() -> Bool {
        let isStillWaiting = state.withLock { state in
            defer { state.isWaiting = false }
            return state.isWaiting
        }
        if !isStillWaiting { wakeUp.wait() }
        return isStillWaiting
    }

    private func commit(_ batch: [Submission], with rows: RowWriter) {
        if batch.count == 1, case .purge = batch[0].work {
            rows.hasRemovedSecrets = !purgeLog()
            finish(batch[0], .success(()))
            return
        }
        do {
            try transact(batch, with: rows)
            for submission in batch { finish(submission, .success(())) }
        } catch {
            guard batch.count > 1 else {
                for submission in batch { finish(submission, .failure(StorageError(error))) }
                return
            }
            for submission in batch {
                do {
                    try transact([submission], with: rows)
                    finish(submission, .success(()))
                } catch {
                    finish(submission, .failure(StorageError(error)))
                }
            }
        }
    }

    private func finish(_ submission: Submission, _ result: Result<Void, StorageError>) {
        submission.completion?(result)
        // Afterwards, so that a barrier also waits for the completion.
        state.withLock { $0.pendingOperations -= submission.work.weight }
    }

    private func transact(_ batch: [Submission], with rows: RowWriter) throws {
        do {
            try pool.writeWithoutTransaction { db in
                try db.inTransaction(.immediate) {
                    var operations: [[StorageOperation]] = []
                    for submission in batch {
                        switch submission.work {
                        case .operations(let next): operations.append(next)
                        case .change(let body):
                            // It sees everything that was submitted before it.
                            try rows.apply(operations, to: db)
                            operations.removeAll()
                            try body(db)
                        case .purge: break
                        }
                    }
                    try rows.apply(operations, to: db)
                    return .commit
                }
            }
        } catch {
            rows.forget()
            throw error
        }
    }

    /// Moves the write-ahead log into the database and cuts the log to nothing. False where a reader is in the
    /// way, or the device fails: the log is then purged another time.
    private func purgeLog() -> Bool {
        let isBusy = try? pool.writeWithoutTransaction { db in
            try Bool.fetchOne(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)")
        }
        return isBusy == false
    }
}
