/// Takes the call out of its conference (docs/contract/percl.md#removefromconference).
package struct RemoveFromConference: Hashable, Sendable {
    init(_ attributes: AttributeReader) throws(ScriptError) { attributes.passOver("callId") }
}
