import Storage
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The right to use a data folder, and the database in it: advisory locks (flock(2)) on what cannot be taken away from
/// under them.
///
/// * On the folder itself: whatever is removed from it, and by whichever path it is reached, it is the same folder.
/// * On the database's file: it may be in two folders at once, by a hard link or a mount of its own.
/// * On the file `belay.lock`, as earlier versions had it, which holds the owner's process id in decimal digits.
///
/// The kernel gives them up when the process ends, however it ends, so that a file left behind by a crash locks nobody
/// out. On NFS flock(2) locks files alone, and those only where all hosts take part; SQLite's log does not work there in
/// any case (https://sqlite.org/wal.html, "all processes … must be on the same host computer").
package final class DataFolderLock: Sendable {
    static let fileName = "belay.lock"
    private static let maximumProcessIDLength = 20

    private struct Held {
        var folder: CInt
        var file: CInt
        var database: CInt?
        /// The database's log, as it was found in the first transaction.
        var log: FileIdentity?
    }

    private struct FileIdentity: Equatable {
        let device: UInt64
        let node: UInt64

        /// Nil where there is no such file.
        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            (device, node) = (UInt64(status.st_dev), UInt64(status.st_ino))
        }
    }

    private let held: Mutex<Held?>
    private let folder: String
    private let databasePath: String

    init(folder: String) throws(StorageError) {
        self.folder = folder
        databasePath = folder + "/" + SQLiteStorage.fileName
        let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw .cannotOpen(path: folder, reason: String(cString: strerror(errno))) }
        let path = folder + "/" + Self.fileName
        do throws(StorageError) {
            try Self.lock(directory, of: folder)
            let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            guard file >= 0 else { throw .cannotOpen(path: path, reason: String(cString: strerror(errno))) }
            do throws(StorageError) { try Self.lock(file, of: folder) } catch {
                close(file)
                throw error
            }
            let text = Array("\(getpid())\n".utf8)
            // The text only helps whoever finds the lock taken: the lock holds without it.
            if ftruncate(file, 0) == 0 { _ = pwrite(file, text, text.count, 0) }
            held = Mutex(Held(folder: directory, file: file))
        } catch {
            close(directory)
            throw error
        }
    }

    deinit { release() }

    /// Locks the database's file. Before SQLite opens it: a process that closes any
    /// descriptor of a file loses SQLite's own locks on it (https://sqlite.org/howtocorrupt.html §2.2), so this one stays
    /// open for as long as SQLite's.
    ///
    /// - Parameter makesFile: where there is none.
    func holdDatabase(makesFile: Bool) throws(StorageError) {
        guard held.withLock({ $0?.database == nil }) else { return }
        let descriptor = open(databasePath, O_RDWR | O_CLOEXEC | (makesFile ? O_CREAT : 0), 0o600)
        guard descriptor >= 0 else {
            if errno == ENOENT, !makesFile { return }
            throw .cannotOpen(path: databasePath, reason: String(cString: strerror(errno)))
        }
        // On Darwin, flock and the locks that SQLite takes are the same.
        #if !canImport(Darwin)
            do throws(StorageError) { try Self.lock(descriptor, of: folder) } catch {
                close(descriptor)
                throw error
            }
        #endif
        held.withLock { held in
            var owned = held
            owned?.database = descriptor
            held = owned
        }
    }

    /// Throws where a file that was opened is no longer the one of that name: the database's, or its log's, which has
    /// what was committed last. To be called within a transaction: SQLite has opened the log then.
    func checkDatabase() throws(StorageError) {
        let isInPlace = held.withLock { held in
            guard let database = held?.database else { return true }
            var (opened, named) = (stat(), stat())
            guard fstat(database, &opened) == 0, stat(databasePath, &named) == 0 else { return false }
            return opened.st_dev == named.st_dev && opened.st_ino == named.st_ino
        }
        guard isInPlace else { throw .replaced(path: databasePath) }
        let logPath = databasePath + "-wal"
        let log = FileIdentity(logPath)
        let isLogInPlace = held.withLock { held in
            if held?.log == nil { held?.log = log }
            return log != nil && held?.log == log
        }
        guard isLogInPlace else { throw .replaced(path: logPath) }
    }

    /// Lets others use the folder.
    func release() {
        let given = held.withLock { held in
            defer { held = nil }
            return held
        }
        guard let given else { return }
        if let database = given.database { close(database) }
        close(given.file)
        close(given.folder)
    }

    /// Who uses a folder.
    package struct Holder: Hashable, Sendable {
        /// Nil where it is not known.
        package let processID: Int?
    }

    /// Nil: nobody.
    package static func holder(of folder: String) -> Holder? {
        for path in [folder, "\(folder)/\(fileName)", "\(folder)/\(SQLiteStorage.fileName)"] {
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            guard flock(descriptor, LOCK_SH | LOCK_NB) != 0, errno == EWOULDBLOCK else { continue }
            return Holder(processID: processID(in: folder))
        }
        return nil
    }

    private static func lock(_ descriptor: CInt, of folder: String) throws(StorageError) {
        guard flock(descriptor, LOCK_EX | LOCK_NB) != 0 else { return }
        switch errno {
        case EWOULDBLOCK: throw .folderInUse(path: folder, processID: processID(in: folder))
        // A file system that has no such locks: then the others have to do.
        case EBADF, EINVAL, ENOLCK, EOPNOTSUPP: return
        default: throw .cannotOpen(path: folder, reason: String(cString: strerror(errno)))
        }
    }

    private static func processID(in folder: String) -> Int? {
        let descriptor = open("\(folder)/\(fileName)", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: maximumProcessIDLength)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        return Int(String(decoding: bytes.prefix(count).prefix { (48...57).contains($0) }, as: UTF8.self))
    }
}
