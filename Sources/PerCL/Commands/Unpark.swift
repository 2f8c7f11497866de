/// Resumes a parked call. Terminal (docs/contract/percl.md#unpark).
package struct Unpark: Hashable, Sendable {
    init(_ attributes: AttributeReader) throws(ScriptError) {}
}
