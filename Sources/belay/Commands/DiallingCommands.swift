import ArgumentParser
import JSON

/// `belay stop-dialling`.
struct StopDiallingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop-dialling",
        abstract: "Make no more calls, of no account, until `belay start-dialling`; not after a restart either.",
        discussion: """
            Calls that wait for their turn are canceled, and new ones refused with 503. Calls that ring or are \
            connected go on, unless --hang-up ends them too.
            """)

    @OptionGroup var access: ServerAccess
    @Flag(help: "End the calls that ring or are connected too.")
    var hangUp = false

    func run() async throws {
        try await ClientCommand.run {
            _ = try await access.operatorClient().post(
                "/admin/dialling", ["stopped": true, "hangUp": .bool(hangUp)])
        }
    }
}

/// `belay start-dialling`.
struct StartDiallingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start-dialling", abstract: "Make calls again after `belay stop-dialling`.")

    @OptionGroup var access: ServerAccess

    func run() async throws {
        try await ClientCommand.run {
            _ = try await access.operatorClient().post("/admin/dialling", ["stopped": false])
        }
    }
}
