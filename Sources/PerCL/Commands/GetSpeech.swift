package import Telephony

/// Recognizes what the caller says by a grammar (docs/contract/percl.md#getspeech). Terminal.
package struct GetSpeech: Hashable, Sendable {
    package enum GrammarType: String, Hashable, Sendable, CaseIterable {
        case url = "URL", builtIn = "BUILTIN"
    }

    package var actionURL: WebURL
    package var grammarFile: String
    package var grammarType: GrammarType
    package var grammarRule: String?
    package var playBeep: Bool
    package var prompts: [Command]
    package var noInputTimeoutMilliseconds: Int
    package var recognitionTimeoutMilliseconds: Int
    package var confidenceThreshold: Double
    package var sensitivityLevel: Double?
    package var speechCompleteTimeoutMilliseconds: Int?
    package var speechIncompleteTimeoutMilliseconds: Int?
    package var privacyMode: Bool

    init(_ attributes: AttributeReader) throws(ScriptError) {
        actionURL = try attributes.requiredURL("actionUrl")
        grammarFile = try attributes.requiredString("grammarFile")
        grammarType = try attributes.choice("grammarType", GrammarType.self) ?? .url
        if grammarType == .url { _ = try attributes.requiredURL("grammarFile") }
        grammarRule = try attributes.string("grammarRule")
        playBeep = try attributes.bool("playBeep", default: false)
        prompts = try attributes.prompts("prompts")
        noInputTimeoutMilliseconds = try attributes.integer("noInputTimeoutMs", in: GetDigits.timeoutRange) ?? 7000
        recognitionTimeoutMilliseconds =
            try attributes.integer("recognitionTimeoutMs", in: GetDigits.timeoutRange) ?? 10_000
        confidenceThreshold = try attributes.fraction("confidenceThreshold") ?? 0.5
        sensitivityLevel = try attributes.fraction("sensitivityLevel")
        speechCompleteTimeoutMilliseconds =
            try attributes.integer("speechCompleteTimeoutMs", in: GetDigits.timeoutRange)
        speechIncompleteTimeoutMilliseconds =
            try attributes.integer("speechIncompleteTimeoutMs", in: GetDigits.timeoutRange)
        privacyMode = try attributes.bool("privacyMode", default: false)
    }
}
