import FoundationEssentials
import Media
package import Storage
package import Telephony

/// Where recordings lie: a folder with a file for each, called by its id.
package struct RecordingFiles: Sendable {
    private static let suffix = ".wav"

    private let folder: String

    /// - Parameter folder: exists.
    package init(folder: String) { self.folder = folder }

    package func path(of id: RecordingID) -> String { "\(folder)/\(id.text)\(Self.suffix)" }

    static func recording(at path: String) -> RecordingID? {
        guard let name = path.split(separator: "/").last, name.hasSuffix(suffix) else { return nil }
        return RecordingID(name.dropLast(suffix.count))
    }

    /// What `open` makes of the path of the file, as far as that has been written; nil where there is none.
    ///
    /// It may get its name meanwhile: what `open` throws counts where the path is there still.
    package func use<Result>(_ id: RecordingID, _ open: (String) throws -> Result) throws -> Result? {
        let complete = path(of: id)
        for path in [complete, complete + RecordingTarget.partialSuffix, complete] {
            do { return try open(path) } catch {
                guard !FileManager.default.fileExists(atPath: path) else { throw error }
            }
        }
        return nil
    }

    /// Of the file; 0 where there is none.
    func bytes(of id: RecordingID) -> Int {
        let size = try? use(id) { try FileManager.default.attributesOfItem(atPath: $0)[.size] as? Int }
        return (size ?? nil) ?? 0
    }

    /// Of all files together.
    var totalBytes: Int {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.reduce(0) { sum, name in
            sum + ((try? FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")[.size] as? Int) ?? 0)
        }
    }

    package func delete(_ id: RecordingID) {
        // The unfinished one first: it may get its name in between.
        try? FileManager.default.removeItem(atPath: path(of: id) + RecordingTarget.partialSuffix)
        try? FileManager.default.removeItem(atPath: path(of: id))
    }

    /// Gives what a crash left behind its name and its length: the files can be played as they are.
    package func completeUnfinished(in storage: any CallStorage, now: Timestamp) async throws {
        for var recording in try await storage.unfinishedRecordings() {
            let complete = path(of: recording.recordingID)
            let partial = complete + RecordingTarget.partialSuffix
            if FileManager.default.fileExists(atPath: partial) {
                try? FileManager.default.moveItem(atPath: partial, toPath: complete)
            }
            recording.durationSeconds = WAVFileHeader(path: complete)?.secondsRoundedUp ?? 0
            recording.dateUpdated = now
            recording.revision += 1
            storage.submit([.saveRecording(recording)], completion: nil)
        }
        await storage.barrier()
    }
}
