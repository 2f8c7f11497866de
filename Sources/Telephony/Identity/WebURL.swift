package import FoundationEssentials

/// An absolute http or https URL with a host: what the API accepts wherever it takes a URL (spec §1.8).
package struct WebURL: Hashable, Sendable, CustomStringConvertible {
    /// Longer ones pass through no common proxy.
    package static let maximumLength = 2048

    /// As the customer wrote it.
    package let text: String
    package let url: URL

    package init?(_ text: String) {
        guard text.utf8.count <= Self.maximumLength,
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
            let url = URL(string: text),
            let scheme = url.scheme?.lowercased(), scheme == "http" || scheme == "https",
            let host = url.host(), !host.isEmpty
        else { return nil }
        self.text = text
        self.url = url
    }

    package var description: String { text }
}

extension WebURL: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let url = Self(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "\(text) is no absolute http or https URL")
        }
        self = url
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
