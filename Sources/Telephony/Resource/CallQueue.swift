/// A queue in which calls wait to be answered (docs/contract/rest.md#queues).
package struct CallQueue: Hashable, Sendable, Codable {
    package static let maximumAliasLength = 64
    /// Without `maxSize`.
    package static let usualSize = 100
    package static let maximumSize = 1000
    /// Of one account; more are refused.
    package static let maximumCount = 10_000

    package var queueID: QueueID
    package var accountID: AccountID
    package var alias: String?
    package var maxSize: Int
    /// Made over REST: it is there until its account says otherwise. One that Enqueue made goes with its last call.
    package var isKept: Bool
    package var dateCreated: Timestamp
    package var dateUpdated: Timestamp
    package var revision: Int

    package init(
        queueID: QueueID, accountID: AccountID, alias: String? = nil, maxSize: Int = Self.usualSize, isKept: Bool,
        created: Timestamp
    ) {
        self.queueID = queueID
        self.accountID = accountID
        self.alias = alias
        self.maxSize = maxSize
        self.isKept = isKept
        dateCreated = created
        dateUpdated = created
        revision = 1
    }
}

/// A queue as it stands now.
package struct QueueStanding: Hashable, Sendable {
    package var queue: CallQueue
    package var currentSize: Int
    /// The mean stay of those who have left it, in seconds; 0 where nobody has.
    package var averageRemovalSeconds: Int
    /// The mean wait of those who are in it, in seconds; 0 where nobody is.
    package var averageWaitSeconds: Int

    package init(queue: CallQueue, currentSize: Int, averageRemovalSeconds: Int, averageWaitSeconds: Int) {
        self.queue = queue
        self.currentSize = currentSize
        self.averageRemovalSeconds = averageRemovalSeconds
        self.averageWaitSeconds = averageWaitSeconds
    }
}

/// A call that waits in a queue (docs/contract/rest.md#queue-members).
package struct QueueMember: Hashable, Sendable {
    package var queueID: QueueID
    package var accountID: AccountID
    package var callID: CallID
    package var waitSeconds: Int
    /// From 1 on.
    package var position: Int
    package var dateEnqueued: Timestamp

    package init(
        queueID: QueueID, accountID: AccountID, callID: CallID, waitSeconds: Int, position: Int,
        dateEnqueued: Timestamp
    ) {
        self.queueID = queueID
        self.accountID = accountID
        self.callID = callID
        self.waitSeconds = waitSeconds
        self.position = position
        self.dateEnqueued = dateEnqueued
    }
}

/// What a client may change of a queue; nil leaves it as it is.
package struct QueueChange: Hashable, Sendable {
    package var alias: String??
    package var maxSize: Int?

    package init(alias: String?? = nil, maxSize: Int? = nil) {
        self.alias = alias
        self.maxSize = maxSize
    }
}

/// What REST asks of an account's queues.
package enum QueueRequest: Hashable, Sendable {
    case create(CallQueue)
    /// Newest first.
    case list(alias: String?, after: PageCursor?)
    case get(QueueID)
    case update(QueueID, QueueChange)
    /// In line.
    case members(QueueID, after: PageCursor?)
    /// nil: whoever is first.
    case member(QueueID, CallID?)
    /// Out of the queue, on at Enqueue's actionUrl.
    case dequeue(QueueID, CallID?)
}

/// What that comes to.
package enum QueueReply: Hashable, Sendable {
    case queue(QueueStanding)
    case queues(Page<QueueStanding>)
    case members(Page<QueueMember>)
    case member(QueueMember)
    /// The account has no such queue.
    case noQueue
    /// The queue has no such member, or nobody at all.
    case noMember
    /// The account has as many queues as it may.
    case tooMany
    /// The disk takes no writes, or has not taken this one.
    case notStored
}
