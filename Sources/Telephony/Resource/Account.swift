/// An account (docs/contract/rest.md#accounts).
package struct Account: Hashable, Sendable, Codable {
    package enum Kind: String, Codable, Sendable, CaseIterable { case trial, full }
    package enum Status: String, Codable, Sendable, CaseIterable { case active, suspended, closed }

    package var accountID: AccountID
    package var alias: String?
    package var label: String?
    package var kind: Kind
    package var status: Status
    package var rules = AccountRules()
    package var dateCreated: Timestamp
    package var dateUpdated: Timestamp
    package var revision: Int

    package init(accountID: AccountID, kind: Kind, status: Status, created: Timestamp) {
        self.accountID = accountID
        self.kind = kind
        self.status = status
        self.dateCreated = created
        self.dateUpdated = created
        self.revision = 1
    }
}

/// What an account proves itself with. The key itself is never stored: only its SHA-256 (the key has 160 random
/// bits, so that a slow hash would add nothing).
package struct AccountCredentials: Hashable, Sendable, Codable {
    package var accountID: AccountID
    /// SHA-256 of each active API key's 40 characters, 32 bytes each; at most two, newest first.
    package var apiKeyHashes: [[UInt8]]
    /// Active signing secrets, at most two (docs/contract/webhooks.md#signature), newest first. They must be readable
    /// to sign.
    package var signingSecrets: [String]

    /// While one is being replaced, the one before is good still.
    package static let maximumActive = 2

    package init(accountID: AccountID, apiKeyHashes: [[UInt8]], signingSecrets: [String]) {
        self.accountID = accountID
        self.apiKeyHashes = apiKeyHashes
        self.signingSecrets = signingSecrets
    }

    /// A new key beside the latest; an older one than that is void.
    package mutating func addKey(hash: [UInt8]) {
        apiKeyHashes = Array(([hash] + apiKeyHashes).prefix(Self.maximumActive))
    }

    /// A new signing secret beside the latest; an older one than that is void.
    package mutating func addSigningSecret(_ secret: String) {
        signingSecrets = Array(([secret] + signingSecrets).prefix(Self.maximumActive))
    }
}

/// A number that an account owns (docs/contract/rest.md#numbers).
package struct OwnedNumber: Hashable, Sendable, Codable {
    package var phoneNumberID: PhoneNumberID
    package var accountID: AccountID
    package var applicationID: ApplicationID?
    package var phoneNumber: PhoneNumber
    package var alias: String?
    package var dateCreated: Timestamp
    package var dateUpdated: Timestamp
    package var revision: Int

    package init(phoneNumberID: PhoneNumberID, accountID: AccountID, phoneNumber: PhoneNumber, created: Timestamp) {
        self.phoneNumberID = phoneNumberID
        self.accountID = accountID
        self.phoneNumber = phoneNumber
        self.dateCreated = created
        self.dateUpdated = created
        self.revision = 1
    }
}
