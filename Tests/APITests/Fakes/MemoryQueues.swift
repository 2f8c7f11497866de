import API
import Synchronization
import Telephony

/// Answers as it is told to, and keeps what it was asked.
final class MemoryQueues: QueueService {
    private let state = Mutex<(asked: [QueueRequest], replies: [QueueReply])>(([], []))

    /// What it will answer, in order.
    func prepare(_ replies: QueueReply...) { state.withLock { $0.replies += replies } }

    var asked: [QueueRequest] { state.withLock { $0.asked } }

    func ask(_ request: QueueRequest, of account: AccountID, by requestID: RequestID) async -> QueueReply {
        state.withLock { state in
            state.asked.append(request)
            if case .create(let queue) = request, state.replies.isEmpty {
                return .queue(
                    QueueStanding(queue: queue, currentSize: 0, averageRemovalSeconds: 0, averageWaitSeconds: 0))
            }
            return state.replies.isEmpty ? .noQueue : state.replies.removeFirst()
        }
    }
}
