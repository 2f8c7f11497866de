import Synchronization
import Telephony

/// What this server is reached by: as configured, else where the API listens.
final class PublicURL: Sendable {
    private let current: Mutex<String>
    private let isConfigured: Bool

    /// - Parameter port: 0 where the system chooses it.
    init(configured: WebURL?, host: String, port: Int) {
        isConfigured = configured != nil
        var text = configured?.text ?? ""
        while text.hasSuffix("/") { text.removeLast() }
        current = Mutex(text)
        if port != 0 { bound(host: host, port: port) }
    }

    func bound(host: String, port: Int) {
        guard !isConfigured else { return }
        current.withLock { $0 = "http://\(host.contains(":") ? "[\(host)]" : host):\(port)" }
    }

    var text: String { current.withLock(\.self) }
}
