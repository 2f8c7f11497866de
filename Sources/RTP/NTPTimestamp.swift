/// Wallclock time as RTCP carries it: seconds since 1900 and 2³² parts of a second (RFC 3550 §4).
public struct NTPTimestamp: Hashable, Sendable {
    public let rawValue: UInt64

    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// From nanoseconds since 1970.
    public init(unixNanoseconds: Int64) {
        let seconds = unixNanoseconds / 1_000_000_000
        let rest = UInt64((unixNanoseconds % 1_000_000_000).magnitude)
        // 1900 to 1970: seventy years, seventeen of them leap years.
        let since1900 = UInt32(truncatingIfNeeded: seconds &+ 2_208_988_800)
        rawValue = UInt64(since1900) << 32 | (rest << 32) / 1_000_000_000
    }

    /// The middle 32 bits, in units of 1/65,536 s: what LSR, DLSR and the round trip are counted in.
    public var middle: UInt32 { UInt32(truncatingIfNeeded: rawValue >> 16) }
}

/// The time to the other side and back (RFC 3550 §6.4.1: A − LSR − DLSR).
public enum RoundTrip {
    /// In milliseconds; nil where the peer has not had a report of ours yet, or its figures would make time run
    /// backwards by more than a clock's adjustment explains.
    ///
    /// - Parameters:
    ///   - arrival: when the report came.
    ///   - lastReport: the block's LSR.
    ///   - delay: the block's DLSR, in 1/65,536 s.
    public static func milliseconds(arrival: NTPTimestamp, lastReport: UInt32, delay: UInt32) -> Double? {
        guard lastReport != 0 else { return nil }
        let units = Int32(bitPattern: arrival.middle &- lastReport &- delay)
        // 10 ms below zero: the peer rounds, and clocks are slewed. More than a minute is no round trip.
        guard units > -656, units < 60 * 65_536 else { return nil }
        return Double(max(0, units)) * 1000 / 65_536
    }
}
