package import Telephony

/// Why something could not be stored or read. An operating error: the caller decides what it means for a call.
package enum StorageError: Error, Hashable, Sendable {
    /// Another process holds the data folder (`processID` is nil where the lock file does not tell).
    case folderInUse(path: String, processID: Int?)
    /// The database was written by a newer version of Belay, whose schema this one does not know.
    case newerSchema(path: String)
    /// The folder or a file in it cannot be opened or created.
    case cannotOpen(path: String, reason: String)
    /// No space is left on the device.
    case diskFull
    /// The device failed to read, write or sync.
    case inputOutput(String)
    /// What is on disk cannot be read as what it should be.
    case corrupt(String)
    /// A row contradicts another, such as an identifier that exists already.
    case conflict(String)
    /// A row for a call that was never saved.
    case unknownCall(CallID)
    /// A row for an account that was never saved.
    case unknownAccount(AccountID)
    /// What was to be changed does not exist.
    case notFound
    /// The storage has been closed.
    case closed
    /// A read took longer than it may, and was given up.
    case tooSlow(milliseconds: Int)
    /// Too many reads that may take long wait for their turn.
    case busy
    /// The task that asked was cancelled.
    case cancelled
    /// Anything else that the database reports.
    case database(String)
}

extension StorageError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .folderInUse(let path, let processID):
            "the data folder \(path) is in use by another process"
                + (processID.map { " (process \($0))" } ?? "") + "; stop it, or choose another folder"
        case .newerSchema(let path):
            "\(path) was written by a newer version of Belay; run that version, or choose another data folder"
        case .cannotOpen(let path, let reason): "\(path) cannot be opened: \(reason)"
        case .diskFull: "no space is left on the disk"
        case .inputOutput(let reason): "the disk failed: \(reason)"
        case .corrupt(let reason): "the database is damaged: \(reason)"
        case .conflict(let reason): "a row contradicts another: \(reason)"
        case .unknownCall(let callID): "the call \(callID) is not in the database"
        case .unknownAccount(let accountID): "the account \(accountID) is not in the database"
        case .notFound: "there is no such row"
        case .closed: "the storage has been closed"
        case .tooSlow(let milliseconds): "a read was given up after \(milliseconds) ms"
        case .busy: "too many long reads wait for their turn"
        case .cancelled: "the request was cancelled"
        case .database(let reason): "the database reports: \(reason)"
        }
    }
}
