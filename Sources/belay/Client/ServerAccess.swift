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
        var server: ServerAddress
        var account: String
        var key: String
        /// The first number that the account owns; nil where nothing tells it.
        var number: String?
        var signingSecret: String?
    }

    /// - Throws: what is missing and where it could have stood.
    func identity() throws -> Identity {
        let file = Self.lines(of: credentialsPath)
        func value(_ name: String) -> String? { Self.environment(name) ?? file[name] }
        guard let account = account ?? value("BELAY_ACCOUNT_ID") else {
            throw ClientError(
                "no account: \(absence(of: CredentialsFile.fileName)), or set BELAY_ACCOUNT_ID and BELAY_API_KEY")
        }
        guard let key = value("BELAY_API_KEY") else {
            throw ClientError(
                "no key for the account \(account): \(absence(of: CredentialsFile.fileName)), or set BELAY_API_KEY")
        }
        // The folder's key opens no other account.
        if Self.environment("BELAY_API_KEY") == nil, let own = file["BELAY_ACCOUNT_ID"], own != account {
            throw ClientError(
                "no key for the account \(account): the one in \(credentialsPath) is that of \(own); set BELAY_API_KEY")
        }
        return Identity(
            server: try serverAddress(), account: account, key: key, number: value("BELAY_NUMBER"),
            signingSecret: value("BELAY_SIGNING_SECRET"))
    }

    func client() throws -> APIClient {
        let identity = try identity()
        return APIClient(
            server: identity.server, account: identity.account,
            authorization: .account(id: identity.account, key: identity.key), identity: identity,
            credentialsOrigin: Self.environment("BELAY_API_KEY") == nil
                ? "as in \(credentialsPath)" : "as in BELAY_API_KEY")
    }

    var folder: String { ServerConfiguration.dataFolder(given: data) }

    /// The server is named, and not the data folder's.
    var namesServer: Bool { server != nil || Self.environment("BELAY_SERVER") != nil }

    private var credentialsPath: String { folder + "/" + CredentialsFile.fileName }

    /// As the operator, whose token stands in the data folder or in the environment.
    func operatorClient() throws -> APIClient {
        let file = Self.lines(of: folder + "/" + OperatorToken.fileName)
        let preset = Self.environment(OperatorToken.variable)
        guard let token = preset ?? file[OperatorToken.variable] else {
            throw ClientError("no operator: \(absence(of: OperatorToken.fileName)), or set \(OperatorToken.variable)")
        }
        return APIClient(
            server: try operatorAddress(), account: accountName(), authorization: .operator(token: token),
            credentialsOrigin: preset == nil
                ? "as in \(folder)/\(OperatorToken.fileName)" : "as in \(OperatorToken.variable)")
    }

    /// For what anybody may ask.
    func openClient() throws -> APIClient {
        APIClient(server: try serverAddress(), account: accountName(), authorization: .nobody)
    }

    /// The account that is meant: as given, else the environment's, else the data folder's.
    private func accountName() -> String {
        account ?? Self.environment("BELAY_ACCOUNT_ID") ?? Self.lines(of: credentialsPath)["BELAY_ACCOUNT_ID"] ?? ""
    }

    private func serverAddress() throws -> ServerAddress {
        if let server { return try ServerAddress(server, from: "--server") }
        if let server = Self.environment("BELAY_SERVER") { return try ServerAddress(server, from: "BELAY_SERVER") }
        return ServerAddress(ofFolder: folder, isNamed: data != nil)
    }

    /// The named server itself, unless it is the folder's own: that one's operator is answered where the folder says.
    private func operatorAddress() throws -> ServerAddress {
        let address = try serverAddress()
        guard !namesServer || address.url == ServerAddress(ofFolder: folder).url else { return address }
        return ServerAddress(ofOperatorIn: folder, isNamed: data != nil)
    }

    /// Why a file of the data folder told nothing, and what to do.
    private func absence(of file: String) -> String {
        var isFolder: ObjCBool = false
        let advice = "name the server's data folder with --data"
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder) else {
            return "there is no folder \(folder); \(advice)"
        }
        guard isFolder.boolValue else { return "\(folder) is no folder; \(advice)" }
        let path = "\(folder)/\(file)"
        guard access(folder, X_OK) == 0, access(path, R_OK) == 0 || errno == ENOENT else {
            return "\(path) may not be read by this user; ask as the user who runs the server"
        }
        guard FileManager.default.fileExists(atPath: path) else {
            return "\(folder) is no server's data folder (it has no file `\(file)`); \(advice)"
        }
        return "\(path) is not whole; \(advice)"
    }

    /// A variable that is set to something.
    private static func environment(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
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
