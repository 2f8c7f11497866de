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
            of --press is pressed once the other side has spoken and is quiet.

            Examples:
              belay dial --to +15555550100 --press 1,2#
              belay dial --to +15555550100 --say "I would like to speak to somebody."
            """)

    /// The call that comes in is looked for so long.
    private static let longestSearchSeconds = 10.0

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

    func run() async throws {
        try await ClientCommand.run {
            let client = try access.client()
            guard let to = to ?? client.identity?.number else {
                throw ClientError("which number? Name one of the account's with --to")
            }
            let known = Set(try await inbound(client, to).compactMap { $0["callId"]?.string })
            var body: [String: JSONValue] = ["to": .string(to)]
            for (name, value) in [("from", from), ("say", say), ("press", press)] {
                if let value { body[name] = .string(value) }
            }
            _ = try await client.post(client.path("/Carrier/Calls"), .object(body))
            let id = try await newCall(client, to, known)
            if !json { Terminal.print("somebody calls \(to): \(id)") }
            let outcome = try await CallReport(client: client, callID: id, isQuiet: json).follow()
            if json { Terminal.print(outcome.text) } else { Terminal.print(CallReport.summary(outcome)) }
            throw ExitCode(CallReport.exitCode(outcome))
        }
    }

    private func inbound(_ client: APIClient, _ to: String) async throws -> [JSONValue] {
        let number = to.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? to
        return try await client.items(client.path("/Calls?to=\(number)"), "calls", limit: 100)
            .filter { $0["direction"] == "inbound" }
    }

    private func newCall(_ client: APIClient, _ to: String, _ known: Set<String>) async throws -> String {
        let end = Date.now.addingTimeInterval(Self.longestSearchSeconds)
        while Date.now < end {
            for call in try await inbound(client, to) {
                if let id = call["callId"]?.string, !known.contains(id) { return id }
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw ClientError("no call came in to \(to); the server's log may say why")
    }
}
