import FoundationEssentials
import GRDB
import JSON
import Storage
import Telephony

// What a column holds, as our own type. A value that is none of them means a damaged or foreign database, which is
// an operating error and not a trap.

extension Row {
    private func unexpected(_ column: String) -> StorageError {
        .corrupt("the column \(column) holds a value that is none of its kind")
    }

    func value<Value: DatabaseValueConvertible>(_ column: String, as: Value.Type = Value.self) throws -> Value {
        guard let value = Value.fromDatabaseValue(self[column] as DatabaseValue) else { throw unexpected(column) }
        return value
    }

    func optional<Value: DatabaseValueConvertible>(_ column: String, as: Value.Type = Value.self) throws -> Value? {
        let value: DatabaseValue = self[column]
        return value.isNull ? nil : try self.value(column)
    }

    func identifier<Kind>(_ column: String) throws -> Identifier<Kind> {
        guard let identifier = Identifier<Kind>(try value(column, as: String.self)) else { throw unexpected(column) }
        return identifier
    }

    func optionalIdentifier<Kind>(_ column: String) throws -> Identifier<Kind>? {
        try optional(column, as: String.self) == nil ? nil : try identifier(column)
    }

    func word<Word: RawRepresentable>(_ column: String) throws -> Word where Word.RawValue == String {
        guard let word = Word(rawValue: try value(column)) else { throw unexpected(column) }
        return word
    }

    func optionalWord<Word: RawRepresentable>(_ column: String) throws -> Word? where Word.RawValue == String {
        try optional(column, as: String.self) == nil ? nil : try word(column)
    }

    func time(_ column: String) throws -> Timestamp {
        guard let time = ColumnRange.time(try value(column)) else { throw unexpected(column) }
        return time
    }

    func optionalTime(_ column: String) throws -> Timestamp? {
        try optional(column, as: Int64.self) == nil ? nil : try time(column)
    }

    func count(_ column: String) throws -> Int {
        guard let count = ColumnRange.count(try value(column)) else { throw unexpected(column) }
        return count
    }

    /// One that an earlier version took and that can never work counts as none.
    func optionalURL(_ column: String) throws -> WebURL? {
        try optional(column, as: String.self).flatMap { WebURL(stored: $0) }
    }

    func phoneNumber(_ column: String) throws -> PhoneNumber {
        guard let number = PhoneNumber(try value(column, as: String.self)) else { throw unexpected(column) }
        return number
    }

    func bytes(_ column: String) throws -> [UInt8] { try value(column, as: Blob.self).bytes }

    func optionalBytes(_ column: String) throws -> [UInt8]? { try optional(column, as: Blob.self)?.bytes }

    func texts(_ column: String) throws -> [String] {
        guard case .array(let values)? = try? JSONValue(parsing: value(column, as: String.self).utf8) else {
            throw unexpected(column)
        }
        return try values.map { value in
            guard let text = value.string else { throw unexpected(column) }
            return text
        }
    }
}
