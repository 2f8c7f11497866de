/// Puts arriving audio back into its time: a strip of samples that packets are written on by their timestamp, and that
/// is read at an even pace a little behind.
///
///         read here (the point)            newest
///             │◀────────── delay ────────────▶│
///     ────────┼──────██████████████████████████────────▶ timestamps
///       late  │      absent: the caller's concealment
///
/// One byte is one timestamp unit, as it is for G.711 (RFC 3551 §4.5.14), so that reordering, duplicates, and packets
/// of any length need no cases of their own. A packet whose time has passed is dropped and counted. Nothing is
/// allocated after the start.
///
/// The delay grows by a frame when packets come late, up to a maximum, and goes back to its minimum when the sender
/// pauses. Losses are silence in the result; whether to conceal them better is the caller's affair.
public struct JitterBuffer: Sendable {
    public enum Insertion: Equatable, Sendable {
        case stored
        /// Its time had passed: dropped.
        case late
        /// Empty, or longer than a packet may be: dropped.
        case unusable
    }

    /// The longest packet, in units: 200 ms at 8 kHz.
    public static let maximumPacket = 1600
    /// The strip, in units: 512 ms at 8 kHz, room for the longest delay, the longest packet and a burst. A power of two,
    /// so that a position is a mask away; no more, as the strips of all calls compete for the processor's cache.
    static let capacity = 4096
    /// Beside a sample's eight bits.
    private static let mark: UInt16 = 0x100
    /// Late packets in a row after which the sender has evidently set its clock back.
    static let maximumLateInARow = 10
    /// Reads without a single sample after which the sender pauses: half a second of 20 ms reads.
    static let maximumAbsentReads = 25

    public let minimumDelay: Int
    public let maximumDelay: Int
    /// What is added at a time, in units.
    public let step: Int

    public private(set) var lateDropped: UInt64 = 0
    /// Samples that were absent when their time came, pauses of the sender not among them.
    public private(set) var absentSamples: UInt64 = 0
    /// The present delay, in units.
    public private(set) var delay: Int

    /// The samples, each with the mark that it is there; 0 where none is.
    private var strip: [UInt16]
    /// The timestamp that is read next; nil while the sender pauses.
    private var point: RTPTimestamp?
    /// The end of the newest packet.
    private var newestEnd = RTPTimestamp(0)
    /// The longest packet since the point was set: so much may be there at once without being too much.
    private var longest = 0
    private var lateInARow = 0
    private var absentReads = 0
    /// Units by which the next reads stand still, to let the delay grow.
    private var holding = 0

    /// - Parameters:
    ///   - minimumDelay: in units; 480 is 60 ms at 8 kHz.
    ///   - maximumDelay: equal to the minimum for a fixed delay. Both are cut to half the strip.
    public init(minimumDelay: Int = 480, maximumDelay: Int = 1600, step: Int = 160) {
        self.minimumDelay = min(max(0, minimumDelay), Self.capacity / 2)
        self.maximumDelay = min(max(self.minimumDelay, maximumDelay), Self.capacity / 2)
        self.step = max(1, step)
        self.delay = self.minimumDelay
        strip = [UInt16](repeating: 0, count: Self.capacity)
    }

    /// Forgets everything, as for another source.
    public mutating func reset() {
        pause()
        delay = minimumDelay
    }

    /// Writes a packet's samples at their time.
    @discardableResult
    public mutating func insert(_ payload: Span<UInt8>, timestamp: RTPTimestamp) -> Insertion {
        guard !payload.isEmpty, payload.count <= Self.maximumPacket else { return .unusable }
        let end = timestamp.advanced(by: payload.count)
        var start = point ?? begin(at: timestamp)
        var ahead = start.distance(to: timestamp)

        if ahead + payload.count <= 0, ahead > -Self.capacity {
            lateDropped &+= 1
            lateInARow += 1
            grow()
            guard lateInARow >= Self.maximumLateInARow else { return .late }
        }
        if ahead + payload.count <= 0 || ahead + payload.count > Self.capacity {
            // Its clock has leapt: what is stored belongs to another time.
            pause()
            start = begin(at: timestamp)
            ahead = start.distance(to: timestamp)
        }
        lateInARow = 0
        longest = max(longest, payload.count)

        // The part whose time has not passed.
        let skipped = max(0, -ahead)
        let first = Self.position(of: timestamp)
        // Safe: the strip has `capacity` places, a power of two, and every index is cut to it.
        unsafe strip.withUnsafeMutableBufferPointer { strip in
            for index in skipped..<payload.count {
                unsafe strip[(first &+ index) & (Self.capacity - 1)] = Self.mark | UInt16(payload[index])
            }
        }
        if newestEnd.distance(to: end) > 0 { newestEnd = end }
        return .stored
    }

    /// Whether the time of all samples of a packet has passed, so that it would be dropped as late.
    public func isPast(_ timestamp: RTPTimestamp, count: Int) -> Bool {
        point.map { $0.distance(to: timestamp) + count <= 0 } ?? false
    }

    /// Reads the next samples into the whole of `output`.
    ///
    /// - Parameter silence: the byte that stands for an absent sample.
    /// - Returns: how many were absent.
    public mutating func read(into output: inout MutableSpan<UInt8>, silence: UInt8) -> Int {
        let count = output.count
        guard let start = point, holding < count else {
            if point != nil { holding -= count }
            for index in 0..<count { output[index] = silence }
            return count
        }
        let first = Self.position(of: start)
        var present = 0
        // Safe: as in `insert`.
        unsafe strip.withUnsafeMutableBufferPointer { strip in
            for index in 0..<count {
                let position = (first &+ index) & (Self.capacity - 1)
                let value = unsafe strip[position]
                unsafe strip[position] = 0
                output[index] = value == 0 ? silence : UInt8(truncatingIfNeeded: value)
                present &+= Int(value / Self.mark)
            }
        }
        let absent = count - present
        advance(from: start, by: count, absent: absent)
        return absent
    }

    private static func position(of timestamp: RTPTimestamp) -> Int {
        Int(truncatingIfNeeded: timestamp.rawValue) & (capacity - 1)
    }

    // MARK: The point

    private mutating func begin(at timestamp: RTPTimestamp) -> RTPTimestamp {
        let start = timestamp.advanced(by: -delay)
        point = start
        newestEnd = timestamp
        longest = 0
        absentReads = 0
        return start
    }

    private mutating func advance(from start: RTPTimestamp, by count: Int, absent: Int) {
        let next = start.advanced(by: count)
        point = next
        if absent < count {
            absentReads = 0
            absentSamples &+= UInt64(absent)
        } else {
            absentReads += 1
            // Before the first sample there is nothing to miss, and in a pause neither.
            if next.distance(to: newestEnd) > 0, absentReads > delay / max(1, count) {
                absentSamples &+= UInt64(absent)
            }
            if absentReads >= Self.maximumAbsentReads, next.distance(to: newestEnd) <= 0 {
                pause()
                delay = minimumDelay
                return
            }
        }
        // The sender's clock runs faster, or the network held packets back: catch up at once, not for ever late.
        if next.distance(to: newestEnd) > maximumDelay + longest + 3 * step {
            skip(to: newestEnd.advanced(by: -delay), from: next)
        }
    }

    private mutating func skip(to target: RTPTimestamp, from start: RTPTimestamp) {
        for index in 0..<min(max(0, start.distance(to: target)), Self.capacity) {
            strip[(Self.position(of: start) &+ index) & (Self.capacity - 1)] = 0
        }
        point = target
    }

    private mutating func grow() {
        guard delay + step <= maximumDelay, holding == 0 else { return }
        delay += step
        holding = step
    }

    private mutating func pause() {
        point = nil
        lateInARow = 0
        absentReads = 0
        holding = 0
        // Safe: the buffer does not leave the closure.
        unsafe strip.withUnsafeMutableBufferPointer { unsafe $0.update(repeating: 0) }
    }
}
