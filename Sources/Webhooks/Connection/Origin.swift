import FoundationEssentials
import Telephony

/// Whom a URL addresses: the parts of a URL that decide where a connection goes.
struct Origin: Hashable, Sendable {
    let isTLS: Bool
    /// Lower case, without brackets or a final dot: a name, or a literal address in whatever spelling.
    let host: String
    let port: Int

    init(_ url: WebURL) {
        isTLS = url.isTLS
        host = url.host
        port = url.port
    }

    private var bracketedHost: String { host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host }

    /// The `Host` header (RFC 9110 §7.2): the port only where it is not the scheme's own.
    var hostHeader: String { port == (isTLS ? 443 : 80) ? bracketedHost : "\(bracketedHost):\(port)" }

    /// For people and logs.
    var name: String { "\(bracketedHost):\(port)" }
}

extension WebURL.Credentials {
    /// The value of the `Authorization` header (RFC 7617 §2).
    var basic: String { "Basic " + Data("\(user):\(password)".utf8).base64EncodedString() }
}
