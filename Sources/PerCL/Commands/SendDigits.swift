package import Telephony

/// Dials digits into the live call (docs/contract/percl.md#senddigits).
package struct SendDigits: Hashable, Sendable {
    /// Outside of it the value is brought to the nearer end (docs/contract/percl.md#senddigits).
    package static let pauseRange = 100...1000

    package var digits: DigitString
    package var pauseMilliseconds: Int
    package var privacyMode: Bool

    init(_ attributes: AttributeReader) throws(ScriptError) {
        let pause = try attributes.integer("pauseMs", in: Int.min...Int.max) ?? DigitString.standardPauseMilliseconds
        pauseMilliseconds = min(max(pause, Self.pauseRange.lowerBound), Self.pauseRange.upperBound)
        guard let string = try attributes.digits("digits", pauseMilliseconds: pauseMilliseconds) else {
            throw attributes.missing("digits", "a string of digits is required")
        }
        digits = string
        privacyMode = try attributes.bool("privacyMode", default: false)
    }
}
