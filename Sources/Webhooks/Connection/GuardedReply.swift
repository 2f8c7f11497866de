import Telephony

/// What came of one request past the guard.
enum GuardedReply<Response: Sendable>: Sendable {
    /// An answer, or the receiver's own verdict on one.
    case success(Response)
    case failure(WebhookFailure)
}
