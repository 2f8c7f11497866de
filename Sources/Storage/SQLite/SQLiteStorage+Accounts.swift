import GRDB
import JSON
package import Telephony

extension SQLiteStorage {
    package func saveAccount(
        _ account: Account, credentials: AccountCredentials?, numbers: [OwnedNumber]
    ) async throws(StorageError) {
        try await change { db in
            try db.execute(
                sql: """
                    INSERT INTO accounts (account_id, alias, label, kind, status, created, updated, revision)
                    VALUES (:id, :alias, :label, :kind, :status, :created, :updated, :revision)
                    ON CONFLICT (account_id) DO UPDATE SET alias = :alias, label = :label, kind = :kind,
                        status = :status, updated = :updated, revision = :revision
                    """,
                arguments: [
                    "id": account.accountID.text, "alias": account.alias, "label": account.label,
                    "kind": account.kind.rawValue, "status": account.status.rawValue,
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

    package func accounts() async throws(StorageError) -> [Account] {
        try await read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM accounts ORDER BY id").map(Self.account)
        }
    }

    package func saveCredentials(_ credentials: AccountCredentials) async throws(StorageError) {
        try await change { db in try Self.save(credentials, in: db) }
    }

    package func credentials(_ accountID: AccountID) async throws(StorageError) -> AccountCredentials? {
        try await read { db in
            try Row.fetchOne(
                db,
                sql: """
                    SELECT api_key_hash, signing_secrets FROM credentials
                    JOIN accounts ON accounts.id = credentials.account WHERE account_id = ?
                    """,
                arguments: [accountID.text]
            ).map { row in
                AccountCredentials(
                    accountID: accountID, apiKeyHash: try row.bytes("api_key_hash"),
                    signingSecrets: try row.texts("signing_secrets"))
            }
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
        try db.execute(
            sql: """
                INSERT INTO credentials (account, api_key_hash, signing_secrets) VALUES (:account, :hash, :secrets)
                ON CONFLICT (account) DO UPDATE SET api_key_hash = :hash, signing_secrets = :secrets
                """,
            arguments: [
                "account": try key(of: credentials.accountID, in: db), "hash": Blob(credentials.apiKeyHash),
                "secrets": JSONValue.array(credentials.signingSecrets.map(JSONValue.string)).text,
            ])
    }

    private static func account(_ row: Row) throws -> Account {
        var account = Account(
            accountID: try row.identifier("account_id"), kind: try row.word("kind"), status: try row.word("status"),
            created: try row.time("created"))
        account.alias = try row.optional("alias")
        account.label = try row.optional("label")
        account.dateUpdated = try row.time("updated")
        account.revision = try row.value("revision")
        return account
    }
}
