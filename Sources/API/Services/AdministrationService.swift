package import Telephony

/// What the operator does to accounts and to the server, as the REST room asks it of the runtime.
///
/// Changes are on disk before they return; one that throws has changed nothing.
package protocol AdministrationService: Sendable {
    /// All of them, in order of their ids.
    var accounts: [Account] { get }

    func createAccount(_ account: Account, _ credentials: AccountCredentials) async throws

    /// Applies `change` to the account's credentials as they stand; no other change comes between.
    ///
    /// - Returns: the credentials afterwards, nil when there is no such account.
    func updateCredentials(
        of account: AccountID, _ change: @escaping @Sendable (inout AccountCredentials) -> Void
    ) async throws -> AccountCredentials?

    var isDiallingStopped: Bool { get }

    /// From when this returns no call goes out, of no account, until ``startDialling()``; not after a restart either.
    /// Calls that wait are canceled.
    ///
    /// - Parameter hangingUp: calls that ring or are connected end too.
    func stopDialling(hangingUp: Bool) async throws
    func startDialling() async throws
}
