import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Telephony

/// Around every route: the request's id, the asker's identity, and an answer for whatever is thrown.
struct APIResponder: Sendable {
    let services: APIServices
    let publicURL: WebURL?
    let authenticator: Authenticator
    let operatorAuthenticator: OperatorAuthenticator

    /// How long a connection stays after an answer that refused its body, so that the answer is read before the
    /// close; meanwhile what still comes in is thrown away.
    static let lingerSeconds: Int64 = 2

    private static let requestIDHeader = HTTPField.Name("Request-Id")

    init(services: APIServices, publicURL: WebURL?, operatorTokenHash: [UInt8]?) {
        self.services = services
        self.publicURL = publicURL
        operatorAuthenticator = OperatorAuthenticator(tokenHash: operatorTokenHash)
        self.authenticator = Authenticator(directory: services.directory)
    }

    func respond(_ request: Request, _ context: APIRequestContext, _ handler: Route.Handler) async -> Response {
        await respond(request, context) { exchange in
            switch handler {
            case .open(let answer):
                return try await answer(exchange)
            case .operator(let answer):
                try operatorAuthenticator.authenticate(request.headers)
                return try await answer(exchange)
            case .account(let answer):
                // Before the body is read: a stranger's costs nothing.
                let account = try authenticator.authenticate(
                    request.headers, owner: context.parameters.get("accountId"))
                return try await answer(exchange, account)
            }
        }
    }

    /// The answer to what no route takes.
    func refuse(_ request: Request, _ context: APIRequestContext, table: RouteTable) async -> Response {
        await respond(request, context) { _ in
            let path = request.uri.path
            let shown = String(path.prefix(FieldFault.maximumShownLength))
            let methods = table.methods(at: path)
            guard !methods.isEmpty else { throw APIError.notFound("Nothing is at \(shown).") }
            throw APIError.methodNotAllowed(request.method.rawValue, path: shown, allowed: methods)
        }
    }

    private func respond(
        _ request: Request, _ context: APIRequestContext, _ answer: (Exchange) async throws -> Response
    ) async -> Response {
        let exchange = Exchange(
            request: request, parameters: context.parameters,
            requestID: services.identifiers.draw(RequestKind.self), logger: context.logger, context: context)
        var response: Response
        do {
            response = try await answer(exchange)
        } catch let error as APIError {
            response = Answer.error(error, publicURL: publicURL)
        } catch let refusal as CallRefusal {
            response = Answer.error(APIError(refusal), publicURL: publicURL)
        } catch {
            context.logger.error(
                "A request failed",
                metadata: [
                    "requestId": "\(exchange.requestID)", "method": "\(request.method)", "path": "\(request.uri.path)",
                    "error": "\(error)",
                ])
            response = Answer.error(.internalFailure, publicURL: publicURL)
        }
        if let name = Self.requestIDHeader { response.headers[name] = exchange.requestID.text }
        if response.headers[.connection] == "close" { closeLater(context.channel) }
        return response
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
