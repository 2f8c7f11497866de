package import Telephony

/// Plays an audio file (docs/contract/percl.md#play).
package struct Play: Hashable, Sendable {
    package static let loopRange = 0...1_000_000

    package var file: AudioFileReference
    /// How often; 0: until the call ends.
    package var loop: Int
    package var privacyMode: Bool

    init(_ attributes: AttributeReader) throws(ScriptError) {
        file = try AudioFileReference("file", attributes)
        loop = try attributes.integer("loop", in: Self.loopRange) ?? 1
        privacyMode = try attributes.bool("privacyMode", default: false)
    }
}

/// Where an audio file lies: an absolute URL, or one relative to this server, as recordings' URLs once were
/// (docs/contract/webhooks.md#recording-urls).
package enum AudioFileReference: Hashable, Sendable {
    case url(WebURL)
    /// Begins with `/`; below `/apiserver`.
    case relative(String)

    init(_ field: String, _ attributes: AttributeReader) throws(ScriptError) {
        let text = try attributes.requiredString(field)
        if text.hasPrefix("/Accounts/"), text.utf8.count <= WebURL.maximumLength,
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        {
            self = .relative(text)
            return
        }
        do throws(WebURL.Fault) { self = .url(try WebURL(checking: text)) } catch {
            throw attributes.error(
                field,
                "is \(attributes.shownURL(text)); an absolute http or https URL or a recordingUrl is required: \(error)"
            )
        }
    }
}

extension AudioFileReference {
    /// As it was written: not for logs.
    package var text: String {
        switch self {
        case .url(let url): url.text
        case .relative(let path): path
        }
    }
}

extension AudioFileReference: CustomStringConvertible {
    /// For logs: user and password of a URL are masked.
    package var description: String {
        switch self {
        case .url(let url): url.description
        case .relative(let path): path
        }
    }
}
