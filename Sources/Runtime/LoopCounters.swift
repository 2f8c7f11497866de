import CallControl
import SIP
import Synchronization

/// What the call loop counts while it runs; read by `/metrics` from any thread.
package final class LoopCounters: Sendable {
    private let inputs = Atomic<Int>(0)
    private let faults = Atomic<Int>(0)
    private let lostDatagrams = Atomic<Int>(0)
    private let discards = Mutex<[DiscardReason: Int]>([:])
    private let refusals = Mutex<[InboundRefusal.Reason: Int]>([:])

    /// When the loop's latest beat was due, and each one after it, on the clock of ``SystemClock``; 0: it beats not yet.
    private let nextBeat = Atomic<Int64>(0)

    package init() {}

    /// The loop came round; it will again at `next`.
    func beat(next: Instant) { nextBeat.store(next.nanoseconds, ordering: .relaxed) }

    /// How much later than it was due the loop's next beat is by now: what any input waits at least.
    func lag(now: Instant) -> Duration {
        let due = nextBeat.load(ordering: .relaxed)
        return due == 0 ? .zero : .nanoseconds(max(0, now.nanoseconds - due))
    }

    func inputTaken() { inputs.add(1, ordering: .relaxed) }
    func faultFound() { faults.add(1, ordering: .relaxed) }
    func datagramLost() { lostDatagrams.add(1, ordering: .relaxed) }
    func discarded(_ reason: DiscardReason) { discards.withLock { $0[reason, default: 0] += 1 } }

    func refused(_ reason: InboundRefusal.Reason) { refusals.withLock { $0[reason, default: 0] += 1 } }

    var inputCount: Int { inputs.load(ordering: .relaxed) }
    var faultCount: Int { faults.load(ordering: .relaxed) }
    var lostDatagramCount: Int { lostDatagrams.load(ordering: .relaxed) }
    var discardCounts: [DiscardReason: Int] { discards.withLock(\.self) }
    var refusalCounts: [InboundRefusal.Reason: Int] { refusals.withLock(\.self) }
}
