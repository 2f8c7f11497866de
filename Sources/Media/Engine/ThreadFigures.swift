internal import Synchronization

/// A thread's figures, written by it alone, read by anybody.
final class ThreadFigures: Sendable {
    let sessions = Atomic<Int>(0)
    let sockets = Atomic<Int>(0)
    let packetsSent = Atomic<UInt64>(0)
    let packetsReceived = Atomic<UInt64>(0)
    let rejected = Atomic<UInt64>(0)
    let sendFailures = Atomic<UInt64>(0)
    let lateTicks = Atomic<UInt64>(0)
    let cpuNanoseconds = Atomic<UInt64>(0)
    private let lateness = Mutex([UInt64](repeating: 0, count: MediaFigures.latenessBounds.count + 1))

    /// Shows the thread's own count of ticks by lateness. A reader that holds the lock is not waited for: the next
    /// tick shows the same and more.
    func publish(_ buckets: [UInt64]) {
        _ = lateness.withLockIfAvailable { lateness in
            for index in lateness.indices where index < buckets.count { lateness[index] = buckets[index] }
        }
    }

    func add(to total: inout MediaFigures) {
        total.sessions += sessions.load(ordering: .relaxed)
        total.openSockets += sockets.load(ordering: .relaxed)
        total.packetsSent &+= packetsSent.load(ordering: .relaxed)
        total.packetsReceived &+= packetsReceived.load(ordering: .relaxed)
        total.datagramsRejected &+= rejected.load(ordering: .relaxed)
        total.sendFailures &+= sendFailures.load(ordering: .relaxed)
        total.lateTicks &+= lateTicks.load(ordering: .relaxed)
        total.cpuNanoseconds &+= cpuNanoseconds.load(ordering: .relaxed)
        let buckets = lateness.withLock { $0 }
        for index in buckets.indices { total.ticksByLateness[index] &+= buckets[index] }
    }
}
