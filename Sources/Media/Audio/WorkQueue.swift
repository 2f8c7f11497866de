internal import Dispatch
internal import Sharing
internal import Synchronization
internal import Telephony

/// A bounded number of threads for work that blocks, such as decoding: accounts take turns, and no account has all of
/// them.
final class WorkQueue: Sendable {
    /// Decoders at once. One hour of sound takes well under a second, so that two keep up with any use; the third is for
    /// whoever comes while one account has two long files.
    static let decoding = WorkQueue("decoding", width: 3)

    private struct State {
        var idle: [DispatchQueue]
        var running: [AccountID?: Int] = [:]
        var turns = FairQueue<AccountID?, @Sendable () -> Void>()
    }

    private let mostOfAnAccount: Int
    private let state: Mutex<State>

    init(_ name: String, width: Int) {
        let width = max(1, width)
        mostOfAnAccount = max(1, width - 1)
        state = Mutex(State(idle: (0..<width).map { DispatchQueue(label: "belay.media.\(name).\($0)") }))
    }

    /// Works that wait for their turn.
    var waiting: Int { state.withLock { $0.turns.count } }

    /// Runs the work when the account's turn has come.
    ///
    /// - Parameter cost: compared to others', such as the size of a file.
    func run(of account: AccountID?, cost: Int, _ work: @escaping @Sendable () -> Void) {
        state.withLock { _ = $0.turns.add(work, of: account, cost: cost) }
        startNext()
    }

    private func startNext() {
        while let (account, work, thread) = takeNext() {
            thread.async {
                work()
                self.state.withLock { state in
                    state.idle.append(thread)
                    let left = state.running[account, default: 1] - 1
                    state.running[account] = left > 0 ? left : nil
                }
                self.startNext()
            }
        }
    }

    private func takeNext() -> (AccountID?, @Sendable () -> Void, DispatchQueue)? {
        state.withLock { state in
            guard let thread = state.idle.last else { return nil }
            let running = state.running
            guard let (account, work) = state.turns.next(where: { running[$0, default: 0] < mostOfAnAccount }) else {
                return nil
            }
            state.idle.removeLast()
            state.running[account, default: 0] += 1
            return (account, work, thread)
        }
    }
}
