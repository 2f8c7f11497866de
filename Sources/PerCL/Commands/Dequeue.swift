/// Takes the call out of its queue. Terminal (docs/contract/percl.md#dequeue).
package struct Dequeue: Hashable, Sendable {
    init(_ attributes: AttributeReader) throws(ScriptError) {}
}
