import ArgumentParser
import Foundation
import JSON
import SIPTransport

/// `belay listen`.
struct ListenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "listen", abstract: "Run a webhook app for trying things.",
        discussion: """
            Prints each webhook and whether its signature fits, and answers those that want a script.

            Examples:
              belay listen --say "You have reached the app."
              belay listen --port 4000 --script menu.json
            """)

    @OptionGroup var access: ServerAccess
    @Option(help: ArgumentHelp("The port; 0: any that is free.", valueName: "port"))
    var port = 3000
    @Option(help: ArgumentHelp("Answer with a script that says this.", valueName: "text"))
    var say: String?
    @Option(help: ArgumentHelp("Answer with the script in this file, read anew each time.", valueName: "file"))
    var script: String?
    @Flag(help: "A JSON object in each line: path, body, and whether the signature fits.")
    var json = false

    func validate() throws {
        guard (0...65_535).contains(port) else { throw ValidationError("--port is between 0 and 65535") }
        guard say == nil || script == nil else { throw ValidationError("--say or --script, not both") }
        if let script, !FileManager.default.isReadableFile(atPath: script) {
            throw ValidationError("\(script) cannot be read; --script names a file with a PerCL script")
        }
    }

    func run() async throws {
        try await ClientCommand.run {
            let (say, script, json) = (say, script, json)
            let secret = (try? access.identity())?.signingSecret
            if secret == nil { Terminal.say("signatures are not checked: no signing secret is known (see --data)") }
            let app = TrialApp(
                host: "127.0.0.1", port: port, secret: secret,
                script: { arrival in
                    guard TrialApp.wantsScript(arrival) else { return nil }
                    if let say { return [["Say": ["text": .string(say)]]] }
                    return script.flatMap { path in
                        let value = GivenFile.contents(of: path).flatMap { try? JSONValue(parsing: $0) }
                        if value == nil { Terminal.say("\(path) cannot be read as JSON; the answer is []") }
                        return value
                    }
                },
                onArrival: { arrival in
                    if json {
                        Terminal.print(lines: Self.object(arrival).text)
                    } else {
                        Terminal.print(Self.text(arrival))
                    }
                })
            do {
                try await app.run { Terminal.say("listening: http://127.0.0.1:\($0)/") }
            } catch {
                throw ClientError(
                    "the app cannot listen on 127.0.0.1:\(port): "
                        + BindFailure.words(error, port: port, .tcp, option: "--port"))
            }
        }
    }

    private static func object(_ arrival: TrialApp.Arrival) -> JSONValue {
        [
            "path": .string(arrival.path), "body": arrival.body,
            "isSigned": arrival.isSigned.map(JSONValue.bool) ?? .null,
        ]
    }

    private static func text(_ arrival: TrialApp.Arrival) -> TerminalText {
        let signature: TerminalText =
            switch arrival.isSigned {
            case true: Terminal.paint("signature fits", .green)
            case false: Terminal.paint("signature DOES NOT fit", .red)
            case nil: "signature not checked"
            }
        guard case .object(let fields) = arrival.body else {
            return "\(arrival.path), \(signature), not a JSON object: \(arrival.text.prefix(200))"
        }
        var lines: [TerminalText] = ["\(fields["requestType"]?.string ?? "?") at \(arrival.path), \(signature)"]
        for (name, value) in fields.sorted(by: { $0.key < $1.key }) where value != .null {
            lines.append("  \(name): \(value.string ?? value.text)")
        }
        return lines.joined(separator: "\n")
    }
}
