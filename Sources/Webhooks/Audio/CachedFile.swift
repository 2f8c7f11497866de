import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A file in the cache's folder. It lies there as long as anybody holds this, the cache itself or a player, and is
/// removed with the last of them: whoever plays a file is not disturbed by its replacement.
final class CachedFile: Sendable {
    let path: String
    private let descriptor: Mutex<CInt?>

    /// Creates the file, for its owner alone.
    init(creating path: String) throws(AudioFetchError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .cacheFailed(Self.reason()) }
        self.path = path
        self.descriptor = Mutex(descriptor)
    }

    deinit {
        finish()
        unlink(path)
    }

    /// Appends; blocks until the kernel has taken all of it.
    func append(_ bytes: UnsafeRawBufferPointer) throws(AudioFetchError) {
        guard let descriptor = descriptor.withLock({ $0 }) else { throw .cacheFailed("the file is complete") }
        var rest = bytes[...]
        while let base = UnsafeRawBufferPointer(rebasing: rest).baseAddress, !rest.isEmpty {
            let count = write(descriptor, base, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .cacheFailed(Self.reason()) }
            rest = rest.dropFirst(count)
        }
    }

    /// No more will be appended.
    func finish() {
        let open = descriptor.withLock { descriptor in
            defer { descriptor = nil }
            return descriptor
        }
        if let open { close(open) }
    }

    private static func reason() -> String { String(cString: strerror(errno)) }
}
