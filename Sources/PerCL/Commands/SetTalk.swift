/// Lets the participant be heard, or not, in a conference (docs/contract/percl.md#settalk).
package struct SetTalk: Hashable, Sendable {
    package var talk: Bool

    init(_ attributes: AttributeReader) throws(ScriptError) {
        attributes.passOver("callId")
        talk = try attributes.bool("talk", default: true)
    }
}
