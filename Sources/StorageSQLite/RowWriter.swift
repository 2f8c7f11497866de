import GRDB
import Storage
import Telephony

/// Turns storage operations into rows. Belongs to the writer's thread and its connection.
///
/// Statements are prepared once. A statement that failed cannot be run again (`sqlite3_reset` repeats its error),
/// and a transaction that was rolled back takes row ids with it, so after any failure the writer calls
/// ``forget()`` and everything is made afresh.
final class RowWriter {
    private var statements: [Statement?] = Array(repeating: nil, count: SQL.allCases.count)
    private var values = RowValues()
    private var callKeys = RecentKeys<CallID>()
    private var conferenceKeys = RecentKeys<ConferenceID>()
    private var accountKeys = RecentKeys<AccountID>()
    /// Something secret has been removed since this was last set to false.
    var hasRemovedSecrets = false

    func forget() {
        statements = Array(repeating: nil, count: SQL.allCases.count)
        callKeys = RecentKeys()
        conferenceKeys = RecentKeys()
        accountKeys = RecentKeys()
    }

    /// Applies one transaction's operations, leaving out what a later one of them writes over.
    func apply(_ operations: [[StorageOperation]], to db: Database) throws {
        if operations.count == 1 {
            for operation in operations[0] { try apply(operation, to: db) }
            return
        }
        var latestRow: [CallID: Int] = [:]
        var latestRecord: [CallID: Int] = [:]
        var latestConference: [ConferenceID: Int] = [:]
        var place = 0
        for operation in operations.joined() {
            switch operation {
            case .saveCall(let call): latestRow[call.callID] = place
            case .saveRecord(let callID, _), .removeRecord(let callID): latestRecord[callID] = place
            case .saveConference(let conference, _): latestConference[conference.conferenceID] = place
            case .appendJournal, .saveKey, .saveRecording, .saveNotification, .removeNotification, .saveQueue,
                .removeQueue:
                break
            }
            place += 1
        }
        place = 0
        for operation in operations.joined() {
            defer { place += 1 }
            switch operation {
            // A call's first row is always written, and a conference's: what follows refers to it.
            case .saveCall(let call) where latestRow[call.callID] != place:
                if try key(of: call.callID, in: db) == nil { try save(call, to: db) }
            case .saveConference(let conference, _) where latestConference[conference.conferenceID] != place:
                if try key(of: conference.conferenceID, in: db) == nil { try apply(operation, to: db) }
            case .saveRecord(let callID, _) where latestRecord[callID] != place: break
            default: try apply(operation, to: db)
            }
        }
    }

    func apply(_ operation: StorageOperation, to db: Database) throws {
        values.removeAll()
        switch operation {
        case .saveCall(let call): try save(call, to: db)
        case .saveRecord(let callID, let record):
            values.append(try existingKey(of: callID, in: db))
            values.append(blob: record)
            try execute(.saveRecord, in: db)
        case .removeRecord(let callID):
            values.append(try existingKey(of: callID, in: db))
            try execute(.removeRecord, in: db)
            hasRemovedSecrets = true
        case .appendJournal(let entry): try append(entry, to: db)
        case .saveKey(let key, let callID, let time): try save(key, of: callID, at: time, to: db)
        case .saveRecording(let recording): try save(recording, to: db)
        case .saveNotification(let notification): try save(notification, to: db)
        case .removeNotification(let eventID):
            values.append(eventID.text)
            try execute(.removeNotification, in: db)
            hasRemovedSecrets = true
        case .saveQueue(let queue): try save(queue, to: db)
        case .removeQueue(let queueID):
            values.append(queueID.text)
            try execute(.removeQueue, in: db)
        case .saveConference(let conference, let record): try save(conference, record, to: db)
        }
    }

    // MARK: Rows

    /// A call's account, numbers, direction and creation never change, so that an update leaves the indexes of
    /// the numbers alone.
    private func save(_ call: Call, to db: Database) throws {
        values.removeAll()
        if let key = try key(of: call.callID, in: db) {
            values.append(call.status.rawValue)
            values.append(call.endedReason?.rawValue)
            values.append(call.answeredBy?.rawValue)
            values.append(call.dateUpdated.microseconds)
            values.append(call.revision)
            values.append(call.startTime?.microseconds)
            values.append(call.connectTime?.microseconds)
            values.append(call.endTime?.microseconds)
            values.append(call.applicationID?.text)
            values.append(call.phoneNumberID?.text)
            values.append(key)
            try execute(.updateCall, in: db)
            return
        }
        let account = try key(of: call.accountID, in: db)
        values.append(call.callID.text)
        values.append(account)
        values.append(call.applicationID?.text)
        values.append(call.parentCallID?.text)
        values.append(call.phoneNumberID?.text)
        values.append(call.from)
        values.append(call.to)
        values.append(call.direction.rawValue)
        values.append(call.status.rawValue)
        values.append(call.endedReason?.rawValue)
        values.append(call.answeredBy?.rawValue)
        values.append(call.dateCreated.microseconds)
        values.append(call.dateUpdated.microseconds)
        values.append(call.revision)
        values.append(call.startTime?.microseconds)
        values.append(call.connectTime?.microseconds)
        values.append(call.endTime?.microseconds)
        try execute(.insertCall, in: db)
        callKeys[call.callID] = db.lastInsertedRowID
    }

    private func append(_ entry: JournalEntry, to db: Database) throws {
        if let callID = entry.callID {
            values.append(try existingKey(of: callID, in: db))
        } else {
            values.append(try key(of: entry.accountID, in: db))
        }
        values.append(entry.sequence)
        values.append(entry.timestamp.microseconds)
        values.append(entry.level.rawValue)
        values.append(entry.scope.rawValue)
        values.append(entry.requestID?.text)
        values.append(entry.message)
        values.append(entry.metadata)
        if entry.callID != nil {
            values.append(try key(of: entry.accountID, in: db))
        } else {
            values.append(entry.room?.text)
        }
        try execute(entry.callID == nil ? .appendAccountJournal : .appendJournal, in: db)
    }

    /// A key of more than a day ago is used afresh.
    private func save(_ key: IdempotencyKey, of callID: CallID, at time: Timestamp, to db: Database) throws {
        values.append(key.text)
        values.append(blob: key.fingerprint)
        values.append(try existingKey(of: callID, in: db))
        values.append(time.microseconds)
        values.append(time.microseconds - IdempotencyKey.lifetimeMicroseconds)
        try execute(.saveKey, in: db)
        guard db.changesCount > 0 else { throw StorageError.conflict("the Idempotency-Key is in use") }
    }

    private func save(_ recording: Recording, to db: Database) throws {
        let account = try key(of: recording.accountID, in: db)
        values.append(recording.recordingID.text)
        values.append(account)
        try append(call: recording.callID, conference: recording.conferenceID, in: db)
        values.append(recording.dateCreated.microseconds)
        values.append(recording.dateUpdated.microseconds)
        values.append(recording.revision)
        values.append(recording.durationSeconds)
        values.append(recording.isPrivate ? 1 : 0)
        values.append(recording.isDeleted ? 1 : 0)
        try execute(.saveRecording, in: db)
    }

    private func save(_ notification: PendingNotification, to db: Database) throws {
        let webhook = notification.webhook
        values.append(webhook.eventID.text)
        try append(call: webhook.callID, conference: webhook.owner.conferenceID, in: db)
        values.append(webhook.eventSequence)
        values.append(webhook.requestID.text)
        values.append(webhook.requestType)
        values.append(webhook.purpose.rawValue)
        values.append(webhook.url.text)
        values.append(blob: webhook.body)
        values.append(notification.attempts)
        values.append(notification.firstAttempt.microseconds)
        values.append(notification.nextAttempt.microseconds)
        try execute(.saveNotification, in: db)
    }

    private func save(_ queue: CallQueue, to db: Database) throws {
        let account = try key(of: queue.accountID, in: db)
        values.append(queue.queueID.text)
        values.append(account)
        values.append(queue.alias)
        values.append(queue.maxSize)
        values.append(queue.isKept ? 1 : 0)
        values.append(queue.dateCreated.microseconds)
        values.append(queue.dateUpdated.microseconds)
        values.append(queue.revision)
        try execute(.saveQueue, in: db)
    }

    private func save(_ conference: Conference, _ record: [UInt8]?, to db: Database) throws {
        let account = try key(of: conference.accountID, in: db)
        values.append(conference.conferenceID.text)
        values.append(account)
        values.append(conference.alias)
        values.append(conference.playBeep.rawValue)
        values.append(conference.isRecorded ? 1 : 0)
        values.append(conference.status.rawValue)
        values.append(conference.waitURL?.text)
        values.append(conference.actionURL?.text)
        values.append(conference.statusCallbackURL?.text)
        values.append(conference.dateCreated.microseconds)
        values.append(conference.dateUpdated.microseconds)
        values.append(conference.revision)
        if let record {
            values.append(blob: record)
        } else {
            values.append(nil as String?)
            // Who called is in it.
            hasRemovedSecrets = true
        }
        try execute(.saveConference, in: db)
    }

    // MARK: Row ids

    /// Of what belongs to one of the two, or to both.
    private func append(call: CallID?, conference: ConferenceID?, in db: Database) throws {
        values.append(try call.map { try existingKey(of: $0, in: db) })
        values.append(try conference.map { try existingKey(of: $0, in: db) })
    }

    private func existingKey(of id: ConferenceID, in db: Database) throws -> Int64 {
        guard let key = try key(of: id, in: db) else { throw StorageError.unknownConference(id) }
        return key
    }

    private func key(of id: ConferenceID, in db: Database) throws -> Int64? {
        if let key = conferenceKeys[id] { return key }
        guard let key = try Int64.fetchOne(statement(.conferenceKey, in: db), arguments: [id.text]) else { return nil }
        conferenceKeys[id] = key
        return key
    }

    private func existingKey(of callID: CallID, in db: Database) throws -> Int64 {
        guard let key = try key(of: callID, in: db) else { throw StorageError.unknownCall(callID) }
        return key
    }

    private func key(of callID: CallID, in db: Database) throws -> Int64? {
        if let key = callKeys[callID] { return key }
        guard let key = try Int64.fetchOne(statement(.callKey, in: db), arguments: [callID.text]) else { return nil }
        callKeys[callID] = key
        return key
    }

    private func key(of accountID: AccountID, in db: Database) throws -> Int64 {
        if let key = accountKeys[accountID] { return key }
        guard let key = try Int64.fetchOne(statement(.accountKey, in: db), arguments: [accountID.text]) else {
            throw StorageError.unknownAccount(accountID)
        }
        accountKeys[accountID] = key
        return key
    }

    // MARK: Statements

    private func execute(_ sql: SQL, in db: Database) throws { try values.execute(statement(sql, in: db)) }

    private func statement(_ sql: SQL, in db: Database) throws -> Statement {
        if let statement = statements[sql.rawValue] { return statement }
        let statement = try db.makeStatement(sql: sql.text)
        statements[sql.rawValue] = statement
        return statement
    }

    private enum SQL: Int, CaseIterable {
        case callKey, conferenceKey, accountKey, insertCall, updateCall, saveRecord, removeRecord, appendJournal
        case appendAccountJournal, saveKey, saveRecording, saveNotification, removeNotification, saveQueue, removeQueue
        case saveConference

        var text: String {
            switch self {
            case .callKey: "SELECT id FROM calls WHERE call_id = ?"
            case .conferenceKey: "SELECT id FROM conferences WHERE conference_id = ?"
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
                INSERT INTO journal (call, sequence, timestamp, level, scope, request_id, message, metadata, account)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
            case .appendAccountJournal:
                """
                INSERT INTO account_journal (account, sequence, timestamp, level, scope, request_id, message, metadata,
                    room)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
            case .saveKey:
                """
                INSERT INTO idempotency_keys (account, key, fingerprint, call, created)
                SELECT account, ?1, ?2, id, ?4 FROM calls WHERE id = ?3
                ON CONFLICT (account, key) DO UPDATE SET fingerprint = ?2, call = ?3, created = ?4 WHERE created < ?5
                """
            case .saveRecording:
                """
                INSERT INTO recordings (recording_id, account, call, conference, created, updated, revision, seconds,
                    private, deleted)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (recording_id) DO UPDATE SET updated = excluded.updated, revision = excluded.revision,
                    seconds = excluded.seconds, deleted = excluded.deleted
                """
            case .saveNotification:
                """
                INSERT INTO notifications (event_id, call, conference, event_sequence, request_id, request_type,
                    purpose, url, body, attempts, first_attempt, next_attempt)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (event_id) DO UPDATE SET attempts = excluded.attempts,
                    first_attempt = excluded.first_attempt, next_attempt = excluded.next_attempt
                """
            case .removeNotification: "DELETE FROM notifications WHERE event_id = ?"
            case .saveQueue:
                """
                INSERT INTO queues (queue_id, account, alias, max_size, kept, created, updated, revision)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (queue_id) DO UPDATE SET alias = excluded.alias, max_size = excluded.max_size,
                    updated = excluded.updated, revision = excluded.revision
                """
            case .removeQueue: "DELETE FROM queues WHERE queue_id = ?"
            case .saveConference:
                """
                INSERT INTO conferences (conference_id, account, alias, play_beep, recorded, status, wait_url,
                    action_url, status_callback_url, created, updated, revision, record)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (conference_id) DO UPDATE SET alias = excluded.alias, play_beep = excluded.play_beep,
                    status = excluded.status, updated = excluded.updated, revision = excluded.revision,
                    record = excluded.record
                """
            }
        }
    }
}

/// Row ids of what was written lately. Bounded: when one generation is full it becomes the earlier one, and what was
/// not asked for during a whole generation is looked up again.
private struct RecentKeys<ID: Hashable> {
    /// Calls that are written of at one time are about as many, and one that is looked up again costs little.
    private static var generationSize: Int { 2_000 }

    private var current: [ID: Int64] = [:]
    private var earlier: [ID: Int64] = [:]
    /// Most rows concern what the row before concerned.
    private var latest: (id: ID, key: Int64)?

    subscript(id: ID) -> Int64? {
        mutating get {
            if let latest, latest.id == id { return latest.key }
            if let key = current[id] {
                latest = (id, key)
                return key
            }
            guard let key = earlier[id] else { return nil }
            self[id] = key
            return key
        }
        set {
            latest = newValue.map { (id, $0) }
            if current.count >= Self.generationSize {
                earlier = current
                current.removeAll(keepingCapacity: true)
            }
            current[id] = newValue
        }
    }
}
