import API
import JSON

/// Listens to a feed, and where the connection is lost, or the server ends the stream before the feed's end, again behind
/// the last event that came (docs/contract/feed.md#ids).
struct FeedFollower {
    /// What an event means to whoever follows.
    enum Verdict<Result> {
        case goOn
        /// What is awaited should come within so long of this event.
        case goOnBriefly(Duration)
        case done(Result)
    }

    /// What following came to.
    enum End<Result> {
        case done(Result)
        /// What was awaited did not come in time.
        case outOfPatience
        /// The server has no such feed, or none to spare: what it would tell can be asked for.
        case noFeed
    }

    /// Between one connection and the next, while nothing comes of any: a server that is started anew is waited for.
    private static let pauses: [Duration] = [
        .milliseconds(100), .milliseconds(200), .milliseconds(500), .seconds(1), .seconds(2), .seconds(4), .seconds(8),
    ]

    /// A connection that lasted so long is worth another, although nothing new came of it.
    private static let lasting = Duration.seconds(30)

    let client: APIClient
    let path: String
    let clock: any Clock<Duration>

    /// - Parameter take: each event, with its data.
    /// - Throws: why there is no connection: of the first at once, later when enough were tried.
    func follow<Result>(_ take: (_ name: String, _ data: JSONValue) -> Verdict<Result>) async throws -> End<Result> {
        var last: String?
        var failures = 0
        var wasOpen = false
        while true {
            var reason = ClientError("\(client.server) ends the feed again and again")
            do {
                guard let connection = try await client.feed(path, behind: last) else { return .noFeed }
                wasOpen = true
                let opened = ContinuousClock.now
                let before = last
                var patience: Task<Bool, Never>?
                defer {
                    patience?.cancel()
                    connection.close()
                    if last != before || ContinuousClock.now - opened >= Self.lasting { failures = 0 }
                }
                for try await event in connection.events {
                    last = event.id ?? last
                    guard let data = try? JSONValue(parsing: event.data) else {
                        throw client.isNoBelay("its feed is not JSON")
                    }
                    switch take(event.name, data) {
                    case .goOn: break
                    case .goOnBriefly(let time): patience = patience ?? end(connection, after: time)
                    case .done(let result): return .done(result)
                    }
                }
                patience?.cancel()
                if await patience?.value == true { return .outOfPatience }
            } catch let error as ClientError {
                throw error
            } catch let lost as FeedConnection.Lost {
                reason = lost.reason
            } catch {
                reason = client.unreachable(error)
            }
            guard wasOpen, failures < Self.pauses.count else { throw reason }
            try await clock.sleep(for: Self.pauses[failures])
            failures += 1
        }
    }

    /// Closes it when the time is over; false where that was called off before.
    private func end(_ connection: FeedConnection, after time: Duration) -> Task<Bool, Never> {
        Task {
            do { try await clock.sleep(for: time) } catch { return false }
            connection.close()
            return true
        }
    }
}
