import Foundation
import GRDB
package import Storage
import Synchronization
package import Telephony

/// Calls, journals and accounts in one SQLite file, through GRDB: the embedded storage.
///
/// The file is in WAL mode with `synchronous=FULL`, so that a commit that has been answered survives the loss of
/// power. Reads run beside the writer on connections of their own.
///
/// **What becomes of secrets.** `PRAGMA secure_delete=ON` overwrites removed content with zeros in the pages of the
/// database. In WAL mode that alone is not enough: the write-ahead log keeps the earlier images of a page, and the
/// database file keeps the old page, until a checkpoint has moved the new one there. So the writer, when it has
/// been idle for a second after a removal, moves the log into the database and cuts it to nothing (``flush()`` does
/// so at once, ``close()`` too); under constant load the log is reused from its start about every thousand pages,
/// which overwrites the old images as well. What the file system or the device itself keeps of overwritten blocks
/// is beyond a program's reach: put the folder on an encrypted volume where that matters.
package final class SQLiteStorage: CallStorage, Directory {
    package struct Configuration: Sendable {
        /// The data folder; made, with mode 0700, where it does not exist.
        package var folder: String
        /// How many reads run at once; more wait.
        package var maximumReaders: Int
        /// The database's greatest size in pages of 4,096 bytes; nil for SQLite's own limit. Writes beyond it fail
        /// with ``StorageError/diskFull``.
        package var maximumPages: Int?
        package var patience: WriterPatience
        /// How long one page of the account's log may take.
        package var logMilliseconds: Int
        /// Where there is no database, or an empty one, a new one is made.
        package var mayBeNew: Bool

        package init(
            folder: String, maximumReaders: Int = 4, maximumPages: Int? = nil,
            patience: WriterPatience = WriterPatience(), logMilliseconds: Int = 2_000, mayBeNew: Bool = true
        ) {
            self.mayBeNew = mayBeNew
            self.folder = folder
            self.maximumReaders = maximumReaders
            self.maximumPages = maximumPages
            self.patience = patience
            self.logMilliseconds = logMilliseconds
        }
    }

    package static let fileName = "belay.sqlite"
    /// How long a write waits while another program holds the file, such as somebody's `sqlite3`.
    private static let busyTimeoutSeconds = 5.0

    let pool: DatabasePool
    let writer: StorageWriter
    /// Half of the readers at most: whoever searches the log leaves the others to those who ask for one call.
    let logGate: ReadGate
    /// All but one of the readers, and of one account one fewer still: lists can be long, and there is always a reader
    /// for whoever asks for one thing, such as a live call.
    let listGate: ReadGate
    let logMilliseconds: Int
    private let lock: DataFolderLock

    /// Opens the data folder for this process alone, and brings its schema up to date.
    package init(_ configuration: Configuration) throws(StorageError) {
        let path = configuration.folder + "/" + Self.fileName
        try Self.makeFolder(configuration.folder)
        lock = try DataFolderLock(folder: configuration.folder)
        try lock.holdDatabase(makesFile: false)
        try Self.examine(configuration)
        // SQLite gives its log and index files the mode of the database's file, so that file is made first.
        try lock.holdDatabase(makesFile: true)
        do {
            pool = try Self.openPool(path: path, configuration)
        } catch {
            throw StorageError(error)
        }
        writer = StorageWriter(pool: pool, patience: configuration.patience, holding: lock)
        logGate = ReadGate(places: max(1, configuration.maximumReaders / 2))
        listGate = ReadGate(
            places: max(1, configuration.maximumReaders - 1), ofAnAccount: max(1, configuration.maximumReaders - 2))
        logMilliseconds = configuration.logMilliseconds
    }

    package func submit(_ operations: [StorageOperation], isAwaited: Bool, completion: Completion?) {
        writer.submit(operations, isAwaited: isAwaited, completion: completion)
    }

    package var pendingOperations: Int { writer.pendingOperations }

    package var health: StorageHealth { writer.health }

    package func observe(_ observer: @escaping @Sendable (StorageEvent) -> Void) { writer.observe(observer) }

    package func observeCommits(_ observer: @escaping @Sendable ([StorageOperation]) -> Void) {
        writer.observeCommits(observer)
    }

    package func probe(unlessWrittenWithin milliseconds: Int) async {
        guard writer.nanosecondsSinceSuccess > UInt64(milliseconds) * 1_000_000 else { return }
        await withCheckedContinuation { continuation in
            writer.change(StorageWriter.touch) { _ in continuation.resume() }
        }
    }

    package func barrier() async {
        guard writer.pendingOperations > 0, writer.health == .well else { return }
        _ = await answered { completion in writer.barrier(completion: completion) }
    }

    /// Waits for the writer, for as long as a disk may take.
    ///
    /// - Returns: nil where it has not answered by then; what was asked for may be done yet.
    private func answered(_ ask: (@escaping Completion) -> Void) async -> Result<Void, StorageError>? {
        await withCheckedContinuation { continuation in
            let waiting = Mutex<CheckedContinuation<Result<Void, StorageError>?, Never>?>(continuation)
            let resume = { @Sendable (result: Result<Void, StorageError>?) in
                waiting.withLock { waiting in
                    defer { waiting = nil }
                    return waiting
                }?.resume(returning: result)
            }
            ask { resume($0) }
            DispatchQueue.global().asyncAfter(deadline: .now() + .nanoseconds(Int(StorageWriter.stallLimit))) {
                resume(nil)
            }
        }
    }

    package func flush() async {
        await withCheckedContinuation { continuation in
            writer.purge { _ in continuation.resume() }
        }
    }

    package func close() async {
        await withCheckedContinuation { continuation in
            // The writer's thread is waited for on a thread that may block.
            DispatchQueue.global().async { [self] in
                writer.close()
                try? pool.close()
                lock.release()
                continuation.resume()
            }
        }
    }

    // MARK: For the extensions

    /// Runs a read beside the writer.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StorageError) -> Value {
        do {
            return try await pool.read(body)
        } catch {
            throw StorageError(error)
        }
    }

    /// Runs a read that may be long, in its account's turn.
    func list<Value: Sendable>(
        of account: AccountID, _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StorageError) -> Value {
        try await listGate.enter(account)
        let result: Result<Value, StorageError>
        do { result = .success(try await read(body)) } catch { result = .failure(error) }
        await listGate.leave(account)
        return try result.get()
    }

    /// Runs a change on the writer, in its order; durable when this returns.
    func change(_ body: @escaping @Sendable (Database) throws -> Void) async throws(StorageError) {
        if case .stalled(let milliseconds) = writer.health { throw .stalled(milliseconds: milliseconds) }
        let result = await answered { completion in writer.change(body, completion: completion) }
        try (result ?? .failure(.stalled(milliseconds: Int(StorageWriter.stallLimit / 1_000_000)))).get()
    }

    // MARK: Opening

    private static func makeFolder(_ path: String) throws(StorageError) {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw .cannotOpen(path: path, reason: error.localizedDescription)
        }
    }

    /// Throws where what is there is not to be written to.
    private static func examine(_ configuration: Configuration) throws(StorageError) {
        let path = configuration.folder + "/" + fileName
        switch DatabaseState.look(inFolder: configuration.folder) {
        case .ours: return
        case .missing, .empty:
            guard configuration.mayBeNew else { throw .noDatabase(path: path) }
            try setAside(path + "-wal")
        case .newer: throw .newerSchema(path: path)
        case .foreign(let reason): throw .foreign(path: path, reason: reason)
        case .damaged(let reason): throw .corrupt("\(path): \(reason)")
        case .unreadable(let reason): throw .cannotOpen(path: path, reason: reason)
        }
    }

    /// SQLite removes the log of a database that it finds empty; it may be all that is left of one.
    private static func setAside(_ log: String) throws(StorageError) {
        var status = stat()
        guard stat(log, &status) == 0, status.st_size > 0 else { return }
        guard rename(log, log + ".old") == 0 else {
            throw .cannotOpen(path: log, reason: String(cString: strerror(errno)))
        }
    }

    private static func openPool(path: String, _ settings: Configuration) throws -> DatabasePool {
        var configuration = GRDB.Configuration()
        configuration.label = "storage"
        configuration.maximumReaderCount = settings.maximumReaders
        configuration.busyMode = .timeout(busyTimeoutSeconds)
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA secure_delete = ON")
            if let pages = settings.maximumPages { try db.execute(sql: "PRAGMA max_page_count = \(pages)") }
        }
        let pool = try DatabasePool(path: path, configuration: configuration)
        try pool.writeWithoutTransaction { db in
            // Before the first table: a start that is cut short leaves a file that is known for ours.
            if try Int32.fetchOne(db, sql: "PRAGMA application_id") == 0 {
                try db.execute(sql: "PRAGMA application_id = \(Schema.applicationID)")
            }
            // GRDB sets NORMAL after `prepareDatabase`, which loses the last commits with the power.
            try db.execute(sql: "PRAGMA synchronous = FULL")
            // Pages that change all the time are copied into the database a quarter as often as by default.
            try db.execute(sql: "PRAGMA wal_autocheckpoint = 4000")
            let isFull = try Int.fetchOne(db, sql: "PRAGMA synchronous") == 2
            let isOverwriting = try Int.fetchOne(db, sql: "PRAGMA secure_delete") == 1
            guard isFull, isOverwriting else {
                throw StorageError.database("SQLite takes neither synchronous=FULL nor secure_delete=ON")
            }
        }
        try Schema.migrator.migrate(pool)
        return pool
    }
}
