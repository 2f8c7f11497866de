import Synchronization
import Telephony

@testable import API

/// A directory that really keeps what it is told, in memory, and pages as storage does.
final class MemoryDirectory: DirectoryService {
    private struct State {
        var accounts: [AccountID: Account] = [:]
        var credentials: [AccountID: AccountCredentials] = [:]
        /// In order of creation; a row's id is its place, counted from 1, and stays.
        var applications: [(row: Int64, application: Application)] = []
        var lastRow: Int64 = 0
        var numbers: [OwnedNumber] = []
        var storageFails = false
    }

    struct StorageFailure: Error {}

    private let state = Mutex(State())

    var allAccounts: [Account] {
        state.withLock { Array($0.accounts.values) }.sorted { $0.accountID < $1.accountID }
    }

    func add(_ account: Account, _ credentials: AccountCredentials) {
        state.withLock {
            $0.accounts[account.accountID] = account
            $0.credentials[account.accountID] = credentials
        }
    }

    func add(_ account: Account, key: String) {
        state.withLock {
            $0.accounts[account.accountID] = account
            $0.credentials[account.accountID] = AccountCredentials(
                accountID: account.accountID, apiKeyHashes: [Authenticator.hash(ofKey: key.utf8)], signingSecrets: [])
        }
    }

    func add(_ number: OwnedNumber) { state.withLock { $0.numbers.append(number) } }

    func setStatus(_ status: Account.Status, of id: AccountID) {
        state.withLock { $0.accounts[id]?.status = status }
    }

    /// From now on every change fails, having changed nothing.
    func failStorage() { state.withLock { $0.storageFails = true } }

    func credentials(of account: AccountID) -> AccountCredentials? { state.withLock { $0.credentials[account] } }

    func account(_ id: AccountID) -> Account? { state.withLock { $0.accounts[id] } }

    func updateAccount(_ id: AccountID, _ change: @escaping @Sendable (inout Account) -> Void) async throws -> Account?
    {
        try state.withLock { state in
            guard !state.storageFails else { throw StorageFailure() }
            guard var account = state.accounts[id] else { return nil }
            change(&account)
            state.accounts[id] = account
            return account
        }
    }

    func application(_ id: ApplicationID, of account: AccountID) -> Application? {
        state.withLock { state in
            state.applications.first {
                $0.application.applicationID == id && $0.application.accountID == account
            }?.application
        }
    }

    func applications(of account: AccountID, alias: String?, after cursor: PageCursor?) async throws
        -> Page<Application>
    {
        state.withLock { state in
            let matching = state.applications.filter {
                $0.application.accountID == account && (alias == nil || $0.application.alias == alias)
            }
            return MemoryPages.page(of: matching.map { ($0.row, $0.application) }, after: cursor)
        }
    }

    func createApplication(_ application: Application) async throws {
        try state.withLock { state in
            guard !state.storageFails else { throw StorageFailure() }
            state.lastRow += 1
            state.applications.append((state.lastRow, application))
        }
    }

    func updateApplication(
        _ id: ApplicationID, of account: AccountID, _ change: @escaping @Sendable (inout Application) -> Void
    ) async throws -> Application? {
        try state.withLock { state in
            guard !state.storageFails else { throw StorageFailure() }
            let index = state.applications.firstIndex {
                $0.application.applicationID == id && $0.application.accountID == account
            }
            guard let index else { return nil }
            change(&state.applications[index].application)
            return state.applications[index].application
        }
    }

    func deleteApplication(_ id: ApplicationID, of account: AccountID) async throws -> Bool {
        try state.withLock { state in
            guard !state.storageFails else { throw StorageFailure() }
            let count = state.applications.count
            state.applications.removeAll {
                $0.application.applicationID == id && $0.application.accountID == account
            }
            return state.applications.count < count
        }
    }

    func number(_ id: PhoneNumberID, of account: AccountID) -> OwnedNumber? {
        state.withLock { $0.numbers.first { $0.phoneNumberID == id && $0.accountID == account } }
    }

    func numbers(of account: AccountID, matching filter: NumberFilter, after cursor: PageCursor?) async throws
        -> Page<OwnedNumber>
    {
        state.withLock { state in
            let matching = state.numbers.filter {
                $0.accountID == account && (filter.alias == nil || $0.alias == filter.alias)
                    && (filter.applicationID == nil || $0.applicationID == filter.applicationID)
                    && (!filter.hasApplication || $0.applicationID != nil)
                    && (filter.choose?([$0.phoneNumber]) ?? [$0.phoneNumber]).contains($0.phoneNumber)
            }
            return MemoryPages.page(
                of: matching.enumerated().map { (Int64($0.offset + 1), $0.element) }, after: cursor)
        }
    }

    func isRegistered(_ number: PhoneNumber) -> Bool {
        state.withLock { $0.numbers.contains { $0.phoneNumber == number } }
    }

    func createNumber(_ number: OwnedNumber) async throws -> Bool {
        state.withLock { state in
            guard !state.numbers.contains(where: { $0.phoneNumber == number.phoneNumber }) else { return false }
            state.numbers.append(number)
            return true
        }
    }

    func updateNumber(
        _ id: PhoneNumberID, of account: AccountID, _ change: @escaping @Sendable (inout OwnedNumber) -> Void
    ) async throws -> OwnedNumber? {
        state.withLock { state in
            let index = state.numbers.firstIndex { $0.phoneNumberID == id && $0.accountID == account }
            guard let index else { return nil }
            change(&state.numbers[index])
            return state.numbers[index]
        }
    }

    func deleteNumber(_ id: PhoneNumberID, of account: AccountID) async throws -> Bool {
        state.withLock { state in
            let count = state.numbers.count
            state.numbers.removeAll { $0.phoneNumberID == id && $0.accountID == account }
            return state.numbers.count < count
        }
    }

    func number(_ phone: PhoneNumber, of account: AccountID) -> OwnedNumber? {
        state.withLock { $0.numbers.first { $0.phoneNumber == phone && $0.accountID == account } }
    }
}

/// Pages a list held in memory: newest first, from the row before the cursor's.
enum MemoryPages {
    /// - Parameter rows: in order of creation.
    static func page<Item: Sendable>(of rows: [(row: Int64, item: Item)], after cursor: PageCursor?) -> Page<Item> {
        let rest = rows.reversed().filter { row in cursor.map { row.row < $0.after } ?? true }
        let items = rest.prefix(PageLimits.pageSize)
        let start = cursor?.position ?? 0
        let next =
            rest.count > items.count
            ? items.last.map { PageCursor(after: $0.row, position: start + items.count) } : nil
        return Page(
            items: items.map(\.item), total: min(rows.count, PageLimits.maximumTotal), start: start, next: next)
    }
}
