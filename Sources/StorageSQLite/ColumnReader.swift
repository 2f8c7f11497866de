import GRDB
import JSON
import Storage
import Telephony

/// Takes a row's columns in the order of the statement: to find one by its name costs more than to read it.
///
/// Throws what the row's own functions throw.
struct ColumnReader {
    private let row: Row
    private var index: Int

    init(_ row: Row, from index: Int = 0) {
        self.row = row
        self.index = index
    }

    private mutating func next() -> DatabaseValue {
        defer { index += 1 }
        return row[index]
    }

    /// Of the column read last.
    private var unexpected: StorageError {
        let name = Array(row.columnNames)[index - 1]
        return .corrupt("the column \(name) holds a value that is none of its kind")
    }

    mutating func value<Value: DatabaseValueConvertible>() throws -> Value {
        guard let value = Value.fromDatabaseValue(next()) else { throw unexpected }
        return value
    }

    mutating func optional<Value: DatabaseValueConvertible>() throws -> Value? {
        let found = next()
        guard !found.isNull else { return nil }
        guard let value = Value.fromDatabaseValue(found) else { throw unexpected }
        return value
    }

    mutating func identifier<Kind>() throws -> Identifier<Kind> {
        guard let identifier = Identifier<Kind>(try value() as String) else { throw unexpected }
        return identifier
    }

    mutating func optionalIdentifier<Kind>() throws -> Identifier<Kind>? {
        guard let text: String = try optional() else { return nil }
        guard let identifier = Identifier<Kind>(text) else { throw unexpected }
        return identifier
    }

    mutating func word<Word: RawRepresentable>() throws -> Word where Word.RawValue == String {
        guard let word = Word(rawValue: try value()) else { throw unexpected }
        return word
    }

    mutating func optionalWord<Word: RawRepresentable>() throws -> Word? where Word.RawValue == String {
        guard let text: String = try optional() else { return nil }
        guard let word = Word(rawValue: text) else { throw unexpected }
        return word
    }

    mutating func time() throws -> Timestamp {
        guard let time = ColumnRange.time(try value()) else { throw unexpected }
        return time
    }

    mutating func optionalTime() throws -> Timestamp? {
        guard let microseconds: Int64 = try optional() else { return nil }
        guard let time = ColumnRange.time(microseconds) else { throw unexpected }
        return time
    }

    mutating func count() throws -> Int {
        guard let count = ColumnRange.count(try value()) else { throw unexpected }
        return count
    }

    mutating func optionalRoom() throws -> RoomID? {
        guard let text: String = try optional() else { return nil }
        guard let room = RoomID(text) else { throw unexpected }
        return room
    }

    mutating func members() throws -> [String: JSONValue] {
        guard let text: String = try optional() else { return [:] }
        guard case .object(let members)? = try? JSONValue(parsing: text.utf8) else { throw unexpected }
        return members
    }
}
