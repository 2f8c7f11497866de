import ArgumentParser
import Foundation
import JSON

/// `belay dial`.
struct DialCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dial",
        abstract: "Have somebody of the simulated carrier call in, and follow the call.",
        discussion: """
            The number must be one of the account's, and should have an application (`belay number assign`). Each part \
            of --press is pressed once the other side has spoken and is quiet. Exit codes are those of `belay call`; \
            70 where no call came in, with the reason.

            Examples:
              belay dial --to +15555550100 --press 1,2#
              belay dial --to +15555550100 --say "I would like to speak to somebody."
            """)

    @OptionGroup var access: ServerAccess
    @Option(help: ArgumentHelp("The number to call, when not the account's first.", valueName: "number"))
    var to: String?
    @Option(help: ArgumentHelp("The caller.", valueName: "number"))
    var from: String?
    @Option(help: ArgumentHelp("What the caller says after the answer.", valueName: "text"))
    var say: String?
    @Option(help: ArgumentHelp("What the caller presses.", valueName: "keys"))
    var press: String?
    @Flag(help: "Print the call's resource at its end as JSON, and nothing else.")
    var json = false
    @Flag(help: "Exit code 6 for a call that was completed, and on which something did not go as the script wanted.")
    var strict = false

    func run() async throws {
        try await ClientCommand.run {
            let client = try access.client()
            guard let to = to ?? client.identity?.number else {
                throw ClientError("the number to call is unknown; name one of the account's with --to")
            }
            var body: [String: JSONValue] = ["to": .string(to)]
            for (name, value) in [("from", from), ("say", say), ("press", press)] {
                if let value { body[name] = .string(value) }
            }
            // The server waits until the call has come in, and names it.
            let answer = try await client.post(client.path("/Carrier/Calls"), .object(body))
            guard let id = answer["callId"]?.string else {
                throw ClientError("the server's answer has no callId; is it a belay of another version?")
            }
            if !json { Terminal.print("somebody calls \(to): \(id)") }
            let report = CallReport(client: client, callID: id, isQuiet: json)
            try report.conclude(try await report.follow(), json: json, isStrict: strict)
        }
    }
}
