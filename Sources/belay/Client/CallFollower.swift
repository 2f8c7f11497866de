import Foundation
import JSON

/// Follows a call until it is over: by its feed (docs/contract/feed.md#a-call), and where the server has none to give, by
/// asking again and again.
struct CallFollower {
    private static let finalStatuses: Set<String> = ["completed", "canceled", "busy", "failed", "noAnswer"]
    /// Behind its last status, what is noted still (the last webhook's answer, the media figures) is waited for so long: a
    /// far end that does not answer a BYE may take half a minute of it.
    private static let patience = Duration.seconds(5)
    private static let pollPause = Duration.milliseconds(100)
    /// Without a feed nobody says when it is all: so many times nothing has come.
    private static let settlingPolls = 10

    let client: APIClient
    let callID: String
    var clock: any Clock<Duration> = ContinuousClock()

    static func isOver(_ call: JSONValue) -> Bool { finalStatuses.contains(call["status"]?.string ?? "") }

    /// - Parameter tell: each entry of the log, oldest first, once.
    /// - Returns: the call's resource at its end.
    func follow(_ tell: (JSONValue) -> Void) async throws -> JSONValue {
        var told = 0
        var latest: JSONValue?
        let feed = FeedFollower(client: client, path: client.path("/Calls/\(callID)/Feed"), clock: clock)
        let end = try await feed.follow { name, data -> FeedFollower.Verdict<JSONValue> in
            switch name {
            case "log":
                told += 1
                tell(data)
            case "call":
                latest = data
                if Self.isOver(data) { return .goOnBriefly(Self.patience) }
            case "end": return .done(data)
            default: break
            }
            return .goOn
        }
        switch end {
        case .done(let call): return call
        case .outOfPatience: if let latest { return latest }
        case .noFeed: break
        }
        return try await poll(told: told, tell)
    }

    /// - Parameter told: so many entries were told already.
    private func poll(told: Int, _ tell: (JSONValue) -> Void) async throws -> JSONValue {
        var told = told
        var pollsAfterEnd = 0
        while true {
            let call = try await client.get(client.path("/Calls/\(callID)"))
            let log = try await client.items(client.path("/Calls/\(callID)/Logs"), "logs").reversed() as [JSONValue]
            for entry in log.dropFirst(told) { tell(entry) }
            if log.count > told { pollsAfterEnd = 0 }
            told = log.count
            if Self.isOver(call) {
                pollsAfterEnd += 1
                if pollsAfterEnd > Self.settlingPolls { return call }
            }
            try await clock.sleep(for: Self.pollPause)
        }
    }
}
