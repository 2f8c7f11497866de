import GRDB
package import Storage
package import Telephony

extension SQLiteStorage {
    package func createApplication(_ application: Application) async throws(StorageError) {
        try await change { db in
            try db.execute(
                sql: """
                    INSERT INTO applications (application_id, account, alias, voice_url, voice_fallback_url,
                        call_connect_url, status_callback_url, sms_url, sms_fallback_url, created, updated, revision)
                    VALUES (:id, :account, :alias, :voice, :voice_fallback, :call_connect, :status_callback, :sms,
                        :sms_fallback, :created, :updated, :revision)
                    """,
                arguments: try Self.arguments(of: application, created: true, in: db))
        }
    }

    package func updateApplication(_ application: Application) async throws(StorageError) {
        try await change { db in
            try db.execute(
                sql: """
                    UPDATE applications SET alias = :alias, voice_url = :voice, voice_fallback_url = :voice_fallback,
                        call_connect_url = :call_connect, status_callback_url = :status_callback, sms_url = :sms,
                        sms_fallback_url = :sms_fallback, updated = :updated, revision = :revision
                    WHERE application_id = :id AND account = :account
                    """,
                arguments: try Self.arguments(of: application, created: false, in: db))
            guard db.changesCount == 1 else { throw StorageError.notFound }
        }
    }

    package func deleteApplication(
        _ applicationID: ApplicationID, account: AccountID
    ) async throws(StorageError) {
        try await change { db in
            try db.execute(
                sql: "DELETE FROM applications WHERE application_id = ? AND account = ?",
                arguments: [applicationID.text, try Self.key(of: account, in: db)])
            guard db.changesCount == 1 else { throw StorageError.notFound }
        }
    }

    package func application(
        _ applicationID: ApplicationID, account: AccountID
    ) async throws(StorageError) -> Application? {
        try await read { db in
            try Row.fetchOne(
                db,
                sql: """
                    SELECT applications.* FROM applications JOIN accounts ON accounts.id = applications.account
                    WHERE application_id = ? AND account_id = ?
                    """,
                arguments: [applicationID.text, account.text]
            ).map { try Self.application($0, account: account) }
        }
    }

    package func applications(
        account: AccountID, alias: String?, after cursor: PageCursor?
    ) async throws(StorageError) -> Page<Application> {
        var query = PageQuery(
            columns: "*", table: "applications",
            condition: "account = (SELECT id FROM accounts WHERE account_id = :account)",
            identifier: "application_id", arguments: ["account": account.text])
        if let alias {
            query.condition += " AND alias = :alias"
            query.arguments["alias"] = alias
        }
        let complete = query
        return try await read { db in
            try complete.page(after: cursor, in: db) { try Self.application($0, account: account) }
        }
    }

    private static func arguments(
        of application: Application, created: Bool, in db: Database
    ) throws -> StatementArguments {
        var arguments: [String: (any DatabaseValueConvertible)?] = [
            "id": application.applicationID.text, "account": try key(of: application.accountID, in: db),
            "alias": application.alias, "voice": application.voiceURL?.text,
            "voice_fallback": application.voiceFallbackURL?.text, "call_connect": application.callConnectURL?.text,
            "status_callback": application.statusCallbackURL?.text, "sms": application.smsURL?.text,
            "sms_fallback": application.smsFallbackURL?.text, "updated": application.dateUpdated.microseconds,
            "revision": application.revision,
        ]
        if created { arguments["created"] = application.dateCreated.microseconds }
        return StatementArguments(arguments)
    }

    private static func application(_ row: Row, account: AccountID) throws -> Application {
        var application = Application(
            applicationID: try row.identifier("application_id"), accountID: account, created: try row.time("created"))
        application.alias = try row.optional("alias")
        application.voiceURL = try row.optionalURL("voice_url")
        application.voiceFallbackURL = try row.optionalURL("voice_fallback_url")
        application.callConnectURL = try row.optionalURL("call_connect_url")
        application.statusCallbackURL = try row.optionalURL("status_callback_url")
        application.smsURL = try row.optionalURL("sms_url")
        application.smsFallbackURL = try row.optionalURL("sms_fallback_url")
        application.dateUpdated = try row.time("updated")
        application.revision = try row.value("revision")
        return application
    }
}
