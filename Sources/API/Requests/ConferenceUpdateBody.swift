import JSON
import Telephony

/// What changes a conference (docs/contract/rest.md#conferences): every field may be absent, and a null empties the alias.
struct ConferenceUpdateBody: Sendable {
    let change: ConferenceChange

    init(_ fields: consuming BodyFields) throws(APIError) {
        let alias: BodyFields.Change<String> = fields.change("alias") {
            $0.text("alias", maximumLength: Conference.maximumAliasLength)
        }
        let beep: Conference.PlayBeep? = fields.choice("playBeep")
        let end: ConferenceChange.End? = fields.choice("status")
        try fields.check()
        change =
            switch alias {
            case .absent: ConferenceChange(playBeep: beep, end: end)
            case .cleared: ConferenceChange(alias: .some(nil), playBeep: beep, end: end)
            case .set(let text): ConferenceChange(alias: .some(text), playBeep: beep, end: end)
            }
    }
}
