import ArgumentParser
import Foundation
import Logging

/// `belay serve`.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the server.",
        discussion: """
            Each option can also be set in the environment (--rtp-ports as BELAY_RTP_PORTS) or in a YAML file given \
            with --config (rtp-ports: 20000-20999); an option outweighs the environment, and that the file.

            Examples:
              belay serve
                  everything on loopback, with the simulated carrier
              belay serve --trunk sip:sip.example.com --sip 192.0.2.10:5060 --http 0.0.0.0:8080
                  calls go out through a trunk
            """)

    @OptionGroup var options: ServerOptions
    // Not among the settings: it is for one start, and would be a trap if it stayed.
    @Flag(
        help: """
            Begin with an empty database where an earlier server's is missing, with the account and key of the file \
            credentials. Calls, logs, numbers and other accounts are gone then.
            """)
    var newDatabase = false

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        do {
            let options = options
            try await Server.run(presets: try Presets(environment: environment), makesNewDatabase: newDatabase) {
                let source = try options.source(environment)
                return (source, try ServerConfiguration(source, home: environment["HOME"]))
            }
        } catch {
            // One sentence that says what to do, not a type's description.
            Terminal.say("belay: \(lines: error)")
            throw ExitCode.failure
        }
    }
}
