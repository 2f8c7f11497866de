import Telephony

/// The request that made a conference, and the call whose script did, where one did.
struct ConferenceOrigin: Hashable, Sendable, Codable {
    /// What webhooks of the conference say of the call that made it.
    struct Creator: Hashable, Sendable, Codable {
        var callID: CallID
        var from: String
        var to: String
        var direction: CallDirection
        var parentCallID: CallID?

        init(_ call: Call) {
            callID = call.callID
            from = call.from
            to = call.to
            direction = call.direction
            parentCallID = call.parentCallID
        }
    }

    var requestID: RequestID
    var call: Creator?
}
