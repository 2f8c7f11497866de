/// Lets the participant hear, or not, in a conference (docs/contract/percl.md#setlisten).
package struct SetListen: Hashable, Sendable {
    package var listen: Bool
    let earlierTarget: EarlierTarget?

    init(_ attributes: AttributeReader) throws(ScriptError) {
        earlierTarget = attributes.earlierCall()
        listen = try attributes.bool("listen", default: true)
    }
}
