import FoundationEssentials
import Synchronization
import Telephony

@testable import API

/// Recordings in memory whose files are real ones.
final class MemoryRecordings: RecordingService {
    private let rows = Mutex<[Recording]>([])
    private let isRemoving = Mutex(false)
    private let folder = FileManager.default.temporaryDirectory.path + "/belay-api-\(UUID())"

    init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func add(_ recording: Recording, content: [UInt8]) throws {
        rows.withLock { $0.append(recording) }
        try Data(content).write(to: URL(filePath: path(of: recording)))
    }

    func recording(_ id: RecordingID, of account: AccountID) async throws -> Recording? {
        rows.withLock { $0.first { $0.recordingID == id && $0.accountID == account } }
    }

    func recordings(of account: AccountID, matching filter: RecordingFilter, after cursor: PageCursor?) async throws
        -> Page<Recording>
    {
        rows.withLock { rows in
            let matching = rows.filter { recording in
                recording.accountID == account && (filter.callID == nil || filter.callID == recording.callID)
                    && (filter.conferenceID == nil || filter.conferenceID == recording.conferenceID)
                    && recording.dateCreated >= filter.earliest ?? recording.dateCreated
                    && recording.dateCreated < filter.latest ?? Timestamp(microseconds: .max)
            }
            return MemoryPages.page(
                of: matching.enumerated().map { (Int64($0.offset + 1), $0.element) }, after: cursor)
        }
    }

    /// From now on a file is removed as soon as it is open.
    func removesOpened() { isRemoving.withLock { $0 = true } }

    func file(of recording: Recording) throws -> OpenFile? {
        guard FileManager.default.fileExists(atPath: path(of: recording)) else { return nil }
        let file = try OpenFile(path(of: recording))
        if isRemoving.withLock({ $0 }) { try FileManager.default.removeItem(atPath: path(of: recording)) }
        return file
    }

    func delete(_ recording: Recording, now: Timestamp) async throws {
        try FileManager.default.removeItem(atPath: path(of: recording))
        rows.withLock { rows in
            for index in rows.indices where rows[index].recordingID == recording.recordingID {
                rows[index].isDeleted = true
            }
        }
    }

    private func path(of recording: Recording) -> String { "\(folder)/\(recording.recordingID).wav" }
}
