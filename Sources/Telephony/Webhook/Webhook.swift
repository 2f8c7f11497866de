/// Whose events a webhook tells of, in their order.
package enum WebhookOwner: Hashable, Sendable {
    case call(CallID)
    case conference(ConferenceID)

    package var callID: CallID? { if case .call(let id) = self { id } else { nil } }

    package var conferenceID: ConferenceID? { if case .conference(let id) = self { id } else { nil } }
}

/// One webhook as it is to be posted: fixed when it is emitted, the same at each attempt
/// (ARCHITECTURE.md#webhook-order).
package struct Webhook: Hashable, Sendable {
    /// What becomes of the answer.
    package enum Purpose: String, Codable, Sendable {
        /// A PerCL script is expected (docs/contract/webhooks.md#answers-with-a-script).
        case script
        /// Nothing is expected; delivered at least once (docs/contract/webhooks.md#notifications).
        case notification
    }

    package var eventID: EventID
    /// Rising within a call, or a conference, from 1 (docs/contract/webhooks.md#identity). Sent as `Belay-Event-Sequence`.
    package var eventSequence: Int
    package var requestID: RequestID
    package var accountID: AccountID
    package var owner: WebhookOwner
    /// The `requestType` field, for logs.
    package var requestType: String
    package var purpose: Purpose
    package var url: WebURL
    /// Compact JSON, keys in alphabetical order.
    package var body: [UInt8]

    /// Nil where it is none of a call.
    package var callID: CallID? { owner.callID }

    package init(
        eventID: EventID, eventSequence: Int, requestID: RequestID, accountID: AccountID, owner: WebhookOwner,
        requestType: String, purpose: Purpose, url: WebURL, body: [UInt8]
    ) {
        self.eventID = eventID
        self.eventSequence = eventSequence
        self.requestID = requestID
        self.accountID = accountID
        self.owner = owner
        self.requestType = requestType
        self.purpose = purpose
        self.url = url
        self.body = body
    }
}

/// What one attempt to post a webhook came to.
package enum WebhookOutcome: Hashable, Sendable {
    /// A whole answer, of any status. `body` is complete and at most 1 MiB.
    case answered(status: Int, contentType: String?, body: [UInt8])
    /// An answer that broke the limits: more than 1 MiB of body (docs/contract/webhooks.md#time-limits).
    case answerTooLarge(status: Int)
    /// An answer that leads elsewhere, where a webhook does not go (docs/contract/webhooks.md#time-limits); where to,
    /// as the server wrote it.
    case redirected(status: Int, location: String?)
    /// No whole answer.
    case failed(WebhookFailure)
}

/// Why no whole answer came, and what that allows: a second try at once is right only when the connection failed
/// before any byte of an answer (docs/contract/webhooks.md#answers-with-a-script).
package struct WebhookFailure: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        /// The address guard forbids the host (SECURITY.md).
        case forbiddenAddress
        case nameResolution
        case connect
        case tls
        /// The connection broke before a byte of the answer.
        case closedBeforeAnswer
        /// The connection broke within the answer.
        case closedWithinAnswer
        /// The time for connecting ran out, or for an answer to a request that had not been sent whole.
        case timeout
        /// The request was sent whole, and no whole answer came in time.
        case unanswered
        /// No place became free in time: other requests to that host held them all.
        case noPlace
    }

    package var kind: Kind
    /// One sentence for the log: what happened, where, and what can be done. Names the host, never the body.
    package var explanation: String
    /// Of an answer that began and did not end.
    package var status: Int?

    package init(kind: Kind, explanation: String, status: Int? = nil) {
        self.kind = kind
        self.explanation = explanation
        self.status = status
    }

    /// A connection that failed before any byte of an answer; a time-out is none, for the server may be at work.
    package var allowsImmediateRetry: Bool {
        switch kind {
        case .connect, .closedBeforeAnswer: true
        case .forbiddenAddress, .nameResolution, .tls, .closedWithinAnswer, .timeout, .unanswered, .noPlace: false
        }
    }
}
