import JSON
import Telephony

/// The Queue resource (docs/contract/rest.md#queues).
struct QueueResource {
    let standing: QueueStanding

    static func uri(_ id: QueueID, of account: AccountID) -> String { "/Accounts/\(account)/Queues/\(id)" }

    func write(to writer: inout JSONWriter) {
        let queue = standing.queue
        let uri = Self.uri(queue.queueID, of: queue.accountID)
        writer.object { object in
            object.member("accountId", queue.accountID.text)
            object.member("alias", queue.alias)
            object.member("averageQueueRemovalTime", standing.averageRemovalSeconds)
            object.member("averageWaitTime", standing.averageWaitSeconds)
            object.member("currentSize", standing.currentSize)
            object.member("dateCreated", queue.dateCreated.rfc1123)
            object.member("dateUpdated", queue.dateUpdated.rfc1123)
            object.member("maxSize", queue.maxSize)
            object.member("queueId", queue.queueID.text)
            object.member("revision", queue.revision)
            object.member("subresourceUris") { subresources in
                subresources.member("logs", uri + "/Logs")
                subresources.member("members", uri + "/Members")
            }
            object.member("uri", uri)
        }
    }
}

/// A member of a queue (docs/contract/rest.md#queue-members).
struct QueueMemberResource {
    let member: QueueMember

    func write(to writer: inout JSONWriter) {
        writer.object { object in
            object.member("callId", member.callID.text)
            object.member("dateEnqueued", member.dateEnqueued.rfc1123)
            object.member("position", member.position)
            object.member(
                "uri", QueueResource.uri(member.queueID, of: member.accountID) + "/Members/\(member.callID)")
            object.member("waitTime", member.waitSeconds)
        }
    }
}
