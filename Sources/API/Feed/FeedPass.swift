import HTTPTypes
import Telephony

/// Whether whoever listens still may: a key that was revoked, or an account that is not active any more, opens nothing
/// (docs/contract/rest.md#authentication), and keeps nothing open.
struct FeedPass: Sendable {
    private let account: AccountID
    /// Of the key that was shown.
    private let hash: [UInt8]?
    private let directory: any DirectoryService

    init(_ headers: HTTPFields, account: AccountID, directory: any DirectoryService) {
        self.account = account
        self.directory = directory
        hash = headers[.authorization].flatMap { BasicCredentials(header: $0) }
            .map { Authenticator.hash(ofKey: $0.password) }
    }

    var isGood: Bool {
        guard let hash, directory.account(account)?.status == .active else { return false }
        return directory.credentials(of: account)?.apiKeyHashes.contains(hash) == true
    }
}
