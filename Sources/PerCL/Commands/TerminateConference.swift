/// Ends the call's conference for everybody. Terminal (docs/contract/percl.md#terminateconference).
package struct TerminateConference: Hashable, Sendable {
    let earlierTarget: EarlierTarget?

    init(_ attributes: AttributeReader) throws(ScriptError) { earlierTarget = attributes.earlierConference() }
}
