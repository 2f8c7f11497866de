/// A call that a customer may make, everything about it checked and resolved: what `POST ~/Calls` comes to
/// (docs/contract/calls.md#make-a-call), the URLs being those of docs/contract/calls.md#connect-url.
package struct CallRequest: Hashable, Sendable {
    package static let defaultRingTimeoutSeconds = 40
    /// What a request may ask for (docs/contract/calls.md#ring-timeout).
    package static let ringTimeoutSeconds = 1...600

    package var terms: CallTerms
    package var accountID: AccountID
    package var applicationID: ApplicationID?
    /// The owned number that `from` is.
    package var phoneNumberID: PhoneNumberID?
    package var from: PhoneNumber
    package var to: CallDestination
    /// The call whose OutDial made this one.
    package var parentCallID: CallID?
    /// The client's own name for the request, where it gave one (docs/contract/rest.md#idempotency).
    package var idempotency: IdempotencyKey?
    /// What the request held that was passed over: for the call's log.
    package var remarks: [String] = []

    package init(
        _ terms: CallTerms, from: PhoneNumber, to: CallDestination, accountID: AccountID,
        applicationID: ApplicationID?, phoneNumberID: PhoneNumberID?
    ) {
        self.terms = terms
        self.from = from
        self.to = to
        self.accountID = accountID
        self.applicationID = applicationID
        self.phoneNumberID = phoneNumberID
    }
}

/// What tells a repeated request from a new one (docs/contract/rest.md#idempotency).
package struct IdempotencyKey: Hashable, Sendable {
    /// A key holds so long.
    package static let lifetimeMicroseconds: Int64 = 86_400_000_000

    package var text: String
    /// SHA-256 of the request's body: the same key with another body is a mistake.
    package var fingerprint: [UInt8]

    package init(text: String, fingerprint: [UInt8]) {
        self.text = text
        self.fingerprint = fingerprint
    }
}

/// A call that another one is to be the child of.
package struct ParentCall: Hashable, Sendable {
    package var call: Call
    /// What it asked, or would have asked, for its own script; nil for a call that came in (its voiceUrl is never a
    /// child's).
    package var callConnectURL: WebURL?
    package var statusCallbackURL: WebURL?

    package init(call: Call, callConnectURL: WebURL?, statusCallbackURL: WebURL?) {
        self.call = call
        self.callConnectURL = callConnectURL
        self.statusCallbackURL = statusCallbackURL
    }

    /// In progress, or a call that came in and rings still (docs/contract/calls.md#parents).
    package var mayHaveChildren: Bool {
        call.status == .inProgress || (call.direction == .inbound && call.status == .ringing)
    }
}

/// What `POST ~/Calls/{callId}` asks for (docs/contract/calls.md#cancel-and-hang-up).
package enum CallUpdate: String, Hashable, Sendable, CaseIterable {
    case canceled, completed
    /// A parked call goes on (docs/contract/calls.md#resume-a-parked-call).
    case inProgress
}

/// Why a call was not made or not updated. The API turns each into a status, a code and words.
package enum CallRefusal: Error, Hashable, Sendable {
    /// A rule of the account or of the server is against it: 400 or 403, and 503 where all dialling is stopped.
    case notAllowed(DialRule)
    /// The account's or the trunk's queue is as deep as it may be (docs/contract/calls.md#pace): 429.
    case queueFull(retryAfterSeconds: Int)
    /// The call would wait for its turn for longer than calls may (`queue-seconds`): 429.
    case turnTooLate(waitSeconds: Int, longestSeconds: Int, retryAfterSeconds: Int)
    /// The server is behind with the calls that there are: 503, told before anything waits for it.
    case overloaded
    /// The server is stopping: 503.
    case draining
    /// Another request with the same Idempotency-Key was quicker: its call is the answer.
    case keyInUse
    /// The disk has no room: 503; nothing was dialled.
    case diskFull
    /// The disk takes no writes: 503; nothing was dialled.
    case diskFailing
    /// The call could not be stored: 500; nothing was dialled.
    case notStored
    /// No such call, or it has ended: 404 (docs/contract/calls.md#cancel-and-hang-up).
    case notFound
    /// It is not parked, so that nothing resumes it: 409.
    case notParked
}
