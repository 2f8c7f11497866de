/// Lets the participant's keys be heard, or not, in a conference (docs/contract/percl.md#setdtmfpassthrough).
package struct SetDTMFPassThrough: Hashable, Sendable {
    package var dtmfPassThrough: Bool
    let earlierTarget: EarlierTarget?

    init(_ attributes: AttributeReader) throws(ScriptError) {
        earlierTarget = attributes.earlierCall()
        dtmfPassThrough = try attributes.bool("dtmfPassThrough", default: true)
    }
}
