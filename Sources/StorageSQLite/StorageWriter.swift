import Dispatch
import Foundation
import GRDB
import Storage
import Synchronization
import Telephony

/// The one thread that writes (ARCHITECTURE.md#one-writer).
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
/// Whoever reads must see what was submitted before, and needs no sync for it: where a barrier alone demands the commit, it
/// syncs nothing (``LogSync``), and what nobody awaits is synced when it would have been without the reader.
///
///     callers       put off(A)    barrier                         submit(B)
///     writer                      BEGIN A COMMIT                  BEGIN B COMMIT······
///     synced                                                                         A B
///
/// While much is submitted, transactions begin at intervals: whatever begins one pays for a sync and for every page
/// that it touches, and pages are shared by those that come a little later.
///
/// Where a transaction of several submissions fails by what is in it, each is tried alone, so that a bad one fails alone.
///
/// Where it fails by the disk, nothing is given up that the world may come to hear of (docs/decisions/0032): what was
/// submitted is kept, in order, and the writer tries a small write now and then until one succeeds.
///
/// ```
///          a transaction fails by the disk              a small write succeeds, and then
///   well ───────────────────────────────────▶ failing ─────────────────────────────────────▶ well
///                                             │  ▲      what was kept
///                                             └──┘ the next try fails too
/// ```
/// While it fails, whatever somebody waits for who can be told no fails at once: calls that begin, changes of the
/// directory, barriers.
final class StorageWriter: Sendable {
    /// Bounds the time that one commit takes, and with it how long the next submission waits: at some 3 µs a row
    /// this is 30 ms.
    static let maximumOperationsInTransaction = 10_000
    /// A transaction of so many submissions says that there is much to do: the next one begins this long after it.
    static let crowd = 8
    static let crowdedInterval: UInt64 = 10_000_000
    /// After so long without work, what was removed is purged from the write-ahead log as well.
    static let purgeDelay: UInt64 = 1_000_000_000
    /// An idle writer finds out so often whether it could write.
    static let probeInterval: UInt64 = 10_000_000_000
    /// While the disk fails, between two tries.
    static let retryPause: UInt64 = 500_000_000
    /// What is kept while the disk fails is made small whenever it has doubled since, and not before it is so much.
    static let compactionThreshold = 10_000
    /// A transaction that takes longer than this says that the device does not answer.
    static let stallLimit: UInt64 = 10_000_000_000

    private struct Outage {
        var error: StorageError
        let began: UInt64
        /// The disk has taken a small write since.
        var mayBeOver = false
        /// So much is kept before it is made small again.
        var compactsAt = StorageWriter.compactionThreshold
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
        /// The disk fails.
        var outage: Outage?
        /// When the transaction began that is on its way to the disk.
        var transactionBegan: UInt64?
        var lastSuccess: UInt64 = 0
        var observer: (@Sendable (StorageEvent) -> Void)?
        var commitObserver: (@Sendable ([StorageOperation]) -> Void)?
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

    /// What happens from now on is told to it, on any thread; it must not block.
    func observe(_ observer: @escaping @Sendable (StorageEvent) -> Void) {
        state.withLock { $0.observer = observer }
    }

    /// What is committed from now on is told to it, on the writer's thread; it must not block.
    func observeCommits(_ observer: @escaping @Sendable ([StorageOperation]) -> Void) {
        state.withLock { $0.commitObserver = observer }
    }

    /// Tells the observer, if there is one.
    func tell(_ event: StorageEvent) { state.withLock { $0.observer }?(event) }

    var health: StorageHealth {
        let now = DispatchTime.now().uptimeNanoseconds
        return state.withLock { state in
            if let outage = state.outage { return .failing(outage.error) }
            if let began = state.transactionBegan, now > began, now - began > Self.stallLimit {
                return .stalled(milliseconds: Int((now - began) / 1_000_000))
            }
            return .well
        }
    }

    /// How long ago something was last written.
    var nanosecondsSinceSuccess: UInt64 {
        let now = DispatchTime.now().uptimeNanoseconds
        return state.withLock { now - min(now, $0.lastSuccess) }
    }

    func submit(_ operations: [StorageOperation], isAwaited: Bool, completion: CallStorage.Completion?) {
        var submission = Submission(work: .operations(operations), completion: completion)
        guard !isAwaited else { return enqueue(submission) }
        let isJournal = operations.allSatisfy { if case .appendJournal = $0 { true } else { false } }
        let milliseconds = isJournal ? patience.journalMilliseconds : patience.rowsMilliseconds
        submission.due = DispatchTime.now().uptimeNanoseconds + UInt64(milliseconds) * 1_000_000
        enqueue(submission)
    }

    /// Its completion runs when all that was submitted before can be read, or has failed.
    func barrier(completion: @escaping CallStorage.Completion) {
        enqueue(Submission(work: .barrier, completion: completion))
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

    private func enqueue(_ submission: Submission) {
        enum Reaction { case none, wake, refuse(StorageError) }
        let reaction = state.withLock { state -> Reaction in
            guard !state.isClosing else { return .refuse(.closed) }
            if let outage = state.outage, !submission.work.isKept { return .refuse(outage.error) }
            state.backlog.append(submission)
            state.pendingOperations += submission.work.weight
            if let outage = state.outage, state.pendingOperations > outage.compactsAt { compact(&state) }
            state.due = min(state.due, submission.due)
            guard state.isWaiting, submission.due < state.waitsUntil else { return .none }
            state.isWaiting = false
            return .wake
        }
        switch reaction {
        case .none: break
        case .wake: wakeUp.signal()
        case .refuse(let error): submission.completion?(.failure(error))
        }
    }

    /// Only what is kept stands in the backlog while the disk fails.
    private func compact(_ state: inout State) {
        let transactions = state.backlog.map { submission -> (operations: [StorageOperation], isAwaited: Bool) in
            guard case .operations(let operations) = submission.work else { return ([], true) }
            return (operations, submission.isAwaited || submission.completion != nil)
        }
        for (index, operations) in HeldOperations.compacted(transactions).enumerated() {
            state.backlog[index].work = .operations(operations)
        }
        state.backlog.removeAll { $0.work.weight == 0 && $0.completion == nil }
        state.pendingOperations = state.backlog.reduce(0) { $0 + $1.work.weight }
        state.outage?.compactsAt = max(Self.compactionThreshold, 2 * state.pendingOperations)
    }

    // MARK: The thread

    private enum Next {
        case batch([Submission], isSynced: Bool)
        /// A small write: whether the disk takes any again, or what is not synced yet.
        case probe
        /// Nobody awaits what there is.
        case wait(until: UInt64)
        case idle
        case end
    }

    private func run() {
        let rows = RowWriter()
        let sync = LogSync()
        loop: while true {
            switch takeBatch(sync) {
            case .batch(let batch, let isSynced): commit(batch, isSynced: isSynced, with: rows, sync)
            case .probe: probe(with: rows, sync)
            case .end: break loop
            case .wait(let due):
                if !wakeUp.wait(until: due) { _ = stillWaiting() }
            case .idle:
                let pause = rows.hasRemovedSecrets ? Self.purgeDelay : Self.probeInterval
                guard !wakeUp.wait(until: DispatchTime.now().uptimeNanoseconds + pause), stillWaiting() else {
                    continue
                }
                if rows.hasRemovedSecrets { rows.hasRemovedSecrets = !purgeLog() } else { probe(with: rows, sync) }
                // Where a reader is not in the way, the disk is.
                if rows.hasRemovedSecrets { probe(with: rows, sync) }
            }
        }
        if sync.isOwed { probe(with: rows, sync) }
        // Statements end before their connection.
        rows.forget()
        _ = purgeLog()
        finished.signal()
    }

    /// Everything that has piled up, to the limit; a purge alone.
    private func takeBatch(_ sync: LogSync) -> Next {
        state.withLock { state in
            let now = DispatchTime.now().uptimeNanoseconds
            if let outage = state.outage, !state.isClosing {
                guard state.earliest <= now else {
                    state.isWaiting = true
                    state.waitsUntil = 0
                    return .wait(until: state.earliest)
                }
                if !outage.mayBeOver || state.backlog.isEmpty { return .probe }
            }
            guard !state.backlog.isEmpty else {
                if state.isClosing { return .end }
                if sync.due <= now { return .probe }
                state.isWaiting = true
                state.waitsUntil = sync.due
                return sync.isOwed ? .wait(until: sync.due) : .idle
            }
            if !state.isClosing, state.earliest > now {
                state.isWaiting = true
                // Whatever comes meanwhile can wait as well.
                state.waitsUntil = 0
                return .wait(until: state.earliest)
            }
            let due = min(state.due, sync.due)
            if !state.isClosing, due > now {
                state.isWaiting = true
                state.waitsUntil = due
                return .wait(until: due)
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
            let isForReaders =
                !state.isClosing && state.outage == nil && sync.due > now
                && batch.allSatisfy { $0.mayBeSeenUnsynced(now: now) }
            return .batch(batch, isSynced: !isForReaders)
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

    private func commit(_ batch: [Submission], isSynced: Bool, with rows: RowWriter, _ sync: LogSync) {
        if batch.count == 1, case .purge = batch[0].work {
            rows.hasRemovedSecrets = !purgeLog()
            if !rows.hasRemovedSecrets { sync.settle() }
            finish(batch[0], .success(()))
            return
        }
        // What they waited for has been committed.
        if !isSynced, batch.allSatisfy(\.isBarrier) { return batch.forEach { finish($0, .success(())) } }
        do throws(StorageError) {
            try transact(batch, isSynced: isSynced, with: rows, sync)
            if isSynced { succeeded() }
            finishCommitted(batch)
        } catch {
            if error.isOutage { return keep(batch[...], error) }
            guard batch.count > 1 else {
                for submission in batch { finish(submission, .failure(error)) }
                return
            }
            for (index, submission) in batch.enumerated() {
                do throws(StorageError) {
                    try transact([submission], isSynced: isSynced, with: rows, sync)
                    if isSynced { succeeded() }
                    finishCommitted([submission])
                } catch {
                    if error.isOutage { return keep(batch[index...], error) }
                    finish(submission, .failure(error))
                }
            }
        }
    }

    private func probe(with rows: RowWriter, _ sync: LogSync) {
        do throws(StorageError) {
            // The system tells once that a sync has failed, and does not try again (fsync(2)). What it still knows of the log
            // goes into the database.
            if sync.isOwed, state.withLock({ $0.outage != nil }) {
                guard purgeLog() else { throw .inputOutput("the log cannot be moved into the database") }
                sync.settle()
            }
            try transact(
                [Submission(work: .change(Self.touch), completion: nil)], isSynced: true, with: rows, sync)
            let isOver = state.withLock { state in
                state.outage?.mayBeOver = true
                return state.backlog.isEmpty
            }
            // Where something is kept, it is the proof.
            if isOver { succeeded() }
        } catch {
            keep([], error)
        }
    }

    /// Writes one page with what it holds already: SQLite compares rows with what is there, and leaves out what is the
    /// same; its header it writes whenever it is told to.
    static func touch(_ db: Database) throws {
        let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        try db.execute(sql: "PRAGMA user_version = \(version)")
    }

    /// The disk has failed: what of the batch, and of what came since, can be told no, is; the rest stays in front.
    private func keep(_ batch: ArraySlice<Submission>, _ error: StorageError) {
        let now = DispatchTime.now().uptimeNanoseconds
        let (refused, observer) = state.withLock { state in
            let all = batch + state.backlog
            // A process that ends has no later try.
            let isLast = state.isClosing
            state.backlog = all.filter { !isLast && $0.work.isKept }
            state.due = state.backlog.isEmpty ? .max : 0
            state.earliest = now + Self.retryPause
            let isNews = state.outage?.error != error
            var outage = state.outage ?? Outage(error: error, began: now)
            outage.error = error
            outage.mayBeOver = false
            state.outage = outage
            return (all.filter { isLast || !$0.work.isKept }, isNews ? state.observer : nil)
        }
        // What was committed last may lie in a log that has no name any more, and nowhere else.
        if case .replaced = error { _ = purgeLog() }
        observer?(.failing(error))
        for submission in refused { finish(submission, .failure(error)) }
    }

    /// Something is on disk.
    private func succeeded() {
        let now = DispatchTime.now().uptimeNanoseconds
        let ended = state.withLock { state -> (outage: Outage, observer: (@Sendable (StorageEvent) -> Void)?)? in
            state.lastSuccess = now
            guard let outage = state.outage else { return nil }
            state.outage = nil
            return (outage, state.observer)
        }
        guard let (outage, observer) = ended else { return }
        observer?(.recovered(afterMilliseconds: Int((now - min(now, outage.began)) / 1_000_000)))
    }

    private func finishCommitted(_ submissions: [Submission]) {
        let observer = state.withLock { $0.commitObserver }
        for submission in submissions {
            if let observer, case .operations(let operations) = submission.work, !operations.isEmpty {
                observer(operations)
            }
            finish(submission, .success(()))
        }
    }

    private func finish(_ submission: Submission, _ result: Result<Void, StorageError>) {
        submission.completion?(result)
        if case .failure(let error) = result, submission.completion == nil {
            tell(.lost(error, operations: submission.work.weight))
        }
        // Afterwards, so that a barrier also waits for the completion.
        state.withLock { $0.pendingOperations -= submission.work.weight }
    }

    private func transact(
        _ batch: [Submission], isSynced: Bool, with rows: RowWriter, _ sync: LogSync
    ) throws(StorageError) {
        state.withLock { $0.transactionBegan = DispatchTime.now().uptimeNanoseconds }
        defer { state.withLock { $0.transactionBegan = nil } }
        do {
            try pool.writeWithoutTransaction { db in
                try Self.endTransaction(on: db)
                try sync.set(synced: isSynced, on: db)
                try db.inTransaction(.immediate) {
                    // What goes into a file that has no name any more is gone with the process.
                    try lock.checkDatabase()
                    var operations: [[StorageOperation]] = []
                    for submission in batch {
                        switch submission.work {
                        case .operations(let next): operations.append(next)
                        case .change(let body):
                            // It sees everything that was submitted before it.
                            try rows.apply(operations, to: db)
                            operations.removeAll()
                            try body(db)
                        case .barrier, .purge: break
                        }
                    }
                    try rows.apply(operations, to: db)
                    // A COMMIT of nothing new syncs nothing, not even what was committed before.
                    if isSynced, sync.isOwed { try Self.touch(db) }
                    return .commit
                }
            }
        } catch {
            rows.forget()
            throw StorageError(error)
        }
        if isSynced { sync.settle() } else { sync.owe(until: batch.map(\.syncDue).min() ?? .max) }
    }

    /// A COMMIT that the disk refused may leave its transaction open (https://sqlite.org/lang_transaction.html, "Response To
    /// Errors Within A Transaction").
    private static func endTransaction(on db: Database) throws {
        if db.isInsideTransaction { try db.rollback() }
    }

    /// Moves the write-ahead log into the database and cuts the log to nothing. False where a reader is in the
    /// way, or the device fails: the log is then purged another time.
    private func purgeLog() -> Bool {
        let isBusy = try? pool.writeWithoutTransaction { db in
            try Self.endTransaction(on: db)
            return try Bool.fetchOne(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)")
        }
        return isBusy == false
    }
}
