package import JSON
package import Telephony

/// Hands the call's audio to a gRPC application (docs/contract/percl.md#audiostream). Terminal.
package struct AudioStream: Hashable, Sendable {
    package enum ContentType: String, Hashable, Sendable, CaseIterable {
        case linear8000 = "audio/l16;rate=8000"
        case mulaw8000 = "audio/mulaw;rate=8000"
        case linear16000 = "audio/l16;rate=16000"
    }

    package var location: String
    package var contentType: ContentType
    package var actionURL: WebURL?
    package var metadata: JSONValue?
    package var privacyMode: Bool

    /// `location` comes as a string and as `{"uri": …}`, the metadata as `metaData` and as `metadata`: both are taken.
    init(_ attributes: AttributeReader) throws(ScriptError) {
        switch attributes.value("location") {
        case nil: throw attributes.missing("location", "a URI is required")
        case .string(let text): location = text
        case .some(let value):
            guard let text = value["uri"]?.string else {
                throw attributes.error("location", "must be a URI or an object with a uri, not \(value.kind)")
            }
            location = text
        }
        guard !location.isEmpty, location.utf8.count <= WebURL.maximumLength else {
            throw attributes.error("location", "must have 1 to \(WebURL.maximumLength) characters")
        }
        contentType = try attributes.choice("contentType", ContentType.self) ?? .linear8000
        actionURL = try attributes.url("actionUrl")
        metadata = attributes.value("metaData") ?? attributes.value("metadata")
        privacyMode = try attributes.bool("privacyMode", default: false)
    }
}
