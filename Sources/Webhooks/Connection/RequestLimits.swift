/// What bounds outgoing requests. The times of a webhook are decision 9's.
package struct RequestLimits: Hashable, Sendable {
    /// From the request's turn until the connection, TLS included, stands.
    package var connect: Duration
    /// From the request's turn until the last byte of the answer: how busy the others keep a host is not held against it.
    package var whole: Duration
    /// How long it may wait for its turn.
    package var wait: Duration
    /// A connection without requests is kept so long. Short of the 5 s after which common servers close theirs, so
    /// that few requests meet a connection that is just being closed.
    package var idle: Duration
    /// Requests at once to one host and port.
    package var perHost: Int
    /// Requests at once in all.
    package var total: Int
    /// Requests that wait for their turn; more are refused.
    package var maximumWaiting: Int

    package init(
        connect: Duration = .seconds(5), whole: Duration = .seconds(15), wait: Duration = .seconds(60),
        idle: Duration = .seconds(4), perHost: Int = 64, total: Int = 1024, maximumWaiting: Int = 100_000
    ) {
        self.connect = connect
        self.whole = whole
        self.wait = wait
        self.idle = idle
        self.perHost = perHost
        self.total = total
        self.maximumWaiting = maximumWaiting
    }

    /// Of fetching audio.
    package static let audio = RequestLimits(
        whole: .seconds(60), perHost: 8, total: 64, maximumWaiting: 10_000)

    /// No more at once than so many.
    package func within(_ most: Int) -> RequestLimits {
        var limits = self
        limits.total = min(total, most)
        limits.perHost = min(perHost, limits.total)
        return limits
    }

    var connectText: String { Self.text(connect) }
    var wholeText: String { Self.text(whole) }
    var waitText: String { Self.text(wait) }

    /// `15 s` or `250 ms`.
    private static func text(_ duration: Duration) -> String {
        let milliseconds =
            duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000
        return milliseconds % 1000 == 0 ? "\(milliseconds / 1000) s" : "\(milliseconds) ms"
    }
}
