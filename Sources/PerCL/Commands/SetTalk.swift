/// Lets the participant be heard, or not, in a conference (docs/contract/percl.md#settalk).
package struct SetTalk: Hashable, Sendable {
    package var talk: Bool
    let earlierTarget: EarlierTarget?

    init(_ attributes: AttributeReader) throws(ScriptError) {
        earlierTarget = attributes.earlierCall()
        talk = try attributes.bool("talk", default: true)
    }
}
