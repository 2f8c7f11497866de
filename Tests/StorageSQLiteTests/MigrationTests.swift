import Foundation
import GRDB
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
}
