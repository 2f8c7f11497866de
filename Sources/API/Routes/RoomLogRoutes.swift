import Hummingbird
import JSON
import Telephony

/// `~/Conferences/{conferenceId}/Logs` and `~/Queues/{queueId}/Logs` (docs/contract/rest.md#logs, ours).
struct RoomLogRoutes: Sendable {
    let services: APIServices

    var routes: [Route] {
        [
            .account(.get, "/Conferences/{conferenceId}/Logs", "list-conference-logs", conference),
            .account(.get, "/Queues/{queueId}/Logs", "list-queue-logs", queue),
        ]
    }

    @Sendable private func conference(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        let cursor = try Self.cursor(exchange)
        let id = try await services.conference(exchange, of: account).conferenceID
        let page = try await services.conferences.story(
            of: .conference(id), account: account.accountID, after: cursor)
        return Self.answer(page, at: ConferenceResource.uri(id, of: account.accountID))
    }

    /// What Enqueue made is gone with its last call, and its story is there still.
    @Sendable private func queue(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        let text = exchange.parameters.get("queueId") ?? ""
        guard let id = QueueID(text) else { throw APIError.noQueue(text) }
        let cursor = try Self.cursor(exchange)
        let page = try await services.conferences.story(of: .queue(id), account: account.accountID, after: cursor)
        if page.items.isEmpty, cursor == nil,
            case .noQueue = await services.queues.ask(.get(id), of: account.accountID, by: exchange.requestID)
        {
            throw APIError.noQueue(text)
        }
        return Self.answer(page, at: QueueResource.uri(id, of: account.accountID))
    }

    private static func cursor(_ exchange: APIExchange) throws(APIError) -> PageCursor? {
        var reader = exchange.queryReader()
        let cursor = reader.cursor()
        try reader.check()
        return cursor
    }

    private static func answer(_ page: Page<JournalEntry>, at uri: String) -> Response {
        let resource = PageResource(page, path: uri + "/Logs")
        return Answer.json(200) { writer in
            resource.write(to: &writer, name: "logs") { LogEntryResource(entry: $1).write(to: &$0) }
        }
    }
}
