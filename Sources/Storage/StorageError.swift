package import Telephony

/// Why something could not be stored or read. An operating error: the caller decides what it means for a call.
package enum StorageError: Error, Hashable, Sendable {
    /// Another process holds the data folder (`processID` is nil where the lock file does not tell).
    case folderInUse(path: String, processID: Int?)
    /// The database was written by a newer version of Belay, whose schema this one does not know.
    case newerSchema(path: String)
    /// There is no database, or nothing in it, where there must have been one.
    case noDatabase(path: String)
    /// The database's file is not ours.
    case foreign(path: String, reason: String)
    /// The folder or a file in it cannot be opened or created.
    case cannotOpen(path: String, reason: String)
    /// No space is left on the device.
    case diskFull
    /// The device failed to read, write or sync.
    case inputOutput(String)
    /// What is on disk cannot be read as what it should be.
    case corrupt(String)
    /// The device has not answered for so long. What was to be written may be, later.
    case stalled(milliseconds: Int)
    /// Another program holds the database, and has not let go of it in time.
    case locked(String)
    /// The database's file is no longer the one that was opened: it was removed, or another one put in its place.
    case replaced(path: String)
    /// A row contradicts another, such as an identifier that exists already.
    case conflict(String)
    /// A row for a call that was never saved.
    case unknownCall(CallID)
    /// A row for a conference that was never saved.
    case unknownConference(ConferenceID)
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

extension StorageError {
    /// What was to be written is as it should be, and may be taken at another time: the disk, or what lies on it, is
    /// at fault. Otherwise it is the content, and trying again is of no use.
    package var isOutage: Bool {
        switch self {
        case .diskFull, .inputOutput, .stalled, .corrupt, .locked, .replaced, .cannotOpen: true
        case .folderInUse, .newerSchema, .noDatabase, .foreign, .conflict, .unknownCall, .unknownConference,
            .unknownAccount, .notFound, .closed, .tooSlow, .busy, .cancelled, .database:
            false
        }
    }
}

extension StorageError: PassingFailure {
    package var trouble: PassingTrouble? {
        if isOutage { return .diskFailing }
        return self == .busy ? .tooManyReads : nil
    }
}

extension StorageError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .folderInUse(let path, let processID):
            "the data folder \(path) is in use by another process"
                + (processID.map { " (process \($0))" } ?? "") + "; stop it, or choose another folder"
        case .newerSchema(let path):
            "\(path) was written by a newer version of Belay; run that version, or choose another data folder"
        case .noDatabase(let path): "\(path) is missing or empty"
        case .foreign(let path, let reason):
            "\(path) is not Belay's: \(reason); move it away, or choose another data folder"
        case .cannotOpen(let path, let reason): "\(path) cannot be opened: \(reason)"
        case .diskFull: "no space is left on the disk"
        case .inputOutput(let reason): "the disk failed: \(reason)"
        case .stalled(let milliseconds): "the disk has not answered for \(milliseconds / 1000) s"
        case .corrupt(let reason): "the database is damaged: \(reason)"
        case .locked(let reason): "another program holds the database: \(reason)"
        case .replaced(let path): "\(path) was removed or replaced while the server runs; start the server anew"
        case .conflict(let reason): "a row contradicts another: \(reason)"
        case .unknownCall(let callID): "the call \(callID) is not in the database"
        case .unknownConference(let id): "the conference \(id) is not in the database"
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
