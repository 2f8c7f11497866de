package import JSON
package import Telephony

// What a query means, said of an entry in memory. Storage says the same in SQL; a property test holds the two together.

extension LogCondition {
    package func matches(_ entry: JournalEntry) -> Bool {
        switch self {
        case .term(let term): term.matches(entry)
        case .not(let condition): !condition.matches(entry)
        case .all(let conditions): conditions.allSatisfy { $0.matches(entry) }
        case .any(let conditions): conditions.contains { $0.matches(entry) }
        }
    }
}

extension JournalEntry {
    /// The metadata as the API shows it: with what the API has no field for.
    package var shownMetadata: [String: JSONValue] {
        var metadata = metadata
        metadata["scope"] = .string(scope.rawValue)
        metadata["sequence"] = .integer(Int64(sequence))
        return metadata
    }
}

extension LogTerm {
    fileprivate func matches(_ entry: JournalEntry) -> Bool {
        guard comparator != .notEqual else { return !LogTerm(field, .equal, value).matches(entry) }
        guard let found = field.value(of: entry) else { return false }
        switch (found, value) {
        case (.string(let text), .text(let wanted)): return comparator.holds(Array(text.utf8), Array(wanted.utf8))
        case (.integer(let number), .integer(let wanted)): return comparator.holds(order: number, wanted)
        case (.number(let number), .integer(let wanted)): return comparator.holds(order: number, Double(wanted))
        case (.bool(let truth), .truth(let wanted)): return truth == wanted
        default: return false
        }
    }
}

extension LogField {
    fileprivate func value(of entry: JournalEntry) -> JSONValue? {
        switch self {
        case .timestamp: .integer(entry.timestamp.microseconds)
        case .level: .string(entry.level.rawValue)
        case .message: .string(entry.message)
        case .requestID: entry.requestID.map { .string($0.text) }
        case .callID: entry.callID.map { .string($0.text) }
        case .accountID: .string(entry.accountID.text)
        case .metadata(let steps):
            steps.reduce(Optional(JSONValue.object(entry.shownMetadata))) { value, step in
                switch (value, step) {
                case (.object(let members), .key(let key)): members[key]
                case (.array(let elements), .index(let index)): index < elements.count ? elements[index] : nil
                default: nil
                }
            }
        }
    }
}

extension LogComparator {
    fileprivate func holds(_ text: [UInt8], _ wanted: [UInt8]) -> Bool {
        switch self {
        case .equal: text == wanted
        case .notEqual: text != wanted
        case .less: text.lexicographicallyPrecedes(wanted)
        case .lessOrEqual: !wanted.lexicographicallyPrecedes(text)
        case .greater: wanted.lexicographicallyPrecedes(text)
        case .greaterOrEqual: !text.lexicographicallyPrecedes(wanted)
        case .contains: text.contains(wanted)
        case .startsWith: text.starts(with: wanted)
        case .endsWith: text.reversed().starts(with: wanted.reversed())
        }
    }

    fileprivate func holds<Number: Comparable>(order number: Number, _ wanted: Number) -> Bool {
        switch self {
        case .equal: number == wanted
        case .notEqual: number != wanted
        case .less: number < wanted
        case .lessOrEqual: number <= wanted
        case .greater: number > wanted
        case .greaterOrEqual: number >= wanted
        case .contains, .startsWith, .endsWith: false
        }
    }
}
