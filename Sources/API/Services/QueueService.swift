package import Telephony

/// Answers for an account's queues. Everything that reaches it has been checked.
package protocol QueueService: Sendable {
    /// A change is answered when it is on disk.
    func ask(_ request: QueueRequest, of account: AccountID, by requestID: RequestID) async -> QueueReply
}
