import ArgumentParser
import Foundation
import JSON

/// `belay hangup`.
struct HangupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hangup",
        abstract: "End a call: one that waits or rings is canceled, one that is answered hung up.",
        discussion: """
            Returns when the call is over; a call that is over already is left as it is.

            Example:
              belay hangup CA0123…
            """)

    /// The far end is told at once, and the last webhooks are not waited for.
    private static let patience = Duration.seconds(5)

    @OptionGroup var access: ServerAccess
    @Argument(help: ArgumentHelp("The call.", valueName: "call"))
    var call: String
    @Flag(help: "Print the call's resource as JSON, and nothing else.")
    var json = false

    func run() async throws {
        try await ClientCommand.run {
            let client = try access.client()
            let path = client.path("/Calls/\(call)")
            var resource = try await client.get(path)
            if CallFollower.isOver(resource) {
                Terminal.say("the call was over already")
            } else {
                _ = try await client.post(path, ["status": "completed"])
            }
            let end = ContinuousClock.now + Self.patience
            while !CallFollower.isOver(resource), ContinuousClock.now < end {
                try await Task.sleep(for: .milliseconds(20))
                resource = try await client.get(path)
            }
            if json {
                Terminal.print(lines: resource.text)
            } else {
                Terminal.print(FinishedCall(resource: resource, log: []).summary)
            }
            if !CallFollower.isOver(resource) {
                throw ClientError("the call is asked to end, and has not within 5 s; belay logs \(call) tells more")
            }
        }
    }
}
