import Storage
import StorageSamples
import Telephony
import Testing

@Suite struct RecoveryTests {
    @Test(
        "A start finds records, notifications and journal sequences, in their orders",
        arguments: Implementation.allCases)
    func unfinishedWork(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        try await storage.commit((1...4).map { .saveCall(Sample.call($0)) })
        try await storage.commit([
            .saveRecord(Sample.callID(3), [3]), .saveRecord(Sample.callID(1), [1]),
            .saveRecord(Sample.callID(2), [2]), .removeRecord(Sample.callID(2)),
            .saveRecord(Sample.callID(1), [1, 1]),
            .saveNotification(Sample.notification(9, call: 4, sequence: 2, body: "second")),
            .saveNotification(Sample.notification(8, call: 4, sequence: 1, body: "first")),
            .saveNotification(Sample.notification(7, call: 1, sequence: 5)),
            .saveNotification(Sample.notification(6, call: 1, sequence: 4)), .removeNotification(Sample.eventID(6)),
            .appendJournal(Sample.entry(1, 1)), .appendJournal(Sample.entry(1, 2)),
            .appendJournal(Sample.entry(4, 1)), .appendJournal(Sample.entry(2, 1)),
        ])
        let work = try await storage.unfinishedWork()
        #expect(work.records.map(\.0) == [Sample.callID(1), Sample.callID(3)])
        #expect(work.records.map(\.1) == [[1, 1], [3]])
        #expect(
            work.notifications == [
                Sample.notification(7, call: 1, sequence: 5),
                Sample.notification(8, call: 4, sequence: 1, body: "first"),
                Sample.notification(9, call: 4, sequence: 2, body: "second"),
            ])
        #expect(
            work.journalSequences == [
                Sample.callID(1): 2, Sample.callID(2): 1, Sample.callID(3): 0, Sample.callID(4): 1,
            ])
        await storage.close()
    }

    @Test(
        "Queues are found as they were stored last, in the order in which they were made; removed ones are not",
        arguments: Implementation.allCases)
    func queues(_ implementation: Implementation) async throws {
        let place = implementation.place()
        var made = try (1...3).map { number in
            CallQueue(
                queueID: try #require(QueueID(Sample.text("QU", number))), accountID: Sample.account,
                alias: number == 2 ? nil : "queue \(number)", maxSize: number * 10, isKept: number != 3,
                created: Sample.time.advanced(byMicroseconds: Int64(number)))
        }
        let storage = try await place.opened()
        try await storage.commit(made.map { .saveQueue($0) })
        made[0].alias = nil
        made[0].maxSize = 1000
        made[0].revision = 2
        made[0].dateUpdated = Sample.time.advanced(byMicroseconds: 500)
        try await storage.commit([.saveQueue(made[0]), .removeQueue(made[1].queueID)])
        await storage.close()
        let again = try await place.opened()
        #expect(try await again.unfinishedWork().queues == [made[0], made[2]])
        await again.close()
    }

    @Test("A call's row tells of its application's statusCallbackUrl", arguments: Implementation.allCases)
    func applicationCallback(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        var application = Application(
            applicationID: Sample.applicationID(7), accountID: Sample.account, created: Sample.time)
        application.statusCallbackURL = WebURL("http://example.com/status")
        try await storage.createApplication(application)
        try await storage.commit([.saveCall(Sample.call(1))])
        let rows = try await storage.unfinishedWork().rows
        #expect(rows.map(\.applicationStatusCallbackURL) == [application.statusCallbackURL])
        await storage.close()
    }

    @Test("Saving a notification again keeps its body and moves its attempts", arguments: Implementation.allCases)
    func notificationAttempts(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        try await storage.commit([
            .saveCall(Sample.call(1)), .saveNotification(Sample.notification(1, call: 1, sequence: 1)),
        ])
        let later = Sample.notification(1, call: 1, sequence: 1, attempts: 3)
        try await storage.commit([.saveNotification(later)])
        #expect(try await storage.unfinishedWork().notifications == [later])
        await storage.close()
    }
}
