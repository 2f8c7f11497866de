import HTTPTypes
import Hummingbird
import JSON
import Logging
import NIOCore
import Telephony

/// Around every route: the request's id, the asker's identity, and an answer for whatever is thrown.
struct APIResponder: Sendable {
    let services: APIServices
    let publicURL: WebURL?
    let doorkeeper: Doorkeeper
    /// Of the listener that this responder answers.
    let connections: Connections

    /// How long a connection stays after an answer that refused its body, so that the answer is read before the
    /// close; meanwhile what still comes in is thrown away.
    static let lingerSeconds: Int64 = 2

    private static let requestIDHeader = HTTPField.Name("Request-Id")

    /// What was passed over (ours).
    private static let warningHeader = HTTPField.Name("Belay-Warning")

    func respond(_ request: Request, _ context: APIRequestContext, _ route: Route) async -> Response {
        await respond(request, context) { exchange in
            switch route.handler {
            case .open(let answer):
                return try await answer(exchange)
            case .operator(let answer):
                try await doorkeeper.operator(request, context, connections)
                return try await answer(exchange)
            case .anyAccount(let answer):
                let account = try await doorkeeper.account(request, context, owner: nil, connections)
                defer { exchange.remarks.finish(exchange.query) }
                return try await answer(exchange, account)
            case .account(let answer):
                // Before the body is read: a stranger's costs nothing.
                let account = try await doorkeeper.account(
                    request, context, owner: context.parameters.get("accountId") ?? "", connections)
                defer { exchange.remarks.finish(exchange.query) }
                return try await noting(exchange, account, route) { try await answer(exchange, account) }
            }
        }
    }

    /// What changes something, and what was refused, stands in the account's log; but for Make a Call, which tells more
    /// itself, and reading.
    private func noting(
        _ exchange: APIExchange, _ account: Account, _ route: Route, _ answer: () async throws -> Response
    ) async throws -> Response {
        guard route.method != .get, !Self.untold.contains(route.operation) else { return try await answer() }
        do {
            let response = try await answer()
            if !Self.toldByCall.contains(route.operation) {
                note(exchange, account, .info, "\(route.operation): \(response.status.code)", [:])
            }
            return response
        } catch {
            let error = (error as? APIError) ?? (error as? CallRefusal).map(APIError.init) ?? .failure(error)
            note(
                exchange, account, .warning, "\(route.operation) was refused: \(error.message)",
                [
                    "status": .integer(Int64(error.status)), "code": .integer(Int64(error.code.rawValue)),
                    "details": error.details,
                ])
            throw error
        }
    }

    private func note(
        _ exchange: APIExchange, _ account: Account, _ level: JournalLevel, _ message: String,
        _ more: [String: JSONValue]
    ) {
        let path = exchange.request.uri.path.dropFirst("/apiserver".count)
        let metadata = ["method": .string(exchange.request.method.rawValue), "path": .string(String(path.prefix(200)))]
            .merging(more) { own, _ in own }
        services.calls.note(
            JournalEntry(
                timestamp: services.now(), sequence: 0, level: level, scope: .request, accountID: account.accountID,
                callID: nil, requestID: exchange.requestID, message: message, metadata: metadata))
    }

    /// Changes nothing, or tells its own story.
    private static let untold: Set<String> = ["make-a-call", "filter-logs"]
    /// Where it was taken it stands in the call's log.
    private static let toldByCall: Set<String> = ["update-a-live-call"]

    /// The answer to what no route takes.
    func refuse(_ request: Request, _ context: APIRequestContext, table: RouteTable) async -> Response {
        await respond(request, context) { _ in
            let path = request.uri.path
            let shown = FieldFault.quoted(path)
            let methods = table.methods(at: path)
            guard !methods.isEmpty else { throw UnknownPath(path, request.method, table).error }
            throw APIError.methodNotAllowed(request.method.rawValue, path: shown, allowed: methods)
        }
    }

    private func respond(
        _ request: Request, _ context: APIRequestContext, _ answer: (APIExchange) async throws -> Response
    ) async -> Response {
        let exchange = APIExchange(
            request: request, parameters: context.parameters,
            requestID: services.identifiers.draw(RequestKind.self), logger: context.logger, context: context)
        var response: Response
        do {
            response = try await answer(exchange)
        } catch let error as APIError {
            response = Answer.error(error, base: base(request))
        } catch let refusal as CallRefusal {
            response = Answer.error(APIError(refusal), base: base(request))
        } catch {
            context.logger.error(
                "A request failed",
                metadata: [
                    "requestId": "\(exchange.requestID)", "method": "\(request.method)", "path": "\(request.uri.path)",
                    "error": "\(error)",
                ])
            response = Answer.error(.failure(error), base: base(request))
        }
        if let name = Self.requestIDHeader { response.headers[name] = exchange.requestID.text }
        let remarks = exchange.remarks.sentences
        if let name = Self.warningHeader, !remarks.isEmpty { response.headers[name] = remarks.joined(separator: " ") }
        // A stream has no length, and closes its connection itself.
        if response.headers[.connection] == "close", response.body.contentLength != nil { closeLater(context.channel) }
        return response
    }

    /// What the link of an error begins with, so that it works for whoever asked: what the configuration names, else
    /// the host that the request itself was sent to.
    private func base(_ request: Request) -> String {
        if let publicURL { return publicURL.text }
        return request.head.authority.flatMap { WebURL("http://\($0)") }?.text ?? ""
    }

    private func closeLater(_ channel: any Channel) {
        channel.eventLoop.scheduleTask(in: .seconds(Self.lingerSeconds)) { channel.close(promise: nil) }
    }
}

/// Answers what the router finds no route for.
struct UnknownPathMiddleware: RouterMiddleware {
    let responder: APIResponder
    let table: RouteTable

    func handle(
        _ request: Request, context: APIRequestContext,
        next: (Request, APIRequestContext) async throws -> Response
    ) async throws -> Response {
        await responder.refuse(request, context, table: table)
    }
}
