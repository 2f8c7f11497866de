/// Records the call from here to its end (docs/contract/percl.md#startrecordcall).
package struct StartRecordCall: Hashable, Sendable {
    init(_ attributes: AttributeReader) throws(ScriptError) {}
}
