import Foundation
import JSON
import Telephony

/// A call's log told to a person: when, and what happened.
struct CallStory {
    enum Detail {
        /// One line for each entry.
        case lines
        /// With what is behind each entry: SIP messages, webhooks' bodies and timing, figures.
        case everything
    }

    /// Microseconds since 1970; times are told relative to it. Nil for entries of many calls: each is told with its
    /// date and its call.
    let start: Int64?

    func line(_ entry: JSONValue, _ detail: Detail) -> TerminalText {
        let message = entry["message"]?.string ?? ""
        let mark: TerminalText
        switch entry["level"]?.string {
        case "error": mark = Terminal.paint("✗", .red)
        case "warning": mark = Terminal.paint("!", .yellow)
        default: mark = " "
        }
        var lines: [TerminalText] = [
            "\(Terminal.paint("\(clock(entry))", .grey)) \(mark) \(message)\(remark(entry))"
        ]
        if detail == .everything {
            lines += details(entry).map { "              \(Terminal.paint("\($0)", .grey))" }
        }
        return lines.joined(separator: "\n")
    }

    private func clock(_ entry: JSONValue) -> String {
        let time = entry["timestamp"]?.integerValue ?? start ?? 0
        if let start { return String(format: "%9.3f", Double(time - start) / 1_000_000) }
        // As wide as an identifier; of a conference's story that.
        let owner = entry["callId"]?.string ?? entry["metadata"]?["conferenceId"]?.string
        return "\(Timestamp(microseconds: time).iso8601) \(owner ?? String(repeating: " ", count: 42))"
    }

    /// What the line itself needs to be understood.
    private func remark(_ entry: JSONValue) -> String {
        guard let metadata = entry["metadata"] else { return "" }
        if metadata["scope"]?.string == "media", metadata["packetsSent"] != nil { return " (\(figures(metadata)))" }
        var parts: [String] = []
        // What is told of several calls names the one that it is about.
        if entry["callId"] == .null, let call = metadata["callId"]?.string { parts.append(call) }
        if metadata["isRetransmission"] == true { parts.append("again") }
        if let milliseconds = metadata["milliseconds"]?.integerValue { parts.append("\(milliseconds) ms") }
        if let reason = metadata["callEndedReason"]?.string { parts.append(reason) }
        if let cause = metadata["cause"]?.string { parts.append(cause) }
        if case .number(let confidence)? = metadata["confidence"] {
            parts.append("\(Int((confidence * 100).rounded())) % sure")
        }
        for name in ["explanation", "text", "digits", "digit"] {
            guard metadata["scope"]?.string != "sip", let text = metadata[name]?.string, !text.isEmpty else { continue }
            parts.append(text.count > 100 ? text.prefix(100) + "…" : text)
        }
        return parts.isEmpty ? "" : " (" + parts.joined(separator: "; ") + ")"
    }

    /// The media figures in a few words.
    private func figures(_ metadata: JSONValue) -> String {
        func count(_ name: String) -> Int64 { metadata[name]?.integerValue ?? 0 }
        var parts = ["\(count("packetsSent")) packets sent", "\(count("packetsReceived")) received"]
        for (name, words) in [("packetsLost", "lost"), ("packetsLate", "too late"), ("packetsRejected", "refused")]
        where count(name) > 0 { parts.append("\(count(name)) \(words)") }
        if case .number(let jitter)? = metadata["jitterMilliseconds"], count("packetsReceived") > 0 {
            parts.append(String(format: "%.1f ms jitter", jitter))
        }
        if let codec = metadata["codec"]?.string { parts.insert(codec, at: 0) }
        return parts.joined(separator: ", ")
    }

    private func details(_ entry: JSONValue) -> [String] {
        guard case .object(let members)? = entry["metadata"] else { return [] }
        var lines: [String] = []
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            if ["scope", "sequence", "explanation", "milliseconds", "isRetransmission", "direction"].contains(name) {
                continue
            }
            let text = value.string ?? value.text
            let parts = text.split(whereSeparator: \.isNewline)
            guard parts.count > 1 else {
                lines.append("\(name): \(text)")
                continue
            }
            if name != "text" { lines.append("\(name):") }
            lines += parts.map { "  " + $0 }
        }
        return lines
    }
}

extension JSONValue {
    var integerValue: Int64? { if case .integer(let number) = self { number } else { nil } }
}
