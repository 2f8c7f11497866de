internal import CMedia
internal import Glibc

/// A fault of the system below: no socket, no file, no thread.
package struct MediaFailure: Error, Equatable, CustomStringConvertible {
    package let description: String
    /// The port that another program holds, where that is the fault.
    private(set) package var takenPort: UInt16?

    package init(_ description: String) {
        self.description = description
    }

    /// A port could not be bound.
    init(binding address: SocketAddress, errno: Int) {
        self.init("binding \(address)", errno: errno)
        if abs(errno) == Int(EADDRINUSE) { takenPort = address.port }
    }

    /// What was attempted, and why the system refused.
    init(_ attempt: String, errno: Int) {
        description = "\(attempt): \(Self.text(of: errno))"
    }

    /// The system's words for an error number, of either sign.
    static func text(of errno: Int) -> String {
        // Safe: the text is ended by a 0 within the buffer (`cmedia_error_text`), and copied.
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 160) { buffer in
            guard let base = buffer.baseAddress else { return "error \(errno)" }
            unsafe cmedia_error_text(Int32(truncatingIfNeeded: errno), base, buffer.count)
            return unsafe String(cString: base)
        }
    }
}
