package import Telephony

/// The simulated carrier as the REST room asks for it: somebody there calls one of the account's numbers.
package protocol CarrierService: Sendable {
    /// Returns when the call has come in; how it goes on is told by that call.
    ///
    /// - Throws: an error whose description says why nobody could call, or why the call was refused.
    func dial(_ request: DialInRequest, of account: AccountID) async throws -> DialledIn
}

/// A call that somebody of the simulated carrier makes.
package struct DialledIn: Hashable, Sendable {
    /// The call that came in.
    package var callID: CallID
    /// By which both sides' messages name it.
    package var sipCallID: String
    /// The file that will hold what the caller heard and said; there once somebody has picked up.
    package var recording: String

    package init(callID: CallID, sipCallID: String, recording: String) {
        self.callID = callID
        self.sipCallID = sipCallID
        self.recording = recording
    }
}

/// Somebody who calls in.
package struct DialInRequest: Hashable, Sendable {
    package var from: PhoneNumber
    package var to: PhoneNumber
    /// What is said after the answer.
    package var say: String?
    /// What is pressed, each once the other side has spoken and is quiet.
    package var presses: [String]

    package init(from: PhoneNumber, to: PhoneNumber, say: String?, presses: [String]) {
        self.from = from
        self.to = to
        self.say = say
        self.presses = presses
    }
}
