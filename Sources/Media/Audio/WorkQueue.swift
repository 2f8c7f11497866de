internal import Dispatch
internal import Synchronization

/// A bounded number of threads for work that blocks: decoding, and waiting for programs.
final class WorkQueue: Sendable {
    /// Decoders at once. One hour of sound takes well under a second, so that two keep up with any use.
    static let decoding = WorkQueue("decoding", width: 2)

    private let lanes: [DispatchQueue]
    private let loads: Mutex<[Int]>

    init(_ name: String, width: Int) {
        lanes = (0..<max(1, width)).map { DispatchQueue(label: "belay.media.\(name).\($0)") }
        loads = Mutex([Int](repeating: 0, count: max(1, width)))
    }

    /// Runs the work on the lane with the fewest waiting.
    func run(_ work: @escaping @Sendable () -> Void) {
        let lane = loads.withLock { loads -> Int in
            var least = 0
            for index in loads.indices where loads[index] < loads[least] { least = index }
            loads[least] += 1
            return least
        }
        lanes[lane].async {
            work()
            self.loads.withLock { $0[lane] -= 1 }
        }
    }
}
