import Foundation
import Runtime

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
        findings.append(space(existing))
        findings.append(sync(descriptor))
        return findings
    }

    private func state(_ existing: String) -> Finding {
        guard existing == absolute else {
            return .well("data folder \(folder): not there yet, and can be made")
        }
        let account = CredentialsFile.read("\(folder)/\(CredentialsFile.fileName)")?.accountID
        guard let account else {
            let isEmpty = (try? FileManager.default.contentsOfDirectory(atPath: folder).isEmpty) ?? true
            return isEmpty
                ? .well("data folder \(folder): empty")
                : .doubtful(
                    "data folder \(folder): not empty, and no server's", "If that is not what you meant, see --data.")
        }
        let text = "data folder \(folder): account \(account)"
        if !isServed, let holder = holder() {
            return .wrong(
                "\(text), and process \(holder) uses it, which does not answer",
                "If that is a server that hangs, end it: kill \(holder).")
        }
        return .well(text + (isServed ? "" : "; no server runs with it"))
    }

    /// Who holds the folder's lock; nil: nobody.
    private func holder() -> String? {
        let descriptor = open("\(folder)/belay.lock", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_SH | LOCK_NB) != 0, errno == EWOULDBLOCK else { return nil }
        let text = try? String(contentsOfFile: "\(folder)/belay.lock", encoding: .utf8)
        return text?.trimmingCharacters(in: .whitespacesAndNewlines) ?? "unknown"
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
