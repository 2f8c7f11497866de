/// How the server is, for `/ready` and `/metrics`. Nothing here tells of a customer.
package protocol HealthService: Sendable {
    /// True while new calls are taken: storage is open, SIP is bound, and nothing drains.
    var isReady: Bool { get }

    /// Why new calls are not taken, as it is at this moment; nil where they are. In words that tell nothing of a customer.
    func reasonNotReady() async -> String?

    /// The metrics in Prometheus' text format, version 0.0.4.
    func metricsText() async -> String
}
