package import Telephony

/// Collects keys that the caller presses (docs/contract/percl.md#getdigits). Terminal.
package struct GetDigits: Hashable, Sendable {
    /// No caller waits longer than this between two keys.
    package static let timeoutRange = 0...3_600_000
    package static let digitCountRange = 1...1000

    package var actionURL: WebURL
    package var initialTimeoutMilliseconds: Int
    package var digitTimeoutMilliseconds: Int
    /// Empty: none.
    package var finishOnKey: String
    package var minDigits: Int
    package var maxDigits: Int
    package var flushBuffer: Bool
    package var prompts: [Command]
    package var privacyMode: Bool

    init(_ attributes: AttributeReader) throws(ScriptError) {
        actionURL = try attributes.requiredURL("actionUrl")
        initialTimeoutMilliseconds = try attributes.integer("initialTimeoutMs", in: Self.timeoutRange) ?? 8000
        digitTimeoutMilliseconds = try attributes.integer("digitTimeoutMs", in: Self.timeoutRange) ?? 3000
        finishOnKey = try attributes.keys("finishOnKey") ?? "#"
        minDigits = try attributes.integer("minDigits", in: 0...Self.digitCountRange.upperBound) ?? 1
        maxDigits = try attributes.integer("maxDigits", in: Self.digitCountRange) ?? 16
        guard minDigits <= maxDigits else {
            throw attributes.error("minDigits", "is \(minDigits), more than maxDigits, \(maxDigits)")
        }
        flushBuffer = try attributes.bool("flushBuffer", default: false)
        prompts = try attributes.prompts("prompts")
        privacyMode = try attributes.bool("privacyMode", default: false)
    }
}
