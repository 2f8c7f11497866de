/// Ends the call's conference for everybody. Terminal (docs/contract/percl.md#terminateconference).
package struct TerminateConference: Hashable, Sendable {
    init(_ attributes: AttributeReader) throws(ScriptError) { attributes.passOver("conferenceId") }
}
