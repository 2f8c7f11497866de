/// Records the call from here to its end (spec §3.3 "StartRecordCall").
package struct StartRecordCall: Hashable, Sendable, Codable {
    static let name = "StartRecordCall"

    init(_ attributes: AttributeReader) throws(ScriptError) {}
}
