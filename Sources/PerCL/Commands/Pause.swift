/// Waits in silence (docs/contract/percl.md#pause).
package struct Pause: Hashable, Sendable {
    /// No call lasts longer than a day.
    package static let lengthRange = 0...86_400_000

    package var lengthMilliseconds: Int

    init(_ attributes: AttributeReader) throws(ScriptError) {
        lengthMilliseconds = try attributes.requiredInteger("length", in: Self.lengthRange)
    }
}
