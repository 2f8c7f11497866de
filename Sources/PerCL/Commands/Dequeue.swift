/// Takes the call out of its queue. Terminal (spec §3.3).
package struct Dequeue: Hashable, Sendable, Codable {
    static let name = "Dequeue"

    init(_ attributes: AttributeReader) throws(ScriptError) {}
}
