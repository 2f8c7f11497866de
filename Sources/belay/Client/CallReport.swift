import JSON

/// Tells a call to the terminal as it happens, and what it came to.
struct CallReport {
    let client: APIClient
    let callID: String
    let isQuiet: Bool

    /// The call's resource at its end.
    func follow() async throws -> JSONValue {
        var story: CallStory?
        return try await CallFollower(client: client, callID: callID).follow { entry in
            guard !isQuiet else { return }
            let told = story ?? CallStory(start: entry["timestamp"]?.integerValue ?? 0)
            story = told
            Terminal.print(told.line(entry, .lines))
        }
    }

    static func summary(_ call: JSONValue) -> String {
        let status = call["status"]?.string ?? "?"
        let reason = call["callEndedReason"]?.string.map { " (\($0))" } ?? ""
        let seconds = call["connectDuration"]?.integerValue.map { ", \($0) s on the line" } ?? ""
        return Terminal.paint("\(status)\(reason)\(seconds)", exitCode(call) == 0 ? .green : .yellow)
    }

    /// What a webhook app or its script can do wrong (spec §5.3).
    private static let faults: Set<String> = [
        "webhookFailed", "webhookInvalidResponse", "appNoPercl", "appInvalidPercl", "perclProcessingError",
        "maxRedirectsError", "internalError",
    ]

    static func exitCode(_ call: JSONValue) -> Int32 {
        switch call["status"]?.string {
        case "completed": faults.contains(call["callEndedReason"]?.string ?? "") ? 5 : 0
        case "busy": 1
        case "noAnswer": 2
        case "canceled": 4
        default: 3
        }
    }
}
