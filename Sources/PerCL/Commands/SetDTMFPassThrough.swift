/// Lets the participant's keys be heard, or not, in a conference (spec §3.3).
package struct SetDTMFPassThrough: Hashable, Sendable, Codable {
    static let name = "SetDTMFPassThrough"

    package var dtmfPassThrough: Bool

    init(_ attributes: AttributeReader) throws(ScriptError) {
        attributes.passOver("callId")
        dtmfPassThrough = try attributes.bool("dtmfPassThrough", default: true)
    }
}
