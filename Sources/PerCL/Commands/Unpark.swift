/// Resumes a parked call. Terminal (docs/contract/percl.md#unpark).
package struct Unpark: Hashable, Sendable, Codable {
    static let name = "Unpark"

    init(_ attributes: AttributeReader) throws(ScriptError) {}
}
