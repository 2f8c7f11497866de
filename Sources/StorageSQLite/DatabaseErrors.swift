import GRDB
import Storage

extension StorageError {
    /// What SQLite, GRDB or one of our own rules reported. No bound value ever enters the text: GRDB leaves
    /// statement arguments out of its messages.
    init(_ error: any Error) {
        switch error {
        case let error as StorageError:
            self = error
        case is CancellationError:
            self = .cancelled
        case let error as DatabaseError:
            let message = error.message ?? "SQLite error \(error.extendedResultCode.rawValue)"
            switch error.resultCode {
            case .SQLITE_FULL: self = .diskFull
            case .SQLITE_IOERR, .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH, .SQLITE_NOLFS:
                self = .inputOutput(message)
            case .SQLITE_NOMEM: self = .inputOutput("there is not enough memory")
            case .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_PROTOCOL: self = .locked(message)
            case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .corrupt(message)
            case .SQLITE_CONSTRAINT: self = .conflict(message)
            // GRDB's way to say that the connection is closed.
            case .SQLITE_MISUSE: self = .closed
            default: self = .database(message)
            }
        default:
            self = .database("\(error)")
        }
    }
}
