import JSON

/// Speaks a text (docs/contract/percl.md#say).
package struct Say: Hashable, Sendable {
    /// Bytes of UTF-8 (docs/contract/percl.md#say).
    package static let maximumTextLength = 4096
    package static let defaultLanguage = "en-US"
    package static let languages = [
        "ca-ES", "da-DK", "de-DE", "en-AU", "en-CA", "en-GB", "en-IN", "en-US", "es-ES", "es-MX", "fi-FI", "fr-CA",
        "fr-FR", "it-IT", "ja-JP", "ko-KR", "nb-NO", "nl-NL", "pl-PL", "pt-BR", "pt-PT", "ru-RU", "sv-SE", "zh-CN",
        "zh-HK", "zh-TW",
    ]

    /// Empty: the command is skipped.
    package var text: String
    package var language: String
    /// How often; 0: until the call ends.
    package var loop: Int
    package var engine: SayEngine?
    package var privacyMode: Bool

    init(_ attributes: AttributeReader) throws(ScriptError) {
        text = try attributes.requiredString("text")
        guard text.utf8.count <= Self.maximumTextLength else {
            throw attributes.error(
                "text", "has \(text.utf8.count) bytes; at most \(Self.maximumTextLength) are allowed")
        }
        language = try attributes.string("language") ?? Self.defaultLanguage
        guard Self.languages.contains(language) else {
            throw attributes.error(
                "language",
                "is \(Excerpt.of(Array(language.utf8))); allowed: \(Self.languages.joined(separator: ", "))")
        }
        loop = try attributes.integer("loop", in: Play.loopRange) ?? 1
        engine = try SayEngine(attributes)
        privacyMode = try attributes.bool("privacyMode", default: false)
    }
}

/// Which synthesizer the customer asks for. Belay has one voice for all of them and notes it in the log.
package struct SayEngine: Hashable, Sendable {
    package enum Name: String, Hashable, Sendable, CaseIterable {
        case standard = "freeclimb.standard"
        case neural = "freeclimb.neural"
        case elevenLabs = "ElevenLabs"
    }

    package var name: Name

    init?(_ attributes: AttributeReader) throws(ScriptError) {
        guard let value = attributes.value("engine") else { return nil }
        guard case .object(let members) = value else {
            throw attributes.error("engine", "must be an object with a name, not \(value.kind)")
        }
        let allowed = Name.allCases.map(\.rawValue).joined(separator: ", ")
        guard let text = members["name"]?.string else {
            throw attributes.error("engine.name", "is missing; allowed: \(allowed)")
        }
        guard let name = Name(rawValue: text) else {
            throw attributes.error("engine.name", "is \(Excerpt.of(Array(text.utf8))); allowed: \(allowed)")
        }
        self.name = name
    }
}
