package import HTTPTypes
import Hummingbird
import Telephony

/// One operation of the API: a method, a path, and what answers it.
package struct Route: Sendable {
    /// What answers, and whether the asker must be known for it.
    enum Handler: Sendable {
        /// Anybody may ask; nothing about a customer is told.
        case open(@Sendable (APIExchange) async throws -> Response)
        /// Only the operator may ask.
        case `operator`(@Sendable (APIExchange) async throws -> Response)
        /// Any account may ask; the path names none.
        case anyAccount(@Sendable (APIExchange, Account) async throws -> Response)
        /// Only the account that the path names may ask.
        case account(@Sendable (APIExchange, Account) async throws -> Response)
    }

    package let method: HTTPRequest.Method
    /// With its parameters in braces, as openapi.yaml writes it.
    package let path: String
    /// The name of the operation in openapi.yaml.
    package let operation: String
    let handler: Handler

    /// A route below `/apiserver/Accounts/{accountId}`.
    static func account(
        _ method: HTTPRequest.Method, _ path: String, _ operation: String,
        _ handler: @escaping @Sendable (APIExchange, Account) async throws -> Response
    ) -> Self {
        Self(
            method: method, path: "/apiserver/Accounts/{accountId}" + path, operation: operation,
            handler: .account(handler))
    }

    /// A route below `/admin`.
    static func operation(
        _ method: HTTPRequest.Method, _ path: String, _ operation: String,
        _ handler: @escaping @Sendable (APIExchange) async throws -> Response
    ) -> Self {
        Self(method: method, path: "/admin" + path, operation: operation, handler: .operator(handler))
    }

    static func open(
        _ method: HTTPRequest.Method, _ path: String, _ operation: String,
        _ handler: @escaping @Sendable (APIExchange) async throws -> Response
    ) -> Self {
        Self(method: method, path: path, operation: operation, handler: .open(handler))
    }
}

/// All routes, for telling a path that does not exist from one that lacks the method.
package struct RouteTable: Sendable {
    package let routes: [Route]

    /// The methods that this path has, in the table's order; none for an unknown path. Each GET answers HEAD too
    /// (RFC 9110 §9.1).
    func methods(at path: String) -> [String] {
        let segments = path.split(separator: "/")
        var methods: [String] = []
        for route in routes where Self.matches(route.path.split(separator: "/"), segments) {
            methods.append(route.method.rawValue)
            if route.method == .get { methods.append(HTTPRequest.Method.head.rawValue) }
        }
        return methods
    }

    private static func matches(_ pattern: [Substring], _ segments: [Substring]) -> Bool {
        pattern.count == segments.count && zip(pattern, segments).allSatisfy { $0 == $1 || $0.hasPrefix("{") }
    }
}
