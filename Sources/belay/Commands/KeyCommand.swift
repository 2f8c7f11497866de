import ArgumentParser
import Foundation
import JSON

/// `belay key …`, for the operator.
struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Replace an account's API key or signing secret without a moment in which none is good.",
        discussion: """
            Two of each may be good at once: `new` makes one beside the latest, `revoke` ends the older one. A third \
            would end the older one as it is made, so `new` refuses while two are good, unless --force is given. With \
            two signing secrets each webhook carries a signature by each.

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
        @Flag(help: "Even where two are good: the older one ends, whoever uses it.")
        var force = false

        func run() async throws {
            try await ClientCommand.run {
                let client = try access.operatorClient()
                let good = try await GoodKeys(client)
                if let warning = signing ? good.secretThatWouldEnd : good.keyThatWouldEnd {
                    guard force else {
                        throw ClientError(
                            "\(warning). When nobody uses it any more: belay key revoke\(signing ? " --signing" : ""); to "
                                + "end it now: --force")
                    }
                    Terminal.say("\(warning)")
                }
                let made = try await client.post(
                    "/admin/accounts/\(client.account)/\(signing ? "signing-secrets" : "keys")", [:])
                let text = made[signing ? "signingSecret" : "apiKey"]?.string ?? ""
                Terminal.print("\(text)")
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
                let good = try await GoodKeys(client)
                guard (signing ? good.signingSecrets : good.keys.count) > 1 else {
                    let what = signing ? "signing secret" : "key"
                    throw ClientError(
                        "only one \(what) of \(client.account) is good, and stays so; there is no older one")
                }
                if !signing { Terminal.say("the older key, \(good.useOfOlder), is refused from now on") }
                try await client.delete(
                    "/admin/accounts/\(client.account)/\(signing ? "signing-secrets" : "keys")")
            }
        }
    }
}

/// What of an account's is good at the moment.
private struct GoodKeys {
    let account: String
    /// When each was shown last, the latest key first; null where it has not been since the server started.
    let keys: [JSONValue]
    let signingSecrets: Int

    init(_ client: APIClient) async throws {
        account = client.account
        let answer = try await client.get("/admin/accounts/\(client.account)/keys")
        guard case .array(let keys)? = answer["keys"] else {
            throw ClientError("the server's answer has no keys; is it a belay of another version?")
        }
        self.keys = keys.map { $0["lastUsed"] ?? .null }
        signingSecrets = Int(answer["signingSecrets"]?.integerValue ?? 0)
    }

    /// As a parenthesis.
    var useOfOlder: String {
        keys.last?.string.map { "last used \($0)" } ?? "not used since the server started"
    }

    /// Nil where a new one outdates nothing.
    var keyThatWouldEnd: String? {
        guard keys.count > 1 else { return nil }
        return "two keys of \(account) are good, and a third ends the older one at once (\(useOfOlder))"
    }

    var secretThatWouldEnd: String? {
        guard signingSecrets > 1 else { return nil }
        return "two signing secrets of \(account) sign its webhooks, and a third ends the older one at once: apps that "
            + "check by it refuse every webhook from then on"
    }
}
