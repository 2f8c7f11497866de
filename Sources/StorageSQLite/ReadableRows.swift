import GRDB
import Storage

/// Takes the rows that are what they should be, and tells of the others.
struct ReadableRows {
    /// So many are told of; a database that is damaged throughout would fill the log.
    private static let maximumComplaints = 20

    private(set) var complaints: [String] = []

    /// Throws nothing that ``StorageError/corrupt(_:)`` says of one row.
    mutating func map<Value>(
        _ rows: some Collection<Row>, of table: String, _ body: (Row) throws -> Value
    ) throws -> [Value] {
        var values: [Value] = []
        values.reserveCapacity(rows.count)
        for row in rows {
            do { values.append(try body(row)) } catch let error as StorageError {
                guard case .corrupt(let reason) = error else { throw error }
                if complaints.count < Self.maximumComplaints {
                    complaints.append("a row of \(table) cannot be read and is left out: \(reason)")
                }
            }
        }
        return values
    }
}
