import ArgumentParser

/// The load driver of `scripts/bench`: asks a running server for calls, is the webhook app they reach, and counts; fills a
/// data folder with logs and searches them; has texts spoken; holds conferences.
@main
struct BelayBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "belay-bench",
        abstract: "Drives a running Belay and measures it.",
        subcommands: [
            CallsCommand.self, LatencyCommand.self, FillLogsCommand.self, LogsCommand.self, SayCommand.self,
            ConferencesCommand.self, ConferencePeersCommand.self,
        ])
}
