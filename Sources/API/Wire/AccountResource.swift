import JSON
import Telephony

/// The Account resource (docs/contract/rest.md#accounts). The API key is never among its fields
/// (docs/contract/rest.md#authentication).
struct AccountResource {
    let account: Account

    func write(to writer: inout JSONWriter) {
        let uri = "/Accounts/\(account.accountID)"
        writer.object { object in
            object.member("accountId", account.accountID.text)
            object.member("alias", account.alias)
            object.member("dateCreated", account.dateCreated.rfc1123)
            object.member("dateCreatedISO", account.dateCreated.iso8601)
            object.member("dateUpdated", account.dateUpdated.rfc1123)
            object.member("dateUpdatedISO", account.dateUpdated.iso8601)
            object.member("label", account.label)
            object.member("revision", account.revision)
            object.member("status", account.status.rawValue)
            object.member("subresourceUris") { subresources in
                subresources.member("applications", uri + "/Applications")
                subresources.member("calls", uri + "/Calls")
                subresources.member("conferences", uri + "/Conferences")
                subresources.member("incomingPhoneNumbers", uri + "/IncomingPhoneNumbers")
                subresources.member("logs", uri + "/Logs")
                subresources.member("queues", uri + "/Queues")
                subresources.member("recordings", uri + "/Recordings")
            }
            object.member("type", account.kind.rawValue)
            object.member("uri", uri)
        }
    }
}
