/// Lets the participant hear, or not, in a conference (docs/contract/percl.md#setlisten).
package struct SetListen: Hashable, Sendable {
    package var listen: Bool

    init(_ attributes: AttributeReader) throws(ScriptError) {
        attributes.passOver("callId")
        listen = try attributes.bool("listen", default: true)
    }
}
