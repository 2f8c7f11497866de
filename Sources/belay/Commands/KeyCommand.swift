import ArgumentParser
import Foundation
import JSON

/// `belay key …`, for the operator.
struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Replace an account's API key or signing secret without a moment in which none is good.",
        discussion: """
            Two of each may be good at once: `new` makes one beside the latest, `revoke` ends the older one. With two \
            signing secrets each webhook carries a signature by each.

            Examples:
              belay key new            # then give the new key to every client
              belay key revoke         # the older key is refused from now on
              belay key new --signing
            """,
        subcommands: [New.self, Revoke.self])

    struct New: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a key, or a signing secret, and print it; nobody can read it again.")

        @OptionGroup var access: ServerAccess
        @Flag(help: "A signing secret in place of an API key.")
        var signing = false

        func run() async throws {
            try await ClientCommand.run {
                let client = try access.operatorClient()
                let made = try await client.post(
                    "/admin/accounts/\(client.account)/\(signing ? "signing-secrets" : "keys")", [:])
                let text = made[signing ? "signingSecret" : "apiKey"]?.string ?? ""
                Terminal.print(text)
                try keep(text, of: client.account)
            }
        }

        /// The data folder's file goes with it, so that the commands of this machine go on working.
        private func keep(_ text: String, of account: String) throws {
            let path = access.folder + "/" + CredentialsFile.fileName
            guard var file = CredentialsFile.read(path), file.accountID == account else { return }
            if signing { file.signingSecret = text } else { file.apiKey = text }
            try file.write(to: path)
            Terminal.say("\(path) has it too")
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End the older key, or signing secret; the latest stays good.")

        @OptionGroup var access: ServerAccess
        @Flag(help: "The older signing secret in place of the API key.")
        var signing = false

        func run() async throws {
            try await ClientCommand.run {
                let client = try access.operatorClient()
                try await client.delete(
                    "/admin/accounts/\(client.account)/\(signing ? "signing-secrets" : "keys")")
            }
        }
    }
}
