import Telephony

/// The body of an application's creation and update (spec §2.2): every field may be absent, and a null empties it.
struct ApplicationBody: Sendable {
    private let alias: BodyFields.Change<String>
    private let voiceURL: BodyFields.Change<WebURL>
    private let voiceFallbackURL: BodyFields.Change<WebURL>
    private let callConnectURL: BodyFields.Change<WebURL>
    private let statusCallbackURL: BodyFields.Change<WebURL>
    private let smsURL: BodyFields.Change<WebURL>
    private let smsFallbackURL: BodyFields.Change<WebURL>

    init(_ fields: consuming BodyFields) throws(APIError) {
        alias = fields.change("alias") { $0.text("alias", maximumLength: Application.maximumAliasLength) }
        voiceURL = fields.change("voiceUrl") { $0.url("voiceUrl") }
        voiceFallbackURL = fields.change("voiceFallbackUrl") { $0.url("voiceFallbackUrl") }
        callConnectURL = fields.change("callConnectUrl") { $0.url("callConnectUrl") }
        statusCallbackURL = fields.change("statusCallbackUrl") { $0.url("statusCallbackUrl") }
        smsURL = fields.change("smsUrl") { $0.url("smsUrl") }
        smsFallbackURL = fields.change("smsFallbackUrl") { $0.url("smsFallbackUrl") }
        try fields.check()
    }

    func apply(to application: inout Application) {
        application.alias = alias.applied(to: application.alias)
        application.voiceURL = voiceURL.applied(to: application.voiceURL)
        application.voiceFallbackURL = voiceFallbackURL.applied(to: application.voiceFallbackURL)
        application.callConnectURL = callConnectURL.applied(to: application.callConnectURL)
        application.statusCallbackURL = statusCallbackURL.applied(to: application.statusCallbackURL)
        application.smsURL = smsURL.applied(to: application.smsURL)
        application.smsFallbackURL = smsFallbackURL.applied(to: application.smsFallbackURL)
    }
}
