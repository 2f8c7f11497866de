import Hummingbird
import JSON
import Telephony

/// `~/Applications` (docs/contract/rest.md#applications).
struct ApplicationRoutes: Sendable {
    let services: APIServices

    var routes: [Route] {
        [
            .account(.get, "/Applications", "list-applications", list),
            .account(.post, "/Applications", "create-an-application", create),
            .account(.get, "/Applications/{applicationId}", "get-an-application", get),
            .account(.post, "/Applications/{applicationId}", "update-an-application", update),
            .account(.delete, "/Applications/{applicationId}", "delete-an-application", delete),
        ]
    }

    @Sendable private func list(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        var reader = exchange.queryReader()
        let alias = reader.text("alias")
        let cursor = reader.cursor()
        try reader.check()
        let page = try await services.directory.applications(of: account.accountID, alias: alias, after: cursor)
        let resource = PageResource(
            page, path: "/Accounts/\(account.accountID)/Applications", filters: [("alias", alias)])
        return Answer.json(200) { writer in
            resource.write(to: &writer, name: "applications") { ApplicationResource(application: $1).write(to: &$0) }
        }
    }

    @Sendable private func create(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        let body = try ApplicationBody(try await exchange.fields())
        var application = Telephony.Application(
            applicationID: services.identifiers.draw(ApplicationKind.self), accountID: account.accountID,
            created: services.now())
        body.apply(to: &application)
        try await services.directory.createApplication(application)
        return Self.answer(201, application)
    }

    @Sendable private func get(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        let id = try Self.applicationID(exchange)
        guard let application = services.directory.application(id, of: account.accountID) else {
            throw Self.noApplication(id.text)
        }
        return Self.answer(200, application)
    }

    @Sendable private func update(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        let id = try Self.applicationID(exchange)
        let body = try ApplicationBody(try await exchange.fields())
        let now = services.now()
        let updated = try await services.directory.updateApplication(id, of: account.accountID) { application in
            body.apply(to: &application)
            application.revision += 1
            application.dateUpdated = now
        }
        guard let updated else { throw Self.noApplication(id.text) }
        return Self.answer(200, updated)
    }

    @Sendable private func delete(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        let id = try Self.applicationID(exchange)
        guard try await services.directory.deleteApplication(id, of: account.accountID) else {
            throw Self.noApplication(id.text)
        }
        return Answer.empty(204)
    }

    private static func answer(_ status: Int, _ application: Telephony.Application) -> Response {
        Answer.json(status) { ApplicationResource(application: application).write(to: &$0) }
    }

    private static func applicationID(_ exchange: APIExchange) throws(APIError) -> ApplicationID {
        let text = exchange.parameters.get("applicationId") ?? ""
        guard let id = ApplicationID(text) else { throw noApplication(text) }
        return id
    }

    private static func noApplication(_ text: String) -> APIError {
        .notFound(text, ApplicationKind.self, "The account has no application")
    }
}
