import ArgumentParser
import Foundation

/// `belay doctor`.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look at this machine and say what would keep the server from working well.",
        discussion: """
            Takes the options that `belay serve` takes, and changes nothing. Exit code 1: something will not work.

            Examples:
              belay doctor
              belay doctor --trunk sip:sip.example.com --sip 192.0.2.10:5060 --webhook https://app.example.com/voice
            """)

    @OptionGroup var options: ServerOptions
    @Option(help: ArgumentHelp("A webhook's URL: is it reached from here?", valueName: "url"))
    var webhook: [String] = []

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        let configuration: ServerConfiguration
        do {
            configuration = try ServerConfiguration(try options.source(environment), home: environment["HOME"])
        } catch {
            Terminal.say("belay: \(error)")
            throw ExitCode.failure
        }
        var findings = DataFolderExamination(folder: configuration.dataFolder).findings()
        findings += PortExamination(configuration: configuration).findings()
        findings.append(SpeechExamination().finding())
        findings += await NetworkExamination(configuration: configuration, webhooks: webhook).findings()
        for finding in findings { Terminal.print(finding.text) }
        if findings.contains(where: { $0.verdict == .wrong }) { throw ExitCode.failure }
    }
}
