import Hummingbird
import JSON
import Telephony

/// `~`, the account itself (docs/contract/rest.md#accounts).
struct AccountRoutes: Sendable {
    let services: APIServices

    var routes: [Route] {
        [
            .account(.get, "", "get-an-account", get),
            .account(.post, "", "update-an-account", update),
        ]
    }

    @Sendable private func get(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        Answer.json(200) { AccountResource(account: account).write(to: &$0) }
    }

    @Sendable private func update(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        let body = try AccountBody(try await exchange.fields())
        let now = services.now()
        let updated = try await services.directory.updateAccount(account.accountID) { account in
            body.apply(to: &account)
            account.revision += 1
            account.dateUpdated = now
        }
        guard updated != nil else { throw APIError.unauthorized }
        return Answer.empty(204)
    }
}
