import Hummingbird
import JSON
import Telephony

/// `/admin` (ours): accounts, their keys and rules, and the brake for all dialling. For the operator alone.
struct AdministrationRoutes: Sendable {
    let services: APIServices
    let administration: any AdministrationService
    let keyUse: KeyUse

    private static let hexadecimalDigits = 40

    var routes: [Route] {
        [
            .operation(.get, "/accounts", "list-accounts", list),
            .operation(.post, "/accounts", "create-an-account", create),
            .operation(.get, "/accounts/{accountId}", "show-an-account", show),
            .operation(.post, "/accounts/{accountId}", "change-an-account", change),
            .operation(.get, "/accounts/{accountId}/keys", "list-keys", keys),
            .operation(.post, "/accounts/{accountId}/keys", "add-a-key", addKey),
            .operation(.delete, "/accounts/{accountId}/keys", "revoke-the-older-key", revokeKey),
            .operation(.post, "/accounts/{accountId}/signing-secrets", "add-a-signing-secret", addSecret),
            .operation(
                .delete, "/accounts/{accountId}/signing-secrets", "revoke-the-older-signing-secret", revokeSecret),
            .operation(.get, "/calls", "list-ended-calls", endedCalls),
            .operation(.get, "/dialling", "get-dialling", dialling),
            .operation(.post, "/dialling", "stop-or-start-dialling", setDialling),
        ]
    }

    // MARK: Accounts

    @Sendable private func list(_ exchange: APIExchange) async throws -> Response {
        let accounts = administration.accounts
        return Answer.json(200) { writer in
            writer.object { object in
                object.member("accounts", .array(accounts.map { AdministeredAccount(account: $0).json }))
            }
        }
    }

    /// A new account's key and secret are told here and never again.
    @Sendable private func create(_ exchange: APIExchange) async throws -> Response {
        let body = try AdministrationBody(try await exchange.fields())
        let now = services.now()
        var account = Account(
            accountID: services.identifiers.draw(AccountKind.self), kind: .trial, status: .active, created: now)
        body.apply(to: &account)
        let key = services.identifiers.drawDigits(Self.hexadecimalDigits)
        let secret = "sigsec_" + services.identifiers.drawDigits(Self.hexadecimalDigits)
        try await administration.createAccount(
            account,
            AccountCredentials(
                accountID: account.accountID, apiKeyHashes: [Authenticator.hash(ofKey: key.utf8)],
                signingSecrets: [secret]))
        let made = account
        return answer(201, AdministeredAccount(account: made, apiKey: key, signingSecret: secret))
    }

    @Sendable private func show(_ exchange: APIExchange) async throws -> Response {
        answer(200, AdministeredAccount(account: try account(exchange)))
    }

    @Sendable private func change(_ exchange: APIExchange) async throws -> Response {
        let account = try account(exchange)
        let body = try AdministrationBody(try await exchange.fields())
        if account.status == .closed {
            throw APIError.conflict("The account is closed, and a closed account stays as it is.")
        }
        let now = services.now()
        let changed = try await services.directory.updateAccount(account.accountID) { account in
            body.apply(to: &account)
            account.revision += 1
            account.dateUpdated = now
        }
        guard let changed else { throw Self.noAccount(account.accountID.text) }
        return answer(200, AdministeredAccount(account: changed))
    }

    private func account(_ exchange: APIExchange) throws(APIError) -> Account {
        let text = exchange.parameters.get("accountId") ?? ""
        guard let id = AccountID(text), let account = services.directory.account(id) else {
            throw Self.noAccount(text)
        }
        return account
    }

    private func answer(_ status: Int, _ account: AdministeredAccount) -> Response {
        let json = account.json
        return Answer.json(status) { $0.value(json) }
    }

    private static func noAccount(_ text: String) -> APIError {
        .notFound(text, AccountKind.self, "There is no account")
    }

    // MARK: Keys and secrets

    /// How many are good and when each was shown last, the latest key first; never the keys themselves.
    @Sendable private func keys(_ exchange: APIExchange) async throws -> Response {
        let credentials = services.directory.credentials(of: try account(exchange).accountID)
        let uses = (credentials?.apiKeyHashes ?? []).map { hash in
            JSONValue.object(["lastUsed": JSONValue(keyUse.last(hash)?.iso8601)])
        }
        let secrets = credentials?.signingSecrets.count ?? 0
        return Answer.json(200) { writer in
            writer.object { object in
                object.member("keys", .array(uses))
                object.member("signingSecrets", secrets)
            }
        }
    }

    @Sendable private func addKey(_ exchange: APIExchange) async throws -> Response {
        let account = try account(exchange)
        let key = services.identifiers.drawDigits(Self.hexadecimalDigits)
        let hash = Authenticator.hash(ofKey: key.utf8)
        try await update(account) { $0.addKey(hash: hash) }
        return answer(201, AdministeredAccount(account: account, apiKey: key))
    }

    @Sendable private func revokeKey(_ exchange: APIExchange) async throws -> Response {
        try await update(try account(exchange)) { $0.apiKeyHashes = Array($0.apiKeyHashes.prefix(1)) }
        return Answer.empty(204)
    }

    @Sendable private func addSecret(_ exchange: APIExchange) async throws -> Response {
        let account = try account(exchange)
        let secret = "sigsec_" + services.identifiers.drawDigits(Self.hexadecimalDigits)
        try await update(account) { $0.addSigningSecret(secret) }
        return answer(201, AdministeredAccount(account: account, signingSecret: secret))
    }

    @Sendable private func revokeSecret(_ exchange: APIExchange) async throws -> Response {
        try await update(try account(exchange)) { $0.signingSecrets = Array($0.signingSecrets.prefix(1)) }
        return Answer.empty(204)
    }

    private func update(
        _ account: Account, _ change: @escaping @Sendable (inout AccountCredentials) -> Void
    ) async throws {
        guard try await administration.updateCredentials(of: account.accountID, change) != nil else {
            throw Self.noAccount(account.accountID.text)
        }
    }

    // MARK: Records of calls

    @Sendable private func endedCalls(_ exchange: APIExchange) async throws -> Response {
        var reader = exchange.queryReader()
        let filter = EndedCallFilter(
            accountID: reader.identifier("accountId"), since: reader.span("since")?.lowerBound,
            // Periods follow one another without a gap: until a day is until it begins.
            until: reader.span("until")?.lowerBound)
        let position = reader.endedCallPosition()
        try reader.check()
        let found = try await services.calls.endedCalls(matching: filter, after: position)
        return Answer.json(200) { writer in
            writer.object { object in
                object.member("calls", array: found.calls) { CallDetailRecord(call: $1).write(to: &$0) }
                object.member("cursor", found.next?.text)
            }
        }
    }

    // MARK: The brake

    @Sendable private func dialling(_ exchange: APIExchange) async throws -> Response { diallingAnswer() }

    @Sendable private func setDialling(_ exchange: APIExchange) async throws -> Response {
        var fields = try await exchange.fields()
        let isStopped = fields.flag("stopped")
        let hangsUp = fields.flag("hangUp") ?? false
        if !fields.isPresent("stopped") { fields.missing("stopped", allowed: "true or false") }
        try fields.check()
        if isStopped == true {
            try await administration.stopDialling(hangingUp: hangsUp)
        } else {
            try await administration.startDialling()
        }
        return diallingAnswer()
    }

    private func diallingAnswer() -> Response {
        let isStopped = administration.isDiallingStopped
        return Answer.json(200) { writer in
            writer.object { $0.member("stopped", .bool(isStopped)) }
        }
    }
}
