import Telephony

/// The body of an account's update (docs/contract/rest.md#accounts).
struct AccountBody: Sendable {
    /// As for an application's alias.
    static let maximumLength = Application.maximumAliasLength

    private let alias: BodyFields.Change<String>
    private let label: BodyFields.Change<String>

    init(_ fields: consuming BodyFields) throws(APIError) {
        alias = fields.change("alias") { $0.text("alias", maximumLength: Self.maximumLength) }
        label = fields.change("label") { $0.text("label", maximumLength: Self.maximumLength) }
        try fields.check()
    }

    func apply(to account: inout Account) {
        account.alias = alias.applied(to: account.alias)
        account.label = label.applied(to: account.label)
    }
}
