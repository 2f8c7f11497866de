import Storage
import StorageSQLite
import StorageSamples

/// Who is put through the tests of this target: every implementation of ``CallStorage`` and ``Directory``. What is true of
/// one of them alone has tests of its own (`StorageSQLiteTests`).
enum Implementation: CaseIterable {
    case sqlite

    /// Where one test stores: empty at first, and gone with the test.
    func place() -> any StoragePlace {
        switch self {
        case .sqlite: SQLitePlace()
        }
    }
}

protocol StoragePlace: Sendable {
    /// Opens what is stored there. One at a time.
    func open() async throws -> any CallStorage & Directory
}

extension StoragePlace {
    /// Opens it with both of the sample accounts.
    func opened() async throws -> any CallStorage & Directory {
        let storage = try await open()
        try await storage.saveSampleAccounts()
        return storage
    }
}

private struct SQLitePlace: StoragePlace {
    private let folder = TemporaryFolder()

    func open() async throws -> any CallStorage & Directory {
        try SQLiteStorage(.init(folder: folder.path, logMilliseconds: 60_000))
    }
}
