import ArgumentParser
import Foundation
import JSON

/// `belay application …`.
struct ApplicationCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "application", abstract: "Make and list applications: the URLs that answer for calls.",
        subcommands: [List.self, Create.self, Delete.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List them, newest first.")

        @OptionGroup var access: ServerAccess

        func run() async throws {
            try await ClientCommand.run {
                let client = try access.client()
                for application in try await client.items(client.path("/Applications"), "applications") {
                    Terminal.print("\(application["applicationId"]?.string ?? "")")
                    let names = ["alias", "voiceUrl", "voiceFallbackUrl", "callConnectUrl", "statusCallbackUrl"]
                    for name in names {
                        if let value = application[name]?.string { Terminal.print("  \(name): \(value)") }
                    }
                }
            }
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make one; prints its id.",
            discussion: """
                Example:
                  belay application create --voice-url http://127.0.0.1:3000/voice \\
                    --status-callback-url http://127.0.0.1:3000/status
                """)

        @OptionGroup var access: ServerAccess
        @Option(help: ArgumentHelp("A name for people.", valueName: "text"))
        var alias: String?
        @Option(help: ArgumentHelp("Asked when a call comes in.", valueName: "url"))
        var voiceUrl: String?
        @Option(help: ArgumentHelp("Asked when voiceUrl fails.", valueName: "url"))
        var voiceFallbackUrl: String?
        @Option(help: ArgumentHelp("Asked when a call that was made comes to an outcome.", valueName: "url"))
        var callConnectUrl: String?
        @Option(help: ArgumentHelp("Told when a call has ended.", valueName: "url"))
        var statusCallbackUrl: String?

        func run() async throws {
            try await ClientCommand.run {
                let client = try access.client()
                let given = [
                    "alias": alias, "voiceUrl": voiceUrl, "voiceFallbackUrl": voiceFallbackUrl,
                    "callConnectUrl": callConnectUrl, "statusCallbackUrl": statusCallbackUrl,
                ]
                let made = try await client.post(
                    client.path("/Applications"), .object(given.compactMapValues { $0.map(JSONValue.string) }))
                Terminal.print("\(made["applicationId"]?.string ?? "")")
            }
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Delete one.")

        @OptionGroup var access: ServerAccess
        @Argument var application: String

        func run() async throws {
            try await ClientCommand.run {
                let client = try access.client()
                try await client.delete(client.path("/Applications/\(application)"))
            }
        }
    }
}

/// `belay number …`.
struct NumberCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "number", abstract: "The account's telephone numbers, and which application answers for them.",
        subcommands: [List.self, Add.self, Assign.self, Remove.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List them.")

        @OptionGroup var access: ServerAccess

        func run() async throws {
            try await ClientCommand.run {
                let client = try access.client()
                let rows = try await client.items(client.path("/IncomingPhoneNumbers"), "incomingPhoneNumbers").map {
                    [
                        $0["phoneNumber"]?.string ?? "", $0["applicationId"]?.string ?? "no application",
                        $0["alias"]?.string ?? "",
                    ]
                }
                Terminal.print(lines: Terminal.table(rows))
            }
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Register a number that the trunk routes here.")

        @OptionGroup var access: ServerAccess
        @Argument(help: ArgumentHelp("In E.164 form.", valueName: "number"))
        var number: String
        @Option(help: ArgumentHelp("The application that answers for it.", valueName: "id"))
        var application: String?

        func run() async throws {
            try await ClientCommand.run {
                let client = try access.client()
                var body: [String: JSONValue] = ["phoneNumber": .string(number)]
                if let application { body["applicationId"] = .string(application) }
                _ = try await client.post(client.path("/IncomingPhoneNumbers"), .object(body))
            }
        }
    }

    struct Assign: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give a number an application.",
            discussion: "Example:\n  belay number assign +15555550100 AP0123…")

        @OptionGroup var access: ServerAccess
        @Argument(help: ArgumentHelp("In E.164 form.", valueName: "number"))
        var number: String
        @Argument(help: ArgumentHelp("The application; `none`: nobody answers.", valueName: "id"))
        var application: String

        func run() async throws {
            try await ClientCommand.run {
                let client = try access.client()
                let id = try await NumberSelection.id(of: number, client)
                _ = try await client.post(
                    client.path("/IncomingPhoneNumbers/\(id)"),
                    ["applicationId": application == "none" ? .null : .string(application)])
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Give a number up.")

        @OptionGroup var access: ServerAccess
        @Argument(help: ArgumentHelp("In E.164 form.", valueName: "number"))
        var number: String

        func run() async throws {
            try await ClientCommand.run {
                let client = try access.client()
                let id = try await NumberSelection.id(of: number, client)
                try await client.delete(client.path("/IncomingPhoneNumbers/\(id)"))
            }
        }
    }
}

private enum NumberSelection {
    static func id(of number: String, _ client: APIClient) async throws -> String {
        let numbers = try await client.items(client.path("/IncomingPhoneNumbers"), "incomingPhoneNumbers")
        guard let found = numbers.first(where: { $0["phoneNumber"]?.string == number }),
            let id = found["phoneNumberId"]?.string
        else { throw ClientError("the account has no number \(number); `belay number list` shows those it has") }
        return id
    }
}
