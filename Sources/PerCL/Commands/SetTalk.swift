/// Lets the participant be heard, or not, in a conference (spec §3.3).
package struct SetTalk: Hashable, Sendable, Codable {
    static let name = "SetTalk"

    package var talk: Bool

    init(_ attributes: AttributeReader) throws(ScriptError) {
        attributes.passOver("callId")
        talk = try attributes.bool("talk", default: true)
    }
}
