package import Telephony

/// Goes on with the script that another URL gives (docs/contract/percl.md#redirect). Terminal.
package struct Redirect: Hashable, Sendable {
    package var actionURL: WebURL

    init(_ attributes: AttributeReader) throws(ScriptError) {
        actionURL = try attributes.requiredURL("actionUrl")
    }
}
