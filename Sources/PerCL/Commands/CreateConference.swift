package import Telephony

/// Creates a conference (docs/contract/percl.md#createconference). Terminal.
package struct CreateConference: Hashable, Sendable {
    package var actionURL: WebURL
    package var statusCallbackURL: WebURL?
    package var alias: String?
    package var playBeep: Conference.PlayBeep
    package var record: Bool
    package var waitURL: WebURL?

    init(_ attributes: AttributeReader) throws(ScriptError) {
        attributes.passOver("parentCallId")
        actionURL = try attributes.requiredURL("actionUrl")
        statusCallbackURL = try attributes.url("statusCallbackUrl")
        alias = try attributes.string("alias")
        guard (alias?.count ?? 0) <= Conference.maximumAliasLength else {
            throw attributes.error("alias", "is longer than \(Conference.maximumAliasLength) characters")
        }
        playBeep = try attributes.choice("playBeep", Conference.PlayBeep.self) ?? .always
        record = try attributes.bool("record", default: false)
        waitURL = try attributes.url("waitUrl")
    }
}
