/// One synchronization source as its receiver knows it: is it valid, what did it lose, how evenly does it arrive.
///
/// RFC 3550 A.1 (validity and the extended sequence number), A.3 (loss), A.8 (jitter).
///
/// - Note: Deviations: A.1 counts a duplicate as received. Here it is told apart by a window of 64 sequence numbers and
///   kept out of `received`, so that a network which doubles every packet does not hide its losses. And the packets of
///   the probation that the source passed count as received, for whoever kept them uses them then.
public struct RTPSource: Equatable, Sendable {
    /// What is to be done with a packet.
    public enum Validation: Equatable, Sendable {
        /// The source has not sent enough packets in a row yet. Nothing of it is to be used before it has.
        case onProbation
        case accepted
        /// Accepted, and with it the packets in a row just before it; also after a restart of its sequence.
        case becameValid
        case duplicate
        /// A leap in the sequence that nothing has confirmed yet: the next packet may.
        case leapt
    }

    /// A.1's MAX_DROPOUT: a gap up to which packets were lost, rather than the sender having begun anew.
    public static let maximumDropout = 3000
    /// A.1's MAX_MISORDER.
    public static let maximumMisorder = 100
    /// A.1's MIN_SEQUENTIAL: packets in a row that make a source valid.
    public static let minimumSequential = 2

    /// The longest that an event's timestamp stays behind: its duration's field at 8 kHz (RFC 4733 §2.3.5).
    static let maximumEvent = 0xFFFF

    public let ssrc: UInt32
    /// Packets accepted, duplicates not among them.
    public private(set) var received: UInt64 = 0
    public private(set) var duplicates: UInt64 = 0

    private var base: UInt64
    private var highest: UInt64
    private var expectedBeforeLeap: UInt64 = 0
    /// Packets in a row that make it valid.
    private let sequential: Int
    /// Of them, those that have still to come.
    private var probation: Int
    /// The sequence number after the one that leapt; a second packet in this order confirms the leap.
    private var expectedAfterLeap: SequenceNumber?
    /// Bit n: the packet n before the highest has been seen.
    private var window: UInt64 = 1
    private var newestTimestamp: RTPTimestamp?

    private var transit: UInt32?
    /// Sixteen times the jitter in timestamp units, A.8's integer form.
    private var scaledJitter: UInt64 = 0

    private var expectedAtLastReport: UInt64 = 0
    private var receivedAtLastReport: UInt64 = 0

    /// A source by its first packet. That packet itself still has to be passed to `receive`.
    ///
    /// - Parameter sequential: packets in a row that make it valid; 1 to 64.
    public init(ssrc: UInt32, first: SequenceNumber, sequential: Int = Self.minimumSequential) {
        self.ssrc = ssrc
        self.sequential = min(max(1, sequential), 64)
        // One whole circle up, so that a packet reordered before the first needs no negative number.
        base = 0x1_0000 + UInt64(first.rawValue)
        highest = base - 1
        probation = self.sequential
    }

    public var isValid: Bool { probation == 0 }

    /// RFC 3550 §6.4.1: cycles in the high half, the highest sequence number received in the low half.
    public var extendedHighestSequence: UInt32 {
        UInt32(truncatingIfNeeded: highest &- 0x1_0000)
    }

    /// A.3: what should have arrived.
    public var expected: UInt64 { isValid ? expectedBeforeLeap &+ (highest - base) &+ 1 : 0 }

    /// A.3: expected less received; never negative, as duplicates are not counted.
    public var lost: UInt64 { expected > received ? expected - received : 0 }

    /// A.8: the smoothed deviation of the spacing on arrival from the spacing on sending, in timestamp units.
    public var jitter: UInt32 { UInt32(clamping: scaledJitter >> 4) }

    // MARK: Packets

    /// - Parameter timestamp: the packet's, where it is known: by it a sender that steps its sequence numbers back, and
    ///   whose clock goes on, is told from packets that come late or twice.
    public mutating func receive(_ sequence: SequenceNumber, timestamp: RTPTimestamp? = nil) -> Validation {
        let position = SequenceNumber(UInt16(truncatingIfNeeded: highest)).distance(to: sequence)
        guard isValid else {
            note(timestamp)
            return probe(sequence, position)
        }

        switch position {
        case 1...Self.maximumDropout:
            highest &+= UInt64(position)
            window = position < 64 ? window << UInt64(position) | 1 : 1
            expectedAfterLeap = nil
            note(timestamp)
            received &+= 1
            return .accepted
        case (-Self.maximumMisorder)...0:
            guard !isNewest(timestamp) else {
                note(timestamp)
                restart(at: sequence)
                received &+= 1
                return .accepted
            }
            let age = UInt64(-position)
            // Older than the window: late beyond use, and it cannot be told from a duplicate.
            guard age < 64, window & (1 << age) == 0 else {
                duplicates &+= 1
                return .duplicate
            }
            window |= 1 << age
            // Before the packet that made the source valid: counting it would make the loss negative.
            if highest - age >= base { received &+= 1 }
            return .accepted
        default:
            // Two in a row: the other side has begun anew without telling us (A.1).
            guard sequence == expectedAfterLeap else {
                expectedAfterLeap = sequence.next
                return .leapt
            }
            restart(at: sequence.advanced(by: -1))
            highest &+= 1
            window = 0b11
            newestTimestamp = timestamp
            received &+= 2
            return .becameValid
        }
    }

    /// Another source of the same sender has used the number that comes next here: some count both in one row. It is not
    /// missing here then. Any other number is its own affair.
    public mutating func passOver(_ sequence: SequenceNumber) {
        guard isValid, SequenceNumber(UInt16(truncatingIfNeeded: highest)).next == sequence else { return }
        highest &+= 1
        base &+= 1
        window = window << 1 | 1
    }

    private mutating func probe(_ sequence: SequenceNumber, _ position: Int) -> Validation {
        // A network that doubles every packet does not put them out of order.
        if position == 0, probation < sequential { return .duplicate }
        if position == 1 {
            highest &+= 1
        } else {
            start(at: sequence)
            probation = sequential
        }
        probation -= 1
        guard probation == 0 else { return .onProbation }
        received = UInt64(sequential)
        window = sequential < 64 ? 1 << UInt64(sequential) - 1 : .max
        return .becameValid
    }

    /// Its clock is ahead of all before. Packets that were held up never are.
    private func isNewest(_ timestamp: RTPTimestamp?) -> Bool {
        guard let timestamp, let newestTimestamp else { return false }
        return newestTimestamp.distance(to: timestamp) > 0
    }

    /// Of a packet in order. An event's stays behind (RFC 4733 §2.5.1.1); one far behind is of a clock set anew.
    private mutating func note(_ timestamp: RTPTimestamp?) {
        guard let timestamp else { return }
        let ahead = newestTimestamp?.distance(to: timestamp) ?? 1
        if ahead > 0 || ahead < -Self.maximumEvent { newestTimestamp = timestamp }
    }

    /// Feeds A.8 with one packet: its timestamp and its arrival on the same clock, any offset.
    ///
    /// Not to be called for packets that share a timestamp by design, as RFC 4733's do.
    public mutating func measureJitter(timestamp: RTPTimestamp, arrival: RTPTimestamp) {
        let now = arrival.rawValue &- timestamp.rawValue
        defer { transit = now }
        guard let transit else { return }
        let deviation = UInt64(Int32(bitPattern: now &- transit).magnitude)
        scaledJitter = scaledJitter &+ deviation &- ((scaledJitter &+ 8) >> 4)
    }

    /// The next report's figures (A.3): the fraction lost since the last one in 256ths, and all that was lost, limited
    /// to the field's 24 signed bits.
    public mutating func report() -> (fractionLost: UInt8, cumulativeLost: Int32) {
        let expectedSince = expected &- expectedAtLastReport
        let receivedSince = received &- receivedAtLastReport
        expectedAtLastReport = expected
        receivedAtLastReport = received
        var fraction: UInt8 = 0
        if expectedSince > receivedSince, expectedSince < 1 << 32 {
            fraction = UInt8(clamping: (expectedSince - receivedSince) * 256 / expectedSince)
        }
        return (fraction, Int32(clamping: min(lost, 0x7F_FFFF)))
    }

    private mutating func restart(at sequence: SequenceNumber) {
        expectedBeforeLeap = expected
        start(at: sequence)
    }

    private mutating func start(at sequence: SequenceNumber) {
        base = 0x1_0000 + UInt64(sequence.rawValue)
        highest = base
        window = 1
        transit = nil
        expectedAfterLeap = nil
    }
}
