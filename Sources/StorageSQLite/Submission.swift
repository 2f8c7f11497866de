import GRDB
import Storage
import Telephony

/// What the writer has been asked for.
struct Submission {
    enum Work {
        case operations([StorageOperation])
        case change(@Sendable (Database) throws -> Void)
        /// Nothing: what was submitted before is to be seen by readers.
        case barrier
        /// Empties the write-ahead log; nothing else may be in its batch.
        case purge

        /// It is tried again when the disk takes writes again; otherwise it fails while it does not.
        var isKept: Bool {
            switch self {
            case .operations(let operations): !operations.isEmpty && !operations.contains(where: \.beginsCall)
            case .change, .barrier, .purge: false
            }
        }

        /// How much of a transaction it takes up.
        var weight: Int {
            switch self {
            case .operations(let operations): operations.count
            case .change, .purge: 1
            // Nobody waits for it in their turn.
            case .barrier: 0
            }
        }
    }

    var work: Work
    /// When it is to be committed at the latest, on the clock of `DispatchTime`, in nanoseconds; 0: somebody awaits it.
    var due: UInt64 = 0
    let completion: CallStorage.Completion?

    var isAwaited: Bool { due == 0 }

    var isBarrier: Bool {
        if case .barrier = work { true } else { false }
    }

    /// When it is to be synced at the latest; a barrier never is.
    var syncDue: UInt64 { isBarrier ? .max : due }

    /// Readers may see it before it is synced: nobody is told when it is, and it can wait. That a call is over, nobody reads
    /// before it holds for good.
    func mayBeSeenUnsynced(now: UInt64) -> Bool {
        switch work {
        case .barrier: true
        case .operations(let operations):
            due > now && completion == nil && !operations.contains(where: \.endsCall)
        case .change, .purge: false
        }
    }
}
