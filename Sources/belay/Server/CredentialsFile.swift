import Telephony

/// The file `credentials` of the data folder: lines that a shell can read with `source`.
struct CredentialsFile {
    static let fileName = "credentials"

    var accountID: String
    var apiKey: String
    var signingSecret: String
    var number: String

    func write(to path: String) throws {
        let text = """
            BELAY_ACCOUNT_ID=\(accountID)
            BELAY_API_KEY=\(apiKey)
            BELAY_SIGNING_SECRET=\(signingSecret)
            BELAY_NUMBER=\(number)

            """
        try SecretFile.write(text, to: path)
    }

    /// Nil where the folder has none, or none that is whole.
    static func read(_ path: String) -> CredentialsFile? {
        let lines = ServerAccess.lines(of: path)
        guard let account = lines["BELAY_ACCOUNT_ID"], let key = lines["BELAY_API_KEY"],
            let secret = lines["BELAY_SIGNING_SECRET"], let number = lines["BELAY_NUMBER"]
        else { return nil }
        return CredentialsFile(accountID: account, apiKey: key, signingSecret: secret, number: number)
    }
}
