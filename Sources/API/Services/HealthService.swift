/// How the server is, for `/ready` and `/metrics`. Nothing here tells of a customer.
package protocol HealthService: Sendable {
    /// True while new calls are taken: storage is open, SIP is bound, and nothing drains.
    var isReady: Bool { get }

    /// The metrics in Prometheus' text format, version 0.0.4.
    func metricsText() async -> String
}
