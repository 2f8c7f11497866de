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
            its script; with --strict, 6 completed, but not as the script wanted (something was not played to its end, \
            or the log has a warning or an error); 64 and above: the command itself went wrong. Ctrl-C ends the \
            command and not the call.

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
    @Flag(help: "Exit code 6 for a call that was completed, and on which something did not go as the script wanted.")
    var strict = false

    func validate() throws {
        guard [url, say, script].compactMap(\.self).count == 1 else {
            throw ValidationError("one of --url, --say and --script says what happens on the call")
        }
        if let timeout, !(1...600).contains(timeout) {
            throw ValidationError("--timeout is \(timeout); 1 to 600 seconds are possible")
        }
    }

    func run() async throws {
        try await ClientCommand.run {
            let client = try access.client()
            guard let from = from ?? client.identity?.number else {
                throw ClientError("the caller is unknown; name one of the account's numbers with --from")
            }
            if let url {
                try await place(client, from, url)
            } else {
                try await placeWithScript(client, from, try percl())
            }
        }
    }

    private func percl() throws -> JSONValue {
        if let say { return [["Say": ["text": .string(say)]]] }
        let path = script ?? ""
        guard let bytes = GivenFile.contents(of: path) else {
            throw ClientError("\(path) cannot be read; --script names a file with a PerCL script")
        }
        do { return try JSONValue(parsing: bytes) } catch {
            throw ClientError("\(path) is not JSON: \(JSONFault.words(error))")
        }
    }

    /// An app of our own on loopback answers with the script for as long as the call lasts.
    private func placeWithScript(_ client: APIClient, _ from: String, _ percl: JSONValue) async throws {
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

    private func place(_ client: APIClient, _ from: String, _ url: String) async throws {
        var body: [String: JSONValue] = ["from": .string(from), "to": .string(to), "callConnectUrl": .string(url)]
        if let ifMachine { body["ifMachine"] = .string(ifMachine) }
        if let ifMachineUrl { body["ifMachineUrl"] = .string(ifMachineUrl) }
        if let sendDigits { body["sendDigits"] = .string(sendDigits) }
        if let timeout { body["timeout"] = .integer(Int64(timeout)) }
        let call = try await client.post(client.path("/Calls"), .object(body))
        guard let id = call["callId"]?.string else { throw ClientError("the server's answer has no callId") }
        if !json { Terminal.print("\(from) calls \(to): \(id)") }
        let report = CallReport(client: client, callID: id, isQuiet: json, hasItsAppHere: self.url == nil)
        try report.conclude(try await report.follow(), json: json, isStrict: strict)
    }
}

/// What every command that speaks to a server has in common.
enum ClientCommand {
    /// Says on stderr why it did not work, in one sentence; exits with 70 then.
    static func run(_ body: () async throws -> Void) async throws {
        do { try await body() } catch let code as ExitCode { throw code } catch {
            Terminal.say("belay: \(lines: error)")
            throw ExitCode(70)
        }
    }
}
