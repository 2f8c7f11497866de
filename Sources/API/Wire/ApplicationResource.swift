import JSON
import Telephony

/// The Application resource (docs/contract/rest.md#applications). User and password in a URL are masked; whoever sends
/// the masked URL back leaves them as they are.
struct ApplicationResource {
    let application: Application

    func write(to writer: inout JSONWriter) {
        writer.object { object in
            object.member("accountId", application.accountID.text)
            object.member("alias", application.alias)
            object.member("applicationId", application.applicationID.text)
            object.member("callConnectUrl", application.callConnectURL?.description)
            object.member("dateCreated", application.dateCreated.rfc1123)
            object.member("dateUpdated", application.dateUpdated.rfc1123)
            object.member("revision", application.revision)
            object.member("smsFallbackUrl", application.smsFallbackURL?.description)
            object.member("smsUrl", application.smsURL?.description)
            object.member("statusCallbackUrl", application.statusCallbackURL?.description)
            object.member("uri", "/Accounts/\(application.accountID)/Applications/\(application.applicationID)")
            object.member("voiceFallbackUrl", application.voiceFallbackURL?.description)
            object.member("voiceUrl", application.voiceURL?.description)
        }
    }
}
