import FoundationEssentials
import Telephony

/// Whom a URL addresses, and what it asks there for: the parts of a URL that go on the wire.
struct Origin: Hashable, Sendable {
    let isTLS: Bool
    /// Lower case, without brackets or a final dot: a name, or a literal address in whatever spelling.
    let host: String
    let port: Int

    /// nil where the host holds what no host name and no address has, or the port is none.
    init?(_ url: WebURL) {
        guard var host = url.url.host(percentEncoded: false)?.lowercased() else { return nil }
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        if host.hasSuffix(".") { host.removeLast() }
        guard !host.isEmpty, host.utf8.count <= Self.maximumHostLength, host.utf8.allSatisfy(Self.isHostByte) else {
            return nil
        }
        isTLS = url.url.scheme?.lowercased() == "https"
        port = url.url.port ?? (isTLS ? 443 : 80)
        guard (1...65_535).contains(port) else { return nil }
        self.host = host
    }

    /// RFC 1035 §2.3.4.
    private static let maximumHostLength = 255

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
            UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: ":"):
            true
        default: false
        }
    }

    private var bracketedHost: String { host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host }

    /// The `Host` header (RFC 9110 §7.2): the port only where it is not the scheme's own.
    var hostHeader: String { port == (isTLS ? 443 : 80) ? bracketedHost : "\(bracketedHost):\(port)" }

    /// For people and logs.
    var name: String { "\(bracketedHost):\(port)" }

    /// The path and the query of a URL of this origin, as the customer wrote them (RFC 9112 §3.2.1).
    static func requestTarget(of url: WebURL) -> String {
        let path = url.url.path(percentEncoded: true)
        let query = url.url.query(percentEncoded: true)
        return (path.isEmpty ? "/" : path) + (query.map { "?" + $0 } ?? "")
    }
}
