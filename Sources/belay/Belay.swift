import ArgumentParser

/// The command line.
@main
struct Belay: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "belay",
        abstract: "A self-hosted programmable voice server that speaks FreeClimb's API.",
        discussion: """
            Start with `belay serve`: it needs no configuration and no other service. Without --trunk the calls go \
            to a simulated carrier inside.
            """,
        version: version,
        subcommands: [
            ServeCommand.self, StatusCommand.self, CarrierCommand.self, CallCommand.self, DialCommand.self,
            HangupCommand.self, CallsCommand.self, LogsCommand.self,
            MachinesCommand.self, ShowCommand.self, RecordingCommand.self, ListenCommand.self, ApplicationCommand.self,
            NumberCommand.self, QueueCommand.self, ConferenceCommand.self, ResumeCommand.self,
            AccountCommand.self, KeyCommand.self, StopDiallingCommand.self, StartDiallingCommand.self,
            ExportCommand.self, ConfigCommand.self, DoctorCommand.self,
        ])
}
