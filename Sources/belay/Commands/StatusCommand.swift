import ArgumentParser
import Foundation
import JSON
import Telephony

/// `belay status`.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Tell how the running server is: ready or not, what it is bound to, its calls.",
        discussion: """
            Exit code 0: it is ready; 1: it is there, and takes no calls; 70: it is not there. With the operator's token \
            (in the data folder, or BELAY_ADMIN_TOKEN) everything is told, without it what anybody may know.

            Examples:
              belay status
              belay status --json
              belay serve & belay status --wait 30     # for scripts: returns as soon as calls are taken
            """)

    @OptionGroup var access: ServerAccess
    @Flag(help: "One JSON object.")
    var json = false
    @Option(help: ArgumentHelp("Wait so long until it is ready, if it is not yet.", valueName: "seconds"))
    var wait: Double?

    private static let pause = Duration.milliseconds(100)

    func validate() throws {
        if let wait, !(0...3600).contains(wait) { throw ValidationError("--wait is \(wait); 0 to 3600 are possible") }
    }

    func run() async throws {
        try await ClientCommand.run {
            if let wait { await waitUntilReady(atMost: .seconds(wait)) }
            let client: APIClient
            do { client = try access.operatorClient() } catch {
                return try await tellWhatAnybodyMayKnow(try access.openClient(), because: error)
            }
            let status = try await client.get("/admin/status")
            if json {
                Terminal.print(lines: status.text)
            } else {
                Terminal.print(lines: Terminal.table(ServerListing.rows(status, of: client.server.url)))
            }
            if status["ready"] != true { throw ExitCode.failure }
        }
    }

    /// Returns when it is ready, or after that time: what is asked then tells which.
    private func waitUntilReady(atMost limit: Duration) async {
        let end = ContinuousClock.now + limit
        repeat {
            // A server of this folder, not one that happens to have the port of an earlier one.
            if access.namesServer {
                if (try? await access.openClient().text("/ready")) != nil { return }
            } else if let running = await RunningServer.find(inFolder: access.folder), running.isReady {
                return
            }
            try? await Task.sleep(for: Self.pause)
        } while ContinuousClock.now < end
    }

    private func tellWhatAnybodyMayKnow(_ client: APIClient, because reason: any Error) async throws {
        _ = try await client.text("/health")
        let isReady = (try? await client.text("/ready")) != nil
        if json {
            Terminal.print(lines: JSONValue.object(["http": .string(client.server.url), "ready": .bool(isReady)]).text)
        } else {
            Terminal.print(
                lines: Terminal.table([
                    ["server", client.server.url], ["ready", isReady ? "yes" : "no, it takes no new calls"],
                ]))
            Terminal.say("the rest is for the operator; \(reason)")
        }
        if !isReady { throw ExitCode.failure }
    }
}

/// A server's status for a person.
enum ServerListing {
    static func rows(_ status: JSONValue, of url: String) -> [[String]] {
        func text(_ name: String) -> String { status[name]?.string ?? status[name].map(\.text) ?? "?" }
        func count(_ name: String) -> Int64 { status[name]?.integerValue ?? 0 }
        let version = "belay \(text("version")), process \(text("processId"))"
        var rows = [
            ["server", "\(url) (\(version), up \(age(text("started"))))"],
            ["ready", status["ready"] == true ? "yes" : "no: \(reason(status))"],
            ["calls", "\(count("callsLive")) live, \(count("callsQueued")) queued"],
        ]
        for (name, calls) in [("conferences", "participants"), ("queues", "callsWaiting")] where count(name) > 0 {
            rows.append([name, "\(count(name)), with \(count(calls)) calls in them"])
        }
        let webhooks = count("webhooksPending")
        if webhooks > 0 { rows.append(["webhooks", "\(webhooks) wait or are under way"]) }
        if status["diallingStopped"] == true {
            rows.append(["dialling", "stopped, until `belay start-dialling`"])
        }
        rows.append(["REST", text("http")])
        rows.append(["SIP", "udp:\(text("sip"))"])
        rows.append(["RTP", "\(text("rtpPorts")), \(count("rtpPortsInUse")) in use"])
        if let trunk = status["trunk"]?.string { rows.append(["trunk", trunk]) }
        if let carrier = status["carrier"]?.string { rows.append(["carrier", "simulated, at udp:\(carrier)"]) }
        let free = status["freeBytes"]?.integerValue.map { "\($0 >> 20) MiB free" } ?? "free space unknown"
        rows.append(["data", "\(text("dataFolder")), \(free)"])
        return rows
    }

    private static func reason(_ status: JSONValue) -> String {
        let least = status["minimumFreeBytes"]?.integerValue ?? 0
        if let free = status["freeBytes"]?.integerValue, free < least {
            return "the disk has less than \(least >> 20) MiB left (min-free-mb)"
        }
        return "it is starting, or ends"
    }

    private static func age(_ started: String) -> String {
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        guard let moment = try? Date(started, strategy: style) else { return "since \(started)" }
        let seconds = max(0, Int(Date.now.timeIntervalSince(moment)))
        return switch seconds {
        case ..<60: "\(seconds) s"
        case ..<3600: "\(seconds / 60) min"
        case ..<86_400: "\(seconds / 3600) h \(seconds % 3600 / 60) min"
        default: "\(seconds / 86_400) d \(seconds % 86_400 / 3600) h"
        }
    }
}
