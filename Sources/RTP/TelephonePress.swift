/// What is known of one key that was pressed, from the packets of its event.
struct TelephonePress: Equatable, Sendable {
    /// Packets of one event whose timestamps rise are so near to each other, in units: 60 ms at 8 kHz, two lost among
    /// them. The same key twice takes longer: 40 ms of tone and as much of pause (ITU-T Q.24).
    static let nearby = 480
    /// By so much a timestamp that rises with the duration may differ from it: a packet's time.
    static let tolerance = 160
    /// Packets of one event may come so much later than one another, where they were held up: 5 s at 8 kHz. Where all
    /// presses share a timestamp, the next one shows itself by a duration that begins anew.
    static let patience = 40_000
    /// From here on the duration's field may be full: the event goes on in another segment (RFC 4733 §2.5.1.3), and
    /// where the sender does not know of segments the field stays as it is or begins at 0.
    static let almostFull = 0xF000

    private let code: UInt8
    /// Of its latest packet.
    private var timestamp: RTPTimestamp
    /// The field of its latest packet.
    private var duration: Int
    /// Of earlier segments.
    private var durationBefore = 0
    private var hasEnded: Bool
    private(set) var lastHeard: RTPTimestamp

    init(_ packet: TelephoneEventReceiver.Packet) {
        code = packet.event.event
        timestamp = packet.timestamp
        duration = Int(packet.event.duration)
        hasEnded = packet.event.isEnd
        lastHeard = packet.arrival
    }

    var digit: Character? { TelephoneEvent(event: code, isEnd: false, duration: 0).digit }

    /// In units.
    var heldFor: Int { durationBefore + duration }

    /// While the key is down: whether a packet that was sent later is of this press, and not of the next.
    func goesOn(with packet: TelephoneEventReceiver.Packet) -> Bool {
        guard packet.event.event == code else { return false }
        let step = timestamp.distance(to: packet.timestamp)
        let growth = Int(packet.event.duration) - duration
        if isFilled(by: packet, step: step) { return true }
        // One timestamp for all presses: a duration that begins anew is the next one's, and so is a beginning that
        // comes after a pause.
        if step == 0 { return growth > 0 || growth == 0 && !(packet.isMarked && gap(to: packet) > Self.nearby) }
        guard step > 0, growth >= 0 else { return false }
        return step <= Self.nearby || growth > 0 && abs(step - growth) <= Self.tolerance
    }

    /// After it was reported: whether a packet that was sent later is of this press all the same: its end once more, or
    /// what came so late that it had been given up.
    func isRepeated(by packet: TelephoneEventReceiver.Packet) -> Bool {
        guard packet.event.event == code else { return false }
        let step = timestamp.distance(to: packet.timestamp)
        let growth = Int(packet.event.duration) - duration
        let gap = gap(to: packet)
        guard !hasEnded else {
            guard growth >= 0, packet.event.isEnd else { return false }
            return step == 0
                ? gap <= Self.patience : (0...Self.nearby).contains(step) && gap <= Self.nearby + Self.tolerance
        }
        guard gap <= max(0, growth) + Self.patience else { return false }
        if isFilled(by: packet, step: step) { return true }
        if step == 0 { return growth >= 0 && !(packet.isMarked && growth == 0) }
        return step > 0 && growth > 0 && !packet.isMarked && abs(step - growth) <= Self.tolerance
    }

    mutating func take(_ packet: TelephoneEventReceiver.Packet) {
        let field = Int(packet.event.duration)
        if field < duration {
            let step = timestamp.distance(to: packet.timestamp)
            durationBefore = min(durationBefore + (step == 0 ? 0x1_0000 : duration), 1 << 30)
        }
        duration = field
        timestamp = packet.timestamp
        hasEnded = hasEnded || packet.event.isEnd
        lastHeard = packet.arrival
    }

    /// The field was full, and the event goes on: in the next segment, whose timestamp is the end of the one before
    /// (RFC 4733 §2.5.1.3), or with a field that has begun at 0.
    private func isFilled(by packet: TelephoneEventReceiver.Packet, step: Int) -> Bool {
        guard duration >= Self.almostFull, Int(packet.event.duration) < duration, !packet.isMarked else { return false }
        return step == 0 || abs(step - duration) <= 2 * Self.tolerance
    }

    private func gap(to packet: TelephoneEventReceiver.Packet) -> Int { lastHeard.distance(to: packet.arrival) }
}
