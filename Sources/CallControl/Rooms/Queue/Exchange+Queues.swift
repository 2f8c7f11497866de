import JSON
import PerCL
import SIP
import Telephony

/// Queues: calls that wait in them (docs/contract/percl.md#enqueue), and what REST asks of them
/// (docs/contract/rest.md#queues).
extension Exchange {
    /// Where it stands, for one that is in it.
    mutating func findPlace(of id: CallID, in queue: QueueID, _ account: AccountID) {
        guard let line = queues.line(queue, of: account), let position = line.position(of: id) else { return }
        facts.tell(id, .stands(QueuePlace(position: position, size: line.count), in: queue))
    }

    mutating func enqueue(_ call: CallID, of account: AccountID, _ enqueue: Enqueue) {
        let id = enqueue.queueID
        if !queues.contains(id) {
            guard queues.count(of: account) < CallQueue.maximumCount else {
                let explanation = "the account has \(CallQueue.maximumCount) queues, as many as it may"
                return facts.tell(call, .queueRefused(enqueue, explanation: explanation))
            }
            add(CallQueue(queueID: id, accountID: account, isKept: false, created: now.wall), of: call)
        }
        guard let line = queues.line(id, of: account) else {
            return facts.tell(call, .queueRefused(enqueue, explanation: "the account has no queue \(id)"))
        }
        guard !line.isFull else {
            note("The queue is full, a call stays outside", in: id, Self.described(line.queue), of: call)
            return facts.tell(call, .queueFull(enqueue))
        }
        let size = queues.change(id) { line in
            line.append(call, now: turn.now)
            return line.count
        }
        let place = QueuePlace(position: size ?? 1, size: size ?? 1)
        note("Call enqueued", in: id, ["queuePosition": JSONValue(place.position)], of: call)
        facts.tell(call, .enqueued(enqueue, place))
    }

    private mutating func add(_ queue: CallQueue, of call: CallID? = nil, by request: RequestID? = nil) {
        queues.insert(queue)
        store(.saveQueue(queue))
        note("Queue created", in: queue.queueID, Self.described(queue), of: call, by: request)
    }

    /// - Parameter request: what dequeues it; nil: the call goes of itself.
    /// - Returns: false where it was not in it.
    @discardableResult
    mutating func leave(_ id: QueueID, _ call: CallID, by request: RequestID? = nil) -> Bool {
        guard let stay = queues.change(id, { $0.remove(call, now: turn.now) }) ?? nil else { return false }
        let figures: [String: JSONValue] = [
            "queueTime": JSONValue(stay.wholeSeconds), "currentQueueSize": JSONValue(queues.count(in: id)),
        ]
        note(request == nil ? "Call left" : "Call dequeued", in: id, figures, of: call, by: request)
        forgetIfUnused(id)
        return true
    }

    /// What Enqueue made goes with its last call.
    private mutating func forgetIfUnused(_ id: QueueID) {
        guard queues.change(id, { $0.isEmpty && !$0.queue.isKept }) == true else { return }
        note("Queue over", in: id)
        queues.remove(id)
        store(.removeQueue(id))
    }

    /// Of an earlier process, whose calls are gone.
    mutating func restore(_ queue: CallQueue) {
        queues.insert(queue)
        forgetIfUnused(queue.queueID)
    }

    // MARK: REST

    mutating func answer(
        _ token: ReplyToken, _ request: QueueRequest, of account: AccountID, by requestID: RequestID
    ) {
        switch request {
        case .create(let queue):
            guard !isStorageFailing else { return emit(.reply(token, .queue(.notStored))) }
            guard queues.count(of: account) < CallQueue.maximumCount else {
                return emit(.reply(token, .queue(.tooMany)))
            }
            add(queue, by: requestID)
            let standing = queues.line(queue.queueID, of: account)?.standing(now: now)
            replyWhenStored(token, standing, former: nil)
        case .update(let id, let change):
            guard !isStorageFailing else { return emit(.reply(token, .queue(.notStored))) }
            let former = queues.line(id, of: account)?.queue
            replyWhenStored(token, update(id, change, of: account, by: requestID), former: former)
        case .list(let alias, let cursor):
            emit(.reply(token, .queue(.queues(queues.page(of: account, alias: alias, after: cursor, now: now)))))
        case .get(let id):
            let standing = queues.line(id, of: account)?.standing(now: now)
            emit(.reply(token, .queue(standing.map { .queue($0) } ?? .noQueue)))
        case .members(let id, let cursor):
            let page = queues.line(id, of: account)?.page(after: cursor, now: now)
            emit(.reply(token, .queue(page.map { .members($0) } ?? .noQueue)))
        case .member(let id, let call):
            emit(.reply(token, .queue(member(call, in: id, of: account))))
        case .dequeue(let id, let call):
            let found = member(call, in: id, of: account)
            emit(.reply(token, .queue(found)))
            guard case .member(let member) = found, leave(id, member.callID, by: requestID) else { return }
            facts.tell(member.callID, .dequeued(id))
        }
    }

    /// - Parameter call: nil: whoever is first.
    private func member(_ call: CallID?, in id: QueueID, of account: AccountID) -> QueueReply {
        guard let line = queues.line(id, of: account) else { return .noQueue }
        guard let call = call ?? line.first, let member = line.member(call, now: now) else { return .noMember }
        return .member(member)
    }

    private mutating func update(
        _ id: QueueID, _ change: QueueChange, of account: AccountID, by requestID: RequestID
    ) -> QueueStanding? {
        guard queues.line(id, of: account) != nil else { return nil }
        let standing = queues.change(id) { line in
            if let alias = change.alias { line.queue.alias = alias }
            if let size = change.maxSize { line.queue.maxSize = size }
            line.queue.dateUpdated = turn.now.wall
            line.queue.revision += 1
            return line.standing(now: turn.now)
        }
        guard let standing else { return nil }
        store(.saveQueue(standing.queue))
        note("Queue changed", in: id, Self.described(standing.queue), by: requestID)
        return standing
    }

    /// - Parameter standing: nil: there is no such queue.
    private mutating func replyWhenStored(_ token: ReplyToken, _ standing: QueueStanding?, former: CallQueue?) {
        guard let standing else { return emit(.reply(token, .queue(.noQueue))) }
        awaitedReplies.append(
            PendingReply(
                token: token, reply: .queue(.queue(standing)), undoing: .queue(standing.queue, former: former)))
    }

    /// What the client is told was not stored does not stand: a queue that nobody waits in goes, a change is undone where
    /// nobody has changed it since.
    mutating func takeBack(_ refused: CallQueue, former: CallQueue?) {
        let id = refused.queueID
        if let former {
            let queue = queues.change(id) { line in
                if line.queue.alias == refused.alias { line.queue.alias = former.alias }
                if line.queue.maxSize == refused.maxSize { line.queue.maxSize = former.maxSize }
                return line.queue
            }
            if let queue { store(.saveQueue(queue)) }
        } else if queues.change(id, { $0.isEmpty }) == true {
            queues.remove(id)
        }
    }
}
