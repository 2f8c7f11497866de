import API
import CallControl
package import Storage
import Synchronization
package import Telephony

/// The operator's hand: accounts in the directory, the brake on the call loop, both on disk.
package final class Administration: AdministrationService {
    /// The name of the brake among the storage's switches.
    private static let brake = "dialling"
    private static let stopped = "stopped"

    private let directory: DirectoryCache
    private let storage: any Directory
    private let loop: CallLoop
    private let isStopped: Mutex<Bool>

    package init(directory: DirectoryCache, storage: any Directory, loop: CallLoop, isDiallingStopped: Bool) {
        self.directory = directory
        self.storage = storage
        self.loop = loop
        isStopped = Mutex(isDiallingStopped)
    }

    /// Whether an earlier process was told to stop dialling.
    package static func isDiallingStopped(in storage: any Directory) async throws -> Bool {
        try await storage.switches()[brake] == stopped
    }

    package var accounts: [Account] { directory.accounts }

    package func createAccount(_ account: Account, _ credentials: AccountCredentials) async throws {
        try await directory.add(account, credentials, [])
    }

    package func updateCredentials(
        of account: AccountID, _ change: @escaping @Sendable (inout AccountCredentials) -> Void
    ) async throws -> AccountCredentials? {
        try await directory.updateCredentials(of: account, change)
    }

    package var isDiallingStopped: Bool { isStopped.withLock { $0 } }

    /// The loop first: a brake must hold even where the disk does not take it.
    package func stopDialling(hangingUp: Bool) async throws {
        loop.post(.stopDialling(hangsUp: hangingUp))
        isStopped.withLock { $0 = true }
        try await storage.setSwitch(Self.brake, to: Self.stopped)
        _ = await loop.gauges()
    }

    package func startDialling() async throws {
        try await storage.setSwitch(Self.brake, to: nil)
        isStopped.withLock { $0 = false }
        loop.post(.startDialling)
        _ = await loop.gauges()
    }
}
