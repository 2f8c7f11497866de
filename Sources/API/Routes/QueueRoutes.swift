import Hummingbird
import JSON
import Telephony

/// `~/Queues` and their members (docs/contract/rest.md#queues, docs/contract/rest.md#queue-members).
struct QueueRoutes: Sendable {
    let services: APIServices

    var routes: [Route] {
        [
            .account(.get, "/Queues", "list-active-queues", list),
            .account(.post, "/Queues", "create-a-queue", create),
            .account(.get, "/Queues/{queueId}", "get-a-queue", get),
            .account(.post, "/Queues/{queueId}", "update-a-queue", update),
            .account(.get, "/Queues/{queueId}/Members", "list-members", members),
            .account(.get, "/Queues/{queueId}/Members/Front", "get-head-member", head),
            .account(.post, "/Queues/{queueId}/Members/Front", "dequeue-head-member", dequeueHead),
            .account(.get, "/Queues/{queueId}/Members/{callId}", "get-a-member", member),
            .account(.post, "/Queues/{queueId}/Members/{callId}", "dequeue-a-member", dequeue),
        ]
    }

    // MARK: Queues

    @Sendable private func list(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        var reader = exchange.queryReader()
        let alias = reader.text("alias")
        let cursor = reader.cursor()
        try reader.check()
        guard case .queues(let page) = try await ask(.list(alias: alias, after: cursor), exchange, account) else {
            throw APIError.internalFailure
        }
        let resource = PageResource(
            page, path: "/Accounts/\(account.accountID)/Queues", filters: [("alias", alias)])
        return Answer.json(200) { writer in
            resource.write(to: &writer, name: "queues") { QueueResource(standing: $1).write(to: &$0) }
        }
    }

    @Sendable private func create(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        let change = try QueueBody(try await exchange.fields()).change
        let queue = CallQueue(
            queueID: services.identifiers.draw(QueueKind.self), accountID: account.accountID,
            alias: change.alias ?? nil, maxSize: change.maxSize ?? CallQueue.usualSize, isKept: true,
            created: services.now())
        return try await answer(201, .create(queue), exchange, account)
    }

    @Sendable private func get(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        try await answer(200, .get(try Self.queueID(exchange)), exchange, account)
    }

    @Sendable private func update(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        let id = try Self.queueID(exchange)
        let change = try QueueBody(try await exchange.fields()).change
        return try await answer(200, .update(id, change), exchange, account)
    }

    // MARK: Members

    @Sendable private func members(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        let id = try Self.queueID(exchange)
        var reader = exchange.queryReader()
        let cursor = reader.cursor()
        try reader.check()
        guard case .members(let page) = try await ask(.members(id, after: cursor), exchange, account, id) else {
            throw APIError.internalFailure
        }
        let resource = PageResource(page, path: QueueResource.uri(id, of: account.accountID) + "/Members")
        return Answer.json(200) { writer in
            resource.write(to: &writer, name: "queueMembers") { QueueMemberResource(member: $1).write(to: &$0) }
        }
    }

    @Sendable private func head(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        try await answer(200, .member(try Self.queueID(exchange), nil), exchange, account)
    }

    @Sendable private func dequeueHead(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        try await answer(202, .dequeue(try Self.queueID(exchange), nil), exchange, account)
    }

    @Sendable private func member(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        let (id, call) = try Self.place(exchange)
        return try await answer(200, .member(id, call), exchange, account, id, call)
    }

    @Sendable private func dequeue(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        let (id, call) = try Self.place(exchange)
        return try await answer(202, .dequeue(id, call), exchange, account, id, call)
    }

    // MARK: Steps

    private func ask(
        _ request: QueueRequest, _ exchange: APIExchange, _ account: Account, _ id: QueueID? = nil,
        _ call: CallID? = nil
    ) async throws(APIError) -> QueueReply {
        let reply = await services.queues.ask(request, of: account.accountID, by: exchange.requestID)
        switch reply {
        case .queue, .queues, .members, .member: return reply
        case .noQueue: throw .noQueue(id?.text ?? "")
        case .noMember:
            throw .notFound(
                call.map { "No call \($0) waits in queue \(id?.text ?? "")." }
                    ?? "Nobody waits in queue \(id?.text ?? "").")
        case .tooMany:
            throw .conflict("The account has \(CallQueue.maximumCount) queues, as many as it may.")
        case .notStored: throw APIError(CallRefusal.diskFailing)
        }
    }

    private func answer(
        _ status: Int, _ request: QueueRequest, _ exchange: APIExchange, _ account: Account, _ id: QueueID? = nil,
        _ call: CallID? = nil
    ) async throws(APIError) -> Response {
        let id = id ?? request.queueID
        switch try await ask(request, exchange, account, id, call) {
        case .queue(let standing): return Answer.json(status) { QueueResource(standing: standing).write(to: &$0) }
        case .member(let member): return Answer.json(status) { QueueMemberResource(member: member).write(to: &$0) }
        case .queues, .members, .noQueue, .noMember, .tooMany, .notStored: throw APIError.internalFailure
        }
    }

    private static func queueID(_ exchange: APIExchange) throws(APIError) -> QueueID {
        let text = exchange.parameters.get("queueId") ?? ""
        guard let id = QueueID(text) else { throw .noQueue(text) }
        return id
    }

    private static func place(_ exchange: APIExchange) throws(APIError) -> (QueueID, CallID) {
        let id = try queueID(exchange)
        let text = exchange.parameters.get("callId") ?? ""
        guard let call = CallID(text) else {
            throw .notFound(text, CallKind.self, "The queue has no call")
        }
        return (id, call)
    }
}

extension QueueRequest {
    /// Of the queue that it asks about.
    fileprivate var queueID: QueueID? {
        switch self {
        case .create, .list: nil
        case .get(let id), .update(let id, _), .members(let id, _), .member(let id, _), .dequeue(let id, _): id
        }
    }
}
