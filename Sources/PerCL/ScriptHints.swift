/// What is taken although it is not as it should be: attributes that do not exist, numbers in quotation marks. For the
/// call's log, of which a script may not take more than so much.
package struct ScriptHints: Hashable, Sendable {
    package static let maximum = 10

    /// The first of them, each naming the command, its place, and the attribute.
    package private(set) var shown: [ScriptError] = []
    /// How many more there were.
    package private(set) var more = 0

    package init() {}

    mutating func append(_ hint: ScriptError) {
        if shown.count < Self.maximum { shown.append(hint) } else { more += 1 }
    }
}
