/// Records the call from here to its end (docs/contract/percl.md#startrecordcall).
package struct StartRecordCall: Hashable, Sendable, Codable {
    static let name = "StartRecordCall"

    init(_ attributes: AttributeReader) throws(ScriptError) {}
}
