/// An application: the URLs that answer for its calls (docs/contract/rest.md#applications).
package struct Application: Hashable, Sendable, Codable {
    package static let maximumAliasLength = 64

    package var applicationID: ApplicationID
    package var accountID: AccountID
    package var alias: String?
    package var voiceURL: WebURL?
    package var voiceFallbackURL: WebURL?
    package var callConnectURL: WebURL?
    package var statusCallbackURL: WebURL?
    package var smsURL: WebURL?
    package var smsFallbackURL: WebURL?
    package var dateCreated: Timestamp
    package var dateUpdated: Timestamp
    package var revision: Int

    package init(applicationID: ApplicationID, accountID: AccountID, created: Timestamp) {
        self.applicationID = applicationID
        self.accountID = accountID
        self.dateCreated = created
        self.dateUpdated = created
        self.revision = 1
    }
}
