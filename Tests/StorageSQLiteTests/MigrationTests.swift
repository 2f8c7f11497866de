import Foundation
import GRDB
import PQL
import Storage
import StorageSamples
import Telephony
import Testing

@testable import StorageSQLite

@Suite("A database of every earlier version")
struct MigrationTests {
    /// What each step leaves, as FNV-1a of all that `sqlite_master` says. A step that has been released is never
    /// changed: where one of these no longer fits, write another step.
    private static let steps = [
        ("1 calls", "c3396595a46e4136"),
        ("2 recordings", "7fff71929632d054"),
        ("3 accounts", "439d2851d4c2d1af"),
        ("4 logs", "d0f7185f61b3d5ce"),
        ("5 lists", "2190c8e4590dfc00"),
    ]

    /// A folder with a database as it was after a step, and what that version had written into it.
    private func folder(after step: String) throws -> TemporaryFolder {
        let folder = TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        let queue = try DatabaseQueue(path: "\(folder.path)/\(SQLiteStorage.fileName)")
        try Schema.migrator.migrate(queue, upTo: step)
        try queue.write { db in
            try db.execute(
                sql: """
                    INSERT INTO accounts (account_id, kind, status, created, updated, revision)
                    VALUES ('\(Sample.account)', 'full', 'active', 1, 2, 3);
                    INSERT INTO credentials (account, api_key_hash, signing_secrets)
                    VALUES (1, x'\(String(repeating: "ab", count: 32))', '["sigsec_a"]');
                    INSERT INTO calls (call_id, account, from_number, to_number, direction, status, created, updated,
                        revision, started, connected, ended, ended_reason)
                    VALUES ('\(Sample.callID(1))', 1, '+15555550100', '+15555550123', 'outboundAPI', 'completed', 1, 2,
                        3, 1, 2, 3, 'appHangup');
                    INSERT INTO journal (call, sequence, timestamp, level, scope, message)
                    VALUES (1, 1, 5, 'info', 'status', 'Call completed');
                    INSERT INTO records (call, record) VALUES (1, x'7b7d');
                    """)
        }
        try queue.close()
        return folder
    }

    @Test("The steps are what they were when they were released", arguments: steps.indices)
    func unchanged(_ index: Int) throws {
        let (step, digest) = Self.steps[index]
        let queue = try DatabaseQueue()
        try Schema.migrator.migrate(queue, upTo: step)
        let schema = try queue.read { db in
            try String.fetchAll(
                db, sql: "SELECT coalesce(sql, name) FROM sqlite_master WHERE name <> 'grdb_migrations' ORDER BY name")
        }
        let found = schema.joined(separator: "\n").utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { hash, byte in
            (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        #expect(String(found, radix: 16) == digest)
        #expect(Self.steps.map(\.0) == Schema.migrator.migrations.prefix(Self.steps.count).map { $0 })
    }

    @Test("Everything in it can be read and gone on with", arguments: steps.map(\.0))
    func read(_ step: String) async throws {
        let folder = try folder(after: step)
        let storage = try SQLiteStorage(.init(folder: folder.path))
        let account = try #require(try await storage.account(Sample.account))
        #expect(account.rules == AccountRules())
        #expect(account.revision == 3)
        let credentials = try #require(try await storage.credentials(Sample.account))
        #expect(credentials.apiKeyHashes == [[UInt8](repeating: 0xAB, count: 32)])
        #expect(credentials.signingSecrets == ["sigsec_a"])
        let call = try #require(try await storage.call(Sample.callID(1), account: Sample.account))
        #expect(call.endedReason == .appHangup)
        let journal = try await storage.journal(of: Sample.callID(1), account: Sample.account, after: nil)
        #expect(journal.items.map(\.message) == ["Call completed"])
        #expect(try await storage.unfinishedWork().records.map(\.0) == [Sample.callID(1)])
        #expect(try await storage.use(since: Timestamp(microseconds: 0)).map(\.calls) == [1])

        var changed = account
        changed.rules.callsAtOnce = 3
        try await storage.saveAccount(changed, credentials: nil, numbers: [])
        storage.submit([.saveCall(Sample.call(2)), .removeRecord(Sample.callID(1))], completion: nil)
        await storage.barrier()
        #expect(try await storage.account(Sample.account) == changed)
        #expect(
            try await storage.calls(account: Sample.account, filter: CallFilter(), after: nil).items.map(\.callID)
                == [Sample.callID(2), Sample.callID(1)])
        await storage.close()
    }

    @Test("Before there were conferences, what was owed and recorded was of calls: it stays theirs")
    func beforeConferences() async throws {
        let folder = try folder(after: "7 order")
        let recordings = [
            Sample.recording(1, of: .call(Sample.callID(1))),
            Sample.recording(2, of: .call(Sample.callID(1)), seconds: nil),
        ]
        let owed = Sample.notification(1, call: 1, sequence: 4, body: #"{"a":1}"#, attempts: 2)
        let queue = try DatabaseQueue(path: "\(folder.path)/\(SQLiteStorage.fileName)")
        try await queue.write { db in
            for (id, recording) in zip([3, 9], recordings) {
                try db.execute(
                    sql: """
                        INSERT INTO recordings (id, recording_id, account, call, created, updated, revision, seconds,
                            private, deleted)
                        VALUES (?, ?, 1, 1, ?, ?, 1, ?, 0, 0)
                        """,
                    arguments: [
                        id, recording.recordingID.text, recording.dateCreated.microseconds,
                        recording.dateUpdated.microseconds, recording.durationSeconds,
                    ])
            }
            try db.execute(
                sql: """
                    INSERT INTO notifications (event_id, call, event_sequence, request_id, request_type, purpose, url,
                        body, attempts, first_attempt, next_attempt)
                    VALUES (?, 1, 4, ?, 'callStatus', 'notification', ?, ?, 2, ?, ?);
                    """,
                arguments: [
                    owed.webhook.eventID.text, owed.webhook.requestID.text, owed.webhook.url.text,
                    Data(owed.webhook.body), owed.firstAttempt.microseconds, owed.nextAttempt.microseconds,
                ])
            try db.execute(
                sql: """
                    INSERT INTO account_journal (account, sequence, timestamp, level, scope, message)
                    VALUES (1, 0, 7, 'warning', 'request', 'Refused')
                    """)
        }
        try queue.close()
        let storage = try SQLiteStorage(.init(folder: folder.path))
        let work = try await storage.unfinishedWork()
        #expect(work.notifications == [owed])
        #expect(work.recordings.count == 2)
        #expect(try await storage.unfinishedRecordings() == [recordings[1]])
        #expect(
            try await storage.recordings(account: Sample.account, filter: RecordingFilter(), after: nil).items
                == recordings.reversed())
        let log = try await storage.logs(account: Sample.account, query: nil, after: nil)
        #expect(log.entries.map(\.message) == ["Refused"])
        #expect(log.entries.allSatisfy { $0.room == nil })
        // What comes now stands beside it.
        let conference = Sample.conference(1)
        try await storage.commit([
            .saveConference(conference, record: [1]),
            .saveRecording(Sample.recording(3, of: .conference(conference.conferenceID))),
            .saveRecording(Sample.recording(4, of: .participant(Sample.callID(1), in: conference.conferenceID))),
            .saveNotification(Sample.notification(2, conference: 1, sequence: 1)),
            .removeNotification(owed.webhook.eventID),
        ])
        let next = try await storage.unfinishedWork()
        #expect(next.notifications.map(\.webhook.owner) == [.conference(conference.conferenceID)])
        #expect(next.conferences.map(\.0) == [conference])
        await storage.close()
    }
}
