import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The right to use a data folder: an advisory lock on the file `belay.lock` in it, which holds the owner's
/// process id in decimal digits.
///
/// The kernel gives the lock up when the process ends, however it ends, so that a file left behind by a crash
/// locks nobody out. The file itself stays: removing it would let two processes lock two files of one name.
final class DataFolderLock: Sendable {
    static let fileName = "belay.lock"
    private static let maximumProcessIDLength = 20

    private let descriptor: Mutex<CInt?>

    init(folder: String) throws(StorageError) {
        let path = folder + "/" + Self.fileName
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .cannotOpen(path: path, reason: String(cString: strerror(errno))) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            let owner = Self.processID(in: descriptor)
            close(descriptor)
            guard reason == EWOULDBLOCK else {
                throw .cannotOpen(path: path, reason: String(cString: strerror(reason)))
            }
            throw .folderInUse(path: folder, processID: owner)
        }
        let text = Array("\(getpid())\n".utf8)
        // The text only helps whoever finds the lock taken: the lock holds without it.
        if ftruncate(descriptor, 0) == 0 { _ = pwrite(descriptor, text, text.count, 0) }
        self.descriptor = Mutex(descriptor)
    }

    deinit { release() }

    /// Lets others use the folder.
    func release() {
        let held = descriptor.withLock { descriptor in
            defer { descriptor = nil }
            return descriptor
        }
        if let held { close(held) }
    }

    private static func processID(in descriptor: CInt) -> Int? {
        var bytes = [UInt8](repeating: 0, count: maximumProcessIDLength)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        return Int(String(decoding: bytes.prefix(count).prefix { (48...57).contains($0) }, as: UTF8.self))
    }
}
