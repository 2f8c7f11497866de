import GRDB
import JSON
import Telephony

/// Turns storage operations into rows. Belongs to the writer's thread and its connection.
///
/// Statements are prepared once. A statement that failed cannot be run again (`sqlite3_reset` repeats its error),
/// and a transaction that was rolled back takes row ids with it, so after any failure the writer calls
/// ``forget()`` and everything is made afresh.
final class RowWriter {
    /// Live calls are far fewer; the table is emptied when it is full, at the price of a look-up each.
    private static let maximumCachedKeys = 100_000

    private var statements: [Statement?] = Array(repeating: nil, count: SQL.allCases.count)
    private var callKeys: [CallID: Int64] = [:]
    private var accountKeys: [AccountID: Int64] = [:]
    /// Something secret has been removed since this was last set to false.
    var hasRemovedSecrets = false

    func forget() {
        statements = Array(repeating: nil, count: SQL.allCases.count)
        callKeys = [:]
        accountKeys = [:]
    }

    func apply(_ operation: StorageOperation, to db: Database) throws {
        switch operation {
        case .saveCall(let call): try save(call, to: db)
        case .saveRecord(let callID, let record):
            let key = try existingKey(of: callID, in: db)
            try execute(.saveRecord, [key, Blob(record)], in: db)
        case .removeRecord(let callID):
            let key = try existingKey(of: callID, in: db)
            try execute(.removeRecord, [key], in: db)
            callKeys[callID] = nil
            hasRemovedSecrets = true
        case .appendJournal(let entry): try append(entry, to: db)
        case .saveRecording(let recording): try save(recording, to: db)
        case .saveNotification(let notification): try save(notification, to: db)
        case .removeNotification(let eventID):
            try execute(.removeNotification, [eventID.text], in: db)
            hasRemovedSecrets = true
        }
    }

    // MARK: Rows

    /// A call's account, numbers, direction and creation never change, so that an update leaves the indexes of
    /// the numbers alone.
    private func save(_ call: Call, to db: Database) throws {
        if let key = try key(of: call.callID, in: db) {
            try execute(
                .updateCall,
                [
                    call.status.rawValue, call.endedReason?.rawValue, call.answeredBy?.rawValue,
                    call.dateUpdated.microseconds, call.revision, call.startTime?.microseconds,
                    call.connectTime?.microseconds, call.endTime?.microseconds, call.applicationID?.text,
                    call.phoneNumberID?.text, key,
                ], in: db)
            return
        }
        let account = try key(of: call.accountID, in: db)
        try execute(
            .insertCall,
            [
                call.callID.text, account, call.applicationID?.text, call.parentCallID?.text,
                call.phoneNumberID?.text, call.from, call.to, call.direction.rawValue, call.status.rawValue,
                call.endedReason?.rawValue, call.answeredBy?.rawValue, call.dateCreated.microseconds,
                call.dateUpdated.microseconds, call.revision, call.startTime?.microseconds,
                call.connectTime?.microseconds, call.endTime?.microseconds,
            ], in: db)
        remember(db.lastInsertedRowID, for: call.callID)
    }

    private func append(_ entry: JournalEntry, to db: Database) throws {
        let metadata = entry.metadata.isEmpty ? nil : JSONValue.object(entry.metadata).text
        let values: [(any DatabaseValueConvertible)?] = [
            entry.sequence, entry.timestamp.microseconds, entry.level.rawValue, entry.scope.rawValue,
            entry.requestID?.text, entry.message, metadata,
        ]
        if let callID = entry.callID {
            try execute(.appendJournal, [try existingKey(of: callID, in: db)] + values, in: db)
        } else {
            try execute(.appendAccountJournal, [try key(of: entry.accountID, in: db)] + values, in: db)
        }
    }

    private func save(_ recording: Recording, to db: Database) throws {
        let account = try key(of: recording.accountID, in: db)
        let call = try existingKey(of: recording.callID, in: db)
        try execute(
            .saveRecording,
            [
                recording.recordingID.text, account, call, recording.dateCreated.microseconds,
                recording.dateUpdated.microseconds, recording.revision, recording.durationSeconds,
                recording.isPrivate, recording.isDeleted,
            ], in: db)
    }

    private func save(_ notification: PendingNotification, to db: Database) throws {
        let webhook = notification.webhook
        try execute(
            .saveNotification,
            [
                webhook.eventID.text, try existingKey(of: webhook.callID, in: db), webhook.eventSequence,
                webhook.requestID.text, webhook.requestType, webhook.purpose.rawValue, webhook.url.text,
                Blob(webhook.body), notification.attempts, notification.firstAttempt.microseconds,
                notification.nextAttempt.microseconds,
            ], in: db)
    }

    // MARK: Row ids

    private func existingKey(of callID: CallID, in db: Database) throws -> Int64 {
        guard let key = try key(of: callID, in: db) else { throw StorageError.unknownCall(callID) }
        return key
    }

    private func key(of callID: CallID, in db: Database) throws -> Int64? {
        if let key = callKeys[callID] { return key }
        guard let key = try Int64.fetchOne(statement(.callKey, in: db), arguments: [callID.text]) else { return nil }
        remember(key, for: callID)
        return key
    }

    private func remember(_ key: Int64, for callID: CallID) {
        if callKeys.count >= Self.maximumCachedKeys { callKeys.removeAll(keepingCapacity: true) }
        callKeys[callID] = key
    }

    private func key(of accountID: AccountID, in db: Database) throws -> Int64 {
        if let key = accountKeys[accountID] { return key }
        guard let key = try Int64.fetchOne(statement(.accountKey, in: db), arguments: [accountID.text]) else {
            throw StorageError.unknownAccount(accountID)
        }
        if accountKeys.count >= Self.maximumCachedKeys { accountKeys.removeAll(keepingCapacity: true) }
        accountKeys[accountID] = key
        return key
    }

    // MARK: Statements

    private func execute(_ sql: SQL, _ values: [(any DatabaseValueConvertible)?], in db: Database) throws {
        try statement(sql, in: db).execute(arguments: StatementArguments(values))
    }

    private func statement(_ sql: SQL, in db: Database) throws -> Statement {
        if let statement = statements[sql.rawValue] { return statement }
        let statement = try db.makeStatement(sql: sql.text)
        statements[sql.rawValue] = statement
        return statement
    }

    private enum SQL: Int, CaseIterable {
        case callKey, accountKey, insertCall, updateCall, saveRecord, removeRecord, appendJournal
        case appendAccountJournal, saveRecording, saveNotification, removeNotification

        var text: String {
            switch self {
            case .callKey: "SELECT id FROM calls WHERE call_id = ?"
            case .accountKey: "SELECT id FROM accounts WHERE account_id = ?"
            case .insertCall:
                """
                INSERT INTO calls (call_id, account, application_id, parent_call_id, phone_number_id, from_number,
                    to_number, direction, status, ended_reason, answered_by, created, updated, revision, started,
                    connected, ended)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
            case .updateCall:
                """
                UPDATE calls SET status = ?, ended_reason = ?, answered_by = ?, updated = ?, revision = ?,
                    started = ?, connected = ?, ended = ?, application_id = ?, phone_number_id = ?
                WHERE id = ?
                """
            case .saveRecord:
                "INSERT INTO records (call, record) VALUES (?1, ?2) ON CONFLICT (call) DO UPDATE SET record = ?2"
            case .removeRecord: "DELETE FROM records WHERE call = ?"
            case .appendJournal:
                """
                INSERT INTO journal (call, sequence, timestamp, level, scope, request_id, message, metadata)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """
            case .appendAccountJournal:
                """
                INSERT INTO account_journal (account, sequence, timestamp, level, scope, request_id, message, metadata)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """
            case .saveRecording:
                """
                INSERT INTO recordings (recording_id, account, call, created, updated, revision, seconds, private,
                    deleted)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (recording_id) DO UPDATE SET updated = excluded.updated, revision = excluded.revision,
                    seconds = excluded.seconds, deleted = excluded.deleted
                """
            case .saveNotification:
                """
                INSERT INTO notifications (event_id, call, event_sequence, request_id, request_type, purpose, url,
                    body, attempts, first_attempt, next_attempt)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (event_id) DO UPDATE SET attempts = excluded.attempts,
                    first_attempt = excluded.first_attempt, next_attempt = excluded.next_attempt
                """
            case .removeNotification: "DELETE FROM notifications WHERE event_id = ?"
            }
        }
    }
}
