package import CallControl
import FoundationEssentials
package import Logging
package import Storage
import Synchronization

/// Watches how much room the data folder's disk has, and has new calls refused before none is left: what live calls
/// still have to write needs some. And whether the disk answers at all.
package final class DiskWatch: Sendable {
    private static let pause = Duration.seconds(5)
    /// While the disk does not answer: calls are taken again soon after it does.
    private static let shortPause = Duration.milliseconds(500)

    private let folder: String
    private let reserve: DiskReserve
    private let minimumBytes: Mutex<Int>
    private let isLow = Mutex(false)
    private let isStalled = Mutex(false)
    private let tell: @Sendable (Input) -> Void
    private let health: ServerHealth
    private let logger: Logger

    /// - Parameters:
    ///   - reserve: what writers keep free; asked to make room before calls are refused.
    ///   - minimumBytes: with less than so many free bytes no new calls are taken; 0: never.
    package init(
        folder: String, reserve: DiskReserve, minimumBytes: Int, health: ServerHealth, logger: Logger,
        tell: @escaping @Sendable (Input) -> Void
    ) {
        self.folder = folder
        self.reserve = reserve
        self.minimumBytes = Mutex(minimumBytes)
        self.health = health
        self.logger = logger
        self.tell = tell
    }

    package func set(minimumBytes: Int) {
        self.minimumBytes.withLock { $0 = minimumBytes }
        reserve.set(minimumBytes: minimumBytes)
        look()
    }

    /// Until the task is cancelled.
    package func run() async throws {
        while !Task.isCancelled {
            look()
            try await Task.sleep(for: isStalled.withLock { $0 } ? Self.shortPause : Self.pause)
        }
    }

    /// Looks once; tells only what has changed.
    package func look() {
        lookForStall()
        reserve.makeRoom()
        guard let free = Self.freeBytes(at: folder) else { return }
        let minimum = minimumBytes.withLock { $0 }
        let isLowNow = free < minimum
        let hasChanged = isLow.withLock { isLow in
            defer { isLow = isLowNow }
            return isLow != isLowNow
        }
        guard hasChanged else { return }
        health.setStorageLow(isLowNow)
        tell(.storageLow(isLowNow))
        let megabyte = 1 << 20
        if isLowNow {
            logger.error(
                "the disk of \(folder) has \(free / megabyte) MB left, less than \(minimum / megabyte): no new calls")
        } else {
            logger.notice("the disk of \(folder) has room again: new calls are taken")
        }
    }

    private func lookForStall() {
        let stalled = health.stalledMilliseconds
        let hasChanged = isStalled.withLock { isStalled in
            defer { isStalled = stalled != nil }
            return isStalled != (stalled != nil)
        }
        guard hasChanged else { return }
        if let stalled {
            tell(.storageStalled)
            logger.error("the disk of \(folder) has not answered for \(stalled) ms: no call begins until it does")
        } else {
            // Where it answers with errors, storage has told so itself, and tells when it does not any more.
            if !health.isStorageFailing { tell(.storageFailing(false)) }
            logger.notice("the disk of \(folder) answers again")
        }
    }

    /// Nil where the system does not tell.
    package static func freeBytes(at path: String) -> Int? {
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: path)
        return attributes?[.systemFreeSize] as? Int
    }
}
