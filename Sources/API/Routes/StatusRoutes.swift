import Hummingbird
import JSON

/// `/admin/status` (ours): how the running server is. For the operator alone, since it names folders and hosts.
struct StatusRoutes: Sendable {
    let status: any StatusService

    var routes: [Route] {
        [
            .operation(.get, "/status", "get-status") { _ in
                let json = StatusResource(status: await status.status()).json
                return Answer.json(200) { $0.value(json) }
            }
        ]
    }
}
