import HTTPTypes
import MessageDigests
import Telephony

/// Decides which account a request is from (docs/contract/rest.md#authentication).
package struct Authenticator: Sendable {
    private let directory: any DirectoryService
    private let keyUse: KeyUse
    private let now: @Sendable () -> Timestamp
    /// Stands in for the hash of an account that does not exist, so that its absence costs the same time.
    private static let nobody = [UInt8](repeating: 0, count: MessageDigest.sha256.length)

    init(directory: any DirectoryService, keyUse: KeyUse, now: @escaping @Sendable () -> Timestamp) {
        self.directory = directory
        self.keyUse = keyUse
        self.now = now
    }

    /// The hash that the directory keeps of an API key.
    package static func hash(ofKey key: some Sequence<UInt8>) -> [UInt8] {
        MessageDigest.sha256.digest(of: Array(key))
    }

    /// - Parameter owner: the account that the path names.
    /// - Throws: 401 for missing or wrong credentials, 403 for another account's path and for an account that is
    ///   not active.
    /// - Parameter owner: whom the path names; nil where it names nobody.
    func authenticate(_ headers: HTTPFields, owner: String?) throws(APIError) -> Account {
        guard let header = headers[.authorization], let given = BasicCredentials(header: header) else {
            throw .unauthorized
        }
        let accountID = AccountID(given.user)
        let known = accountID.flatMap { directory.credentials(of: $0) }
        let hash = Self.hash(ofKey: given.password)
        let isRight = Self.isOne(hash, of: known?.apiKeyHashes ?? [])
        guard isRight, known != nil, let accountID, let account = directory.account(accountID) else {
            throw .unauthorized
        }
        keyUse.note(hash, at: now())
        guard owner == nil || owner == accountID.text else { throw .anotherAccount }
        guard account.status == .active else { throw .accountNotActive(account.status) }
        return account
    }

    /// As many comparisons whatever the account has, and none of them ends early.
    private static func isOne(_ hash: [UInt8], of known: [[UInt8]]) -> Bool {
        var isOne = false
        for place in 0..<AccountCredentials.maximumActive {
            let candidate = place < known.count ? known[place] : nobody
            let isThis = areEqual(hash, candidate)
            isOne = (isThis && place < known.count) || isOne
        }
        return isOne
    }

    /// Compares in a time that depends on the lengths alone.
    static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for (one, other) in zip(left, right) { difference |= one ^ other }
        return difference == 0
    }
}
