import JSON
import Telephony

/// What a participant may from now on (docs/contract/rest.md#participants): what is absent stays as it is.
struct ParticipantBody: Sendable {
    let change: ParticipantChange

    init(_ fields: consuming BodyFields) throws(APIError) {
        let talk = fields.truth("talk"), listen = fields.truth("listen")
        let dtmfPassThrough = fields.truth("dtmfPassThrough")
        try fields.check()
        change = ParticipantChange(talk: talk, listen: listen, dtmfPassThrough: dtmfPassThrough)
    }
}
