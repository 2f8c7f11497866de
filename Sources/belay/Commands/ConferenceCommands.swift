import API
import ArgumentParser
import Foundation
import JSON

/// `belay conference …`.
struct ConferenceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conference",
        abstract: "The account's conferences: who is in them, whom the others hear, and their end.",
        subcommands: [
            List.self, Create.self, Show.self, Members.self, Mute.self, Unmute.self, Remove.self, End.self,
        ], defaultSubcommand: List.self, aliases: ["conferences"])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List them, newest first.",
            discussion: "Example:\n  belay conference list --status inProgress")

        @OptionGroup var access: ServerAccess
        @Option(
            help: ArgumentHelp("Only those that are: empty, populated, inProgress, terminated.", valueName: "status"))
        var status: String?
        @Option(help: ArgumentHelp("Only those of this name.", valueName: "text"))
        var alias: String?
        @Option(help: ArgumentHelp("At most so many.", valueName: "n"))
        var limit = 20

        func validate() throws { try Limit.check(limit) }

        func run() async throws {
            try await ClientCommand.run {
                let client = try access.client()
                let filters = [("status", status), ("alias", alias)].compactMap { name, value in
                    value.map { "\(name)=\(Query.encode($0))" }
                }
                let path = client.path("/Conferences") + (filters.isEmpty ? "" : "?" + filters.joined(separator: "&"))
                let found = try await client.items(path, "conferences", limit: limit)
                guard !found.isEmpty else {
                    return Terminal.say(
                        filters.isEmpty
                            ? "no conferences yet; `belay conference create` makes one" : "no such conferences")
                }
                let rows = found.map { conference in
                    ["conferenceId", "status", "alias", "dateCreated"].map { conference[$0]?.string ?? "" }
                }
                Terminal.print(lines: Terminal.table(rows))
            }
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make one; prints its id.",
            discussion: """
                It is there until it is ended. Calls come to it by AddToConference.

                Example:
                  belay conference create --alias Monday --record
                """)

        @OptionGroup var access: ServerAccess
        @Option(help: ArgumentHelp("A name for people.", valueName: "text"))
        var alias: String?
        @Option(
            help: ArgumentHelp(
                "Who is announced by a beep: always (everybody), never, entryOnly, exitOnly.", valueName: "when"))
        var playBeep: String?
        @Flag(help: "Record it while somebody is in it and it has begun.")
        var record = false
        @Option(help: ArgumentHelp("The audio file that is heard by who waits for it to begin.", valueName: "url"))
        var waitUrl: String?
        @Option(help: ArgumentHelp("Told of each change of its state.", valueName: "url"))
        var statusCallbackUrl: String?

        func run() async throws {
            try await ClientCommand.run {
                let client = try access.client()
                let given = [
                    "alias": alias, "playBeep": playBeep, "waitUrl": waitUrl, "statusCallbackUrl": statusCallbackUrl,
                ]
                var body = given.compactMapValues { $0.map(JSONValue.string) }
                if record { body["record"] = true }
                let made = try await client.post(client.path("/Conferences"), .object(body))
                Terminal.print("\(made["conferenceId"]?.string ?? "")")
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one: who is in it, and its whole story, as `belay show CONFERENCE` does.")

        @OptionGroup var access: ServerAccess
        @OptionGroup var conference: ConferenceArgument

        func run() async throws {
            try await ClientCommand.run { try await conference.room().show(try access.client()) }
        }
    }

    struct Members: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List who is in one, newest first: their calls, and whether they talk and hear.")

        @OptionGroup var access: ServerAccess
        @OptionGroup var conference: ConferenceArgument

        func run() async throws {
            try await ClientCommand.run {
                let rows = try await conference.room().rows(try access.client())
                guard !rows.isEmpty else { return Terminal.say("nobody is in it") }
                Terminal.print(lines: Terminal.table(rows))
            }
        }
    }

    struct Mute: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let the others not hear somebody, who hears them still.",
            discussion: "Example:\n  belay conference mute CF0123… CA0123…")

        @OptionGroup var access: ServerAccess
        @OptionGroup var place: ParticipantArguments

        func run() async throws {
            try await ClientCommand.run { try await place.change(["talk": false], try access.client()) }
        }
    }

    struct Unmute: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let the others hear somebody again.")

        @OptionGroup var access: ServerAccess
        @OptionGroup var place: ParticipantArguments

        func run() async throws {
            try await ClientCommand.run { try await place.change(["talk": true], try access.client()) }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take somebody out of one.",
            discussion: "The call goes on at its leaveConferenceUrl; without one it is hung up.")

        @OptionGroup var access: ServerAccess
        @OptionGroup var place: ParticipantArguments

        func run() async throws {
            try await ClientCommand.run {
                let client = try access.client()
                try await client.delete(client.path(try place.path()))
            }
        }
    }

    struct End: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End one for good: everybody in it is hung up.",
            discussion: """
                One that has ended already stays as it is. With --empty everybody leaves it, each call on at its \
                leaveConferenceUrl, and it can be used again.

                Example:
                  belay conference end CF0123…
                """)

        @OptionGroup var access: ServerAccess
        @OptionGroup var conference: ConferenceArgument
        @Flag(help: "Only let everybody leave.")
        var empty = false

        func run() async throws {
            try await ClientCommand.run {
                let client = try access.client()
                _ = try await client.post(
                    client.path(try conference.room().path), ["status": empty ? "empty" : "terminated"])
            }
        }
    }
}

/// Which conference a command means.
struct ConferenceArgument: ParsableArguments {
    @Argument(help: ArgumentHelp("The conference.", valueName: "conference"))
    var conference: String

    func room() throws -> SharedRoom {
        guard conference.hasPrefix("CF"), let room = SharedRoom(conference) else {
            throw ClientError(
                "\(conference) names no conference, which is CF and 40 hexadecimal digits; "
                    + "`belay conference list` shows them")
        }
        return room
    }
}

/// Whom in which conference a command means.
struct ParticipantArguments: ParsableArguments {
    @OptionGroup var conference: ConferenceArgument
    @Argument(help: ArgumentHelp("The call that is in it.", valueName: "call"))
    var call: String

    func path() throws -> String { try conference.room().path + "/Participants/\(call)" }

    func change(_ body: JSONValue, _ client: APIClient) async throws {
        _ = try await client.post(client.path(try path()), body)
    }
}
