/// Ends the call's conference for everybody. Terminal (spec §3.3).
package struct TerminateConference: Hashable, Sendable, Codable {
    static let name = "TerminateConference"

    init(_ attributes: AttributeReader) throws(ScriptError) { attributes.passOver("conferenceId") }
}
