import Storage
import StorageSamples
import Telephony
import Testing

@testable import StorageSQLite

@Suite("What is kept in memory while the disk fails is made small (docs/decisions/0032)")
struct HeldOperationsTests {
    private static func kept(_ operations: [StorageOperation], entries: Int = 100) -> [StorageOperation] {
        HeldOperations.compacted(operations.map { ([$0], false) }, maximumEntries: entries).flatMap(\.self)
    }

    @Test("Of each row, record, notification, recording and queue the latest is kept, be it that it is gone")
    func latest() throws {
        var (one, two) = (Sample.call(1), Sample.call(1, status: .completed))
        one.revision = 1
        two.revision = 2
        let notification = Sample.notification(1, call: 1, sequence: 1)
        var recording = Recording(
            recordingID: try #require(RecordingID(Sample.text("RE", 1))), accountID: Sample.account,
            owner: .call(Sample.callID(1)), created: Sample.time, isPrivate: false)
        let began = StorageOperation.saveRecording(recording)
        recording.durationSeconds = 3
        let ended = StorageOperation.saveRecording(recording)
        let queue = CallQueue(
            queueID: try #require(QueueID(Sample.text("QU", 1))), accountID: Sample.account, alias: nil, maxSize: 1,
            isKept: true, created: Sample.time)
        #expect(Self.kept([began, ended]) == [ended])
        #expect(
            Self.kept([.saveNotification(notification), .removeNotification(Sample.eventID(1))])
                == [.removeNotification(Sample.eventID(1))])
        #expect(
            Self.kept([.saveRecord(Sample.callID(1), [1]), .removeRecord(Sample.callID(1))])
                == [.removeRecord(Sample.callID(1))])
        #expect(
            Self.kept([.removeRecord(Sample.callID(1)), .saveRecord(Sample.callID(1), [1])])
                == [.saveRecord(Sample.callID(1), [1])])
        #expect(Self.kept([.saveQueue(queue), .removeQueue(queue.queueID)]) == [.removeQueue(queue.queueID)])
        // What follows refers to a call's first row.
        #expect(Self.kept([.saveCall(one), .saveCall(one), .saveCall(two)]) == [.saveCall(one), .saveCall(two)])
        #expect(Self.kept([.saveCall(one)]) == [.saveCall(one)])
    }

    @Test("Of a conference the first row is kept, which others refer to, and the latest")
    func conferences() {
        let rows = (1...4).map { revision -> StorageOperation in
            var conference = Sample.conference(1)
            conference.revision = revision
            return .saveConference(conference, record: [UInt8(revision)])
        }
        let other = StorageOperation.saveConference(Sample.conference(2), record: nil)
        #expect(Self.kept(rows + [other]) == [rows[0], rows[3], other])
        #expect(Self.kept([rows[0]]) == [rows[0]])
    }

    @Test("One call's does not write over another's, nor a record over a row")
    func apart() {
        let all: [StorageOperation] = [
            .saveCall(Sample.call(1)), .saveCall(Sample.call(2)), .saveRecord(Sample.callID(1), [1]),
            .saveRecord(Sample.callID(2), [2]), .saveNotification(Sample.notification(1, call: 1, sequence: 1)),
            .saveNotification(Sample.notification(2, call: 1, sequence: 2)),
        ]
        #expect(Self.kept(all) == all)
    }

    @Test("Of journal entries the latest so many are kept, and none goes before there are more; keys stay")
    func entries() {
        let entries = (1...5).map { StorageOperation.appendJournal(Sample.entry(1, $0)) }
        #expect(Self.kept(entries, entries: 5) == entries)
        #expect(Self.kept(entries, entries: 4) == Array(entries.dropFirst()))
        #expect(Self.kept(entries, entries: 0) == [])
        let key = StorageOperation.saveKey(
            IdempotencyKey(text: "k", fingerprint: [1]), Sample.callID(1), Sample.time)
        #expect(Self.kept([key] + entries + [key], entries: 1) == [key, entries[4], key])
    }

    @Test("What is awaited is kept whole, wherever it stands, and counts among the entries")
    func awaited() {
        let entries = (1...4).map { StorageOperation.appendJournal(Sample.entry(1, $0)) }
        let kept = HeldOperations.compacted(
            [
                ([entries[0], .saveRecord(Sample.callID(1), [1])], true), ([entries[1]], false), ([entries[2]], false),
                ([entries[3], .saveRecord(Sample.callID(1), [2])], true),
            ],
            maximumEntries: 2)
        #expect(
            kept
                == [
                    [entries[0], .saveRecord(Sample.callID(1), [1])], [], [entries[2]],
                    [entries[3], .saveRecord(Sample.callID(1), [2])],
                ])
    }
}
