package import Telephony

/// Accounts and what belongs to them. Changes go through the same writer as the calls' rows, in order with them,
/// and are on disk when the function returns.
package protocol Directory: Sendable {
    /// Inserts or replaces an account; with it, in the same transaction, its credentials and numbers.
    func saveAccount(_ account: Account, credentials: AccountCredentials?, numbers: [OwnedNumber])
        async throws(StorageError)
    func account(_ accountID: AccountID) async throws(StorageError) -> Account?
    /// In order of creation.
    func accounts() async throws(StorageError) -> [Account]
    /// Replaces the account's credentials; the old ones are overwritten.
    func saveCredentials(_ credentials: AccountCredentials) async throws(StorageError)
    func credentials(_ accountID: AccountID) async throws(StorageError) -> AccountCredentials?

    /// Fails with ``StorageError/conflict(_:)`` where the identifier exists.
    func createApplication(_ application: Application) async throws(StorageError)
    /// Fails with ``StorageError/notFound`` where the account has no such application.
    func updateApplication(_ application: Application) async throws(StorageError)
    /// Fails with ``StorageError/notFound`` where the account has no such application.
    func deleteApplication(_ applicationID: ApplicationID, account: AccountID) async throws(StorageError)
    func application(_ applicationID: ApplicationID, account: AccountID) async throws(StorageError) -> Application?
    /// The account's applications, newest first; with an alias, those that have exactly it.
    func applications(account: AccountID, alias: String?, after cursor: PageCursor?)
        async throws(StorageError) -> Page<Application>

    /// What the operator has switched, by name; empty where nothing was ever.
    func switches() async throws(StorageError) -> [String: String]
    /// - Parameter value: nil: as if it never had been switched.
    func setSwitch(_ name: String, to value: String?) async throws(StorageError)

    /// Inserts or replaces a number, by its identifier. A number belongs to one account at most.
    func saveNumber(_ number: OwnedNumber) async throws(StorageError)
    /// The owner of a number, of whatever account.
    func number(_ phoneNumber: PhoneNumber) async throws(StorageError) -> OwnedNumber?
    /// The account's numbers, newest first.
    func numbers(account: AccountID, filter: NumberFilter, after cursor: PageCursor?)
        async throws(StorageError) -> Page<OwnedNumber>
    /// Fails with ``StorageError/notFound`` where the account has no such number.
    func deleteNumber(_ id: PhoneNumberID, account: AccountID) async throws(StorageError)
}
