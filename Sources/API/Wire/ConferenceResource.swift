import JSON
import Telephony

/// The Conference resource (docs/contract/rest.md#conferences). User and password in a URL are masked.
struct ConferenceResource {
    let conference: Conference

    static func uri(_ id: ConferenceID, of account: AccountID) -> String { "/Accounts/\(account)/Conferences/\(id)" }

    func write(to writer: inout JSONWriter) {
        let uri = Self.uri(conference.conferenceID, of: conference.accountID)
        writer.object { object in
            object.member("accountId", conference.accountID.text)
            object.member("actionUrl", conference.actionURL?.description)
            object.member("alias", conference.alias)
            object.member("conferenceId", conference.conferenceID.text)
            object.member("dateCreated", conference.dateCreated.rfc1123)
            object.member("dateUpdated", conference.dateUpdated.rfc1123)
            object.member("playBeep", conference.playBeep.rawValue)
            object.member("record", conference.isRecorded)
            object.member("revision", conference.revision)
            object.member("status", conference.status.rawValue)
            object.member("statusCallbackUrl", conference.statusCallbackURL?.description)
            object.member("subresourceUris") { subresources in
                subresources.member("logs", uri + "/Logs")
                subresources.member("participants", uri + "/Participants")
                subresources.member("recordings", uri + "/Recordings")
            }
            object.member("uri", uri)
            object.member("waitUrl", conference.waitURL?.description)
        }
    }
}
