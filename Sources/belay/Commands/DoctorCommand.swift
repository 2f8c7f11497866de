import ArgumentParser
import Foundation

/// `belay doctor`.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look at this machine and say what would keep the server from working well.",
        discussion: """
            Where a server runs with the data folder, it is what is looked at, with its own settings; else what \
            `belay serve` with these options would find. Changes nothing. Exit code 1: something will not work.

            Examples:
              belay doctor
              belay doctor --trunk sip:sip.example.com --sip 192.0.2.10:5060 --webhook https://app.example.com/voice
            """)

    @OptionGroup var options: ServerOptions
    @Option(help: ArgumentHelp("A webhook's URL: is it reached from here?", valueName: "url"))
    var webhook: [String] = []

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        var configuration: ServerConfiguration
        let running: RunningServer?
        do {
            configuration = try ServerConfiguration(try options.source(environment), home: environment["HOME"])
            running = await RunningServer.find(inFolder: configuration.dataFolder)
            if let running {
                var given = options.flags
                given["data"] = configuration.dataFolder
                configuration = try ServerConfiguration(
                    SettingSource(running.bound, flags: given), home: environment["HOME"])
            }
        } catch {
            Terminal.say("belay: \(lines: error)")
            throw ExitCode.failure
        }
        var findings = running.map { [Self.finding($0)] } ?? []
        findings += DataFolderExamination(folder: configuration.dataFolder, isServed: running != nil).findings()
        findings += PortExamination(configuration: configuration, running: running).findings()
        findings.append(DescriptorExamination(configuration: configuration, running: running).finding())
        findings.append(await SpeechExamination().finding())
        findings += await NetworkExamination(configuration: configuration, webhooks: webhook).findings()
        for finding in findings { Terminal.print(finding.text) }
        if findings.contains(where: { $0.verdict == .wrong }) { throw ExitCode.failure }
    }

    private static func finding(_ running: RunningServer) -> Finding {
        let text = "a server runs here (process \(running.processID), since \(running.started)) at \(running.http)"
        return running.isReady
            ? .well(text + ", and is ready")
            : .doubtful(text + ", and takes no new calls", "belay status says why.")
    }
}
