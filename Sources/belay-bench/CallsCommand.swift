import ArgumentParser
import NIOCore
import NIOPosix

/// `belay-bench calls`: places calls at a steady rate for some seconds and prints what they cost.
///
/// Every call asks one webhook, which hangs up at once. What is counted is what the server itself counts as completed,
/// between two looks at the same clock; what it costs is the processor time of its process between the same two.
struct CallsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calls", abstract: "Calls a second, CPU a call, memory.")

    @Option(help: "HOST:PORT of the server's REST interface.")
    var server: String
    @Option(help: "The account, its key, and a number it owns, separated by commas.")
    var identity: String
    @Option(help: "Process id of the server.")
    var pid: Int
    @Option(help: "The core that everything but the server runs on.")
    var core = 1
    @Option(help: "Calls a second to ask for.")
    var rate = 700.0
    @Option(help: "Seconds to measure, after the warm-up.")
    var seconds = 20
    @Option(help: "Seconds before the measurement begins.")
    var warmUp = 5
    @Option(help: "Connections to the REST interface.")
    var connections = 32

    /// Above this share of its core the driver itself is what is measured.
    private static let busiestCore = 0.80
    /// A call counts as lost when none has ended for so long.
    private static let drainSeconds = 20

    func validate() throws {
        guard rate > 0, rate <= 100_000 else { throw ValidationError("--rate is between 0 and 100000") }
        guard (1...3_600).contains(seconds) else { throw ValidationError("--seconds is between 1 and 3600") }
        guard (0...600).contains(warmUp) else { throw ValidationError("--warm-up is between 0 and 600") }
        guard (1...1_024).contains(connections) else { throw ValidationError("--connections is between 1 and 1024") }
        guard identity.split(separator: ",").count == 3 else {
            throw ValidationError("--identity is ACCOUNT,KEY,NUMBER")
        }
        guard Endpoint(server) != nil else { throw ValidationError("--server is HOST:PORT") }
    }

    func run() async throws {
        let words = identity.split(separator: ",").map(String.init)
        guard let endpoint = Endpoint(server), words.count == 3 else { throw ExitCode.validationFailure }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let app = try await WebhookApp.start(group: group)
        let client = RESTClient(endpoint: endpoint, account: words[0], key: words[1], group: group)
        let driver = LoadDriver(
            client: client, from: words[2], webhookURL: app.url, rate: rate, seconds: warmUp + seconds,
            connections: connections)

        let before = try await client.finishedCalls()
        async let driven = driver.run()
        try await Task.sleep(for: .seconds(warmUp))
        let start = try await sample(client)
        try await Task.sleep(for: .seconds(seconds))
        let end = try await sample(client)
        let memory = try ProcessFigures.memory(of: pid)
        let result = await driven
        let completed = try await drained(client, since: before, expecting: result.accepted)

        report(start: start, end: end, memory: memory, result: result, completed: completed)
        try await app.stop()
        try await group.shutdownGracefully()
        if !isSound(start: start, end: end, result: result, completed: completed) { throw ExitCode.failure }
    }

    private struct Sample {
        let time: ContinuousClock.Instant
        let completed: Int
        let processor: Double
        let core: ProcessFigures.Core
    }

    private func sample(_ client: RESTClient) async throws -> Sample {
        let completed = try await client.completedCalls()
        return Sample(
            time: .now, completed: completed, processor: try ProcessFigures.processorSeconds(of: pid),
            core: try ProcessFigures.core(core))
    }

    /// The calls completed once every accepted one has ended, or none has for a time.
    private func drained(
        _ client: RESTClient, since before: (completed: Int, others: Int), expecting accepted: Int
    ) async throws -> Int {
        var ended = 0
        var latest = ContinuousClock.now
        while true {
            let finished = try await client.finishedCalls()
            let completed = finished.completed - before.completed
            let endedNow = completed + finished.others - before.others
            if endedNow > ended { latest = .now }
            ended = endedNow
            guard ended < accepted, latest.duration(to: .now) < .seconds(Self.drainSeconds) else { return completed }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    private func isSound(start: Sample, end: Sample, result: LoadDriver.Result, completed: Int) -> Bool {
        end.core.busyShare(since: start.core) <= Self.busiestCore && result.refused == 0 && result.failed == 0
            && completed == result.accepted
    }

    private func report(
        start: Sample, end: Sample, memory: ProcessFigures.Memory, result: LoadDriver.Result, completed: Int
    ) {
        let elapsed = start.time.duration(to: end.time) / .seconds(1)
        let calls = end.completed - start.completed
        let processor = end.processor - start.processor
        let busy = end.core.busyShare(since: start.core)
        print("asked for           \(rate.rounded(to: 1)) calls/s for \(elapsed.rounded(to: 1)) s")
        print("completed           \((Double(calls) / elapsed).rounded(to: 1)) calls/s")
        if calls > 0 {
            print("CPU a call          \((1_000 * processor / Double(calls)).rounded(to: 3)) ms")
        }
        print("server's core       \((100 * processor / elapsed).rounded(to: 1)) % busy")
        print(
            "answer to POST      p50 \(result.latency.milliseconds(50)) ms, p99 \(result.latency.milliseconds(99)) ms")
        print(
            "memory              \(memory.residentMiB.rounded(to: 1)) MiB, at most \(memory.peakMiB.rounded(to: 1)) MiB"
        )
        print("driver's core       \((100 * busy).rounded(to: 1)) % busy")
        print("requests            \(result.accepted) accepted, \(result.refused) refused, \(result.failed) failed")
        print("calls               \(completed) completed of \(result.accepted)")
        if result.latestSeconds > 0.1 {
            print("note                requests left up to \((1_000 * result.latestSeconds).rounded(to: 0)) ms late")
        }
        if busy > Self.busiestCore {
            print("VOID: the driver's core was more than \(Int(100 * Self.busiestCore)) % busy")
        } else if result.refused + result.failed > 0 || completed != result.accepted {
            print("VOID: not every call was accepted and completed")
        }
    }
}
