/// Sends one digit: a packet for each tick while it lasts, then its end three times (RFC 4733 §2.5.1).
///
///     tick     0         1         2         3         4         5         6
///     packet   M 160     320       480       640       E 800     E 800     E 800      for 100 ms
///
/// Every packet carries the timestamp of the digit's beginning (§2.5.1.1), the first one the marker (§2.5.1.1), and
/// the duration so far (§2.5.1.3). The end is sent three times, as nothing follows that would make up for its loss
/// (§2.5.1.4). Sequence numbers and the way to the wire are the caller's.
public struct TelephoneEventSender: Equatable, Sendable {
    /// RFC 4733 §2.5.1.4.
    public static let endPackets = 3
    /// What the field can say: 8.19 s at 8 kHz. A longer event is cut to it; RFC 4733 §2.5.1.3's segments are only
    /// read.
    public static let maximumDuration = 0xFFFF

    public struct Packet: Equatable, Sendable {
        public var event: TelephoneEvent
        public var isMarked: Bool
    }

    /// Of every packet of this event.
    public let timestamp: RTPTimestamp
    private let code: UInt8
    private let volume: UInt8
    private let duration: Int
    private let unitsPerTick: Int
    private var ticks = 0
    private var endsLeft = TelephoneEventSender.endPackets

    /// - Parameters:
    ///   - event: the code, RFC 4733 §3.2.
    ///   - duration: in timestamp units.
    ///   - unitsPerTick: what the media clock advances from one call of `next` to the next.
    public init(event: UInt8, volume: UInt8 = 10, duration: Int, timestamp: RTPTimestamp, unitsPerTick: Int = 160) {
        self.timestamp = timestamp
        self.code = event
        self.volume = volume
        self.duration = min(max(1, duration), Self.maximumDuration)
        self.unitsPerTick = max(1, unitsPerTick)
    }

    /// Whether every packet has been sent.
    public var isFinished: Bool { endsLeft == 0 }

    /// Whether the end has been sent at least once: a digit that has to begin now may take the place of what is left.
    public var hasEnded: Bool { endsLeft < Self.endPackets }

    /// This tick's packet; nil when all are sent.
    public mutating func next() -> Packet? {
        guard endsLeft > 0 else { return nil }
        ticks += 1
        let soFar = min(ticks * unitsPerTick, duration)
        let isEnd = soFar == duration
        if isEnd { endsLeft -= 1 }
        return Packet(
            event: TelephoneEvent(event: code, isEnd: isEnd, volume: volume, duration: UInt16(soFar)),
            isMarked: ticks == 1)
    }
}
