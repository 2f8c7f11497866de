package import Telephony

/// Puts the call into a queue (docs/contract/percl.md#enqueue). Terminal.
package struct Enqueue: Hashable, Sendable {
    package var queueID: QueueID
    package var waitURL: WebURL
    package var actionURL: WebURL
    package var notificationURL: WebURL?

    init(_ attributes: AttributeReader) throws(ScriptError) {
        let text = try attributes.requiredString("queueId")
        guard let queueID = QueueID(text) else {
            throw attributes.error(
                "queueId", "is \(Excerpt.of(Array(text.utf8))); QU and 40 hexadecimal digits are required")
        }
        self.queueID = queueID
        waitURL = try attributes.requiredURL("waitUrl")
        actionURL = try attributes.requiredURL("actionUrl")
        notificationURL = try attributes.url("notificationUrl")
    }
}
