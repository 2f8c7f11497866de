import SIP

/// Tells one press of a key that comes twice, as media and by INFO, from two presses.
///
/// What was agreed does not tell which way a far end takes: some use INFO although events were agreed, some send both, some
/// leave the tone in the audio besides. What comes does: of two ways each has its own order, so a key that the other way
/// has brought and this one not yet is the same press.
struct KeyRepetitions: Sendable {
    enum Way: Sendable {
        /// An event or a tone: counted when the key goes down.
        case media
        /// Reported when the key is let go, and again by the transaction where the network lost it.
        case info
    }

    private struct Press: Sendable {
        let key: Character
        let way: Way
        let moment: Instant
    }

    /// A held key, and a report that was lost and came again, are no longer apart.
    private static let window = Duration.seconds(5)
    /// Nobody presses more within the window.
    private static let maximumPresses = 64

    /// Presses that have come one way only, oldest first.
    private var presses: [Press] = []

    mutating func isRepetition(of key: Character, by way: Way, now: Instant) -> Bool {
        presses.removeAll { now - $0.moment > Self.window }
        if let index = presses.firstIndex(where: { $0.way != way && $0.key == key }) {
            presses.remove(at: index)
            return true
        }
        if presses.count < Self.maximumPresses { presses.append(Press(key: key, way: way, moment: now)) }
        return false
    }
}
