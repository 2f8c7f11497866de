import Foundation
import JSON

/// Follows a call over REST until it is over.
struct CallFollower {
    private static let finalStatuses: Set<String> = ["completed", "canceled", "busy", "failed", "noAnswer"]
    /// After the end, entries that come behind it (the last webhook's answer, the media figures) are waited for so long.
    private static let settlingPolls = 10
    private static let pollNanoseconds: UInt64 = 100_000_000

    let client: APIClient
    let callID: String

    static func isOver(_ call: JSONValue) -> Bool { finalStatuses.contains(call["status"]?.string ?? "") }

    /// - Parameter tell: each entry of the log, oldest first, once.
    /// - Returns: the call's resource at its end.
    func follow(_ tell: (JSONValue) -> Void) async throws -> JSONValue {
        var told = 0
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
            try await Task.sleep(nanoseconds: Self.pollNanoseconds)
        }
    }
}
