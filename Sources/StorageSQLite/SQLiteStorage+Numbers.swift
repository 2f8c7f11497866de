import GRDB
package import Storage
package import Telephony

extension SQLiteStorage {
    package func saveNumber(_ number: OwnedNumber) async throws(StorageError) {
        try await change { db in try Self.save(number, in: db) }
    }

    package func number(_ phoneNumber: PhoneNumber) async throws(StorageError) -> OwnedNumber? {
        try await read { db in
            try Row.fetchOne(
                db,
                sql: """
                    SELECT numbers.*, account_id FROM numbers JOIN accounts ON accounts.id = numbers.account
                    WHERE phone_number = ?
                    """,
                arguments: [phoneNumber.text]
            ).map { try Self.number($0, account: $0.identifier("account_id")) }
        }
    }

    package func deleteNumber(_ id: PhoneNumberID, account: AccountID) async throws(StorageError) {
        try await change { db in
            try db.execute(
                sql: """
                    DELETE FROM numbers
                    WHERE phone_number_id = ? AND account = (SELECT id FROM accounts WHERE account_id = ?)
                    """,
                arguments: [id.text, account.text])
            guard db.changesCount > 0 else { throw StorageError.notFound }
        }
    }

    package func numbers(
        account: AccountID, filter: NumberFilter, after cursor: PageCursor?
    ) async throws(StorageError) -> Page<OwnedNumber> {
        var query = PageQuery(
            columns: "*", table: "numbers",
            condition: "account = (SELECT id FROM accounts WHERE account_id = :account)",
            identifier: "phone_number_id", arguments: ["account": account.text])
        if let alias = filter.alias {
            query.condition += " AND alias = :alias"
            query.arguments["alias"] = alias
        }
        if let application = filter.applicationID {
            query.condition += " AND application_id = :application"
            query.arguments["application"] = application.text
        }
        if filter.hasApplication { query.condition += " AND application_id IS NOT NULL" }
        let found = query
        let choose = filter.choose
        return try await read { db in
            var complete = found
            if let choose {
                let all = try Row.fetchAll(
                    db, sql: "SELECT id, phone_number FROM numbers WHERE \(complete.condition)",
                    arguments: StatementArguments(complete.arguments))
                let numbers = try all.map { try $0.phoneNumber("phone_number") }
                let chosen = choose(numbers)
                let ids = zip(all, numbers).filter { chosen.contains($0.1) }.map { $0.0["id"] as Int64 }
                complete.condition = "id IN (SELECT value FROM json_each(:ids))"
                complete.arguments = ["ids": "[" + ids.map(String.init).joined(separator: ",") + "]"]
            }
            return try complete.page(after: cursor, in: db) { try Self.number($0, account: account) }
        }
    }

    static func save(_ number: OwnedNumber, in db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO numbers (phone_number_id, account, application_id, phone_number, alias, created, updated,
                    revision)
                VALUES (:id, :account, :application, :number, :alias, :created, :updated, :revision)
                ON CONFLICT (phone_number_id) DO UPDATE SET account = :account, application_id = :application,
                    phone_number = :number, alias = :alias, updated = :updated, revision = :revision
                """,
            arguments: [
                "id": number.phoneNumberID.text, "account": try key(of: number.accountID, in: db),
                "application": number.applicationID?.text, "number": number.phoneNumber.text, "alias": number.alias,
                "created": number.dateCreated.microseconds, "updated": number.dateUpdated.microseconds,
                "revision": number.revision,
            ])
    }

    private static func number(_ row: Row, account: AccountID) throws -> OwnedNumber {
        var number = OwnedNumber(
            phoneNumberID: try row.identifier("phone_number_id"), accountID: account,
            phoneNumber: try row.phoneNumber("phone_number"), created: try row.time("created"))
        number.applicationID = try row.optionalIdentifier("application_id")
        number.alias = try row.optional("alias")
        number.dateUpdated = try row.time("updated")
        number.revision = try row.value("revision")
        return number
    }
}
