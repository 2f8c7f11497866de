package import Telephony

/// Sends a text message (docs/contract/percl.md#sms).
package struct Sms: Hashable, Sendable {
    package static let maximumTextLength = 160

    package var to: PhoneNumber
    package var from: PhoneNumber
    package var text: String
    package var notificationURL: WebURL?

    init(_ attributes: AttributeReader) throws(ScriptError) {
        to = try attributes.phoneNumber("to")
        from = try attributes.phoneNumber("from")
        text = try attributes.requiredString("text")
        guard (1...Self.maximumTextLength).contains(text.count) else {
            throw attributes.error(
                "text", "has \(text.count) characters; 1 to \(Self.maximumTextLength) are allowed")
        }
        notificationURL = try attributes.url("notificationUrl")
    }
}
