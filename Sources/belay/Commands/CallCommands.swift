import ArgumentParser
import Foundation
import JSON

/// `belay calls`.
struct CallsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calls", abstract: "List calls, newest first.",
        discussion: """
            Examples:
              belay calls --active
              belay calls --status busy --limit 5 --json
            """)

    @OptionGroup var access: ServerAccess
    @Flag(help: "Only those that are queued, ringing or in progress.")
    var active = false
    @Option(help: ArgumentHelp("Only those of this status.", valueName: "status"))
    var status: String?
    @Option(help: ArgumentHelp("Only those to this number.", valueName: "number"))
    var to: String?
    @Option(help: ArgumentHelp("Only those from this number.", valueName: "number"))
    var from: String?
    @Option(help: ArgumentHelp("At most so many.", valueName: "n"))
    var limit = 20
    @Flag(help: "A JSON object in each line.")
    var json = false

    func run() async throws {
        try await ClientCommand.run {
            let client = try access.client()
            var query: [String] = active ? ["active=true"] : []
            for (name, value) in [("status", status), ("to", to), ("from", from)] {
                let allowed = CharacterSet.alphanumerics
                if let text = value?.addingPercentEncoding(withAllowedCharacters: allowed) {
                    query.append("\(name)=\(text)")
                }
            }
            let path = client.path("/Calls") + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
            let calls = try await client.items(path, "calls", limit: max(1, limit))
            if json {
                for call in calls { Terminal.print(call.text) }
                return
            }
            guard !calls.isEmpty else { return Terminal.say("no calls") }
            let rows = calls.map { call in
                [
                    call["dateCreatedISO"]?.string ?? "", call["direction"]?.string ?? "", call["from"]?.string ?? "",
                    call["to"]?.string ?? "", call["status"]?.string ?? "", call["callEndedReason"]?.string ?? "",
                    call["callId"]?.string ?? "",
                ]
            }
            Terminal.print(
                Terminal.table([["created", "direction", "from", "to", "status", "ended by", "call"]] + rows))
        }
    }
}

/// `belay logs` and `belay show`.
struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Tell a call's story, a line for each thing that happened; or search all logs.",
        discussion: """
            Times of a call are seconds since it was asked for. With --pql the logs of all calls are searched, and \
            what belongs to no call, such as requests that were refused: oldest first, the newest at the end.

            Examples:
              belay logs CA0123… --json
              belay logs --pql 'level = "error"'
              belay logs --pql 'metadata.scope = "webhook" AND timestamp > 2026-01-31T12:00Z' --limit 1000
            """)

    @OptionGroup var access: ServerAccess
    @Argument(help: ArgumentHelp("The call; without it, the newest.", valueName: "call"))
    var call: String?
    @Option(help: ArgumentHelp("Search the logs of all calls (docs/logs.md).", valueName: "query"))
    var pql: String?
    @Option(help: ArgumentHelp("Of what --pql finds, at most so many: the newest.", valueName: "n"))
    var limit = 100
    @Flag(help: "A JSON object in each line.")
    var json = false

    func validate() throws {
        guard pql == nil || call == nil else {
            throw ValidationError("--pql searches all calls; for one, name it in the query: callId = \"CA…\"")
        }
    }

    func run() async throws {
        try await ClientCommand.run {
            let client = try access.client()
            if let pql {
                let found = try await client.logs(pql, limit: max(1, limit)).reversed() as [JSONValue]
                tell(found, CallStory(start: nil))
                if found.isEmpty { Terminal.say("nothing found") }
                return
            }
            let id = try await CallSelection.id(call, client)
            let log = try await client.items(client.path("/Calls/\(id)/Logs"), "logs").reversed() as [JSONValue]
            tell(log, CallStory(start: log.first?["timestamp"]?.integerValue ?? 0))
        }
    }

    private func tell(_ log: [JSONValue], _ story: CallStory) {
        for entry in log { Terminal.print(json ? entry.text : story.line(entry, .lines)) }
    }
}

struct ShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show everything that explains a call.",
        discussion: """
            The call, its whole story with every SIP message, webhook (request, answer, timing), PerCL command and \
            the media figures, and its recordings.

            Example:
              belay show CA0123…
            """)

    @OptionGroup var access: ServerAccess
    @Argument(help: ArgumentHelp("The call; without it, the newest.", valueName: "call"))
    var call: String?

    func run() async throws {
        try await ClientCommand.run {
            let client = try access.client()
            let id = try await CallSelection.id(call, client)
            let resource = try await client.get(client.path("/Calls/\(id)"))
            Terminal.print(Terminal.table(Self.head(resource)))
            Terminal.print("")
            let log = try await client.items(client.path("/Calls/\(id)/Logs"), "logs").reversed() as [JSONValue]
            let story = CallStory(start: log.first?["timestamp"]?.integerValue ?? 0)
            for entry in log { Terminal.print(story.line(entry, .everything)) }
            let recordings = try await client.items(client.path("/Calls/\(id)/Recordings"), "recordings")
            if !recordings.isEmpty { Terminal.print("") }
            for recording in recordings {
                let length = recording["durationSec"]?.integerValue.map { "\($0) s" } ?? "being made"
                Terminal.print("recording \(recording["recordingId"]?.string ?? ""), \(length)")
            }
        }
    }

    private static func head(_ call: JSONValue) -> [[String]] {
        let fields = [
            "callId", "direction", "from", "to", "status", "callEndedReason", "answeredBy", "parentCallId",
            "applicationId", "dateCreatedISO", "startTimeISO", "connectTimeISO", "endTimeISO", "duration",
            "connectDuration",
        ]
        return fields.compactMap { name in
            guard let value = call[name], value != .null else { return nil }
            return [name, value.string ?? value.text]
        }
    }
}

/// `belay recording`.
struct RecordingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recording", abstract: "Download a call's recordings.",
        discussion: """
            Each is written as RECORDING.wav into the folder, and its path printed.

            Example:
              belay recording CA0123… --into /tmp
            """)

    @OptionGroup var access: ServerAccess
    @Argument(help: ArgumentHelp("The call; without it, the newest.", valueName: "call"))
    var call: String?
    @Option(help: ArgumentHelp("The folder to write to.", valueName: "dir"))
    var into = "."

    func run() async throws {
        try await ClientCommand.run {
            let client = try access.client()
            let id = try await CallSelection.id(call, client)
            let recordings = try await client.items(client.path("/Calls/\(id)/Recordings"), "recordings")
            guard !recordings.isEmpty else { throw ClientError("the call \(id) has no recordings") }
            for recording in recordings {
                guard let name = recording["recordingId"]?.string, let url = recording["downloadUrl"]?.string else {
                    Terminal.say("a recording's file is gone: \(recording["recordingId"]?.string ?? "")")
                    continue
                }
                let path = "\(into)/\(name).wav"
                let bytes = try await client.file("/apiserver" + url)
                do { try Data(bytes).write(to: URL(filePath: path)) } catch {
                    throw ClientError("\(path) cannot be written: \(error.localizedDescription)")
                }
                Terminal.print(path)
            }
        }
    }
}

/// Which call a command means.
enum CallSelection {
    static func id(_ given: String?, _ client: APIClient) async throws -> String {
        if let given { return given }
        guard let newest = try await client.items(client.path("/Calls"), "calls", limit: 1).first,
            let id = newest["callId"]?.string
        else { throw ClientError("there are no calls yet") }
        return id
    }
}
