import JSON
import Telephony

/// What a call tells of a queue that it is in (docs/contract/webhooks.md#queues). Numbers have the types that the SDKs' models
/// take: `queuePosition` is a text.
extension CallWebhook {
    static func enqueued(_ queue: QueueID) -> ScriptRequest {
        ScriptRequest(addToQueueNotification, ["queueId": .string(queue.text)])
    }

    static func queueWait(_ queue: QueueID, _ place: QueuePlace, seconds: Int) -> ScriptRequest {
        ScriptRequest(
            queueWait,
            [
                "queueId": .string(queue.text), "queuePosition": .string(String(place.position)),
                "queueTime": JSONValue(seconds), "currentQueueSize": JSONValue(place.size),
            ])
    }

    /// - Parameter seconds: nil where it was not in it.
    static func left(_ queue: QueueID, _ result: Waiting.QueueResult, seconds: Int?) -> ScriptRequest {
        var extras: [String: JSONValue] = ["queueId": .string(queue.text), "queueResult": .string(result.rawValue)]
        if let seconds { extras["queueTime"] = JSONValue(seconds) }
        return ScriptRequest(result == .dequeued ? dequeue : removeFromQueueNotification, extras)
    }
}
