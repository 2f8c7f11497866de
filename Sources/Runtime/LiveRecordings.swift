package import API
package import Storage
package import Telephony

/// Recordings as the API asks for them: rows in storage, files in their folder.
package struct LiveRecordings: RecordingService {
    private let storage: any CallStorage
    private let files: RecordingFiles

    package init(storage: any CallStorage, files: RecordingFiles) {
        self.storage = storage
        self.files = files
    }

    package func recording(_ id: RecordingID, of account: AccountID) async throws -> Recording? {
        await storage.barrier()
        return try await storage.recording(id, account: account)
    }

    package func recordings(
        of account: AccountID, matching filter: RecordingFilter, after cursor: PageCursor?
    ) async throws -> Page<Recording> {
        await storage.barrier()
        return try await storage.recordings(account: account, filter: filter, after: cursor)
    }

    package func file(of recording: Recording) throws -> OpenFile? {
        try files.use(recording.recordingID, OpenFile.init)
    }

    package func delete(_ recording: Recording, now: Timestamp) async throws {
        var deleted = recording
        deleted.isDeleted = true
        deleted.dateUpdated = now
        deleted.revision += 1
        // Where the row cannot be written the recording is kept: nothing is gone that is still listed. A crash between
        // the two leaves a file that nobody can ask for, and the next start removes it.
        switch storage.health {
        case .well: break
        case .failing(let error): throw error
        case .stalled(let milliseconds): throw StorageError.stalled(milliseconds: milliseconds)
        }
        let change = deleted
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            storage.submit([.saveRecording(change)]) { result in continuation.resume(with: result) }
        }
        files.delete(recording.recordingID)
    }
}
