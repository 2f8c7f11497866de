import Foundation
import MessageDigests
import Runtime
import Telephony

/// Sees to it that there is an account to work with: made on the first start, and by presets at any later one.
struct FirstStart {
    /// Fictional by the North American numbering plan: 555-0100 to 555-0199.
    static let defaultNumber = "+15555550100"

    let folder: String
    let presets: Presets

    var credentialsPath: String { folder + "/" + CredentialsFile.fileName }

    /// What clients need; nil where no account was made or changed.
    struct Credentials {
        var accountID: AccountID
        var apiKey: String
        var signingSecret: String
        var number: PhoneNumber
    }

    func prepare(_ directory: DirectoryCache) async throws -> Credentials? {
        let accounts = directory.accounts
        let mustMake = accounts.isEmpty || (presets.accountID.map { directory.account($0) == nil } ?? false)
        guard mustMake || presets.apiKey != nil || presets.signingSecret != nil || presets.number != nil else {
            return nil
        }
        var random = SystemRandomNumberGenerator()
        let now = SystemClock.wall()
        let accountID = presets.accountID ?? accounts.first?.accountID ?? AccountID(random: &random)
        let known = directory.credentials(of: accountID)
        if let known, !isChanged(known) { return nil }
        // A key cannot be read back from its hash: where only another preset changed, a new key is drawn and written.
        let credentials = Credentials(
            accountID: accountID,
            apiKey: presets.apiKey ?? Hexadecimal.draw(digits: 40, from: &random),
            signingSecret: presets.signingSecret ?? known?.signingSecrets.first
                ?? "sigsec_" + Hexadecimal.draw(digits: 40, from: &random),
            number: try presets.number ?? Self.number())
        let account =
            directory.account(accountID) ?? Account(accountID: accountID, kind: .full, status: .active, created: now)
        var numbers: [OwnedNumber] = []
        if directory.number(credentials.number, of: accountID) == nil {
            numbers.append(
                OwnedNumber(
                    phoneNumberID: PhoneNumberID(random: &random), accountID: accountID,
                    phoneNumber: credentials.number, created: now))
        }
        try await directory.add(
            account,
            AccountCredentials(
                accountID: accountID, apiKeyHashes: [MessageDigest.sha256.digest(of: Array(credentials.apiKey.utf8))],
                signingSecrets: [credentials.signingSecret]),
            numbers)
        try write(credentials)
        return credentials
    }

    /// Where nothing is configured: of the number that the first account began with, which the environment presets or the
    /// first start chose. No account changes it.
    var homeCountries: HomeCountries {
        let number = presets.number ?? CredentialsFile.read(credentialsPath).flatMap { PhoneNumber($0.number) }
        return number.flatMap { HomeCountries(of: [$0]) } ?? .northAmerica
    }

    /// A preset says otherwise than what is stored.
    private func isChanged(_ known: AccountCredentials) -> Bool {
        if let key = presets.apiKey {
            guard known.apiKeyHashes.contains(MessageDigest.sha256.digest(of: Array(key.utf8))) else { return true }
        }
        if let secret = presets.signingSecret, !known.signingSecrets.contains(secret) { return true }
        return false
    }

    private static func number() throws -> PhoneNumber {
        guard let number = PhoneNumber(defaultNumber) else {
            throw ConfigurationError(description: "the built-in number \(defaultNumber) is malformed")
        }
        return number
    }

    private func write(_ credentials: Credentials) throws {
        try CredentialsFile(
            accountID: credentials.accountID.text, apiKey: credentials.apiKey,
            signingSecret: credentials.signingSecret, number: credentials.number.text
        ).write(to: credentialsPath)
    }

    /// Where the REST API and the operator are answered, for the commands of this machine.
    func writeAddress(_ url: String, administration: String) throws {
        let text = "BELAY_SERVER=\(url)\n\(ServerAddress.operatorName)=\(administration)\n"
        try Data(text.utf8).write(to: URL(filePath: folder + "/address"), options: .atomic)
    }
}
