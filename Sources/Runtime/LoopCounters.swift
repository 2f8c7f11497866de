import SIP
import Synchronization

/// What the call loop counts while it runs; read by `/metrics` from any thread.
package final class LoopCounters: Sendable {
    private let inputs = Atomic<Int>(0)
    private let faults = Atomic<Int>(0)
    private let lostDatagrams = Atomic<Int>(0)
    private let discards = Mutex<[DiscardReason: Int]>([:])

    package init() {}

    func inputTaken() { inputs.add(1, ordering: .relaxed) }
    func faultFound() { faults.add(1, ordering: .relaxed) }
    func datagramLost() { lostDatagrams.add(1, ordering: .relaxed) }
    func discarded(_ reason: DiscardReason) { discards.withLock { $0[reason, default: 0] += 1 } }

    var inputCount: Int { inputs.load(ordering: .relaxed) }
    var faultCount: Int { faults.load(ordering: .relaxed) }
    var lostDatagramCount: Int { lostDatagrams.load(ordering: .relaxed) }
    var discardCounts: [DiscardReason: Int] { discards.withLock(\.self) }
}
