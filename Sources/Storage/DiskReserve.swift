import Synchronization
import Telephony

/// The reserve of the data folder's disk, `min-free-mb`: what writers may take is what is free above it, less what others
/// have claimed and not written yet.
package final class DiskReserve: DiskRoom, Sendable {
    private struct State {
        var minimumBytes: Int
        var claimed = 0
        var relieve: (@Sendable (Int) -> Void)?
    }

    private let state: Mutex<State>
    private let freeBytes: @Sendable () -> Int?

    /// - Parameter freeBytes: of the disk; nil where it does not tell.
    package init(minimumBytes: Int, freeBytes: @escaping @Sendable () -> Int?) {
        state = Mutex(State(minimumBytes: minimumBytes))
        self.freeBytes = freeBytes
    }

    package func set(minimumBytes: Int) { state.withLock { $0.minimumBytes = minimumBytes } }

    /// Who lets go of what is kept for convenience alone, so many bytes of it where it can.
    package func relieve(by body: @escaping @Sendable (Int) -> Void) { state.withLock { $0.relieve = body } }

    package func claim(_ bytes: Int) -> Bool {
        if let missing = take(bytes) {
            // Not under the lock: whoever lets go of a file may give a claim back.
            state.withLock(\.relieve)?(missing)
            return take(bytes) == nil
        }
        return true
    }

    package func giveBack(_ bytes: Int) { state.withLock { $0.claimed -= bytes } }

    /// Makes room where there is less than the reserve.
    package func makeRoom() {
        let (minimum, relieve) = state.withLock { ($0.minimumBytes, $0.relieve) }
        guard let free = freeBytes(), free < minimum else { return }
        // Somewhat more, so that the next rows written do not ask for it again.
        relieve?(minimum - free + minimum / 10)
    }

    /// Nil where they are taken; else how many are missing.
    private func take(_ bytes: Int) -> Int? {
        state.withLock { state in
            // 0: no reserve is wanted.
            guard state.minimumBytes > 0, let free = freeBytes() else {
                state.claimed += bytes
                return nil
            }
            let left = free - state.claimed - bytes
            guard left >= state.minimumBytes else { return state.minimumBytes - left }
            state.claimed += bytes
            return nil
        }
    }
}
