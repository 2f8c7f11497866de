/// How the engine is set up.
package struct MediaConfiguration: Equatable, Sendable {
    /// Nil: one for each core, at most four. More threads than cores gain nothing.
    package var threads: Int?
    /// Mean time between RTCP reports (RFC 3550 §6.2).
    package var reportIntervalSeconds: Double
    /// The delay of the jitter buffer; equal bounds make it fixed.
    package var jitterDelayMilliseconds: ClosedRange<Int>

    package init(
        threads: Int? = nil, reportIntervalSeconds: Double = 5, jitterDelayMilliseconds: ClosedRange<Int> = 60...200
    ) {
        self.threads = threads
        self.reportIntervalSeconds = reportIntervalSeconds
        self.jitterDelayMilliseconds = jitterDelayMilliseconds
    }
}
