/// Takes the call out of its conference (docs/contract/percl.md#removefromconference).
package struct RemoveFromConference: Hashable, Sendable {
    let earlierTarget: EarlierTarget?

    init(_ attributes: AttributeReader) throws(ScriptError) { earlierTarget = attributes.earlierCall() }
}
