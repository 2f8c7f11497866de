import Histogram

/// Durations from 1 µs to 60 s, three digits exact.
struct LatencyHistogram: Sendable {
    private static let longestMicroseconds: UInt64 = 60_000_000
    private var histogram = Histogram<UInt64>(
        highestTrackableValue: longestMicroseconds, numberOfSignificantValueDigits: .three)

    var count: Int { Int(clamping: histogram.totalCount) }

    mutating func record(_ duration: Duration) {
        record(microseconds: Int64(duration / .microseconds(1)))
    }

    mutating func record(microseconds: Int64) {
        _ = histogram.record(min(Self.longestMicroseconds, UInt64(max(0, microseconds))))
    }

    /// In milliseconds, two places.
    func milliseconds(_ percentile: Double) -> String {
        (Double(histogram.valueAtPercentile(percentile)) / 1_000).rounded(to: 2)
    }
}
