package import JSON
import Telephony

/// What is wrong with one field of a body or one parameter of a query (docs/contract/rest.md#errors).
package struct FieldFault: Hashable, Sendable {
    /// Longer values are cut in the answer and in the log; in code points, of which one letter may have thousands.
    package static let maximumShownLength = 200

    package let field: String
    /// As given, but cut, and masked where private; nil where nothing was given.
    package let given: JSONValue?
    /// What the field may be, in words that go on from "allowed:".
    package let allowed: String
    /// Where in the value it goes wrong, where that can be said.
    package var place: Place?

    /// A place in a text.
    package struct Place: Hashable, Sendable {
        /// In bytes of UTF-8, from 0.
        package let offset: Int
        /// In characters, from 1.
        package let column: Int
    }

    /// A field that is needed and was not given.
    package static func missing(_ field: String, allowed: String) -> Self {
        Self(field: field, given: nil, allowed: allowed)
    }

    /// A field whose value cannot be.
    package static func malformed(_ field: String, given: JSONValue, allowed: String, isPrivate: Bool = false) -> Self {
        Self(field: field, given: isPrivate ? .string(Mask.text) : shown(given), allowed: allowed)
    }

    private init(field: String, given: JSONValue?, allowed: String) {
        self.field = field
        self.given = given
        self.allowed = allowed
    }

    package var isMissing: Bool { given == nil }

    /// The fault as a sentence.
    package var sentence: String {
        guard let given else { return "\(field) is missing; allowed: \(allowed)." }
        return "\(field) is \(given.text); allowed: \(allowed)."
    }

    package var json: JSONValue {
        var members: [String: JSONValue] = [
            "field": .string(field), "value": given ?? .null, "allowed": .string(allowed),
        ]
        if let place {
            members["offset"] = JSONValue(place.offset)
            members["column"] = JSONValue(place.column)
        }
        return .object(members)
    }

    /// A text that nobody checked, within a sentence: in quotes, and where it is cut, that is said outside of them.
    static func quoted(_ text: String) -> String {
        let rest = text.unicodeScalars.count - maximumShownLength
        guard rest > 0 else { return JSONValue.string(text).text }
        return JSONValue.string(String(text.unicodeScalars.prefix(maximumShownLength))).text
            + " and \(rest) characters more"
    }

    private static func shown(_ value: JSONValue) -> JSONValue {
        switch value {
        case .string(let text):
            text.unicodeScalars.count > maximumShownLength
                ? .string(String(text.unicodeScalars.prefix(maximumShownLength)) + "…") : value
        case .array, .object: .string(value.kind)
        case .null, .bool, .integer, .number: value
        }
    }
}
