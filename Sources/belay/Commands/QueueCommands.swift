import ArgumentParser
import Foundation
import JSON

/// `belay queue …`.
struct QueueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue", abstract: "The account's queues, who waits in them, and taking the next one out.",
        subcommands: [List.self, Create.self, Show.self, Members.self, Next.self], defaultSubcommand: List.self,
        aliases: ["queues"])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List them, newest first, with how many wait and for how long on average.")

        @OptionGroup var access: ServerAccess

        func run() async throws {
            try await ClientCommand.run {
                let client = try access.client()
                let rows = try await client.items(client.path("/Queues"), "queues").map { queue in
                    [
                        queue["queueId"]?.string ?? "", queue["alias"]?.string ?? "",
                        "\(queue["currentSize"]?.text ?? "") of \(queue["maxSize"]?.text ?? "")",
                        "\(queue["averageWaitTime"]?.text ?? "") s",
                    ]
                }
                Terminal.print(lines: Terminal.table(rows))
            }
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make one that stays when nobody is in it; prints its id.",
            discussion: "Example:\n  belay queue create --alias sales --max-size 25")

        @OptionGroup var access: ServerAccess
        @Option(help: ArgumentHelp("A name for people.", valueName: "text"))
        var alias: String?
        @Option(help: ArgumentHelp("So many calls wait in it at most (100).", valueName: "count"))
        var maxSize: Int?

        func run() async throws {
            try await ClientCommand.run {
                let client = try access.client()
                var body: [String: JSONValue] = [:]
                if let alias { body["alias"] = .string(alias) }
                if let maxSize { body["maxSize"] = .integer(Int64(maxSize)) }
                let made = try await client.post(client.path("/Queues"), .object(body))
                Terminal.print("\(made["queueId"]?.string ?? "")")
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one: who waits in it, and its whole story, as `belay show QUEUE` does.")

        @OptionGroup var access: ServerAccess
        @OptionGroup var queue: QueueArgument

        func run() async throws {
            try await ClientCommand.run { try await queue.room().show(try access.client()) }
        }
    }

    struct Members: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List who waits in one, in line.")

        @OptionGroup var access: ServerAccess
        @OptionGroup var queue: QueueArgument

        func run() async throws {
            try await ClientCommand.run {
                let rows = try await queue.room().rows(try access.client())
                Terminal.print(lines: Terminal.table(rows))
            }
        }
    }

    struct Next: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take out who is first in line, or the call that is named; prints the call.",
            discussion: """
                The call goes on at Enqueue's actionUrl.

                Example:
                  belay queue next QU0123…
                """)

        @OptionGroup var access: ServerAccess
        @OptionGroup var queue: QueueArgument
        @Argument(help: ArgumentHelp("The call; absent: whoever is first.", valueName: "call"))
        var call: String?

        func run() async throws {
            try await ClientCommand.run {
                let client = try access.client()
                let member = try await client.post(
                    client.path(try queue.room().path + "/Members/\(call ?? "Front")"), .object([:]))
                Terminal.print("\(member["callId"]?.string ?? "")")
            }
        }
    }
}

/// Which queue a command means.
struct QueueArgument: ParsableArguments {
    @Argument(help: ArgumentHelp("The queue.", valueName: "queue"))
    var queue: String

    func room() throws -> SharedRoom {
        guard queue.hasPrefix("QU"), let room = SharedRoom(queue) else {
            throw ClientError(
                "\(queue) names no queue, which is QU and 40 hexadecimal digits; `belay queue list` shows them")
        }
        return room
    }
}

/// `belay resume`.
struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Let a parked call go on, at Park's actionUrl.",
        discussion: "Example:\n  belay resume CA0123…")

    @OptionGroup var access: ServerAccess
    @Argument(help: ArgumentHelp("The call.", valueName: "call"))
    var call: String

    func run() async throws {
        try await ClientCommand.run {
            let client = try access.client()
            _ = try await client.post(client.path("/Calls/\(call)"), ["status": "inProgress"])
        }
    }
}
