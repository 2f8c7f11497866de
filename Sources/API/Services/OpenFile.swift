import Glibc
import NIOCore
import NIOPosix

/// A file held open for reading: what becomes of its name meanwhile, renamed or removed, is nothing to who reads it.
/// Closed with the last who holds it.
package final class OpenFile: Sendable {
    /// Bytes, when it was opened.
    package let size: Int
    private let descriptor: CInt

    /// - Throws: `IOError` where it cannot be opened.
    package init(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw IOError(errnoCode: errno, reason: "opening \(path)") }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let code = errno
            close(descriptor)
            throw IOError(errnoCode: code, reason: "asking for the size of \(path)")
        }
        self.descriptor = descriptor
        size = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// Reads on a thread that may wait for the disk; fewer bytes than asked for where the file ends before.
    func read(_ count: Int, from offset: Int) async throws -> ByteBuffer {
        try await NIOThreadPool.singleton.runIfActive {
            var buffer = ByteBufferAllocator().buffer(capacity: count)
            try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { space in
                while true {
                    let taken = pread(self.descriptor, space.baseAddress, count, off_t(offset))
                    if taken >= 0 { return taken }
                    guard errno == EINTR else { throw IOError(errnoCode: errno, reason: "reading a file") }
                }
            }
            return buffer
        }
    }
}
