import Hummingbird

/// What may be asked about the server itself.
struct ServerRoutes: Sendable {
    let health: any HealthService
    /// What this room itself counts.
    let writeOwn: @Sendable (inout MetricsText) -> Void

    /// For anybody.
    var routes: [Route] {
        [
            .open(.get, "/health", "get-health") { _ in Answer.text(200, "ok\n") },
            .open(.get, "/ready", "get-readiness") { _ in
                guard let reason = await health.reasonNotReady() else { return Answer.text(200, "ready\n") }
                return Answer.text(503, "not ready: \(reason)\n")
            },
            .open(.get, "/errors/{code}", "explain-an-error", explain),
        ]
    }

    /// - Parameter isOpen: anybody may ask; else the operator alone.
    func metrics(isOpen: Bool) -> Route {
        Route(
            method: .get, path: "/metrics", operation: "get-metrics",
            handler: isOpen ? .open(metrics) : .operator(metrics))
    }

    @Sendable private func metrics(_ exchange: APIExchange) async throws -> Response {
        var own = MetricsText()
        writeOwn(&own)
        return Answer.text(
            200, await health.metricsText() + own.text, type: "text/plain; version=0.0.4; charset=utf-8")
    }

    /// Where an error's `url` leads.
    @Sendable private func explain(_ exchange: APIExchange) async throws -> Response {
        guard let code = exchange.parameters.get("code").flatMap({ Int($0) }).flatMap({ ErrorCode(rawValue: $0) })
        else {
            throw APIError.notFound("There is no such error code.")
        }
        return Answer.text(200, "\(code.rawValue) \(code.title)\n\n\(code.explanation)\n")
    }
}
