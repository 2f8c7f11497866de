import API
import HTTPTypes
import JSON
import Telephony
import Testing

/// docs/contract/rest.md#queues, docs/contract/rest.md#queue-members.
@Suite("Queues over REST")
struct QueueRouteTests {
    private static let queueID = "QU" + String(repeating: "a", count: 40)
    private static let callID = "CA" + String(repeating: "b", count: 40)

    private static func queue(_ test: TestServer) throws -> CallQueue {
        var queue = CallQueue(
            queueID: try #require(QueueID(queueID)), accountID: test.account, alias: "sales", maxSize: 25, isKept: true,
            created: TestServer.start)
        queue.revision = 3
        return queue
    }

    private static func member(_ test: TestServer) throws -> QueueMember {
        QueueMember(
            queueID: try #require(QueueID(queueID)), accountID: test.account, callID: try #require(CallID(callID)),
            waitSeconds: 12, position: 2, dateEnqueued: TestServer.start)
    }

    @Test("The resources have every field")
    func resource() async throws {
        let test = try TestServer()
        test.queues.prepare(
            .queue(
                QueueStanding(
                    queue: try Self.queue(test), currentSize: 2, averageRemovalSeconds: 41, averageWaitSeconds: 7)))
        let reply = try await test.send(.get, "\(test.base)/Queues/\(Self.queueID)")
        let uri = "/Accounts/\(test.account)/Queues/\(Self.queueID)"
        #expect(reply.status == 200)
        #expect(
            reply.json
                == [
                    "accountId": .string(test.account.text), "alias": "sales", "averageQueueRemovalTime": 41,
                    "averageWaitTime": 7, "currentSize": 2, "dateCreated": "Wed, 09 Oct 2024 15:05:03 GMT",
                    "dateUpdated": "Wed, 09 Oct 2024 15:05:03 GMT", "maxSize": 25, "queueId": .string(Self.queueID),
                    "revision": 3,
                    "subresourceUris": [
                        "logs": .string(uri + "/Logs"), "members": .string(uri + "/Members"),
                    ], "uri": .string(uri),
                ])
        test.queues.prepare(.member(try Self.member(test)))
        let member = try await test.send(.get, "\(test.base)/Queues/\(Self.queueID)/Members/\(Self.callID)")
        #expect(
            member.json
                == [
                    "callId": .string(Self.callID), "dateEnqueued": "Wed, 09 Oct 2024 15:05:03 GMT", "position": 2,
                    "uri": .string(uri + "/Members/\(Self.callID)"), "waitTime": 12,
                ])
    }

    @Test("What is asked of the queues, and how it is answered")
    func requests() async throws {
        let test = try TestServer()
        let (id, call) = (try #require(QueueID(Self.queueID)), try #require(CallID(Self.callID)))
        let made = try await test.send(.post, "\(test.base)/Queues", json: ["alias": "sales", "maxSize": 25])
        #expect(made.status == 201)
        guard case .create(let queue)? = test.queues.asked.last else {
            Issue.record("nothing was created")
            return
        }
        #expect(queue.alias == "sales" && queue.maxSize == 25 && queue.isKept && queue.accountID == test.account)
        let standing = QueueStanding(
            queue: try Self.queue(test), currentSize: 0, averageRemovalSeconds: 0, averageWaitSeconds: 0)
        test.queues.prepare(
            .queue(standing), .member(try Self.member(test)), .member(try Self.member(test)), .noMember, .noQueue,
            .tooMany,
            .notStored)
        #expect(try await test.send(.post, "\(test.base)/Queues/\(id)", json: ["alias": .null]).status == 200)
        #expect(test.queues.asked.last == .update(id, QueueChange(alias: .some(nil))))
        #expect(try await test.send(.post, "\(test.base)/Queues/\(id)/Members/Front").status == 202)
        #expect(test.queues.asked.last == .dequeue(id, nil))
        #expect(try await test.send(.post, "\(test.base)/Queues/\(id)/Members/\(call)").status == 202)
        #expect(test.queues.asked.last == .dequeue(id, call))
        #expect(try await test.send(.get, "\(test.base)/Queues/\(id)/Members/Front").status == 404)
        #expect(test.queues.asked.last == .member(id, nil))
        #expect(try await test.send(.get, "\(test.base)/Queues/\(id)").status == 404)
        #expect(try await test.send(.post, "\(test.base)/Queues", json: [:]).status == 409)
        #expect(try await test.send(.post, "\(test.base)/Queues", json: [:]).status == 503)
    }

    @Test(
        "A queue takes 1 to 1,000 calls and an alias of 64 characters; nothing said is a hundred, unnamed")
    func made() async throws {
        let test = try TestServer()
        for (body, size, alias) in [
            ([:], 100, nil), (["maxSize": 1], 1, nil), (["maxSize": 1000, "alias": .null], 1000, nil),
            (["alias": .string(String(repeating: "ü", count: 64))], 100, String(repeating: "ü", count: 64)),
        ] as [([String: JSONValue], Int, String?)] {
            #expect(try await test.send(.post, "\(test.base)/Queues", json: .object(body)).status == 201)
            guard case .create(let queue)? = test.queues.asked.last else {
                Issue.record("nothing was created")
                return
            }
            #expect(queue.maxSize == size && queue.alias == alias)
        }
    }

    @Test("A change says what it names and leaves the rest")
    func changes() async throws {
        let test = try TestServer()
        let id = try #require(QueueID(Self.queueID))
        for (body, change) in [
            (["maxSize": 7], QueueChange(maxSize: 7)), (["alias": "new"], QueueChange(alias: .some("new"))),
            (["alias": "new", "maxSize": 7], QueueChange(alias: .some("new"), maxSize: 7)),
            (["alias": .null, "maxSize": .null], QueueChange(alias: .some(nil))), ([:], QueueChange()),
        ] as [([String: JSONValue], QueueChange)] {
            _ = try await test.send(.post, "\(test.base)/Queues/\(id)", json: .object(body))
            #expect(test.queues.asked.last == .update(id, change))
        }
    }

    @Test("What is not there is named, and its form where it is no identifier at all")
    func notThere() async throws {
        let test = try TestServer()
        test.queues.prepare(.noQueue, .noMember, .noMember)
        let noQueue = try await test.send(.get, "\(test.base)/Queues/\(Self.queueID)")
        #expect(noQueue.message == "The account has no queue \(Self.queueID).")
        let noMember = try await test.send(.get, "\(test.base)/Queues/\(Self.queueID)/Members/\(Self.callID)")
        #expect(noMember.message == "No call \(Self.callID) waits in queue \(Self.queueID).")
        let nobody = try await test.send(.post, "\(test.base)/Queues/\(Self.queueID)/Members/Front")
        #expect(nobody.message == "Nobody waits in queue \(Self.queueID).")
        let asked = test.queues.asked.count
        for path in ["Queues/x", "Queues/x/Members", "Queues/\(Self.queueID)/Members/x"] {
            let reply = try await test.send(.get, "\(test.base)/\(path)")
            #expect(reply.status == 404 && reply.message.contains("hexadecimal digits"), "\(reply.text)")
        }
        #expect(test.queues.asked.count == asked)
    }

    @Test(
        "What is no queue is refused by its field, before anything is asked",
        arguments: [
            (["maxSize": 0], "maxSize"), (["maxSize": 1001], "maxSize"), (["maxSize": "25"], "maxSize"),
            (["alias": .string(String(repeating: "a", count: 65))], "alias"), (["alias": 7], "alias"),
        ] as [([String: JSONValue], String)])
    func refused(_ body: [String: JSONValue], _ field: String) async throws {
        let test = try TestServer()
        let reply = try await test.send(.post, "\(test.base)/Queues", json: .object(body))
        #expect(reply.status == 400)
        #expect(reply.message.contains(field), "\(reply.message)")
        #expect(test.queues.asked.isEmpty)
    }
}
