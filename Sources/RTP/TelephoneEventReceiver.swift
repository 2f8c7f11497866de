/// Makes one digit out of the packets of one event, however many there are and whichever are lost (RFC 4733 §2.5.2).
///
/// A digit is reported when it is over: at the first packet that says so; at the next event; or, where every end packet
/// was lost, when nothing was heard of it for `maximumSilence`. An event is known by its timestamp, so that repeated
/// and reordered packets of one that was reported are recognised. A lost beginning costs nothing, as each packet says
/// how long the event has lasted.
public struct TelephoneEventReceiver: Equatable, Sendable {
    public struct Received: Equatable, Sendable {
        public var digit: Character
        /// In timestamp units.
        public var duration: Int

        public init(digit: Character, duration: Int) {
            self.digit = digit
            self.duration = duration
        }
    }

    private struct Pending: Equatable, Sendable {
        var event: UInt8
        /// Of the packets that belong to it: of the latest segment, in a long event.
        var timestamp: RTPTimestamp
        /// Of earlier segments (§2.5.1.3).
        var durationBefore: Int
        var duration: Int
        var lastHeard: RTPTimestamp
    }

    /// In units: 120 ms at 8 kHz without a packet, six times the usual spacing.
    public static let maximumSilence = 960
    /// How far back a packet may belong to an event that is over, in units: 5 s at 8 kHz.
    static let staleness = 40_000

    private var pending: Pending?
    private var reported: RTPTimestamp?

    public init() {}

    /// The digit that is being pressed: an event of it has come, and its end has not.
    public var pressed: Character? {
        pending.flatMap { TelephoneEvent(event: $0.event, isEnd: false, duration: 0).digit }
    }

    /// - Parameters:
    ///   - timestamp: the packet's.
    ///   - arrival: the receiver's own clock in timestamp units, any offset.
    ///   - digits: receives what is over now: none, one, or two when a lost end and a whole event come together.
    public mutating func receive(
        _ packet: TelephoneEvent, timestamp: RTPTimestamp, arrival: RTPTimestamp, into digits: inout [Received]
    ) {
        guard packet.digit != nil, !isStale(timestamp) else { return }

        if var current = pending {
            if current.timestamp == timestamp, current.event == packet.event {
                current.duration = max(current.duration, Int(packet.duration))
                current.lastHeard = arrival
                pending = current
            } else if isNextSegment(packet, timestamp, of: current) {
                current.durationBefore = min(
                    current.durationBefore + current.duration, 1 << 30)
                current.timestamp = timestamp
                current.duration = Int(packet.duration)
                current.lastHeard = arrival
                pending = current
            } else if current.timestamp.distance(to: timestamp) > 0 {
                finish(into: &digits)
            } else {
                return  // reordered, of an event before this one
            }
        }
        if pending == nil {
            pending = Pending(
                event: packet.event, timestamp: timestamp, durationBefore: 0, duration: Int(packet.duration),
                lastHeard: arrival)
        }
        if packet.isEnd { finish(into: &digits) }
    }

    /// To be called at each tick: reports an event whose end was lost.
    public mutating func timeOut(now: RTPTimestamp, into digits: inout [Received]) {
        guard let pending, pending.lastHeard.distance(to: now) > Self.maximumSilence else { return }
        finish(into: &digits)
    }

    private mutating func finish(into digits: inout [Received]) {
        guard let done = pending else { return }
        pending = nil
        reported = done.timestamp
        if let digit = TelephoneEvent(event: done.event, isEnd: true, duration: 0).digit {
            digits.append(Received(digit: digit, duration: done.durationBefore + done.duration))
        }
    }

    /// §2.5.1.3: an event that outgrows the field goes on in a packet without marker whose timestamp is the end of
    /// the segment before.
    private func isNextSegment(_ packet: TelephoneEvent, _ timestamp: RTPTimestamp, of current: Pending) -> Bool {
        packet.event == current.event && current.duration == 0xFFFF
            && current.timestamp.advanced(by: current.duration) == timestamp
    }

    private func isStale(_ timestamp: RTPTimestamp) -> Bool {
        guard let reported else { return false }
        return (-Self.staleness...0).contains(reported.distance(to: timestamp))
    }
}
