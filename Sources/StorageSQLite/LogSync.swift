import GRDB

/// Which commits sync the write-ahead log, and what is still to be synced. Belongs to the writer's thread and its connection.
///
/// With `synchronous=FULL` a COMMIT syncs the whole log, and so everything that was committed before it; with NORMAL it syncs
/// nothing, and readers see what it committed all the same (https://sqlite.org/pragma.html#pragma_synchronous). The log has
/// one order in either case: what is lost with the power is the end of it. The one may become the other between two
/// transactions, not within one.
final class LogSync {
    /// When the log is to be synced at the latest, on the clock of `DispatchTime`, in nanoseconds; `.max`: all that is
    /// committed is synced.
    private(set) var due = UInt64.max
    /// As the connection was opened.
    private var isFull = true

    var isOwed: Bool { due < .max }

    /// Before a transaction.
    func set(synced isSynced: Bool, on db: Database) throws {
        guard isSynced != isFull else { return }
        try db.execute(sql: "PRAGMA synchronous = \(isSynced ? "FULL" : "NORMAL")")
        isFull = isSynced
    }

    /// Something has been committed that is to be synced later.
    func owe(until due: UInt64) { self.due = min(self.due, due) }

    /// Everything that has been committed is on disk.
    func settle() { due = .max }
}
