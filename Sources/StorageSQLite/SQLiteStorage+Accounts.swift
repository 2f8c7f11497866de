import FoundationEssentials
import GRDB
import JSON
package import Storage
package import Telephony

extension SQLiteStorage {
    package func saveAccount(
        _ account: Account, credentials: AccountCredentials?, numbers: [OwnedNumber]
    ) async throws(StorageError) {
        try await change { db in
            try db.execute(
                sql: """
                    INSERT INTO accounts (account_id, alias, label, kind, status, rules, created, updated, revision)
                    VALUES (:id, :alias, :label, :kind, :status, :rules, :created, :updated, :revision)
                    ON CONFLICT (account_id) DO UPDATE SET alias = :alias, label = :label, kind = :kind,
                        status = :status, rules = :rules, updated = :updated, revision = :revision
                    """,
                arguments: [
                    "id": account.accountID.text, "alias": account.alias, "label": account.label,
                    "kind": account.kind.rawValue, "status": account.status.rawValue,
                    "rules": try Self.text(of: account.rules),
                    "created": account.dateCreated.microseconds, "updated": account.dateUpdated.microseconds,
                    "revision": account.revision,
                ])
            if let credentials { try Self.save(credentials, in: db) }
            for number in numbers { try Self.save(number, in: db) }
        }
    }

    package func account(_ accountID: AccountID) async throws(StorageError) -> Account? {
        try await read { db in
            try Row.fetchOne(db, sql: "SELECT * FROM accounts WHERE account_id = ?", arguments: [accountID.text])
                .map(Self.account)
        }
    }

    /// Those that can be read, and those that cannot.
    package func accountRows() async throws(StorageError) -> Int {
        try await read { db in try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM accounts") ?? 0 }
    }

    package func accounts() async throws(StorageError) -> [Account] {
        let (accounts, complaints) = try await read { db in
            var readable = ReadableRows()
            let rows = try Row.fetchAll(db, sql: "SELECT * FROM accounts ORDER BY id")
            return (try readable.map(rows, of: "accounts", Self.account), readable.complaints)
        }
        for complaint in complaints { writer.tell(.unreadable(complaint)) }
        return accounts
    }

    package func saveCredentials(_ credentials: AccountCredentials) async throws(StorageError) {
        try await change { db in try Self.save(credentials, in: db) }
    }

    package func credentials(_ accountID: AccountID) async throws(StorageError) -> AccountCredentials? {
        let (credentials, complaints) = try await read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT api_key_hash, older_api_key_hash, signing_secrets FROM credentials
                    JOIN accounts ON accounts.id = credentials.account WHERE account_id = ?
                    """,
                arguments: [accountID.text])
            var readable = ReadableRows()
            let credentials = try readable.map(rows, of: "credentials") { row in
                AccountCredentials(
                    accountID: accountID,
                    apiKeyHashes: [try row.bytes("api_key_hash")]
                        + (try row.optional("older_api_key_hash", as: Blob.self).map { [$0.bytes] } ?? []),
                    signingSecrets: try row.texts("signing_secrets"))
            }
            return (credentials.first, readable.complaints)
        }
        for complaint in complaints { writer.tell(.unreadable(complaint)) }
        return credentials
    }

    package func switches() async throws(StorageError) -> [String: String] {
        try await read { db in
            try Row.fetchAll(db, sql: "SELECT name, value FROM switches").reduce(into: [:]) { switches, row in
                switches[try row.value("name")] = try row.value("value", as: String.self)
            }
        }
    }

    package func setSwitch(_ name: String, to value: String?) async throws(StorageError) {
        try await change { db in
            guard let value else {
                try db.execute(sql: "DELETE FROM switches WHERE name = ?", arguments: [name])
                return
            }
            try db.execute(
                sql: "INSERT INTO switches (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = ?2",
                arguments: [name, value])
        }
    }

    /// The account's row id.
    static func key(of accountID: AccountID, in db: Database) throws -> Int64 {
        guard
            let key = try Int64.fetchOne(
                db, sql: "SELECT id FROM accounts WHERE account_id = ?", arguments: [accountID.text])
        else { throw StorageError.unknownAccount(accountID) }
        return key
    }

    private static func save(_ credentials: AccountCredentials, in db: Database) throws {
        let hashes = credentials.apiKeyHashes
        try db.execute(
            sql: """
                INSERT INTO credentials (account, api_key_hash, older_api_key_hash, signing_secrets)
                VALUES (:account, :hash, :older, :secrets)
                ON CONFLICT (account) DO UPDATE SET api_key_hash = :hash, older_api_key_hash = :older,
                    signing_secrets = :secrets
                """,
            arguments: [
                "account": try key(of: credentials.accountID, in: db), "hash": Blob(hashes.first ?? []),
                "older": hashes.dropFirst().first.map(Blob.init),
                "secrets": JSONValue.array(credentials.signingSecrets.map(JSONValue.string)).text,
            ])
    }

    private static func account(_ row: Row) throws -> Account {
        var account = Account(
            accountID: try row.identifier("account_id"), kind: try row.word("kind"), status: try row.word("status"),
            created: try row.time("created"))
        account.alias = try row.optional("alias")
        account.label = try row.optional("label")
        account.rules = try rules(try row.value("rules"))
        account.dateUpdated = try row.time("updated")
        account.revision = try row.value("revision")
        return account
    }

    private static func text(of rules: AccountRules) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return String(decoding: try encoder.encode(rules), as: UTF8.self)
    }

    private static func rules(_ text: String) throws -> AccountRules {
        guard let rules = try? JSONDecoder().decode(AccountRules.self, from: Data(text.utf8)) else {
            throw StorageError.corrupt("the column rules holds a value that is none of its kind")
        }
        return rules
    }
}
