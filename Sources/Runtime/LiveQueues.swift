import API
import CallControl
package import Telephony

/// Queues as the API asks for them: they live where the calls do.
package struct LiveQueues: QueueService {
    private let loop: CallLoop

    package init(loop: CallLoop) { self.loop = loop }

    package func ask(_ request: QueueRequest, of account: AccountID, by requestID: RequestID) async -> QueueReply {
        if case .queue(let reply) = await loop.ask({ .queueRequest($0, account, request, requestID) }) { return reply }
        return .notStored
    }
}
