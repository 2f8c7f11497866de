import Foundation
import GRDB
import Storage

/// What lies where a data folder's database is to be, found out without changing anything.
package enum DatabaseState: Hashable, Sendable {
    case missing
    /// No byte, or no table: nothing was ever stored in it.
    case empty
    case ours
    /// Written by a version whose schema this one does not know.
    case newer
    /// Something that is not ours.
    case foreign(reason: String)
    /// Ours, perhaps, and not to be trusted.
    case damaged(reason: String)
    /// It cannot be looked at.
    case unreadable(reason: String)

    /// Larger ones are looked through only where somebody has asked for it: it takes a second for some hundred megabytes.
    package static let quickCheckBytes = 64 << 20

    /// - Parameter checksAll: every page is looked at, whatever the size.
    package static func look(inFolder folder: String, checksAll: Bool = false) -> DatabaseState {
        let path = folder + "/" + SQLiteStorage.fileName
        guard let file = fopen(path, "rb") else {
            return errno == ENOENT ? .missing : .unreadable(reason: String(cString: strerror(errno)))
        }
        var header = [UInt8](repeating: 0, count: Header.bytes)
        let count = fread(&header, 1, header.count, file)
        fseek(file, 0, SEEK_END)
        let size = ftell(file)
        fclose(file)
        guard size > 0 else { return .empty }
        guard count == Header.bytes, header.starts(with: Header.magic.utf8) else {
            return header.starts(with: Header.magic.utf8) || header.prefix(count).allSatisfy({ $0 == 0 })
                ? .damaged(reason: "it is cut off, or was never written")
                : .foreign(reason: "it is no SQLite database")
        }
        let applicationID = header[Header.applicationID].reduce(0) { $0 << 8 | Int32($1) }
        guard applicationID == 0 || applicationID == Schema.applicationID else {
            return .foreign(reason: "it is a database of another program")
        }
        return tables(path, checksPages: checksAll || size <= quickCheckBytes)
    }

    /// The file's header (https://sqlite.org/fileformat2.html §1.3).
    private enum Header {
        static let bytes = 100
        static let magic = "SQLite format 3\u{0}"
        static let applicationID = 68..<72
    }

    private static func tables(_ path: String, checksPages: Bool) -> DatabaseState {
        var configuration = GRDB.Configuration()
        configuration.readonly = true
        configuration.label = "examination"
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            defer { try? queue.close() }
            return try queue.read { db in
                // A first start that was cut short may have left the list of migrations, which is not ours alone.
                let tables =
                    try Int.fetchOne(
                        db,
                        sql: """
                            SELECT COUNT(*) FROM sqlite_master
                            WHERE type = 'table' AND name NOT IN ('grdb_migrations', 'sqlite_sequence')
                            """) ?? 0
                let applicationID = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
                guard applicationID == Schema.applicationID else {
                    return tables == 0 ? .empty : .foreign(reason: "its tables are another program's")
                }
                if try Schema.migrator.hasBeenSuperseded(db) { return .newer }
                guard checksPages, let fault = try String.fetchOne(db, sql: "PRAGMA quick_check(1)"), fault != "ok"
                else { return .ours }
                return .damaged(reason: fault)
            }
        } catch {
            let error = StorageError(error)
            if case .corrupt(let reason) = error { return .damaged(reason: reason) }
            return .unreadable(reason: "\(error)")
        }
    }
}
