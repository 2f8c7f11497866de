/// Lets the participant hear, or not, in a conference (spec §3.3).
package struct SetListen: Hashable, Sendable, Codable {
    static let name = "SetListen"

    package var listen: Bool

    init(_ attributes: AttributeReader) throws(ScriptError) {
        attributes.passOver("callId")
        listen = try attributes.bool("listen", default: true)
    }
}
