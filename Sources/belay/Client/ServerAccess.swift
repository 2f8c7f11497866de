import ArgumentParser
import Foundation
import JSON

/// Which server a command speaks to, and as whom.
///
/// Both stand in the server's data folder; the environment outweighs it, and options the environment.
struct ServerAccess: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The server's data folder, where its address and the account's key are read (~/.local/share/belay).",
            valueName: "dir"))
    var data: String?
    @Option(help: ArgumentHelp("The server, when not the data folder's (BELAY_SERVER).", valueName: "url"))
    var server: String?
    @Option(help: ArgumentHelp("The account, when not the data folder's (BELAY_ACCOUNT_ID).", valueName: "id"))
    var account: String?

    /// What the data folder or the environment tells of an account.
    struct Identity {
        var server: String
        var account: String
        var key: String
        /// The first number that the account owns; nil where nothing tells it.
        var number: String?
        var signingSecret: String?
    }

    /// - Throws: what is missing and where it could have stood.
    func identity() throws -> Identity {
        let environment = ProcessInfo.processInfo.environment
        let file = Self.lines(of: folder + "/" + CredentialsFile.fileName)
        func value(_ name: String) -> String? { environment[name] ?? file[name] }
        guard let account = account ?? value("BELAY_ACCOUNT_ID"), let key = value("BELAY_API_KEY") else {
            throw ClientError(
                "no account: \(folder)/credentials cannot be read; name the server's data folder with --data, or set "
                    + "BELAY_ACCOUNT_ID and BELAY_API_KEY")
        }
        return Identity(
            server: serverURL(), account: account, key: key, number: value("BELAY_NUMBER"),
            signingSecret: value("BELAY_SIGNING_SECRET"))
    }

    func client() throws -> APIClient {
        let identity = try identity()
        return APIClient(
            server: identity.server, account: identity.account,
            authorization: .account(id: identity.account, key: identity.key), identity: identity)
    }

    var folder: String { ServerConfiguration.dataFolder(given: data) }

    /// As the operator, whose token stands in the data folder or in the environment.
    func operatorClient() throws -> APIClient {
        let environment = ProcessInfo.processInfo.environment
        let file = Self.lines(of: folder + "/" + OperatorToken.fileName)
        guard let token = environment[OperatorToken.variable] ?? file[OperatorToken.variable] else {
            throw ClientError(
                "no operator: \(folder)/\(OperatorToken.fileName) cannot be read; name the server's data folder with "
                    + "--data, or set \(OperatorToken.variable)")
        }
        return APIClient(server: serverURL(), account: accountName(), authorization: .operator(token: token))
    }

    /// The account that is meant: as given, else the environment's, else the data folder's.
    private func accountName() -> String {
        account ?? ProcessInfo.processInfo.environment["BELAY_ACCOUNT_ID"]
            ?? Self.lines(of: folder + "/" + CredentialsFile.fileName)["BELAY_ACCOUNT_ID"] ?? ""
    }

    private func serverURL() -> String {
        server ?? ProcessInfo.processInfo.environment["BELAY_SERVER"]
            ?? Self.lines(of: folder + "/address")["BELAY_SERVER"] ?? "http://127.0.0.1:8080"
    }

    /// `NAME=value` lines, as a shell reads them.
    static func lines(of path: String) -> [String: String] {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return [:] }
        var values: [String: String] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(separator: "=", maxSplits: 1)
            if parts.count == 2 { values[String(parts[0])] = String(parts[1]) }
        }
        return values
    }
}

/// Why a command could not do its work, in a sentence that says what to do.
struct ClientError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
