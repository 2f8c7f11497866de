import ArgumentParser
import Foundation

/// `belay config …`.
struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "What the server goes by.", subcommands: [Show.self],
        defaultSubcommand: Show.self)

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print every setting, its value, and where that came from.",
            discussion: """
                Where a server runs with the data folder, these are its settings, and a note says where `belay serve` \
                with the options, environment and file of this command would differ; where none runs, they are what \
                `belay serve` would go by. The output is a configuration file; secrets are masked.

                Example:
                  belay config show --config belay.yaml --trunk sip:sip.example.com
                """)

        @OptionGroup var options: ServerOptions

        func run() async throws {
            let environment = ProcessInfo.processInfo.environment
            do {
                let source = try options.source(environment)
                // Says what is wrong with a value, as the server would.
                let folder = try ServerConfiguration(source, home: environment["HOME"]).dataFolder
                if let running = await RunningServer.find(inFolder: folder) {
                    tell(running, besides: source, folder)
                } else {
                    Terminal.print(
                        "# No server runs with \(folder)\(Self.state(folder)); `belay serve` would go by these:")
                    for setting in Setting.all {
                        Terminal.print(lines: Self.line(setting, source.values[setting.name]))
                    }
                }
            } catch let error as ConfigurationError {
                Terminal.say("belay: \(lines: error)")
                throw ExitCode.failure
            }
        }

        private func tell(_ running: RunningServer, besides source: SettingSource, _ folder: String) {
            Terminal.print(
                "# The server that runs with \(folder) (process \(running.processID), since \(running.started), at "
                    + "\(running.http)) goes by these:")
            let settings = running.settings
            for setting in Setting.all {
                Terminal.print(lines: Self.line(setting, settings[setting.name]))
                // The folder is how the server was found, and a secret cannot be compared.
                guard setting.name != "data", !setting.isSecret, let own = source.values[setting.name],
                    own.text != settings[setting.name]?.text
                else { continue }
                Terminal.print("#   a start from here would take \"\(own.text)\", as in \(own.origin)")
            }
        }

        /// What is known of a folder that no server runs with.
        private static func state(_ folder: String) -> String {
            guard FileManager.default.fileExists(atPath: folder) else { return ", which does not exist yet" }
            let isOne = FileManager.default.fileExists(atPath: "\(folder)/\(OperatorToken.fileName)")
            return isOne ? ", where one has run" : ", where none has run"
        }

        private static func line(_ setting: Setting, _ value: SettingSource.Value?) -> String {
            guard let value else {
                guard let fallback = setting.fallback else { return "# \(setting.name): not set" }
                return "# \(setting.name): \(fallback)  (default)"
            }
            return "\(setting.name): \"\(setting.isSecret ? "XXXXX" : value.text)\"  # \(value.origin)"
        }
    }
}
