import GRDB
import GRDBSQLite
import JSON

/// The values of one row on their way to a prepared statement.
///
/// Texts and blobs are gathered in one buffer that every row uses again, and bound where they lie there: SQLite reads
/// them while the statement runs and copies nothing before, and no value becomes an object on the way.
struct RowValues {
    private enum Value {
        case null
        case integer(Int64)
        case text(Range<Int>)
        case blob(Range<Int>)
    }

    private var values: [Value] = []
    private var bytes: [UInt8] = []

    init() {
        values.reserveCapacity(20)
        bytes.reserveCapacity(8192)
    }

    mutating func removeAll() {
        values.removeAll(keepingCapacity: true)
        bytes.removeAll(keepingCapacity: true)
    }

    mutating func append(_ number: Int64?) { values.append(number.map(Value.integer) ?? .null) }

    mutating func append(_ number: Int?) { values.append(number.map { .integer(Int64($0)) } ?? .null) }

    mutating func append(_ text: String?) {
        guard let text else { return values.append(.null) }
        let start = bytes.count
        bytes.append(contentsOf: text.utf8)
        values.append(.text(start..<bytes.count))
    }

    mutating func append(blob: [UInt8]) {
        let start = bytes.count
        bytes.append(contentsOf: blob)
        values.append(.blob(start..<bytes.count))
    }

    /// The members as JSON text; null where there are none.
    mutating func append(_ members: [String: JSONValue]) {
        guard !members.isEmpty else { return values.append(.null) }
        let start = bytes.count
        JSONValue.object(members).append(to: &bytes)
        values.append(.text(start..<bytes.count))
    }

    /// Binds the values in order and runs the statement, which must return no row.
    ///
    /// - Throws: `DatabaseError`; the statement can then not be used again.
    func execute(_ statement: Statement) throws {
        let handle = statement.sqliteStatement
        // An empty array has no address to bind.
        try (bytes.isEmpty ? [0] : bytes).withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress else { return }
            for (index, value) in values.enumerated() {
                let position = Int32(index + 1)
                let status =
                    switch value {
                    case .null: sqlite3_bind_null(handle, position)
                    case .integer(let number): sqlite3_bind_int64(handle, position, number)
                    // Without a destructor, which says that the bytes stay where they are until the statement has run.
                    case .text(let range):
                        sqlite3_bind_text64(
                            handle, position, (base + range.lowerBound).assumingMemoryBound(to: CChar.self),
                            UInt64(range.count), nil, UInt8(SQLITE_UTF8))
                    case .blob(let range):
                        sqlite3_bind_blob64(handle, position, base + range.lowerBound, UInt64(range.count), nil)
                    }
                guard status == SQLITE_OK else { throw Self.error(status, of: handle) }
            }
            let status = sqlite3_step(handle)
            guard status == SQLITE_DONE else {
                defer { sqlite3_reset(handle) }
                throw Self.error(status, of: handle)
            }
            sqlite3_reset(handle)
        }
    }

    private static func error(_ status: Int32, of statement: SQLiteStatement) -> DatabaseError {
        let message = sqlite3_db_handle(statement).flatMap(sqlite3_errmsg).map { String(cString: $0) }
        return DatabaseError(resultCode: ResultCode(rawValue: status), message: message)
    }
}
