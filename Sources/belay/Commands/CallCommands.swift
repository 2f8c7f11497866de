import API
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

    func validate() throws {
        try Limit.check(limit)
        guard !active || status == nil else { throw ValidationError("--active or --status, not both") }
    }

    func run() async throws {
        try await ClientCommand.run {
            let client = try access.client()
            var query: [String] = active ? ["active=true"] : []
            let filters = [("status", status), ("to", to.map(PartyFilter.text)), ("from", from.map(PartyFilter.text))]
            for (name, value) in filters {
                if let value { query.append("\(name)=\(Query.encode(value))") }
            }
            let path = client.path("/Calls") + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
            let calls = try await client.items(path, "calls", limit: limit)
            if json {
                for call in calls { Terminal.print(lines: call.text) }
                return
            }
            guard !calls.isEmpty else {
                let what = filters.compactMap { name, value in value.map { "\(name) \($0)" } }.joined(separator: ", ")
                return Terminal.say("no \(active ? "active " : "")calls\(what.isEmpty ? " yet" : " of \(what)")")
            }
            let rows = calls.map { call in
                [
                    call["dateCreatedISO"]?.string ?? "", call["direction"]?.string ?? "", call["from"]?.string ?? "",
                    call["to"]?.string ?? "", call["status"]?.string ?? "", call["callEndedReason"]?.string ?? "-",
                    call["callId"]?.string ?? "",
                ]
            }
            Terminal.print(
                lines: Terminal.table([["created", "direction", "from", "to", "status", "reason", "call"]] + rows))
        }
    }
}

/// `belay logs` and `belay show`.
struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Tell a call's story, a line for each thing that happened; or search all logs.",
        discussion: """
            Times of a call are seconds since it was asked for. With --pql the logs of all calls are searched, and \
            what belongs to no call, such as requests that were refused: oldest first, the newest at the end. With \
            --follow a call's story goes on until its end, and without a call everything that happens on the account \
            is told from now on, until Ctrl-C.

            Examples:
              belay logs CA0123… --json
              belay logs --follow
              belay logs --pql 'level = "error"'
              belay logs --pql 'metadata.scope = "webhook" AND timestamp > 2026-01-31T12:00Z' --limit 1000
            """)

    @OptionGroup var access: ServerAccess
    @Argument(help: ArgumentHelp("The call, conference or queue; without it, the newest call.", valueName: "call"))
    var call: String?
    @Option(help: ArgumentHelp("Search the logs of all calls (docs/logs.md).", valueName: "query"))
    var pql: String?
    @Option(help: ArgumentHelp("At most so many: the newest (all of a call, 100 of what --pql finds).", valueName: "n"))
    var limit: Int?
    @Flag(help: "Go on telling: a call until its end; without one, all calls from now on.")
    var follow = false
    @Flag(help: "A JSON object in each line.")
    var json = false

    func validate() throws {
        if let limit { try Limit.check(limit) }
        guard !follow || (pql == nil && limit == nil) else {
            throw ValidationError("--follow tells everything as it happens; --pql and --limit choose from what has")
        }
        guard !follow || call.flatMap({ SharedRoom($0) }) == nil else {
            throw ValidationError("--follow tells a call, or without one the whole account")
        }
        guard pql == nil || call == nil else {
            throw ValidationError("--pql searches all calls; for one, name it in the query: callId = \"CA…\"")
        }
    }

    func run() async throws {
        try await ClientCommand.run {
            let client = try access.client()
            if follow { return try await follow(client) }
            if let pql {
                let found = try await client.logs(pql, limit: limit ?? Self.defaultLimit).reversed() as [JSONValue]
                tell(found, CallStory(start: nil))
                if found.isEmpty { Terminal.say("nothing found") }
                return
            }
            let id = try await CallSelection.id(call, client)
            let path = client.path(SharedRoom.storyPath(of: id))
            let log = try await client.items(path, "logs").reversed() as [JSONValue]
            tell(log.suffix(limit ?? .max), CallStory(start: log.first?["timestamp"]?.integerValue ?? 0))
        }
    }

    private func follow(_ client: APIClient) async throws {
        let interruption = Interruption(nil)
        defer { interruption.cancel() }
        guard let call else { return try await followAccount(client) }
        var start: Int64?
        _ = try await CallFollower(client: client, callID: call).follow { entry in
            start = start ?? entry["timestamp"]?.integerValue
            tell([entry], CallStory(start: start ?? 0))
        }
    }

    private func followAccount(_ client: APIClient) async throws {
        let feed = FeedFollower(client: client, path: client.path("/Feed"), clock: ContinuousClock())
        let end = try await feed.follow { name, data -> FeedFollower.Verdict<Never> in
            switch name {
            case "log": tell([data], CallStory(start: nil))
            case "gap": Terminal.say("belay: the connection was lost for so long that entries are missing here")
            default: break
            }
            return .goOn
        }
        guard case .noFeed = end else { return }
        throw ClientError(
            "\(client.server) has no feed of all calls, or none to spare; belay logs --pql asks for what has happened")
    }

    private static let defaultLimit = 100

    private func tell(_ log: some Sequence<JSONValue>, _ story: CallStory) {
        for entry in log {
            if json { Terminal.print(lines: entry.text) } else { Terminal.print(story.line(entry, .lines)) }
        }
    }
}

struct ShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show everything that explains a call, a conference or a queue.",
        discussion: """
            The call, its whole story with every SIP message, webhook (request, answer, timing), PerCL command and \
            the media figures, its recordings, and what the simulated carrier's side heard and said. With --follow the \
            story is told as it happens, and the call behind its end; Ctrl-C ends the command and not the call.
            Of a conference, and of a queue, it is who is in it, and its story: who came and went, what became of it, \
            what was told of it.

            Examples:
              belay show CA0123…
              belay show CF0123…
              belay show --follow
            """)

    @OptionGroup var access: ServerAccess
    @Argument(help: ArgumentHelp("The call, conference or queue; without it, the newest call.", valueName: "call"))
    var call: String?
    @Flag(help: "Tell the story as it happens, until the call is over.")
    var follow = false

    func validate() throws {
        guard !follow || call.flatMap({ SharedRoom($0) }) == nil else {
            throw ValidationError("--follow tells a call; a conference and a queue are shown as they are")
        }
    }

    func run() async throws {
        try await ClientCommand.run {
            let client = try access.client()
            if let room = call.flatMap({ SharedRoom($0) }) { return try await room.show(client) }
            let id = try await CallSelection.id(call, client)
            if follow {
                let report = CallReport(client: client, callID: id, isQuiet: false, detail: .everything)
                let call = try await report.follow()
                Terminal.print("")
                Terminal.print(lines: Terminal.table(Self.head(call.resource)))
            } else {
                let resource = try await client.get(client.path("/Calls/\(id)"))
                Terminal.print(lines: Terminal.table(Self.head(resource)))
                Terminal.print("")
                let log = try await client.items(client.path("/Calls/\(id)/Logs"), "logs").reversed() as [JSONValue]
                let story = CallStory(start: log.first?["timestamp"]?.integerValue ?? 0)
                for entry in log { Terminal.print(story.line(entry, .everything)) }
            }
            try await showFiles(of: id, client)
        }
    }

    /// Its recordings, and what the carrier's side kept.
    private func showFiles(of id: String, _ client: APIClient) async throws {
        let recordings = try await client.items(client.path("/Calls/\(id)/Recordings"), "recordings")
        if !recordings.isEmpty { Terminal.print("") }
        for recording in recordings { Terminal.print("\(RecordingLine.text(recording))") }
        let files = CarrierFiles(folder: access.folder).files(of: id)
        if !files.isEmpty { Terminal.print("") }
        for file in files { Terminal.print("heard (left) and said (right) by the carrier's side: \(file)") }
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
            Each is written as RECORDING.wav into the folder, and its path printed. With --carrier the paths are those \
            of what the simulated carrier's side heard and said, which lie in the server's data folder already.

            Examples:
              belay recording CA0123… --into /tmp
              belay recording CA0123… --carrier
            """)

    @OptionGroup var access: ServerAccess
    @Argument(help: ArgumentHelp("The call; without it, the newest.", valueName: "call"))
    var call: String?
    @Option(help: ArgumentHelp("The folder to write to, made where it is missing (.).", valueName: "dir"))
    var into: String?
    @Flag(help: "Print where the simulated carrier keeps what its side of the call heard and said.")
    var carrier = false

    func validate() throws {
        guard !carrier || into == nil else { throw ValidationError("--carrier or --into, not both") }
    }

    func run() async throws {
        try await ClientCommand.run {
            let client = try access.client()
            let id = try await CallSelection.id(call, client)
            if carrier { return try await tellOfCarrier(id, client) }
            let recordings = try await client.items(client.path("/Calls/\(id)/Recordings"), "recordings")
            guard !recordings.isEmpty else {
                throw ClientError(
                    "the call \(id) has no recordings; its script makes them with StartRecordCall or RecordUtterance "
                        + "(what the simulated carrier heard: --carrier)")
            }
            let into = into ?? "."
            do { try FileManager.default.createDirectory(atPath: into, withIntermediateDirectories: true) } catch {
                throw ClientError("the folder \(into) cannot be made: \(FileFailure.words(error))")
            }
            for recording in recordings {
                guard let name = recording["recordingId"]?.string, let url = recording["downloadUrl"]?.string else {
                    Terminal.say("a recording's file is gone: \(recording["recordingId"]?.string ?? "")")
                    continue
                }
                let path = "\(into)/\(name).wav"
                let bytes = try await client.file("/apiserver" + url)
                do { try Data(bytes).write(to: URL(filePath: path)) } catch {
                    throw ClientError("\(path) cannot be written: \(FileFailure.words(error))")
                }
                Terminal.print("\(path)")
            }
        }
    }
}

extension RecordingCommand {
    /// A call that nobody picked up has none.
    private func tellOfCarrier(_ id: String, _ client: APIClient) async throws {
        // A call that does not exist is said to be none.
        _ = try await client.get(client.path("/Calls/\(id)"))
        let files = CarrierFiles(folder: access.folder).files(of: id)
        guard !files.isEmpty else {
            throw ClientError(
                "\(access.folder)/carrier has nothing of the call \(id): nobody of the simulated carrier picked up, or "
                    + "the folder is not the server's (--data)")
        }
        for file in files { Terminal.print("\(file)") }
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
