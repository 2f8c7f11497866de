import ArgumentParser
import Foundation
import JSON

/// `belay call`.
struct CallCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "call",
        abstract: "Place a call and follow it.",
        discussion: """
            The call goes through the server's REST API, as a program's would. The exit code tells the outcome: 0 \
            completed, 1 busy, 2 noAnswer, 3 failed, 4 canceled, 5 answered but ended by a fault of the webhook app or \
            its script; 64 and above: the command itself went wrong.

            Examples:
              belay call --to +15555550123 --say "Good morning."
              belay call --to +15555550123 --script menu.json
              belay call --to +15555550123 --url http://127.0.0.1:3000/connect --json
              belay call --to +15005550009 --say "Are you there?" --if-machine hangup
            """)

    @OptionGroup var access: ServerAccess
    @Option(help: ArgumentHelp("Whom to call.", valueName: "number"))
    var to: String
    @Option(help: ArgumentHelp("The caller, when not the account's first number.", valueName: "number"))
    var from: String?
    @Option(help: ArgumentHelp("The webhook app that says what happens on the call.", valueName: "url"))
    var url: String?
    @Option(help: ArgumentHelp("Say this, then hang up.", valueName: "text"))
    var say: String?
    @Option(help: ArgumentHelp("Run the PerCL script in this file.", valueName: "file"))
    var script: String?
    @Option(help: ArgumentHelp("Digits to press after the answer, such as 12{2}#.", valueName: "digits"))
    var sendDigits: String?
    @Option(
        help: ArgumentHelp(
            "What happens when an answering machine or a fax answers: hangup, or redirect to --if-machine-url.",
            valueName: "what"))
    var ifMachine: String?
    @Option(help: ArgumentHelp("The webhook app that goes on with a machine.", valueName: "url"))
    var ifMachineUrl: String?
    @Option(help: ArgumentHelp("Seconds to let it ring (40).", valueName: "seconds"))
    var timeout: Int?
    @Flag(help: "Print the call's resource at its end as JSON, and nothing else.")
    var json = false

    func validate() throws {
        guard [url, say, script].compactMap(\.self).count == 1 else {
            throw ValidationError("One of --url, --say and --script says what happens on the call.")
        }
    }

    func run() async throws {
        try await ClientCommand.run {
            let client = try access.client()
            guard let from = from ?? client.identity?.number else {
                throw ClientError("the caller is unknown; name one of the account's numbers with --from")
            }
            let outcome: JSONValue
            if let url {
                outcome = try await place(client, from, url)
            } else {
                outcome = try await placeWithScript(client, from, try percl())
            }
            if json { Terminal.print(outcome.text) } else { Terminal.print(CallReport.summary(outcome)) }
            throw ExitCode(CallReport.exitCode(outcome))
        }
    }

    private func percl() throws -> JSONValue {
        if let say { return [["Say": ["text": .string(say)]]] }
        let path = script ?? ""
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw ClientError("\(path) cannot be read; --script names a file with a PerCL script")
        }
        do { return try JSONValue(parsing: bytes) } catch {
            throw ClientError("\(path) is not JSON: \(error)")
        }
    }

    /// An app of our own on loopback answers with the script for as long as the call lasts.
    private func placeWithScript(_ client: APIClient, _ from: String, _ percl: JSONValue) async throws -> JSONValue {
        let (ports, announce) = AsyncStream.makeStream(of: Int.self)
        let app = TrialApp(
            host: "127.0.0.1", port: 0, secret: nil,
            script: { TrialApp.wantsScript($0) ? percl : nil }, onArrival: { _ in })
        let serving = Task {
            defer { announce.finish() }
            try await app.run { port in announce.yield(port) }
        }
        defer { serving.cancel() }
        for await port in ports { return try await place(client, from, "http://127.0.0.1:\(port)/") }
        try await serving.value
        throw ClientError("the webhook app of this command did not start")
    }

    private func place(_ client: APIClient, _ from: String, _ url: String) async throws -> JSONValue {
        var body: [String: JSONValue] = ["from": .string(from), "to": .string(to), "callConnectUrl": .string(url)]
        if let ifMachine { body["ifMachine"] = .string(ifMachine) }
        if let ifMachineUrl { body["ifMachineUrl"] = .string(ifMachineUrl) }
        if let sendDigits { body["sendDigits"] = .string(sendDigits) }
        if let timeout { body["timeout"] = .integer(Int64(timeout)) }
        let call = try await client.post(client.path("/Calls"), .object(body))
        guard let id = call["callId"]?.string else { throw ClientError("the server's answer has no callId") }
        if !json { Terminal.print("\(from) calls \(to): \(id)") }
        return try await CallReport(client: client, callID: id, isQuiet: json).follow()
    }
}

/// What every command that speaks to a server has in common.
enum ClientCommand {
    /// Says on stderr why it did not work, in one sentence; exits with 70 then.
    static func run(_ body: () async throws -> Void) async throws {
        do { try await body() } catch let code as ExitCode { throw code } catch {
            Terminal.say("belay: \(error)")
            throw ExitCode(70)
        }
    }
}
