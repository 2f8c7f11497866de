/// Lets the participant's keys be heard, or not, in a conference (docs/contract/percl.md#setdtmfpassthrough).
package struct SetDTMFPassThrough: Hashable, Sendable {
    package var dtmfPassThrough: Bool

    init(_ attributes: AttributeReader) throws(ScriptError) {
        attributes.passOver("callId")
        dtmfPassThrough = try attributes.bool("dtmfPassThrough", default: true)
    }
}
