import Telephony

/// The body of an application's creation and update (docs/contract/rest.md#applications): every field may be absent,
/// and a null empties it.
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
        application.voiceURL = Self.applied(voiceURL, to: application.voiceURL)
        application.voiceFallbackURL = Self.applied(voiceFallbackURL, to: application.voiceFallbackURL)
        application.callConnectURL = Self.applied(callConnectURL, to: application.callConnectURL)
        application.statusCallbackURL = Self.applied(statusCallbackURL, to: application.statusCallbackURL)
        application.smsURL = Self.applied(smsURL, to: application.smsURL)
        application.smsFallbackURL = Self.applied(smsFallbackURL, to: application.smsFallbackURL)
    }

    /// A URL that is sent back as it was shown, with user and password masked, is the one that is there.
    private static func applied(_ change: BodyFields.Change<WebURL>, to current: WebURL?) -> WebURL? {
        if case .set(let url) = change, let current, url.text == current.description { return current }
        return change.applied(to: current)
    }
}
