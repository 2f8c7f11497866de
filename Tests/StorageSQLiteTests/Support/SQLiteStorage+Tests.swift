import Dispatch
import StorageSamples

@testable import StorageSQLite

extension SQLiteStorage {
    /// A storage with both of the sample accounts.
    static func opened(
        _ folder: TemporaryFolder, maximumPages: Int? = nil, patience: WriterPatience = WriterPatience(),
        logMilliseconds: Int = 60_000
    ) async throws -> SQLiteStorage {
        let storage = try SQLiteStorage(
            Configuration(
                folder: folder.path, maximumPages: maximumPages, patience: patience, logMilliseconds: logMilliseconds))
        try await storage.saveSampleAccounts()
        return storage
    }

    /// Keeps the writer in a transaction of its own until the semaphore is signalled: what is submitted meanwhile
    /// piles up.
    func holdWriter() async -> DispatchSemaphore {
        let release = DispatchSemaphore(value: 0)
        await withCheckedContinuation { continuation in
            writer.change(
                { _ in
                    continuation.resume()
                    release.wait()
                }, completion: { _ in })
        }
        return release
    }
}
