import Telephony

/// What a column's number can be: one beyond it is no time that Belay wrote, or no count that it came to, and nothing can be
/// reckoned with it.
enum ColumnRange {
    /// To the end of the year 9999 (RFC 3339 §5.6 writes no later one).
    private static let times: ClosedRange<Int64> = 0...253_402_300_799_999_999
    /// More than a thousand a second for thirty years.
    static let counts = 0...(1 << 40)

    static func time(_ microseconds: Int64) -> Timestamp? {
        times.contains(microseconds) ? Timestamp(microseconds: microseconds) : nil
    }

    static func count(_ number: Int) -> Int? { counts.contains(number) ? number : nil }
}
