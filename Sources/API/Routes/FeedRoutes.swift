import HTTPTypes
import Hummingbird
import JSON
import NIOCore
import PQL
import Telephony

/// `~/Calls/{callId}/Feed` and `~/Feed` (docs/contract/feed.md#feeds).
struct FeedRoutes: Sendable {
    let services: APIServices

    var routes: [Route] {
        [
            .account(.get, "/Calls/{callId}/Feed", "follow-a-call", call),
            .account(.get, "/Feed", "follow-an-account", account),
        ]
    }

    @Sendable private func call(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        let text = exchange.parameters.get("callId") ?? ""
        let last = try place(exchange, "the sequence of an entry of the call, 0 or more") { FeedPlace.number($0) }
        guard let id = CallID(text), try await services.calls.call(id, of: account.accountID) != nil else {
            throw APIError.notFound(text, CallKind.self, "The account has no call")
        }
        let listening = try listen(exchange, to: id, account)
        let feed = CallFeed(
            id, of: account.accountID, behind: last ?? 0, calls: services.calls, listening: listening,
            pass: pass(exchange, account))
        return stream { output in
            var feed = feed
            try await feed.run(into: &output)
        }
    }

    @Sendable private func account(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        let last = try place(exchange, FeedPlace.form) { FeedPlace($0) }
        let listening = try listen(exchange, to: nil, account)
        var feed = AccountFeed(listening: listening, pass: pass(exchange, account))
        if let last { (feed.missed, feed.hasGap) = try await missed(since: last, account) }
        return stream { [feed] output in try await feed.run(into: &output) }
    }

    private func listen(
        _ exchange: APIExchange, to call: CallID?, _ account: Account
    ) throws(APIError) -> FeedListening {
        let channel = exchange.context.channel
        do {
            let listening = try services.feed.listen(to: call, of: account.accountID) {
                channel.eventLoop.scheduleTask(in: ConnectionLimits.linger) { channel.close(promise: nil) }
            }
            // Whoever has gone has a place no longer than it takes to see that; the stream itself holds it.
            ConnectionHandler.whenInputIsOver(on: channel) { [weak listening] in listening?.close() }
            return listening
        } catch {
            throw APIError(error)
        }
    }

    private func pass(_ exchange: APIExchange, _ account: Account) -> FeedPass {
        FeedPass(exchange.request.headers, account: account.accountID, directory: services.directory)
    }

    // MARK: Where to go on

    private static let lastEventID = HTTPField.Name("Last-Event-ID")

    /// Behind which event the feed is to begin. The header outweighs the parameter: a browser that connects again sends
    /// both, and the header is the later one (https://html.spec.whatwg.org §9.2.3).
    private func place<Place>(
        _ exchange: APIExchange, _ allowed: String, _ read: (String) -> Place?
    ) throws(APIError) -> Place? {
        var reader = exchange.queryReader()
        let parameter = reader.value("after", allowed: allowed, read)
        try reader.check()
        guard let name = Self.lastEventID, let text = exchange.request.headers[name] else { return parameter }
        guard let place = read(text) else {
            throw .faults([.malformed("Last-Event-ID", given: .string(text), allowed: allowed)])
        }
        return place
    }

    /// More than this of what was missed is not told.
    private static let mostMissed = 1_000

    /// What the log has since then, oldest first; true where it has more.
    private func missed(since place: FeedPlace, _ account: Account) async throws -> ([JournalEntry], Bool) {
        let query = try LogQuery("timestamp >= \(place.timestamp)")
        var entries: [JournalEntry] = []
        var position: LogPosition?
        repeat {
            let page: LogPage
            do {
                page = try await services.calls.logs(of: account.accountID, matching: query, after: position)
            } catch is LogRefusal {
                throw APIError.tooManyReads
            }
            entries += page.entries
            position = page.next
        } while position != nil && entries.count < Self.mostMissed
        return (entries.reversed().filter { !place.covers($0) }, position != nil)
    }

    // MARK: The stream

    private static let buffering = HTTPField.Name("X-Accel-Buffering")

    private func stream(_ run: @escaping @Sendable (inout EventOutput) async throws -> Void) -> Response {
        // Its connection serves nothing else afterwards.
        var headers: HTTPFields = [
            .contentType: ServerSentEvent.mediaType, .cacheControl: "no-store", .connection: "close",
        ]
        // nginx would keep events to itself until it has a page of them.
        if let name = Self.buffering { headers[name] = "no" }
        let body = ResponseBody { writer in
            var output = EventOutput(writer)
            try await run(&output)
            try await output.finish()
        }
        return Response(status: .ok, headers: headers, body: body)
    }
}
