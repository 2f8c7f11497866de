import JSON
import Telephony

/// The Application resource (spec §2.2).
struct ApplicationResource {
    let application: Application

    func write(to writer: inout JSONWriter) {
        writer.object { object in
            object.member("accountId", application.accountID.text)
            object.member("alias", application.alias)
            object.member("applicationId", application.applicationID.text)
            object.member("callConnectUrl", application.callConnectURL?.text)
            object.member("dateCreated", application.dateCreated.rfc1123)
            object.member("dateUpdated", application.dateUpdated.rfc1123)
            object.member("revision", application.revision)
            object.member("smsFallbackUrl", application.smsFallbackURL?.text)
            object.member("smsUrl", application.smsURL?.text)
            object.member("statusCallbackUrl", application.statusCallbackURL?.text)
            object.member("uri", "/Accounts/\(application.accountID)/Applications/\(application.applicationID)")
            object.member("voiceFallbackUrl", application.voiceFallbackURL?.text)
            object.member("voiceUrl", application.voiceURL?.text)
        }
    }
}
