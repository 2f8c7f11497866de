package import Telephony

/// Records what the caller says (docs/contract/percl.md#recordutterance). Terminal.
package struct RecordUtterance: Hashable, Sendable {
    package var actionURL: WebURL
    package var silenceTimeoutMilliseconds: Int
    package var finishOnKey: String
    package var maxLengthSeconds: Int
    package var playBeep: Bool
    package var autoStart: Bool
    package var privacyMode: Bool

    init(_ attributes: AttributeReader) throws(ScriptError) {
        actionURL = try attributes.requiredURL("actionUrl")
        silenceTimeoutMilliseconds = try attributes.integer("silenceTimeoutMs", in: GetDigits.timeoutRange) ?? 3000
        finishOnKey = try attributes.keys("finishOnKey") ?? "#"
        maxLengthSeconds = try attributes.integer("maxLengthSec", in: 1...14_400) ?? 60
        playBeep = try attributes.bool("playBeep", default: true)
        autoStart = try attributes.bool("autoStart", default: false)
        privacyMode = try attributes.bool("privacyMode", default: false)
    }
}
