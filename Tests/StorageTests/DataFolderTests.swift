import Foundation
import GRDB
import Storage
import Telephony
import Testing

@testable import Storage

@Suite struct DataFolderTests {
    @Test("A folder that is in use is refused in words, with the owner's process id")
    func locked() async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder)
        let error = #expect(throws: StorageError.self) { try SQLiteStorage(.init(folder: folder.path)) }
        #expect(error == .folderInUse(path: folder.path, processID: Int(getpid())))
        #expect("\(error!)".contains("process \(getpid())"))
        await storage.close()
    }

    @Test("A lock file that a crash left behind locks nobody out")
    func staleLock() async throws {
        let folder = TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        try Data("99999\n".utf8).write(to: URL(fileURLWithPath: "\(folder.path)/\(DataFolderLock.fileName)"))
        let storage = try await SQLiteStorage.opened(folder)
        await storage.close()
    }

    @Test("The folder is for its owner alone, and so is each file in it")
    func modes() async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder)
        func mode(_ path: String) throws -> Int {
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber
            return try #require(mode).intValue
        }
        #expect(try mode(folder.path) == 0o700)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(names.count >= 3)
        for name in names { #expect(try mode("\(folder.path)/\(name)") == 0o600, "\(name)") }
        await storage.close()
    }

    @Test("A database of a newer version is refused in words, and not touched")
    func newerSchema() async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder)
        await storage.close()
        let path = "\(folder.path)/\(SQLiteStorage.fileName)"
        let queue = try DatabaseQueue(path: path)
        try await queue.write { db in
            try db.execute(sql: "INSERT INTO grdb_migrations (identifier) VALUES ('999 from the future')")
        }
        try queue.close()
        let error = #expect(throws: StorageError.self) { try SQLiteStorage(.init(folder: folder.path)) }
        #expect(error == .newerSchema(path: "\(folder.path)/\(SQLiteStorage.fileName)"))
    }

    @Test("A file that is no database is refused as damaged")
    func noDatabase() throws {
        let folder = TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        let text = String(repeating: "This is no database. ", count: 1000)
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder.path)/\(SQLiteStorage.fileName)"))
        let error = #expect(throws: StorageError.self) { try SQLiteStorage(.init(folder: folder.path)) }
        guard case .corrupt? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("A folder that cannot be made is refused with its path")
    func noFolder() {
        let error = #expect(throws: StorageError.self) { try SQLiteStorage(.init(folder: "/proc/nothing/here")) }
        #expect("\(String(describing: error))".contains("/proc/nothing/here"))
    }
}
