import SDP
import SIP
import Telephony

/// The port that a leg's media is to flow by, from the moment that it is taken until it is bound.
struct MediaPort: Sendable {
    /// The system may refuse a port for a reason of its own; after so many refusals the call is given up. Ports that
    /// other programs hold do not count: they are passed over until a free one is found.
    private static let maximumRefusals = 8

    var audio: LocalAudio
    /// Nil while there is none.
    private(set) var number: UInt16?
    /// What its stream begins with; nil before it is being bound.
    private(set) var opening: MediaOpening?
    /// It is being bound, or is.
    private(set) var isAsked = false
    var isOpen = false
    private var refusals = 0

    /// - Parameter opening: of an earlier process, which had begun a stream.
    init(_ audio: LocalAudio, _ opening: MediaOpening? = nil) {
        self.audio = audio
        self.opening = opening
        number = audio.port
    }

    mutating func open(_ media: MediaHandle, _ turn: inout Turn) {
        isAsked = true
        let opening = MediaOpening(
            port: audio.port, synchronizationSource: UInt32(truncatingIfNeeded: turn.random.next()),
            firstSequenceNumber: UInt16(truncatingIfNeeded: turn.random.next()),
            firstTimestamp: UInt32(truncatingIfNeeded: turn.random.next()))
        self.opening = opening
        turn.perform(.media(media, .open(opening)))
    }

    mutating func change(to number: UInt16, _ media: MediaHandle, _ turn: inout Turn) {
        audio.port = number
        self.number = number
        open(media, &turn)
    }

    /// It cannot be bound.
    ///
    /// - Parameters:
    ///   - isPortTaken: another program holds it; it says nothing of the next.
    ///   - isLast: no other is wanted, or to be had.
    /// - Returns: the port that another is to be tried in place of; nil where none is.
    mutating func failed(isPortTaken: Bool, isLast: Bool) -> UInt16? {
        isAsked = false
        if !isPortTaken { refusals += 1 }
        guard !isLast, refusals < Self.maximumRefusals, let number else { return nil }
        self.number = nil
        return number
    }
}
