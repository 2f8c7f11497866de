/// Ends the call (docs/contract/percl.md#hangup). Terminal.
package struct Hangup: Hashable, Sendable {
    /// Free text, for the log.
    package var reason: String?

    init(_ attributes: AttributeReader) throws(ScriptError) {
        reason = try attributes.string("reason")
    }
}
