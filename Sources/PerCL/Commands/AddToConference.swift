package import Telephony

/// Joins the call to a conference (docs/contract/percl.md#addtoconference). Terminal.
package struct AddToConference: Hashable, Sendable {
    package var conferenceID: ConferenceID
    package var startConfOnEnter: Bool
    package var talk: Bool
    package var listen: Bool
    package var dtmfPassThrough: Bool
    package var allowCallControl: Bool
    package var callControlSequence: String?
    package var callControlURL: WebURL?
    package var leaveConferenceURL: WebURL?
    package var notificationURL: WebURL?
    let earlierTarget: EarlierTarget?

    init(_ attributes: AttributeReader) throws(ScriptError) {
        earlierTarget = attributes.earlierCall()
        let text = try attributes.requiredString("conferenceId")
        guard let conferenceID = ConferenceID(text) else {
            throw attributes.error(
                "conferenceId", "is \(Excerpt.of(Array(text.utf8))); CF and 40 hexadecimal digits are required")
        }
        self.conferenceID = conferenceID
        startConfOnEnter = try attributes.bool("startConfOnEnter", default: true)
        talk = try attributes.bool("talk", default: true)
        listen = try attributes.bool("listen", default: true)
        dtmfPassThrough = try attributes.bool("dtmfPassThrough", default: false)
        allowCallControl = try attributes.bool("allowCallControl", default: false)
        callControlSequence = try attributes.keys("callControlSequence")
        callControlURL = try attributes.url("callControlUrl")
        leaveConferenceURL = try attributes.url("leaveConferenceUrl")
        notificationURL = try attributes.url("notificationUrl")
    }
}
