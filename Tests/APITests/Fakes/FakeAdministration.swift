import Synchronization
import Telephony

@testable import API

/// Accounts in the directory of the test; a brake that only remembers.
final class FakeAdministration: AdministrationService {
    private struct State {
        var isStopped = false
        var hangsUp = false
    }

    private let directory: MemoryDirectory
    private let state = Mutex(State())

    init(directory: MemoryDirectory) { self.directory = directory }

    var accounts: [Account] { directory.allAccounts }

    func createAccount(_ account: Account, _ credentials: AccountCredentials) async throws {
        directory.add(account, credentials)
    }

    func updateCredentials(
        of account: AccountID, _ change: @escaping @Sendable (inout AccountCredentials) -> Void
    ) async throws -> AccountCredentials? {
        guard var credentials = directory.credentials(of: account), let known = directory.account(account) else {
            return nil
        }
        change(&credentials)
        directory.add(known, credentials)
        return credentials
    }

    var isDiallingStopped: Bool { state.withLock { $0.isStopped } }
    var hangsUp: Bool { state.withLock { $0.hangsUp } }

    func stopDialling(hangingUp: Bool) async throws {
        state.withLock { $0 = State(isStopped: true, hangsUp: hangingUp) }
    }

    func startDialling() async throws { state.withLock { $0 = State() } }
}
