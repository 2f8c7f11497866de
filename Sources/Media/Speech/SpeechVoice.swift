/// A voice of espeak-ng for a language of the Say command.
struct SpeechVoice: Equatable, Sendable {
    /// espeak-ng's name of the voice; the variant makes it a woman's (docs/contract/percl.md#say).
    let name: String
    /// What the log should say where the language has no voice of its own.
    let warning: String?

    private static let variant = "+f3"
    private static let fallback = "en-us"

    /// The languages of the Say command; true where the voice is of another region.
    private static let voices: [String: (voice: String, isOfOtherRegion: Bool)] = [
        "ca-es": ("ca", false), "da-dk": ("da", false), "de-de": ("de", false), "en-au": ("en-gb", true),
        "en-ca": ("en-us", true), "en-gb": ("en-gb", false), "en-in": ("en-gb", true), "en-us": ("en-us", false),
        "es-es": ("es", false), "es-mx": ("es-419", false), "fi-fi": ("fi", false), "fr-ca": ("fr-fr", true),
        "fr-fr": ("fr-fr", false), "it-it": ("it", false), "ja-jp": ("ja", false), "ko-kr": ("ko", false),
        "nb-no": ("nb", false), "nl-nl": ("nl", false), "pl-pl": ("pl", false), "pt-br": ("pt-br", false),
        "pt-pt": ("pt", false), "ru-ru": ("ru", false), "sv-se": ("sv", false), "zh-cn": ("cmn", false),
        "zh-hk": ("yue", false), "zh-tw": ("cmn", false),
    ]

    /// The voice where the region is another than the table's.
    private static let languages: [String: String] = [
        "ca": "ca", "da": "da", "de": "de", "en": "en-us", "es": "es", "fi": "fi", "fr": "fr-fr", "it": "it",
        "ja": "ja", "ko": "ko", "nb": "nb", "no": "nb", "nl": "nl", "pl": "pl", "pt": "pt", "ru": "ru", "sv": "sv",
        "zh": "cmn",
    ]

    init(language: String) {
        let wanted = language.lowercased()
        if let known = Self.voices[wanted] {
            name = known.voice + Self.variant
            warning =
                known.isOfOtherRegion
                ? "no voice speaks \(language); the nearest of the same language (\(known.voice)) does" : nil
            return
        }
        let prefix = String(wanted.prefix { $0 != "-" && $0 != "_" })
        if let near = Self.languages[prefix] {
            name = near + Self.variant
            warning = "no voice speaks \(language); the nearest of the same language (\(near)) does"
        } else {
            name = Self.fallback + Self.variant
            warning = "no voice speaks \(language); en-US does"
        }
    }
}
