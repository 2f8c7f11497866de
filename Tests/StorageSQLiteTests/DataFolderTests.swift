import Foundation
import GRDB
import Storage
import StorageSamples
import Telephony
import Testing

@testable import StorageSQLite

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

    @Test("What was removed from the folder, and the way to it, unlocks nothing")
    func lockedForGood() async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder)
        func isRefused(_ path: String) -> Bool {
            do throws(StorageError) {
                _ = try SQLiteStorage(.init(folder: path))
                return false
            } catch {
                if case .folderInUse = error { return true }
                return false
            }
        }
        try FileManager.default.removeItem(atPath: "\(folder.path)/\(DataFolderLock.fileName)")
        #expect(isRefused(folder.path))
        #expect(DataFolderLock.holder(of: folder.path) != nil)
        let link = TemporaryFolder()
        try FileManager.default.createSymbolicLink(atPath: link.path, withDestinationPath: folder.path)
        #expect(isRefused(link.path))
        // The same database in another folder.
        let other = TemporaryFolder()
        try FileManager.default.createDirectory(atPath: other.path, withIntermediateDirectories: true)
        let name = SQLiteStorage.fileName
        try FileManager.default.linkItem(atPath: "\(folder.path)/\(name)", toPath: "\(other.path)/\(name)")
        #expect(isRefused(other.path))
        try FileManager.default.removeItem(atPath: "\(folder.path)/\(name)")
        #expect(isRefused(folder.path))
        await storage.close()
        #expect(DataFolderLock.holder(of: folder.path) == nil)
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

    @Test("A first start that was cut short, at whatever step, is begun anew")
    func cutShort() async throws {
        for steps in [
            "PRAGMA user_version = 0", "PRAGMA journal_mode = WAL",
            "CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY)",
        ] {
            let folder = TemporaryFolder()
            try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
            let queue = try DatabaseQueue(path: "\(folder.path)/\(SQLiteStorage.fileName)")
            try await queue.writeWithoutTransaction { db in try db.execute(sql: steps) }
            try queue.close()
            let storage = try SQLiteStorage(.init(folder: folder.path))
            #expect(try await storage.accountRows() == 0, "\(steps)")
            await storage.close()
        }
    }

    @Test("A log that is removed under the storage fails what comes then, and loses nothing of what was committed")
    func removedLog() async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder)
        try await storage.commit([.saveCall(Sample.call(1))])
        let log = "\(folder.path)/\(SQLiteStorage.fileName)-wal"
        try FileManager.default.removeItem(atPath: log)
        try FileManager.default.removeItem(atPath: "\(folder.path)/\(SQLiteStorage.fileName)-shm")
        await #expect(throws: StorageError.replaced(path: log)) { try await storage.change { _ in } }
        // As a process that is killed leaves it.
        let copy = TemporaryFolder()
        try FileManager.default.createDirectory(atPath: copy.path, withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            atPath: "\(folder.path)/\(SQLiteStorage.fileName)", toPath: "\(copy.path)/\(SQLiteStorage.fileName)")
        let next = try SQLiteStorage(.init(folder: copy.path))
        #expect(try await next.call(Sample.callID(1), account: Sample.account) != nil)
        await next.close()
        await storage.close()
    }

    /// What has been done to a database, or stands in its place.
    enum Harm: CaseIterable {
        case removed, zeroBytes, text, zeros, cutOff, firstPageOnly, pageOverwritten, otherProgram, otherProgramsMark
        case noTables
    }

    @Test("What is not our database, or is not whole, is told, and nothing of it is changed", arguments: Harm.allCases)
    func harmed(_ harm: Harm) async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder)
        try await storage.commit((1...200).map { .saveCall(Sample.call($0)) })
        await storage.close()
        let path = "\(folder.path)/\(SQLiteStorage.fileName)"
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        var bytes: Data? = whole
        switch harm {
        case .removed: bytes = nil
        case .zeroBytes, .noTables, .otherProgram: bytes = Data()
        case .text: bytes = Data(String(repeating: "This is no database. ", count: 1000).utf8)
        case .zeros: bytes = Data(repeating: 0, count: 8192)
        case .cutOff: bytes = whole.prefix(whole.count / 2)
        case .firstPageOnly: bytes = whole.prefix(50)
        case .pageOverwritten: bytes?.replaceSubrange(8192..<12288, with: Data(repeating: 0x5A, count: 4096))
        case .otherProgramsMark: bytes?.replaceSubrange(68..<72, with: [1, 2, 3, 4] as [UInt8])
        }
        try FileManager.default.removeItem(atPath: path)
        if let bytes { try bytes.write(to: URL(fileURLWithPath: path)) }
        if harm == .otherProgram || harm == .noTables {
            let queue = try DatabaseQueue(path: path)
            try await queue.write { db in
                try db.execute(
                    sql: harm == .otherProgram ? "CREATE TABLE notes (text TEXT)" : "PRAGMA user_version = 7")
            }
            try queue.close()
            bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        }
        let error = #expect(throws: StorageError.self) {
            try SQLiteStorage(.init(folder: folder.path, mayBeNew: false))
        }
        switch (harm, error) {
        case (.removed, .noDatabase), (.zeroBytes, .noDatabase), (.noTables, .noDatabase): break
        case (.text, .foreign), (.otherProgram, .foreign), (.otherProgramsMark, .foreign): break
        case (.zeros, .corrupt), (.cutOff, .corrupt), (.firstPageOnly, .corrupt), (.pageOverwritten, .corrupt): break
        default: Issue.record("\(harm): \(String(describing: error))")
        }
        #expect((try? Data(contentsOf: URL(fileURLWithPath: path))) == bytes)
    }

    @Test("A log whose database is gone is kept when a new one is made in its place")
    func logAlone() async throws {
        let folder = TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        let log = "\(folder.path)/\(SQLiteStorage.fileName)-wal"
        try Data("all that is left".utf8).write(to: URL(fileURLWithPath: log))
        let storage = try await SQLiteStorage.opened(folder)
        await storage.close()
        #expect(try String(contentsOfFile: log + ".old", encoding: .utf8) == "all that is left")
    }

    @Test("A file that is no database is refused as somebody else's")
    func noDatabase() throws {
        let folder = TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        let text = String(repeating: "This is no database. ", count: 1000)
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder.path)/\(SQLiteStorage.fileName)"))
        let error = #expect(throws: StorageError.self) { try SQLiteStorage(.init(folder: folder.path)) }
        guard case .foreign? = error else {
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
