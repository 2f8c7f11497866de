import Foundation
import Runtime
import StorageSQLite

/// Can the server keep its data, and how fast does the disk say so?
struct DataFolderExamination {
    private static let leastFreeBytes = 1 << 30
    private static let syncs = 20
    /// Every 202 waits for one sync of the disk.
    private static let slowSyncMilliseconds = 20.0

    let folder: String
    /// A server runs with it.
    let isServed: Bool

    func findings() -> [Finding] {
        let existing = nearestExisting()
        let path = existing + "/.belay-doctor-\(getpid())"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            let reason = String(cString: strerror(errno))
            return [
                .wrong("data folder \(folder): nothing can be written there (\(reason))", "Choose another with --data.")
            ]
        }
        defer {
            close(descriptor)
            unlink(path)
        }
        var findings = [state(existing)]
        if !isServed, existing == absolute { findings += database() }
        findings.append(space(existing))
        findings.append(sync(descriptor))
        return findings
    }

    private func state(_ existing: String) -> Finding {
        guard existing == absolute else {
            return .well("data folder \(folder): not there yet, and can be made")
        }
        let account = CredentialsFile.read("\(folder)/\(CredentialsFile.fileName)")?.accountID
        let isServers = FileManager.default.fileExists(atPath: "\(folder)/\(SQLiteStorage.fileName)")
        guard account != nil || isServers else {
            let isEmpty = (try? FileManager.default.contentsOfDirectory(atPath: folder).isEmpty) ?? true
            return isEmpty
                ? .well("data folder \(folder): empty")
                : .doubtful(
                    "data folder \(folder): not empty, and no server's", "If that is not what you meant, see --data.")
        }
        let text = "data folder \(folder): " + (account.map { "account \($0)" } ?? "a server's, without credentials")
        if !isServed, let holder = DataFolderLock.holder(of: folder) {
            guard let processID = holder.processID else {
                return .wrong("\(text), and another process uses it", "lsof \(folder) says which; end it.")
            }
            return .wrong(
                "\(text), and process \(processID) uses it, which does not answer",
                "If that is a server that hangs, end it: kill \(processID).")
        }
        return .well(text + (isServed ? "" : "; no server runs with it"))
    }

    /// Is the database the one that the rest of the folder belongs to, and whole? Looks at every page of it.
    private func database() -> [Finding] {
        let path = "\(folder)/\(SQLiteStorage.fileName)"
        let credentials = CredentialsFile.read("\(folder)/\(CredentialsFile.fileName)")
        let traces = EarlierServer.traces(in: folder, credentials)
        switch DatabaseState.look(inFolder: folder, checksAll: true) {
        case .missing, .empty:
            return traces.isEmpty
                ? [] : [.wrong("the database is missing", EarlierServer.noDatabase(folder, traces) + ".")]
        case .ours:
            let missing = Finding.doubtful(
                "the file credentials is missing or not whole", "With the server running: belay key new --account ID.")
            return [.well("the database is whole")] + (credentials == nil ? [missing] : [])
        case .newer:
            return [
                .wrong(
                    "\(path) was written by a newer version of Belay", "Run that version, or choose another folder.")
            ]
        case .foreign(let reason):
            return [.wrong("\(path) is not Belay's: \(reason)", "Move it away, or choose another folder.")]
        case .damaged(let reason):
            return [
                .wrong(
                    "\(path) is damaged: \(reason)",
                    "Put a backup in its place; `sqlite3 belay.sqlite .recover` saves what can be saved.")
            ]
        case .unreadable(let reason): return [.wrong("\(path) cannot be read: \(reason)", "Look at its rights.")]
        }
    }

    private var absolute: String {
        folder.hasPrefix("/") ? folder : FileManager.default.currentDirectoryPath + "/" + folder
    }

    private func nearestExisting() -> String {
        var path = absolute
        while !FileManager.default.fileExists(atPath: path), path.count > 1 {
            path = (path as NSString).deletingLastPathComponent
        }
        return path
    }

    private func space(_ path: String) -> Finding {
        guard let free = DiskWatch.freeBytes(at: path) else {
            return .doubtful("free space on the disk is unknown", "Look with df.")
        }
        let text = "\(free >> 20) MiB free for data and recordings (a recorded minute takes 2 MiB)"
        return free >= Self.leastFreeBytes ? .well(text) : .doubtful(text, "Make room: without it no call is accepted.")
    }

    private func sync(_ descriptor: Int32) -> Finding {
        var worst = 0.0
        var total = 0.0
        for _ in 0..<Self.syncs {
            let began = ContinuousClock.now
            _ = "x".withCString { write(descriptor, $0, 1) }
            guard fsync(descriptor) == 0 else {
                return .wrong(
                    "the disk refuses fsync: \(String(cString: strerror(errno)))", "Choose another with --data.")
            }
            let milliseconds = (ContinuousClock.now - began) / .milliseconds(1)
            worst = max(worst, milliseconds)
            total += milliseconds
        }
        let mean = total / Double(Self.syncs)
        let text = String(format: "the disk syncs in %.1f ms (at worst %.1f ms)", mean, worst)
        return mean < Self.slowSyncMilliseconds
            ? .well(text) : .doubtful(text, "Each accepted call waits so long; a local SSD is faster.")
    }
}
