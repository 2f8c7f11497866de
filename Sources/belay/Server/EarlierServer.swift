import Foundation
import Logging
import Runtime
import Storage
import StorageSQLite
import Telephony

/// What an earlier server left in the data folder, held against its database: a server that has lost its database does
/// not begin anew without a word (docs/decisions/0033).
struct EarlierServer {
    let folder: String
    private let credentials: CredentialsFile?
    /// What only a server leaves behind, in words.
    private let traces: [String]

    init(folder: String) {
        self.folder = folder
        credentials = CredentialsFile.read("\(folder)/\(CredentialsFile.fileName)")
        traces = Self.traces(in: folder, credentials)
    }

    static func traces(in folder: String, _ credentials: CredentialsFile?) -> [String] {
        func size(_ name: String) -> Int {
            let attributes = try? FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")
            return attributes?[.size] as? Int ?? 0
        }
        var traces: [String] = []
        if size(CredentialsFile.fileName) > 0 {
            traces.append("credentials" + (credentials.map { " of account \($0.accountID)" } ?? ""))
        }
        if size(OperatorToken.fileName) > 0 { traces.append("an operator's token (\(OperatorToken.fileName))") }
        if size(SQLiteStorage.fileName) == 0, size(SQLiteStorage.fileName + "-wal") > 0 {
            traces.append("the database's log (\(SQLiteStorage.fileName)-wal)")
        }
        let recordings = (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/recordings")) ?? []
        if !recordings.isEmpty { traces.append("recordings") }
        return traces
    }

    func open(makesNewDatabase: Bool) throws -> SQLiteStorage {
        do {
            return try SQLiteStorage(.init(folder: folder, mayBeNew: makesNewDatabase || traces.isEmpty))
        } catch {
            guard case .noDatabase = error else { throw error }
            throw ConfigurationError(description: Self.noDatabase(folder, traces))
        }
    }

    /// - Throws: `ConfigurationError` where the database is not the one that the rest of the folder belongs to.
    ///
    /// - Parameter accountRows: of the database, whether they can be read or not.
    func check(_ directory: DirectoryCache, accountRows: Int, makesNewDatabase: Bool) throws {
        let path = "\(folder)/\(SQLiteStorage.fileName)"
        guard !directory.accounts.isEmpty else {
            guard accountRows == 0 else {
                throw ConfigurationError(
                    description: """
                        \(path) holds accounts, and none of them can be read (the log above says why): it is damaged, or \
                        was written to by another program; put a copy of it back, or move it away to begin anew with \
                        belay serve --new-database
                        """)
            }
            guard makesNewDatabase || traces.isEmpty else {
                throw ConfigurationError(description: Self.noDatabase(folder, traces))
            }
            return
        }
        guard !makesNewDatabase else {
            throw ConfigurationError(
                description: """
                    \(path) holds accounts, and --new-database replaces none; to begin anew, move it away first
                    """)
        }
        if let credentials, AccountID(credentials.accountID).flatMap({ directory.account($0) }) == nil {
            throw ConfigurationError(
                description: """
                    \(path) does not know the account \(credentials.accountID) that the file credentials beside it \
                    names: it is another server's, or from before that account was made; put the right one back, or, if it is \
                    the right one, move credentials away
                    """)
        }
    }

    static func noDatabase(_ folder: String, _ traces: [String]) -> String {
        """
        \(folder) has \(traces.joined(separator: ", ")), but its database is missing or empty; put \
        \(SQLiteStorage.fileName) back, with its \(SQLiteStorage.fileName)-wal where there was one, or choose another folder \
        with --data; to begin anew without its calls, logs and numbers: belay serve --new-database
        """
    }

    /// What cannot be mended, but should be known.
    func tell(_ directory: DirectoryCache, _ logger: Logger) {
        guard credentials == nil, let account = directory.accounts.first else { return }
        logger.warning(
            """
            the file credentials is missing or not whole: the accounts' keys go on being good, but the commands of this \
            machine know none, and it cannot be read back; a new one is made with: belay key new --account \
            \(account.accountID)
            """)
    }

    /// Where a new database takes the place of one that is lost, clients find the account and the key that they know.
    func presets(_ presets: Presets, _ directory: DirectoryCache) -> Presets {
        guard directory.accounts.isEmpty, let credentials, let account = AccountID(credentials.accountID),
            presets.accountID == nil || presets.accountID == account
        else { return presets }
        var presets = presets
        presets.accountID = account
        presets.apiKey = presets.apiKey ?? credentials.apiKey
        presets.signingSecret = presets.signingSecret ?? credentials.signingSecret
        presets.number = presets.number ?? PhoneNumber(credentials.number)
        return presets
    }
}
