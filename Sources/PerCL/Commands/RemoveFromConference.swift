/// Takes the call out of its conference (spec §3.3).
package struct RemoveFromConference: Hashable, Sendable, Codable {
    static let name = "RemoveFromConference"

    init(_ attributes: AttributeReader) throws(ScriptError) { attributes.passOver("callId") }
}
