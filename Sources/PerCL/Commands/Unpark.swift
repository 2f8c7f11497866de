/// Resumes a parked call. Terminal (spec §3.3).
package struct Unpark: Hashable, Sendable, Codable {
    static let name = "Unpark"

    init(_ attributes: AttributeReader) throws(ScriptError) {}
}
