import CallControl
import SIP

/// No RTP port serves two calls at once, and each rests between two.
struct PortCheck {
    private var owners: [UInt16: MediaHandle] = [:]
    private var ports: [MediaHandle: UInt16] = [:]
    private var closedAt: [UInt16: Instant] = [:]
    private let rest: Duration
    private let range: ClosedRange<UInt16>

    init(range: ClosedRange<UInt16>, rest: Duration) {
        self.range = range
        self.rest = rest
    }

    mutating func opening(_ handle: MediaHandle, port: UInt16, now: Instant) throws(Violation) {
        guard port % 2 == 0, range.contains(port) else { throw Violation("ports", "\(port) is not one of ours") }
        if let owner = owners[port] {
            throw Violation("ports", "\(port) serves \(owner.rawValue) and \(handle.rawValue)")
        }
        guard ports[handle] == nil else { throw Violation("ports", "\(handle.rawValue) is opened twice") }
        if let closed = closedAt[port], now - closed < rest {
            throw Violation("ports", "\(port) has rested for \(now - closed) only")
        }
        owners[port] = handle
        ports[handle] = port
    }

    mutating func closed(_ handle: MediaHandle, now: Instant) {
        guard let port = ports.removeValue(forKey: handle) else { return }
        owners[port] = nil
        closedAt[port] = now
    }

    /// The system takes all sockets back, and the next life knows of no rest.
    mutating func crashed() {
        owners = [:]
        ports = [:]
        closedAt = [:]
    }
}
