import JSON
import SIP
import Telephony

/// What is told of a queue (docs/contract/rest.md#logs): who came, who went and after how long, what was changed.
extension Exchange {
    /// - Parameters:
    ///   - call: whom it is about, and on whose behalf it happened where no request is named.
    ///   - request: what did it.
    mutating func note(
        _ message: String, in queue: QueueID, _ metadata: [String: JSONValue] = [:], of call: CallID? = nil,
        by request: RequestID? = nil
    ) {
        let now = self.now.wall
        guard let account = queues.account(of: queue) else { return }
        let sequence = queues.numberEntry()
        var metadata = metadata
        metadata["queueId"] = .string(queue.text)
        if let call { metadata["callId"] = .string(call.text) }
        let own = call.flatMap { calls.look(at: $0) { $0.dossier.terms.requestID } }
        store(
            .appendJournal(
                JournalEntry(
                    timestamp: now, sequence: sequence, level: .info, scope: request == nil ? .percl : .request,
                    accountID: account, callID: nil, room: .queue(queue), requestID: request ?? own, message: message,
                    metadata: metadata)))
    }

    /// How a queue is made and changed.
    static func described(_ queue: CallQueue) -> [String: JSONValue] {
        ["alias": queue.alias.map { .string($0) } ?? .null, "maxSize": JSONValue(queue.maxSize)]
    }
}
