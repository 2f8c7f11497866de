import Telephony

/// What came of one request past the guard.
enum Reply<Response: Sendable>: Sendable {
    /// An answer, or the receiver's own verdict on one.
    case success(Response)
    case failure(WebhookFailure)
}
