package import Telephony

/// Records what the caller says and writes it down (docs/contract/percl.md#transcribeutterance). Terminal.
package struct TranscribeUtterance: Hashable, Sendable {
    package var actionURL: WebURL
    package var playBeep: Bool
    package var savesRecording: Bool
    package var maxLengthSeconds: Int
    package var terminationSilenceMilliseconds: Int?
    package var privacyForLogging: Bool
    package var privacyForRecording: Bool
    package var prompts: [Command]

    init(_ attributes: AttributeReader) throws(ScriptError) {
        actionURL = try attributes.requiredURL("actionUrl")
        playBeep = try attributes.bool("playBeep", default: false)
        privacyForLogging = try attributes.bool("privacyForLogging", default: false)
        privacyForRecording = try attributes.bool("privacyForRecording", default: false)
        prompts = try attributes.prompts("prompts")
        let record = try attributes.nested("record")
        savesRecording = try record.bool("saveRecording", default: false)
        maxLengthSeconds = try record.integer("maxLengthSec", in: 1...60) ?? 60
        terminationSilenceMilliseconds = try record.integer("rcrdTerminationSilenceTimeMs", in: 1...3000)
        attributes.finish(record)
    }
}
