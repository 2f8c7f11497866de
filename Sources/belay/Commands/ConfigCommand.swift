import ArgumentParser
import Foundation

/// `belay config …`.
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "What the server would go by.", subcommands: [Show.self],
        defaultSubcommand: Show.self)

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print every setting, its value, and where that came from.",
            discussion: """
                The output is a configuration file; secrets are masked.

                Example:
                  belay config show --config belay.yaml --trunk sip:sip.example.com
                """)

        @OptionGroup var options: ServerOptions

        func run() throws {
            let environment = ProcessInfo.processInfo.environment
            do {
                let source = try options.source(environment)
                // Says what is wrong with a value, as the server would.
                _ = try ServerConfiguration(source, home: environment["HOME"])
                for setting in Setting.all { Terminal.print(Self.line(setting, source)) }
            } catch let error as ConfigurationError {
                Terminal.say("belay: \(error)")
                throw ExitCode.failure
            }
        }

        private static func line(_ setting: Setting, _ source: SettingSource) -> String {
            guard let value = source.values[setting.name] else {
                guard let fallback = setting.fallback else { return "# \(setting.name): not set" }
                return "# \(setting.name): \(fallback)  (default)"
            }
            return "\(setting.name): \"\(setting.isSecret ? "XXXXX" : value.text)\"  # \(value.origin)"
        }
    }
}
