import Foundation
import JSON
import Logging
import Runtime
import Synchronization
import Telephony

/// The server's own log, on stderr: a line a message, for people or, where a program reads it, as a JSON object.
struct ServerLog: Sendable {
    enum Format: String, CaseIterable {
        /// For people where stdout is a terminal, JSON otherwise.
        case auto, text, json

        var isJSON: Bool {
            switch self {
            case .auto: isatty(STDOUT_FILENO) == 0
            case .text: false
            case .json: true
            }
        }
    }

    private let shared: Shared

    init(level: Logger.Level, format: Format) { shared = Shared(level: level, isJSON: format.isJSON) }

    func logger(_ label: String) -> Logger { Logger(label: label) { ServerLogHandler(label: $0, shared: shared) } }

    /// Holds for every logger from now on.
    func set(_ level: Logger.Level) { shared.level.withLock { $0 = level } }

    fileprivate final class Shared: Sendable {
        let level: Mutex<Logger.Level>
        let isJSON: Bool

        init(level: Logger.Level, isJSON: Bool) {
            self.level = Mutex(level)
            self.isJSON = isJSON
        }
    }
}

private struct ServerLogHandler: LogHandler {
    let label: String
    let shared: ServerLog.Shared
    var metadata: Logger.Metadata = [:]

    init(label: String, shared: ServerLog.Shared) {
        self.label = label
        self.shared = shared
    }

    /// Of all handlers together; one that a library sets for a logger of its own is not taken.
    var logLevel: Logger.Level {
        get { shared.level.withLock { $0 } }
        // swift-format-ignore: the protocol asks for it.
        set {}
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, own in own }
        // A message may hold what a peer sent: one line stays one line, and does nothing to a terminal.
        let line = VisibleText.line(shared.isJSON ? json(event, all) : text(event, all))
        try? FileHandle.standardError.write(contentsOf: Data((line + "\n").utf8))
    }

    private func json(_ event: LogEvent, _ metadata: Logger.Metadata) -> String {
        var members: [String: JSONValue] = [
            "timestamp": .string(SystemClock.wall().iso8601), "level": .string(event.level.rawValue),
            "logger": .string(label), "message": .string("\(event.message)"),
        ]
        for (name, value) in metadata where members[name] == nil { members[name] = .string("\(value)") }
        return JSONValue.object(members).text
    }

    private func text(_ event: LogEvent, _ metadata: Logger.Metadata) -> String {
        let pairs = metadata.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        let message = "\(event.message)".split(whereSeparator: \.isNewline).joined(separator: " | ")
        return "\(SystemClock.wall().iso8601) \(event.level.rawValue) \(message)\(pairs)"
    }
}
