import Synchronization
import Telephony

/// When each good key was shown last, since the server started: whoever outdates one should know who is left without.
final class KeyUse: Sendable {
    private let moments = Mutex<[[UInt8]: Timestamp]>([:])

    /// - Parameter hash: of a key that is good, so that there are no more than keys.
    func note(_ hash: [UInt8], at moment: Timestamp) {
        moments.withLock { $0[hash] = moment }
    }

    /// Nil where nobody has shown it.
    func last(_ hash: [UInt8]) -> Timestamp? { moments.withLock { $0[hash] } }
}
