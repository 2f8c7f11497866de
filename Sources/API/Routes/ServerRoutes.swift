import Hummingbird

/// What anybody may ask about the server itself.
struct ServerRoutes: Sendable {
    let health: any HealthService

    var routes: [Route] {
        [
            .open(.get, "/health", "get-health") { _ in Answer.text(200, "ok\n") },
            .open(.get, "/ready", "get-readiness") { _ in
                health.isReady ? Answer.text(200, "ready\n") : Answer.text(503, "not ready\n")
            },
            .open(.get, "/metrics", "get-metrics") { _ in
                Answer.text(200, await health.metricsText(), type: "text/plain; version=0.0.4; charset=utf-8")
            },
            .open(.get, "/errors/{code}", "explain-an-error", explain),
        ]
    }

    /// Where an error's `url` leads.
    @Sendable private func explain(_ exchange: Exchange) async throws -> Response {
        guard let code = exchange.parameters.get("code").flatMap({ Int($0) }).flatMap({ ErrorCode(rawValue: $0) })
        else {
            throw APIError.notFound("There is no such error code.")
        }
        return Answer.text(200, "\(code.rawValue) \(code.title)\n\n\(code.explanation)\n")
    }
}
