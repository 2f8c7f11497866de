import ArgumentParser
import Foundation
import JSON

/// Tells a call to the terminal as it happens, and what it came to.
struct CallReport {
    let client: APIClient
    let callID: String
    let isQuiet: Bool
    /// The app that the call asks ends with this command.
    var hasItsAppHere = false
    var detail = CallStory.Detail.lines

    /// Until its end; whoever interrupts it meanwhile is told that the call goes on.
    func follow() async throws -> FinishedCall {
        let missing = hasItsAppHere ? "; a script that it has not fetched yet it will not get" : ""
        let interruption = Interruption(
            "the call \(callID) goes on\(missing). To end it: belay hangup \(callID)\(client.server.option)")
        defer { interruption.cancel() }
        var log: [JSONValue] = []
        let resource = try await CallFollower(client: client, callID: callID).follow { entry in
            log.append(entry)
            guard !isQuiet else { return }
            let story = CallStory(start: log.first?["timestamp"]?.integerValue ?? 0)
            Terminal.print(story.line(entry, detail))
        }
        return FinishedCall(resource: resource, log: log)
    }

    /// Prints what the call came to, and ends the command with the code that says so.
    ///
    /// - Parameter isStrict: what was not played and answered as it was to be counts too.
    func conclude(_ call: FinishedCall, json: Bool, isStrict: Bool) throws -> Never {
        if json { Terminal.print(lines: call.resource.text) } else { Terminal.print(call.summary) }
        let faults = isStrict ? call.faults : []
        for fault in faults { Terminal.say("belay: \(fault)") }
        throw ExitCode(call.exitCode == 0 && !faults.isEmpty ? FinishedCall.notAsWanted : call.exitCode)
    }
}
