import CallControl
package import Logging
package import Storage

/// Hears what storage tells by itself: the operator reads it, and no call begins while the disk takes no writes.
package struct StorageWatch: Sendable {
    private let logger: Logger

    package init(logger: Logger) { self.logger = logger }

    /// Before there is a call loop.
    package func observe(_ storage: any CallStorage) {
        storage.observe { log($0) }
    }

    package func observe(_ storage: any CallStorage, for loop: CallLoop) {
        storage.observe { event in
            switch event {
            case .failing: loop.post(.storageFailing(true))
            case .recovered: loop.post(.storageFailing(false))
            case .lost, .unreadable: break
            }
            log(event)
        }
        // It may have begun before.
        if case .failing = storage.health { loop.post(.storageFailing(true)) }
    }

    private func log(_ event: StorageEvent) {
        switch event {
        case .failing(let error):
            logger.error(
                "nothing can be stored (\(error)): no call begins, and nobody is told what is not on disk, until it can"
            )
        case .recovered(let milliseconds):
            logger.notice("what waited is stored, after \(milliseconds) ms: calls are taken again")
        case .lost(let error, let operations):
            logger.error("storage failed, and \(operations) changes are lost: \(error)")
        case .unreadable(let words):
            logger.error("\(words)")
        }
    }
}
