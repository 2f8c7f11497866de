import CallControl
import Telephony

/// What must be on disk before the world may hear of it (ARCHITECTURE.md#gates), and who has been told what.
struct DurabilityCheck {
    private var answered: Set<ReplyToken> = []
    /// Refused for want of storage: nothing of them may ever be seen.
    private var refused: Set<CallID> = []

    mutating func replied(_ token: ReplyToken, _ reply: Reply, _ storage: ModelStorage) throws(Violation) {
        guard answered.insert(token).inserted else {
            throw Violation("REST", "request \(token.rawValue) is answered twice")
        }
        if case .made(let call, _) = reply, storage.calls[call.callID] == nil {
            throw Violation("202 only after the commit", "\(call.callID) is not on disk")
        }
    }

    func isAnswered(_ token: ReplyToken) -> Bool { answered.contains(token) }

    mutating func notStored(_ id: CallID) { refused.insert(id) }

    func delivering(_ webhook: Webhook) throws(Violation) {
        guard let call = webhook.callID, refused.contains(call) else { return }
        throw Violation("a call that was refused never was", "\(webhook.requestType) is sent for \(call)")
    }

    func inviting(_ id: CallID?, callID: String, _ storage: ModelStorage) throws(Violation) {
        guard let id, storage.calls[id] != nil, let record = storage.records[id],
            record.holds(callID)
        else {
            let record = id.flatMap { storage.records[$0] } ?? []
            throw Violation(
                "INVITE only after the commit",
                "\(callID) leaves, and on disk is: \(String(decoding: record, as: UTF8.self))")
        }
    }

    func concluded(_ storage: ModelStorage) throws(Violation) {
        for id in storage.callOrder {
            if storage.records[id] != nil { throw Violation("nothing is left over", "a record of \(id)") }
            if refused.contains(id) {
                throw Violation("a call that was refused never was", "\(id) is on disk")
            }
        }
    }
}
