import Foundation
import GRDB
import Storage
import StorageSamples
import Telephony
import Testing

@testable import StorageSQLite

@Suite struct RecoveryTests {
    @Test("Numbers that nothing can be reckoned with are as rows that cannot be read; the journal's go on below them")
    func extremeNumbers() async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder)
        try await storage.commit((1...3).map { .saveCall(Sample.call($0)) })
        try await storage.commit([
            .saveRecord(Sample.callID(1), [1]),
            .saveNotification(Sample.notification(7, call: 2, sequence: 1)),
            .saveNotification(Sample.notification(8, call: 2, sequence: 2)),
            .saveNotification(Sample.notification(9, call: 3, sequence: 1)),
            .saveNotification(Sample.notification(6, call: 3, sequence: 2)),
            .saveNotification(Sample.notification(5, call: 3, sequence: 3)),
            .appendJournal(Sample.entry(1, 1)), .appendJournal(Sample.entry(1, 2)),
        ])
        try await storage.pool.writeWithoutTransaction { db in
            try db.execute(
                sql: """
                    UPDATE journal SET sequence = 9223372036854775807 WHERE sequence = 2;
                    UPDATE notifications SET first_attempt = -9223372036854775808 WHERE call = 2 AND event_sequence = 1;
                    UPDATE notifications SET attempts = 9223372036854775807 WHERE call = 2 AND event_sequence = 2;
                    UPDATE notifications SET body = x'' WHERE call = 3 AND event_sequence = 1;
                    UPDATE notifications SET url = '::::' WHERE call = 3 AND event_sequence = 2;
                    """)
        }
        let work = try await storage.unfinishedWork()
        #expect(work.journalSequences[Sample.callID(1)] == 1)
        #expect(work.notifications.map(\.webhook.eventID) == [Sample.eventID(5)])
        #expect(work.complaints.count == 4, "\(work.complaints)")
        for harm in ["created = 9223372036854775807", "revision = -1", "connected = -1"] {
            try await storage.pool.writeWithoutTransaction { db in
                try db.execute(sql: "UPDATE calls SET \(harm) WHERE id = 2")
            }
            #expect(try await !storage.unfinishedWork().rows.map(\.call.callID).contains(Sample.callID(2)), "\(harm)")
        }
        await storage.close()
    }

    @Test("One row that cannot be read, in whatever table, keeps no other from being taken up, and is told of")
    func unreadableRows() async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder)
        try await storage.commit((1...4).map { .saveCall(Sample.call($0)) })
        try await storage.commit([
            .saveRecord(Sample.callID(1), [1]), .saveRecord(Sample.callID(3), [3]),
            .saveNotification(Sample.notification(8, call: 3, sequence: 4)),
            .saveNotification(Sample.notification(9, call: 4, sequence: 1)),
        ])
        try await storage.pool.writeWithoutTransaction { db in
            try db.execute(
                sql: """
                    UPDATE calls SET call_id = 'CAnothing' WHERE id = 1;
                    UPDATE calls SET direction = 'sideways' WHERE id = 2;
                    UPDATE notifications SET purpose = 'who knows' WHERE event_sequence = 1;
                    UPDATE accounts SET rules = 'no JSON' WHERE id = 2;
                    INSERT INTO credentials (account, api_key_hash, signing_secrets) VALUES (1, x'00', 'no JSON');
                    """)
        }
        let unreadable = Log<StorageEvent>()
        storage.observe { unreadable.append($0) }
        #expect(try await storage.accounts().map(\.accountID) == [Sample.account])
        #expect(try await storage.credentials(Sample.account) == nil)
        #expect(unreadable.items.count == 2)
        let work = try await storage.unfinishedWork()
        #expect(work.records.map(\.0) == [Sample.callID(3)])
        #expect(work.rows.map(\.call.callID) == [Sample.callID(3), Sample.callID(4)])
        #expect(work.rows.map(\.eventSequence) == [4, 1])
        #expect(work.notifications.map(\.webhook.eventID) == [Sample.eventID(8)])
        #expect(work.complaints.count >= 4, "\(work.complaints)")

        // One whose record tells of it is not among them.
        try await storage.pool.writeWithoutTransaction { db in
            try db.execute(sql: "UPDATE calls SET direction = 'sideways' WHERE id = 3")
        }
        #expect(try await storage.endUnreadableCalls(now: Sample.time).count == 2)
        try await storage.pool.writeWithoutTransaction { db in
            try db.execute(sql: "UPDATE calls SET direction = 'outboundAPI' WHERE id = 3")
        }
        #expect(try await storage.endUnreadableCalls(now: Sample.time).isEmpty)
        let active = CallFilter(isActive: true)
        let left = try await storage.calls(account: Sample.account, filter: active, after: nil)
        #expect(left.items.map(\.callID) == [Sample.callID(4), Sample.callID(3)])
        let all = try await storage.calls(account: Sample.account, filter: CallFilter(), after: nil)
        #expect(all.items.map(\.callID) == [Sample.callID(4), Sample.callID(3)])
        await storage.close()
    }

    @Test("A crash at any moment leaves every answered submission and no half of one")
    func crash() async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder)
        let answered = Log<Int>()
        let copy = TemporaryFolder()
        try FileManager.default.createDirectory(atPath: copy.path, withIntermediateDirectories: true)
        var answeredAtCopy = 0
        for number in 1...400 {
            storage.submit([
                .saveCall(Sample.call(number)), .saveRecord(Sample.callID(number), [1]),
                .appendJournal(Sample.entry(number, 1)),
            ]) { _ in answered.append(number) }
            if number == 200 {
                // What the disk holds while the writer is at work. The index of the log is rebuilt at the opening,
                // as after a loss of power.
                answeredAtCopy = answered.items.count
                for suffix in ["-wal", ""].reversed() {
                    let name = "/\(SQLiteStorage.fileName)\(suffix)"
                    try FileManager.default.copyItem(atPath: folder.path + name, toPath: copy.path + name)
                }
            }
        }
        await storage.close()
        let recovered = try SQLiteStorage(.init(folder: copy.path))
        let page = try await recovered.calls(account: Sample.account, filter: CallFilter(), after: nil)
        let total = try #require(page.total)
        #expect(total >= answeredAtCopy)
        let work = try await recovered.unfinishedWork()
        #expect(work.records.map(\.0) == (0..<total).map { Sample.callID($0 + 1) })
        #expect(work.journalSequences.values.allSatisfy { $0 == 1 })
        // The storage works on.
        try await recovered.commit([.saveCall(Sample.call(9999))])
        await recovered.close()
    }

    @Test("What was removed is in none of the files after a flush")
    func secretsAreOverwritten() async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder)
        let secret = "sendDigits=4711-0815-secret"
        try await storage.commit([
            .saveCall(Sample.call(1)), .saveRecord(Sample.callID(1), Array(secret.utf8)),
            .saveNotification(Sample.notification(1, call: 1, sequence: 1, body: secret)),
        ])
        #expect(try files(of: folder, contain: secret))
        try await storage.commit([.removeRecord(Sample.callID(1)), .removeNotification(Sample.eventID(1))])
        await storage.flush()
        #expect(try !files(of: folder, contain: secret))
        await storage.close()
    }

    @Test("Of a conference that has been terminated, what it would have been taken up by is in none of the files")
    func terminatedConference() async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder)
        let secret = "from=+12223334444-secret"
        try await storage.commit([.saveConference(Sample.conference(1), record: Array(secret.utf8))])
        #expect(try files(of: folder, contain: secret))
        try await storage.commit([.saveConference(Sample.conference(1, status: .terminated), record: nil)])
        await storage.flush()
        #expect(try !files(of: folder, contain: secret))
        await storage.close()
    }

    @Test("A conference that cannot be read keeps no other from being taken up, nor what others owe")
    func unreadableConference() async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder)
        try await storage.commit([
            .saveConference(Sample.conference(1), record: [1]), .saveConference(Sample.conference(2), record: [2]),
            .saveNotification(Sample.notification(7, conference: 1, sequence: 1)),
            .saveNotification(Sample.notification(8, conference: 2, sequence: 1)),
        ])
        for harm in ["play_beep = 'gong'", "conference_id = 'CFnothing'", "revision = -1", "updated = -1"] {
            try await storage.pool.writeWithoutTransaction { db in
                try db.execute(
                    sql: """
                        UPDATE conferences SET play_beep = 'always', conference_id = '\(Sample.conferenceID(1))',
                            revision = 1, updated = created WHERE id = 1;
                        UPDATE conferences SET \(harm) WHERE id = 1;
                        """)
            }
            let work = try await storage.unfinishedWork()
            #expect(work.conferences.map(\.0.conferenceID) == [Sample.conferenceID(2)], "\(harm)")
            #expect(work.notifications.map(\.webhook.eventID).last == Sample.eventID(8), "\(harm)")
            #expect(!work.complaints.isEmpty, "\(harm)")
            let list = try await storage.conferences(account: Sample.account, filter: ConferenceFilter(), after: nil)
            #expect(list.items.map(\.conferenceID) == [Sample.conferenceID(2)], "\(harm)")
        }
        await storage.close()
    }

    private func files(of folder: TemporaryFolder, contain text: String) throws -> Bool {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).contains { name in
            let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/\(name)"))
            return data.range(of: Data(text.utf8)) != nil
        }
    }
}
