/// What bounds outgoing requests. A webhook's times are promised (docs/contract/webhooks.md#time-limits).
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
    /// An account's requests at once to one host and port.
    package var perHost: Int
    /// An account's requests at once, to all hosts; fewer than ``total``, so that no account has all places.
    package var perAccount: Int
    /// Requests at once in all.
    package var total: Int
    /// An account's requests that wait for their turn; more are refused.
    package var maximumWaiting: Int
    /// A request that has waited for ``wait`` is sent all the same, beyond ``perHost``: somebody is on the line. Never
    /// beyond the other two.
    package var mayExceedHost: Bool

    package init(
        connect: Duration = .seconds(5), whole: Duration = .seconds(15), wait: Duration = .seconds(60),
        idle: Duration = .seconds(4), perHost: Int = 64, perAccount: Int? = nil, total: Int = 1024,
        maximumWaiting: Int = 100_000, mayExceedHost: Bool = false
    ) {
        self.connect = connect
        self.whole = whole
        self.wait = wait
        self.idle = idle
        self.perHost = perHost
        self.perAccount = perAccount ?? total
        self.total = total
        self.maximumWaiting = maximumWaiting
        self.mayExceedHost = mayExceedHost
    }

    /// Of fetching audio.
    package static let audio = RequestLimits(
        whole: .seconds(60), perHost: 8, perAccount: 32, total: 128, maximumWaiting: 1000)

    /// No more at once than so many.
    package func within(_ most: Int) -> RequestLimits {
        var limits = self
        limits.total = min(total, most)
        limits.perAccount = max(1, perAccount * limits.total / max(1, total))
        limits.perHost = min(perHost, limits.perAccount)
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
