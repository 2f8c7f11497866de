import JSON
import Telephony

/// What creates a conference (docs/contract/rest.md#conferences): every field may be absent.
struct ConferenceBody: Sendable {
    private let alias: String?
    private let playBeep: Conference.PlayBeep?
    private let isRecorded: Bool?
    private let waitURL: WebURL?
    private let statusCallbackURL: WebURL?

    init(_ fields: consuming BodyFields) throws(APIError) {
        alias = fields.text("alias", maximumLength: Conference.maximumAliasLength)
        playBeep = fields.choice("playBeep")
        isRecorded = fields.flag("record")
        waitURL = fields.url("waitUrl")
        statusCallbackURL = fields.url("statusCallbackUrl")
        try fields.check()
    }

    func conference(_ id: ConferenceID, of account: AccountID, created: Timestamp) -> Conference {
        Conference(
            conferenceID: id, accountID: account, alias: alias, playBeep: playBeep ?? .always,
            isRecorded: isRecorded ?? false, waitURL: waitURL, statusCallbackURL: statusCallbackURL, created: created)
    }
}
