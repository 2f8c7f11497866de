import Dispatch
import GRDB
import GRDBSQLite

/// Ends what a connection computes once it has cost too much (`sqlite3_progress_handler`).
enum QueryLimit {
    /// On the clock of `DispatchTime`, in nanoseconds.
    case time(until: UInt64)
    /// In instructions of SQLite's machine, rounded up to ``QueryLimit/stride``: the same for the same rows, whatever
    /// the machine or its load.
    case instructions(Int)

    /// SQLite asks every so many instructions: some fifty microseconds.
    private static let stride = 1_000

    private final class Watch {
        private let limit: QueryLimit
        private var count = 0
        private(set) var isOver = false

        init(_ limit: QueryLimit) { self.limit = limit }

        func look() -> Bool {
            count += 1
            switch limit {
            case .time(let end): isOver = DispatchTime.now().uptimeNanoseconds >= end
            case .instructions(let most): isOver = count * QueryLimit.stride >= most
            }
            return isOver
        }
    }

    private static let handler: @convention(c) (UnsafeMutableRawPointer?) -> Int32 = { pointer in
        guard let pointer else { return 0 }
        return Unmanaged<Watch>.fromOpaque(pointer).takeUnretainedValue().look() ? 1 : 0
    }

    /// What `body` gives, or nil where it did not come to its end in time. The transaction goes on in either case.
    func run<Value>(in db: Database, _ body: () throws -> Value) throws -> Value? {
        let watch = Watch(self)
        guard let connection = db.sqliteConnection else { return try body() }
        return try withExtendedLifetime(watch) {
            sqlite3_progress_handler(
                connection, Int32(Self.stride), Self.handler, Unmanaged.passUnretained(watch).toOpaque())
            defer { sqlite3_progress_handler(connection, 0, nil, nil) }
            do {
                return try body()
            } catch let error as DatabaseError where watch.isOver && error.resultCode == .SQLITE_INTERRUPT {
                return nil
            }
        }
    }
}
