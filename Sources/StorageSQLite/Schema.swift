import GRDB

/// The tables, by migrations that are never changed once they have been released.
///
/// Identifiers of calls and accounts are 42 bytes of text; every other table and index refers to them by row id.
/// Times are microseconds since 1970. Enumerations stand as their own words, for whoever looks with `sqlite3`.
enum Schema {
    /// "Blay": marks the file as ours (`PRAGMA application_id`).
    static let applicationID: Int32 = 0x426C_6179

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 calls") { db in
            try db.execute(sql: "PRAGMA application_id = \(applicationID)")
            try db.execute(sql: directory)
            try db.execute(sql: calls)
            try db.execute(sql: operations)
        }
        migrator.registerMigration("2 recordings") { db in
            try db.execute(sql: recordings)
            try db.execute(sql: families)
        }
        migrator.registerMigration("3 accounts") { db in
            try db.execute(sql: accountRules)
            try db.execute(sql: ages)
            try db.execute(sql: keys)
        }
        migrator.registerMigration("4 logs") { db in
            try db.execute(sql: logs)
        }
        migrator.registerMigration("5 lists") { db in
            try db.execute(sql: lists)
        }
        migrator.registerMigration("6 queues") { db in
            try db.execute(sql: queues)
        }
        migrator.registerMigration("7 order") { db in
            try db.execute(sql: order)
        }
        migrator.registerMigration("8 rooms") { db in
            try db.execute(sql: rooms)
        }
        migrator.registerMigration("9 participants") { db in
            try db.execute(sql: participants)
        }
        migrator.registerMigration("10 ends") { db in
            try db.execute(sql: ends)
        }
        return migrator
    }

    private static let directory = """
        CREATE TABLE accounts (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            account_id TEXT NOT NULL UNIQUE,
            alias TEXT,
            label TEXT,
            kind TEXT NOT NULL,
            status TEXT NOT NULL,
            created INTEGER NOT NULL,
            updated INTEGER NOT NULL,
            revision INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE credentials (
            account INTEGER PRIMARY KEY REFERENCES accounts (id),
            api_key_hash BLOB NOT NULL,
            -- A JSON array of texts.
            signing_secrets TEXT NOT NULL
        ) STRICT;

        CREATE TABLE applications (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            application_id TEXT NOT NULL UNIQUE,
            account INTEGER NOT NULL REFERENCES accounts (id),
            alias TEXT,
            voice_url TEXT,
            voice_fallback_url TEXT,
            call_connect_url TEXT,
            status_callback_url TEXT,
            sms_url TEXT,
            sms_fallback_url TEXT,
            created INTEGER NOT NULL,
            updated INTEGER NOT NULL,
            revision INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX applications_by_account ON applications (account);
        CREATE INDEX applications_by_alias ON applications (account, alias);

        CREATE TABLE numbers (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            phone_number_id TEXT NOT NULL UNIQUE,
            account INTEGER NOT NULL REFERENCES accounts (id),
            application_id TEXT,
            phone_number TEXT NOT NULL UNIQUE,
            alias TEXT,
            created INTEGER NOT NULL,
            updated INTEGER NOT NULL,
            revision INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX numbers_by_account ON numbers (account);
        """

    /// Each index ends in the row id without saying so, which was the order of the lists until ``order``.
    private static let calls = """
        CREATE TABLE calls (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            call_id TEXT NOT NULL UNIQUE,
            account INTEGER NOT NULL,
            application_id TEXT,
            parent_call_id TEXT,
            phone_number_id TEXT,
            from_number TEXT NOT NULL,
            to_number TEXT NOT NULL,
            direction TEXT NOT NULL,
            status TEXT NOT NULL,
            ended_reason TEXT,
            answered_by TEXT,
            created INTEGER NOT NULL,
            updated INTEGER NOT NULL,
            revision INTEGER NOT NULL,
            started INTEGER,
            connected INTEGER,
            ended INTEGER
        ) STRICT;
        CREATE INDEX calls_by_account ON calls (account);
        CREATE INDEX calls_by_status ON calls (account, status);
        CREATE INDEX calls_by_to ON calls (account, to_number);
        CREATE INDEX calls_by_from ON calls (account, from_number);
        CREATE INDEX calls_active ON calls (account) WHERE \(active);

        -- One call's entries lie together, which is how they are read.
        CREATE TABLE journal (
            call INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            timestamp INTEGER NOT NULL,
            level TEXT NOT NULL,
            scope TEXT NOT NULL,
            request_id TEXT,
            message TEXT NOT NULL,
            -- A JSON object; null for an empty one.
            metadata TEXT,
            PRIMARY KEY (call, sequence)
        ) STRICT, WITHOUT ROWID;

        -- Entries of no call.
        CREATE TABLE account_journal (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            account INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            timestamp INTEGER NOT NULL,
            level TEXT NOT NULL,
            scope TEXT NOT NULL,
            request_id TEXT,
            message TEXT NOT NULL,
            metadata TEXT
        ) STRICT;
        CREATE INDEX account_journal_by_account ON account_journal (account);
        """

    private static let operations = """
        CREATE TABLE records (
            call INTEGER PRIMARY KEY,
            record BLOB NOT NULL
        ) STRICT;

        CREATE TABLE notifications (
            event_id TEXT PRIMARY KEY,
            call INTEGER NOT NULL,
            event_sequence INTEGER NOT NULL,
            request_id TEXT NOT NULL,
            request_type TEXT NOT NULL,
            purpose TEXT NOT NULL,
            url TEXT NOT NULL,
            body BLOB NOT NULL,
            attempts INTEGER NOT NULL,
            first_attempt INTEGER NOT NULL,
            next_attempt INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX notifications_by_call ON notifications (call, event_sequence);
        """

    private static let recordings = """
        CREATE TABLE recordings (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            recording_id TEXT NOT NULL UNIQUE,
            account INTEGER NOT NULL,
            call INTEGER NOT NULL,
            created INTEGER NOT NULL,
            updated INTEGER NOT NULL,
            revision INTEGER NOT NULL,
            -- Null while it is being recorded.
            seconds INTEGER,
            private INTEGER NOT NULL,
            deleted INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX recordings_by_account ON recordings (account);
        CREATE INDEX recordings_by_call ON recordings (call);
        CREATE INDEX recordings_unfinished ON recordings (id) WHERE seconds IS NULL;
        """

    private static let families = """
        CREATE INDEX calls_by_parent ON calls (account, parent_call_id) WHERE parent_call_id IS NOT NULL;
        CREATE INDEX calls_by_application ON calls (account, application_id) WHERE application_id IS NOT NULL;
        """

    private static let accountRules = """
        -- A JSON object.
        ALTER TABLE accounts ADD COLUMN rules TEXT NOT NULL DEFAULT '{}';
        -- The key before the latest, while both are good.
        ALTER TABLE credentials ADD COLUMN older_api_key_hash BLOB;
        -- What the operator has switched.
        CREATE TABLE switches (
            name TEXT PRIMARY KEY,
            value TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        """

    private static let keys = """
        -- Of requests that made a call, for a day.
        CREATE TABLE idempotency_keys (
            account INTEGER NOT NULL,
            key TEXT NOT NULL,
            fingerprint BLOB NOT NULL,
            call INTEGER NOT NULL,
            created INTEGER NOT NULL,
            PRIMARY KEY (account, key)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created);
        """

    /// For finding what has been kept long enough, and what a day's calls come to.
    private static let ages = """
        CREATE INDEX calls_by_end ON calls (ended) WHERE ended IS NOT NULL;
        CREATE INDEX calls_by_start ON calls (started) WHERE started IS NOT NULL;
        CREATE INDEX account_journal_by_age ON account_journal (timestamp);
        CREATE INDEX recordings_by_time ON recordings (created) WHERE deleted = 0;
        """

    /// An account's log is read newest first, over the journals of all its calls; each index ends in the journal's
    /// primary key without saying so, which is the order of entries of one moment.
    private static let logs = """
        ALTER TABLE journal ADD COLUMN account INTEGER NOT NULL DEFAULT 0;
        UPDATE journal SET account = (SELECT account FROM calls WHERE calls.id = journal.call);
        CREATE INDEX journal_by_time ON journal (account, timestamp);
        CREATE INDEX journal_grave ON journal (account, level, timestamp) WHERE \(grave);
        CREATE INDEX journal_by_request ON journal (request_id) WHERE \(introducesRequest);

        DROP INDEX account_journal_by_account;
        CREATE INDEX account_journal_by_time ON account_journal (account, timestamp);
        CREATE INDEX account_journal_by_request ON account_journal (request_id);
        """

    /// Calls are found by their times, alone and with other filters, without a look at the rows: each of the three has in
    /// it what a list asks. They take the places of indexes of the same names.
    private static let lists = """
        DROP INDEX calls_by_account;
        CREATE INDEX calls_by_account ON calls (account, id, started, ended);
        DROP INDEX calls_by_end;
        CREATE INDEX calls_by_end ON calls (ended, account) WHERE ended IS NOT NULL;
        DROP INDEX calls_by_start;
        CREATE INDEX calls_by_start ON calls (started, account) WHERE started IS NOT NULL;
        """

    private static let queues = """
        CREATE TABLE queues (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            queue_id TEXT NOT NULL UNIQUE,
            account INTEGER NOT NULL REFERENCES accounts (id),
            alias TEXT,
            max_size INTEGER NOT NULL,
            -- Made over REST, so that it stays when nobody is in it.
            kept INTEGER NOT NULL,
            created INTEGER NOT NULL,
            updated INTEGER NOT NULL,
            revision INTEGER NOT NULL
        ) STRICT;
        """

    /// Lists are in order of creation, by a value that the rows have and not by where they lie. Calls of one moment, whose
    /// identifiers decide, are few, and the identifiers would make each index twice as large: they are looked up in the
    /// rows, which a page reads anyway. The indexes take the places of others of the same names.
    private static let order = """
        DROP INDEX calls_by_account;
        CREATE INDEX calls_by_account ON calls (account, created, started, ended);
        DROP INDEX calls_by_status;
        CREATE INDEX calls_by_status ON calls (account, status, created);
        DROP INDEX calls_by_to;
        CREATE INDEX calls_by_to ON calls (account, to_number, created);
        DROP INDEX calls_by_from;
        CREATE INDEX calls_by_from ON calls (account, from_number, created);
        DROP INDEX calls_active;
        CREATE INDEX calls_active ON calls (account, created) WHERE \(active);
        DROP INDEX calls_by_parent;
        CREATE INDEX calls_by_parent ON calls (account, parent_call_id, created) WHERE parent_call_id IS NOT NULL;
        DROP INDEX calls_by_application;
        CREATE INDEX calls_by_application ON calls (account, application_id, created)
            WHERE application_id IS NOT NULL;
        DROP INDEX calls_by_end;
        CREATE INDEX calls_by_end ON calls (ended, account, created) WHERE ended IS NOT NULL;
        DROP INDEX calls_by_start;
        CREATE INDEX calls_by_start ON calls (started, account, created) WHERE started IS NOT NULL;

        DROP INDEX applications_by_account;
        CREATE INDEX applications_by_account ON applications (account, created, application_id);
        DROP INDEX applications_by_alias;
        CREATE INDEX applications_by_alias ON applications (account, alias, created, application_id);
        DROP INDEX numbers_by_account;
        CREATE INDEX numbers_by_account ON numbers (account, created, phone_number_id);
        DROP INDEX recordings_by_account;
        CREATE INDEX recordings_by_account ON recordings (account, created, recording_id);
        -- In the list's order as well: where it were not, SQLite would go through all of the account's.
        DROP INDEX recordings_by_call;
        CREATE INDEX recordings_by_call ON recordings (call, created, recording_id);
        """

    /// Conferences; and what a webhook or a recording may belong to instead of a call. Entries of no call may be of a
    /// conference's story or a queue's, which are named by their identifiers: a queue's row goes before its story does.
    private static let rooms = """
        CREATE TABLE conferences (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            conference_id TEXT NOT NULL UNIQUE,
            account INTEGER NOT NULL REFERENCES accounts (id),
            alias TEXT,
            play_beep TEXT NOT NULL,
            recorded INTEGER NOT NULL,
            status TEXT NOT NULL,
            wait_url TEXT,
            action_url TEXT,
            status_callback_url TEXT,
            created INTEGER NOT NULL,
            updated INTEGER NOT NULL,
            revision INTEGER NOT NULL,
            -- What a start takes it up by; null where it has been terminated and has told of its recordings.
            record BLOB
        ) STRICT;
        CREATE INDEX conferences_by_account ON conferences (account, created, conference_id, updated);
        CREATE INDEX conferences_by_status ON conferences (account, status, created, conference_id, updated);
        CREATE INDEX conferences_by_alias ON conferences (account, alias, created, conference_id, status, updated)
            WHERE alias IS NOT NULL;
        CREATE INDEX conferences_alive ON conferences (id) WHERE \(alive);
        CREATE INDEX conferences_by_end ON conferences (updated, conference_id) WHERE status = 'terminated';

        ALTER TABLE notifications RENAME TO notifications_of_calls;
        CREATE TABLE notifications (
            event_id TEXT PRIMARY KEY,
            -- One of the two.
            call INTEGER,
            conference INTEGER,
            event_sequence INTEGER NOT NULL,
            request_id TEXT NOT NULL,
            request_type TEXT NOT NULL,
            purpose TEXT NOT NULL,
            url TEXT NOT NULL,
            body BLOB NOT NULL,
            attempts INTEGER NOT NULL,
            first_attempt INTEGER NOT NULL,
            next_attempt INTEGER NOT NULL,
            CHECK ((call IS NULL) <> (conference IS NULL))
        ) STRICT;
        INSERT INTO notifications (event_id, call, event_sequence, request_id, request_type, purpose, url, body,
            attempts, first_attempt, next_attempt)
        SELECT event_id, call, event_sequence, request_id, request_type, purpose, url, body, attempts, first_attempt,
            next_attempt
        FROM notifications_of_calls;
        DROP TABLE notifications_of_calls;
        CREATE INDEX notifications_by_call ON notifications (call, event_sequence);
        CREATE INDEX notifications_by_conference ON notifications (conference, event_sequence)
            WHERE conference IS NOT NULL;

        ALTER TABLE recordings RENAME TO recordings_of_calls;
        CREATE TABLE recordings (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            recording_id TEXT NOT NULL UNIQUE,
            account INTEGER NOT NULL,
            -- One of the two.
            call INTEGER,
            conference INTEGER,
            created INTEGER NOT NULL,
            updated INTEGER NOT NULL,
            revision INTEGER NOT NULL,
            -- Null while it is being recorded.
            seconds INTEGER,
            private INTEGER NOT NULL,
            deleted INTEGER NOT NULL,
            CHECK ((call IS NULL) <> (conference IS NULL))
        ) STRICT;
        INSERT INTO recordings (id, recording_id, account, call, created, updated, revision, seconds, private, deleted)
        SELECT id, recording_id, account, call, created, updated, revision, seconds, private, deleted
        FROM recordings_of_calls;
        DROP TABLE recordings_of_calls;
        CREATE INDEX recordings_by_account ON recordings (account, created, recording_id);
        CREATE INDEX recordings_by_call ON recordings (call, created, recording_id);
        CREATE INDEX recordings_by_conference ON recordings (conference, created, recording_id)
            WHERE conference IS NOT NULL;
        CREATE INDEX recordings_unfinished ON recordings (id) WHERE seconds IS NULL;
        CREATE INDEX recordings_by_time ON recordings (created) WHERE deleted = 0;

        ALTER TABLE account_journal ADD COLUMN room TEXT;
        CREATE INDEX account_journal_by_room ON account_journal (room) WHERE room IS NOT NULL;
        """

    /// A recording of one participant is its call's and its conference's.
    private static let participants = """
        ALTER TABLE recordings RENAME TO recordings_of_one;
        CREATE TABLE recordings (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            recording_id TEXT NOT NULL UNIQUE,
            account INTEGER NOT NULL,
            -- One of the two, or both.
            call INTEGER,
            conference INTEGER,
            created INTEGER NOT NULL,
            updated INTEGER NOT NULL,
            revision INTEGER NOT NULL,
            -- Null while it is being recorded.
            seconds INTEGER,
            private INTEGER NOT NULL,
            deleted INTEGER NOT NULL,
            CHECK (call IS NOT NULL OR conference IS NOT NULL)
        ) STRICT;
        INSERT INTO recordings (id, recording_id, account, call, conference, created, updated, revision, seconds, private,
            deleted)
        SELECT id, recording_id, account, call, conference, created, updated, revision, seconds, private, deleted
        FROM recordings_of_one;
        DROP TABLE recordings_of_one;
        CREATE INDEX recordings_by_account ON recordings (account, created, recording_id);
        CREATE INDEX recordings_by_call ON recordings (call, created, recording_id);
        CREATE INDEX recordings_by_conference ON recordings (conference, created, recording_id)
            WHERE conference IS NOT NULL;
        CREATE INDEX recordings_unfinished ON recordings (id) WHERE seconds IS NULL;
        CREATE INDEX recordings_by_time ON recordings (created) WHERE deleted = 0;
        """

    /// Few of those that have been terminated have anything to tell yet; a start finds them among all that ever were.
    private static let ends = """
        CREATE INDEX conferences_owing ON conferences (id) WHERE \(owing);
        """

    /// The condition of the index of warnings and errors, which are few.
    static let grave = "level <> 'info'"

    /// The condition of the index by requests. All entries of a call carry the request that made it, so it is enough to
    /// find the call; what a later request does to the call begins with an entry of the scope `request`. An index of
    /// all entries would be ten times as large, and every entry would pay for it.
    static let introducesRequest = "(sequence = 1 OR scope = 'request')"

    /// The condition of the index of active calls. SQLite uses that index only where a query says the same words.
    static let active = "status IN ('queued', 'ringing', 'inProgress')"

    /// The same of the index of conferences that go on.
    static let alive = "status <> 'terminated'"

    /// And of those that have been terminated and are taken up by a start all the same.
    static let owing = "status = 'terminated' AND record IS NOT NULL"
}
