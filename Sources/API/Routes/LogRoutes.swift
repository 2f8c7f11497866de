import Hummingbird
import JSON
import PQL
import Telephony

/// `~/Logs` (docs/contract/rest.md#logs). A call's own log is at `~/Calls/{callId}/Logs`.
struct LogRoutes: Sendable {
    let services: APIServices

    var routes: [Route] {
        [
            .account(.get, "/Logs", "list-all-account-logs", list),
            .account(.post, "/Logs", "filter-logs", search),
        ]
    }

    /// The whole log, or, by a cursor, a further page of whatever list the cursor is of.
    @Sendable private func list(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        var reader = exchange.queryReader()
        let cursor = reader.logCursor()
        reader.refuse("pql", allowed: "nothing here: a query is posted to the same path as {\"pql\": \"…\"}")
        try reader.check()
        return try await answer(account, query: cursor?.query, after: cursor?.position)
    }

    @Sendable private func search(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        var reader = exchange.queryReader()
        let cursor = reader.logCursor()
        let query = try Self.query(try await exchange.fields())
        if let cursor, cursor.query != query {
            reader.refuse("cursor", allowed: "one from a nextPageUri of the same query")
        }
        try reader.check()
        return try await answer(account, query: query, after: cursor?.position)
    }

    /// What the body asks for. Its other fields are passed over (docs/contract/rest.md#logs).
    private static func query(_ fields: BodyFields) throws(APIError) -> LogQuery {
        var fields = fields
        let allowed = "a query such as level = \"error\" AND timestamp > 2020-06-22T19:42:53Z"
        let value = fields.value("pql")
        if value == nil { fields.missing("pql", allowed: allowed) }
        if let value, value.string == nil { let _: Never? = fields.malformed("pql", value, allowed) }
        try fields.check()
        let text = value?.string ?? ""
        do { return try LogQuery(text) } catch { throw .querySyntax(error, in: text) }
    }

    private func answer(
        _ account: Account, query: LogQuery?, after position: LogPosition?
    ) async throws -> Response {
        let page: LogPage
        do {
            page = try await services.calls.logs(of: account.accountID, matching: query, after: position)
        } catch let refusal as LogRefusal {
            throw APIError(refusal, query: query?.text ?? "")
        }
        let resource = PageResource(
            items: page.entries, total: page.total, start: page.start,
            cursor: page.next.map { LogCursor(position: $0, query: query).text },
            path: "/Accounts/\(account.accountID)/Logs")
        return Answer.json(200) { writer in
            resource.write(to: &writer, name: "logs") { LogEntryResource(entry: $1).write(to: &$0) }
        }
    }
}
