package import Telephony

/// The simulated carrier as the REST room asks for it: somebody there calls one of the account's numbers.
package protocol CarrierService: Sendable {
    /// Returns as soon as it rings; how it goes on is told by the call that comes in.
    ///
    /// - Throws: an error whose description says why nobody could call.
    func dial(_ request: DialInRequest) async throws
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
