import API
import ServiceLifecycle

/// Gives feeds their signs of life, and ends them when the server stops: once the calls are over, so that their ends are
/// told, and before the REST API, which waits for its answers (docs/contract/feed.md#the-end).
struct FeedHeart: Service {
    let feed: Feed

    func run() async throws {
        await cancelWhenGracefulShutdown {
            do {
                while true {
                    try await Task.sleep(for: .seconds(Feed.beatSeconds))
                    feed.beat()
                }
            } catch {
                // The server stops.
            }
        }
        feed.close()
    }
}
