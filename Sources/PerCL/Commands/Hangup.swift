/// Ends the call (spec §3.3 "Hangup"). Terminal.
package struct Hangup: Hashable, Sendable, Codable {
    static let name = "Hangup"

    /// Free text, for the log.
    package var reason: String?

    init(_ attributes: AttributeReader) throws(ScriptError) {
        reason = try attributes.string("reason")
    }
}
