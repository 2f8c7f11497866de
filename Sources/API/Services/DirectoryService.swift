package import Telephony

/// Accounts, their applications and numbers.
///
/// Single look-ups are in memory, cheap and synchronous. Changes are on disk before they return; one that throws
/// has changed nothing.
package protocol DirectoryService: Sendable {
    /// What the account proves itself with; nil for an account that does not exist.
    func credentials(of account: AccountID) -> AccountCredentials?

    func account(_ id: AccountID) -> Account?

    /// Applies `change` to the account as it stands and stores the outcome; no other change comes between.
    ///
    /// - Returns: the account afterwards, nil when there is none.
    func updateAccount(_ id: AccountID, _ change: @escaping @Sendable (inout Account) -> Void) async throws -> Account?

    /// Nil for an application that does not exist or is another account's.
    func application(_ id: ApplicationID, of account: AccountID) -> Application?

    /// The account's applications, newest first, at most ``PageLimits/pageSize`` of them.
    ///
    /// - Parameter alias: only those of exactly this alias; nil for all.
    func applications(of account: AccountID, alias: String?, after cursor: PageCursor?) async throws
        -> Page<Application>

    func createApplication(_ application: Application) async throws

    /// Applies `change` to the application as it stands and stores the outcome; no other change comes between.
    ///
    /// - Returns: the application afterwards, nil when there is none or it is another account's.
    func updateApplication(
        _ id: ApplicationID, of account: AccountID, _ change: @escaping @Sendable (inout Application) -> Void
    ) async throws -> Application?

    /// - Returns: whether there was one to delete.
    func deleteApplication(_ id: ApplicationID, of account: AccountID) async throws -> Bool

    /// Nil for a number that does not exist or is another account's.
    func number(_ id: PhoneNumberID, of account: AccountID) -> OwnedNumber?

    /// The account's numbers, newest first, at most ``PageLimits/pageSize`` of them.
    func numbers(of account: AccountID, matching filter: NumberFilter, after cursor: PageCursor?) async throws
        -> Page<OwnedNumber>

    /// Whether an account, whichever, has the number.
    func isRegistered(_ number: PhoneNumber) -> Bool

    /// - Returns: false where somebody has that number already.
    func createNumber(_ number: OwnedNumber) async throws -> Bool

    /// Applies `change` to the number as it stands and stores the outcome; no other change comes between.
    ///
    /// - Returns: the number afterwards, nil when there is none or it is another account's.
    func updateNumber(
        _ id: PhoneNumberID, of account: AccountID, _ change: @escaping @Sendable (inout OwnedNumber) -> Void
    ) async throws -> OwnedNumber?

    /// - Returns: whether there was one to delete.
    func deleteNumber(_ id: PhoneNumberID, of account: AccountID) async throws -> Bool

    /// The account's own number, nil where it owns no such one.
    func number(_ phone: PhoneNumber, of account: AccountID) -> OwnedNumber?
}
