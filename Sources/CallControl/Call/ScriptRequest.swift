import JSON

/// What an app is asked with, or told: the webhook's own fields, beside those that every webhook has.
struct ScriptRequest: Sendable {
    var type: String
    var extras: [String: JSONValue]
    /// Of the extras, those that are masked in the journal.
    var privateFields: Set<String>

    init(_ type: String, _ extras: [String: JSONValue] = [:], privateFields: Set<String> = []) {
        self.type = type
        self.extras = extras
        self.privateFields = privateFields
    }
}
