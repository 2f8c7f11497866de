/// Makes one digit out of the packets of one event, however many there are and whichever are lost (RFC 4733 §2.5.2).
///
///     nothing ──a packet of a new press──▶ pending ──its end, the next press, silence──▶ nothing, and the digit reported
///
/// An event's packets share a timestamp (§2.5.1.1), so the RFC says; gear in use has one timestamp for all events, or one
/// that rises from packet to packet, leaves the marker out or sets it on every packet. Whether a packet goes on with a
/// press or begins another is therefore judged by everything that it says, in the order in which it was sent: its code,
/// how the duration has grown, the timestamp's step, the marker, and the time since the last one. Packets of a press
/// that was reported, such as the end's repetitions (§2.5.1.4), are recognised for a while. A lost beginning costs
/// nothing, as each packet says how long the event has lasted; where every end was lost the next press ends it, or
/// silence.
public struct TelephoneEventReceiver: Equatable, Sendable {
    /// One packet, as it came.
    public struct Packet: Equatable, Sendable {
        public var event: TelephoneEvent
        public var isMarked: Bool
        public var sequence: SequenceNumber
        public var timestamp: RTPTimestamp
        /// By the receiver's own clock in timestamp units, any offset.
        public var arrival: RTPTimestamp

        public init(
            _ event: TelephoneEvent, isMarked: Bool, sequence: SequenceNumber, timestamp: RTPTimestamp,
            arrival: RTPTimestamp
        ) {
            self.event = event
            self.isMarked = isMarked
            self.sequence = sequence
            self.timestamp = timestamp
            self.arrival = arrival
        }
    }

    public struct Received: Equatable, Sendable {
        public var digit: Character
        /// In timestamp units.
        public var duration: Int

        public init(digit: Character, duration: Int) {
            self.digit = digit
            self.duration = duration
        }
    }

    /// In units: 120 ms at 8 kHz without a packet, six times the usual spacing.
    public static let maximumSilence = 960
    /// Presses that are remembered after they were reported.
    static let maximumRemembered = 4
    /// Packets that the network may have put out of order: one from further back is of a sender that began anew.
    static let maximumMisorder = 16

    private var pending: TelephonePress?
    /// Reported; the latest last.
    private var reported: [TelephonePress] = []
    /// Of the packet that was sent last of those received.
    private var newest: SequenceNumber?

    public init() {}

    /// The digit that is being pressed: an event of it has come, and its end has not.
    public var pressed: Character? { pending?.digit }

    /// - Parameter digits: receives what is over now: none, one, or two when a lost end and a whole event come together.
    public mutating func receive(_ packet: Packet, into digits: inout [Received]) {
        guard packet.event.digit != nil, !isMisordered(packet) else { return }
        newest = packet.sequence
        if pending?.goesOn(with: packet) == true {
            pending?.take(packet)
        } else if let index = reported.lastIndex(where: { $0.isRepeated(by: packet) }) {
            reported[index].take(packet)
            return
        } else {
            finish(into: &digits)
            pending = TelephonePress(packet)
        }
        if packet.event.isEnd { finish(into: &digits) }
    }

    /// To be called at each tick: reports an event whose end was lost.
    public mutating func timeOut(now: RTPTimestamp, into digits: inout [Received]) {
        guard let pending, pending.lastHeard.distance(to: now) > Self.maximumSilence else { return }
        finish(into: &digits)
    }

    /// Packets come from another source from here on: a key that is pressed is over, and their numbers begin anew.
    public mutating func changeSource(into digits: inout [Received]) {
        finish(into: &digits)
        reported.removeAll(keepingCapacity: true)
        newest = nil
    }

    private mutating func finish(into digits: inout [Received]) {
        guard let done = pending else { return }
        pending = nil
        if reported.count == Self.maximumRemembered { reported.removeFirst() }
        reported.append(done)
        if let digit = done.digit { digits.append(Received(digit: digit, duration: done.heldFor)) }
    }

    /// It was sent before one that has been received: it tells nothing that is new.
    private func isMisordered(_ packet: Packet) -> Bool {
        guard let newest else { return false }
        return (-Self.maximumMisorder...0).contains(newest.distance(to: packet.sequence))
    }
}
