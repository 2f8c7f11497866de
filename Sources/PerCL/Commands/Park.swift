package import Telephony

/// Parks the call (docs/contract/percl.md#park). Terminal.
package struct Park: Hashable, Sendable {
    package var waitURL: WebURL
    package var actionURL: WebURL
    package var notificationURL: WebURL?

    init(_ attributes: AttributeReader) throws(ScriptError) {
        waitURL = try attributes.requiredURL("waitUrl")
        actionURL = try attributes.requiredURL("actionUrl")
        notificationURL = try attributes.url("notificationUrl")
    }
}
