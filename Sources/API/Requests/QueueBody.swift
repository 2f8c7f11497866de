import JSON
import Telephony

/// What creates a queue, or changes one (docs/contract/rest.md#queues): every field may be absent, and a null empties it.
struct QueueBody: Sendable {
    let change: QueueChange

    init(_ fields: consuming BodyFields) throws(APIError) {
        let alias: BodyFields.Change<String> = fields.change("alias") {
            $0.text("alias", maximumLength: CallQueue.maximumAliasLength)
        }
        let size = fields.integer("maxSize", in: 1...CallQueue.maximumSize, unit: "calls")
        try fields.check()
        change =
            switch alias {
            case .absent: QueueChange(maxSize: size)
            case .cleared: QueueChange(alias: .some(nil), maxSize: size)
            case .set(let text): QueueChange(alias: .some(text), maxSize: size)
            }
    }
}
