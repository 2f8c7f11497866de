import SIP
import Telephony

/// Event ids of the notifications that end a call: they follow from the call's id and the event's sequence, so that
/// ending a call draws nothing, and the same end after a crash would bear the same ids.
struct EventIDSource: RandomNumberGenerator {
    private var source: RandomSource

    init(call: CallID, sequence: Int) {
        var seed = Array(call.text.utf8.suffix(24))
        // Safe: the bytes are copied within the closure.
        unsafe withUnsafeBytes(of: UInt64(truncatingIfNeeded: sequence).littleEndian) {
            unsafe seed.append(contentsOf: $0)
        }
        source = RandomSource(seed: seed)
    }

    mutating func next() -> UInt64 { source.next() }
}
