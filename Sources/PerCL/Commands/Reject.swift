/// Refuses an inbound call without answering it (docs/contract/percl.md#reject). Terminal.
package struct Reject: Hashable, Sendable {
    /// Free text, for the log.
    package var reason: String?

    init(_ attributes: AttributeReader) throws(ScriptError) {
        reason = try attributes.string("reason")
    }
}
