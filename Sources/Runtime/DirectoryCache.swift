import API
package import CallControl
package import Storage
import Synchronization
package import Telephony

/// Accounts, keys, applications and numbers in memory: every request and every webhook asks for them. Changes are on
/// disk before they are seen here.
package final class DirectoryCache: DirectoryService, NumberDirectory {
    private struct State {
        var accounts: [AccountID: Account] = [:]
        var credentials: [AccountID: AccountCredentials] = [:]
        var applications: [ApplicationID: Application] = [:]
        var numbers: [PhoneNumber: OwnedNumber] = [:]
    }

    private let state = Mutex(State())
    private let observer = Mutex<(@Sendable (Account) -> Void)?>(nil)
    private let directory: any Directory
    /// Read, change, write are one step for each resource.
    private let changes = AsyncGate()

    private init(directory: any Directory) { self.directory = directory }

    /// Reads everything. Applications of all pages; a server has hundreds, not millions.
    package static func load(from directory: any Directory) async throws -> DirectoryCache {
        let cache = DirectoryCache(directory: directory)
        var loaded = State()
        for account in try await directory.accounts() {
            loaded.accounts[account.accountID] = account
            loaded.credentials[account.accountID] = try await directory.credentials(account.accountID)
            var cursor: PageCursor?
            repeat {
                let page = try await directory.applications(account: account.accountID, alias: nil, after: cursor)
                for application in page.items { loaded.applications[application.applicationID] = application }
                cursor = page.next
            } while cursor != nil
            repeat {
                let page = try await directory.numbers(
                    account: account.accountID, filter: NumberFilter(), after: cursor)
                for number in page.items { loaded.numbers[number.phoneNumber] = number }
                cursor = page.next
            } while cursor != nil
        }
        let state = loaded
        cache.state.withLock { $0 = state }
        return cache
    }

    package var accounts: [Account] {
        state.withLock { Array($0.accounts.values) }.sorted { $0.accountID < $1.accountID }
    }

    package func credentials(of account: AccountID) -> AccountCredentials? {
        state.withLock { $0.credentials[account] }
    }

    package func account(_ id: AccountID) -> Account? { state.withLock { $0.accounts[id] } }

    package func updateAccount(
        _ id: AccountID, _ change: @escaping @Sendable (inout Account) -> Void
    ) async throws -> Account? {
        try await changes.run {
            guard var account = self.account(id) else { return nil }
            change(&account)
            try await self.directory.saveAccount(account, credentials: nil, numbers: [])
            let changed = account
            self.state.withLock { $0.accounts[id] = changed }
            self.tell(changed)
            return changed
        }
    }

    /// From now on whoever this is hears of each account that is made or changed.
    package func observeAccounts(_ observer: @escaping @Sendable (Account) -> Void) {
        self.observer.withLock { $0 = observer }
    }

    private func tell(_ account: Account) { observer.withLock { $0 }?(account) }

    package func updateCredentials(
        of account: AccountID, _ change: @escaping @Sendable (inout AccountCredentials) -> Void
    ) async throws -> AccountCredentials? {
        try await changes.run {
            guard var credentials = self.credentials(of: account) else { return nil }
            change(&credentials)
            try await self.directory.saveCredentials(credentials)
            let changed = credentials
            self.state.withLock { $0.credentials[account] = changed }
            return changed
        }
    }

    package func application(_ id: ApplicationID, of account: AccountID) -> Application? {
        guard let application = state.withLock({ $0.applications[id] }), application.accountID == account else {
            return nil
        }
        return application
    }

    package func applications(
        of account: AccountID, alias: String?, after cursor: PageCursor?
    ) async throws -> Page<Application> {
        try await directory.applications(account: account, alias: alias, after: cursor)
    }

    package func createApplication(_ application: Application) async throws {
        try await changes.run {
            try await self.directory.createApplication(application)
            self.state.withLock { $0.applications[application.applicationID] = application }
        }
    }

    package func updateApplication(
        _ id: ApplicationID, of account: AccountID, _ change: @escaping @Sendable (inout Application) -> Void
    ) async throws -> Application? {
        try await changes.run {
            guard var application = self.application(id, of: account) else { return nil }
            change(&application)
            try await self.directory.updateApplication(application)
            let changed = application
            self.state.withLock { $0.applications[id] = changed }
            return changed
        }
    }

    package func deleteApplication(_ id: ApplicationID, of account: AccountID) async throws -> Bool {
        try await changes.run {
            guard self.application(id, of: account) != nil else { return false }
            try await self.directory.deleteApplication(id, account: account)
            self.state.withLock { $0.applications[id] = nil }
            return true
        }
    }

    package func number(_ phone: PhoneNumber, of account: AccountID) -> OwnedNumber? {
        guard let number = state.withLock({ $0.numbers[phone] }), number.accountID == account else { return nil }
        return number
    }

    package func number(_ id: PhoneNumberID, of account: AccountID) -> OwnedNumber? {
        state.withLock { state in
            state.numbers.values.first { $0.phoneNumberID == id && $0.accountID == account }
        }
    }

    package func numbers(
        of account: AccountID, matching filter: NumberFilter, after cursor: PageCursor?
    ) async throws -> Page<OwnedNumber> {
        try await directory.numbers(account: account, filter: filter, after: cursor)
    }

    package func isRegistered(_ number: PhoneNumber) -> Bool { state.withLock { $0.numbers[number] != nil } }

    package func createNumber(_ number: OwnedNumber) async throws -> Bool {
        try await changes.run {
            guard self.state.withLock({ $0.numbers[number.phoneNumber] == nil }) else { return false }
            try await self.directory.saveNumber(number)
            self.state.withLock { $0.numbers[number.phoneNumber] = number }
            return true
        }
    }

    package func updateNumber(
        _ id: PhoneNumberID, of account: AccountID, _ change: @escaping @Sendable (inout OwnedNumber) -> Void
    ) async throws -> OwnedNumber? {
        try await changes.run {
            guard var number = self.number(id, of: account) else { return nil }
            change(&number)
            try await self.directory.saveNumber(number)
            let changed = number
            self.state.withLock { $0.numbers[changed.phoneNumber] = changed }
            return changed
        }
    }

    package func deleteNumber(_ id: PhoneNumberID, of account: AccountID) async throws -> Bool {
        try await changes.run {
            guard let number = self.number(id, of: account) else { return false }
            try await self.directory.deleteNumber(id, account: account)
            self.state.withLock { $0.numbers[number.phoneNumber] = nil }
            return true
        }
    }

    package func route(to phone: PhoneNumber) -> InboundRoute {
        state.withLock { state in
            guard let number = state.numbers[phone], state.accounts[number.accountID]?.status == .active else {
                return .unknown
            }
            return .owned(number, number.applicationID.flatMap { state.applications[$0] })
        }
    }

    /// A new account with its credentials and numbers, in one transaction.
    package func add(_ account: Account, _ credentials: AccountCredentials, _ numbers: [OwnedNumber]) async throws {
        try await changes.run {
            try await self.directory.saveAccount(account, credentials: credentials, numbers: numbers)
            self.state.withLock { state in
                state.accounts[account.accountID] = account
                state.credentials[account.accountID] = credentials
                for number in numbers { state.numbers[number.phoneNumber] = number }
            }
            self.tell(account)
        }
    }
}

/// Lets one change at a time through; changes of the directory are rare.
private actor AsyncGate {
    private var isBusy = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func run<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        if isBusy { await withCheckedContinuation { waiting.append($0) } }
        isBusy = true
        defer {
            if waiting.isEmpty { isBusy = false } else { waiting.removeFirst().resume() }
        }
        return try await body()
    }
}
