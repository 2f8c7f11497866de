/// What storage tells by itself, to whoever observes it.
package enum StorageEvent: Hashable, Sendable {
    /// The disk refuses what is to be written. Until ``recovered`` calls that begin and changes of the directory fail at
    /// once, and everything else is kept and tried again; told again where the reason changes.
    case failing(StorageError)
    /// Everything that was kept is on disk.
    case recovered(afterMilliseconds: Int)
    /// Something that nobody awaited is lost.
    case lost(StorageError, operations: Int)
    /// Something that a start reads is not what it should be, and is left out.
    case unreadable(String)
}

/// Whether storage can be written to.
package enum StorageHealth: Hashable, Sendable {
    case well
    case failing(StorageError)
    /// A transaction has been on its way to the disk for so long.
    case stalled(milliseconds: Int)
}
