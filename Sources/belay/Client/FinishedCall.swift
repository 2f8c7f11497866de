import JSON

/// A call that is over: its resource, and its log, oldest first.
struct FinishedCall {
    let resource: JSONValue
    let log: [JSONValue]

    /// The exit code of `--strict` for a call that was completed, and not as it was to be.
    static let notAsWanted: Int32 = 6

    /// What a webhook app or its script can do wrong (docs/contract/calls.md#ended-reasons).
    private static let appFaults: Set<String> = [
        "webhookFailed", "webhookInvalidResponse", "appNoPercl", "appInvalidPercl", "perclProcessingError",
        "maxRedirectsError", "internalError", "configErrorNoApplication", "configErrorNoVoiceUrl",
    ]

    var exitCode: Int32 {
        switch resource["status"]?.string {
        case "completed": Self.appFaults.contains(resource["callEndedReason"]?.string ?? "") ? 5 : 0
        case "busy": 1
        case "noAnswer": 2
        case "canceled": 4
        default: 3
        }
    }

    /// One line: the status, the reason where it says more, how long, and for what went wrong, why.
    var summary: TerminalText {
        let status = resource["status"]?.string ?? "?"
        let reason = resource["callEndedReason"]?.string ?? status
        let seconds = resource["connectDuration"]?.integerValue.map { ", \($0) s on the line" } ?? ""
        let why = exitCode == 0 ? "" : explanation.map { ": \($0)" } ?? ""
        let text = status + (reason == status ? "" : " (\(reason))") + seconds + why
        return Terminal.paint("\(text)", exitCode == 0 ? .green : .yellow)
    }

    /// What the log gives as the reason of the end.
    private var explanation: String? {
        let end = log.last { $0["metadata"]?["scope"]?.string == "status" && $0["metadata"]?["callEndedReason"] != nil }
        return end?["metadata"]?["explanation"]?.string
    }

    /// What did not go as the script wanted, each in a sentence: warnings and errors of the log, and what was cut off.
    var faults: [String] {
        var faults: [String] = []
        var playing: JSONValue?
        for entry in log {
            let message = entry["message"]?.string ?? ""
            if ["warning", "error"].contains(entry["level"]?.string) {
                let why = ["explanation", "cause"].compactMap { entry["metadata"]?[$0]?.string }.first
                faults.append(message + (why.map { ": \($0)" } ?? ""))
            }
            guard message.hasPrefix("PerCL ") else { continue }
            let words = message.split(separator: " ")
            guard words.count > 1, ["Say", "Play", "PlayEarlyMedia"].contains(words[1]) else { continue }
            if words.count == 2 {
                playing = entry
            } else {
                playing = nil
                if words[2] == "skipped" { faults.append("\(words[1]) was not played to its end") }
            }
        }
        if let playing {
            let what = playing["metadata"]?["text"]?.string ?? playing["metadata"]?["file"]?.string ?? ""
            faults.append("\(playing["message"]?.string ?? "PerCL") was not played to its end (\(what.prefix(100)))")
        }
        return faults
    }
}
