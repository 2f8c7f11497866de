/// An absolute http or https URL that a request can go to: what the API accepts wherever it takes a URL
/// (docs/contract/rest.md#urls).
///
/// What can never work is refused where it is given, and not when somebody has picked up the phone: a port that is none,
/// a host name that no resolver takes, an escape that is broken.
package struct WebURL: Hashable, Sendable {
    /// Longer ones pass through no common proxy.
    package static let maximumLength = 2048

    /// What a URL brings along for the server (RFC 3986 §3.2.1), decoded; sent as `Basic` (RFC 7617).
    package struct Credentials: Hashable, Sendable {
        package let user: String
        package let password: String
    }

    /// Why a text is no such URL, in words that go on from a colon.
    package struct Fault: Error, Hashable, Sendable, CustomStringConvertible {
        package let description: String

        init(_ description: String) { self.description = description }
    }

    /// As the customer wrote it, user and password with it: not for logs.
    package let text: String
    package let isTLS: Bool
    /// Lower case, without brackets or a final dot: a name, or an address in whatever spelling.
    package let host: String
    /// The scheme's own where none is written.
    package let port: Int
    /// Path and query as they go into the request line (RFC 9112 §3.2.1); what no URI holds is percent-encoded.
    package let target: String
    package let credentials: Credentials?

    package init(checking text: String) throws(Fault) {
        var parser = try WebURLParser(text)
        self.text = text
        isTLS = try parser.scheme() == "https"
        let authority = try parser.authority()
        credentials = try authority.credentials()
        host = try authority.host()
        port = try authority.port() ?? (isTLS ? 443 : 80)
        target = try parser.target()
    }

    package init?(_ text: String) {
        do throws(Fault) { try self.init(checking: text) } catch { return nil }
    }

    /// Reads what an earlier version stored, which took more: a fragment it never sent.
    package init?(stored text: String) {
        if let url = Self(text) {
            self = url
        } else {
            let withoutFragment = text.prefix { $0 != "#" }
            guard withoutFragment.utf8.count < text.utf8.count, let url = Self(String(withoutFragment)) else {
                return nil
            }
            self = url
        }
    }
}

extension WebURL: CustomStringConvertible {
    /// For people and logs: user and password are masked (docs/contract/privacy.md#the-mask).
    package var description: String { credentials == nil ? text : Mask.userInfo(in: text) }
}

extension WebURL: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let url = Self(stored: text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "\(Mask.malformedURL(text)) is no absolute http or https URL")
        }
        self = url
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
