import Telephony

/// The body of a number's registration and update (docs/contract/rest.md#numbers): every field may be absent, and a
/// null empties it.
struct NumberBody: Sendable {
    let alias: BodyFields.Change<String>
    let applicationID: BodyFields.Change<ApplicationID>

    init(_ fields: consuming BodyFields) throws(APIError) {
        alias = fields.change("alias") { $0.text("alias", maximumLength: Application.maximumAliasLength) }
        applicationID = fields.change("applicationId") { $0.identifier("applicationId") }
        fields.refuseUnsupported(["campaignId"])
        try fields.check()
    }

    func apply(to number: inout OwnedNumber) {
        number.alias = alias.applied(to: number.alias)
        number.applicationID = applicationID.applied(to: number.applicationID)
    }
}
