/// Refuses an inbound call without answering it (spec §3.3 "Reject"). Terminal.
package struct Reject: Hashable, Sendable, Codable {
    static let name = "Reject"

    /// Free text, for the log.
    package var reason: String?

    init(_ attributes: AttributeReader) throws(ScriptError) {
        reason = try attributes.string("reason")
    }
}
