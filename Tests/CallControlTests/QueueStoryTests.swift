import JSON
import SIP
import Telephony
import Testing

@testable import CallControl

/// docs/contract/rest.md#logs.
@Suite("What is told of a queue")
struct QueueStoryTests {
    private static let name = "QU" + String(repeating: "a", count: 40)

    private static func script(_ name: String = name) -> String {
        #"[{"Enqueue":{"queueId":"\#(name)","waitUrl":"http://app/wait","actionUrl":"http://app/on"}}]"#
    }

    /// - Returns: the request that did it.
    @discardableResult
    private static func ask(_ bench: inout Bench, _ request: QueueRequest) throws -> RequestID {
        let id = RequestID(random: &bench.random)
        let account = try #require(AccountID(Bench.account))
        bench.give(.queueRequest(ReplyToken(rawValue: 900), account, request, id))
        return id
    }

    private static func id() throws -> QueueID { try #require(QueueID(name)) }

    private static func story(_ bench: Bench) throws -> [JournalEntry] {
        let room = RoomID.queue(try id())
        return bench.journal.filter { $0.room == room }
    }

    @Test("Who came, who went and after how long, who did not come in, and that it is over")
    func ofEnqueue() throws {
        var bench = Bench()
        try bench.run(Self.script())
        let first = try #require(bench.rows.keys.first)
        bench.pass(.seconds(7))
        bench.farHangUp()
        let story = try Self.story(bench)
        #expect(story.map(\.message) == ["Queue created", "Call enqueued", "Call left", "Queue over"])
        for entry in story {
            #expect(entry.callID == nil && entry.metadata["queueId"] == .string(Self.name))
            #expect(entry.accountID.text == Bench.account)
        }
        let of = story.map { $0.metadata["callId"] }
        #expect(of == [.string(first.text), .string(first.text), .string(first.text), nil])
        #expect(story[2].metadata["queueTime"] == 7 && story[2].metadata["currentQueueSize"] == 0)
        #expect(story[0].requestID != nil && story[0].requestID == bench.entry("Entered the queue")?.requestID)
    }

    @Test("What REST does is told with its request; a full queue tells whom it did not take")
    func ofREST() throws {
        var bench = Bench()
        let queue = CallQueue(
            queueID: try Self.id(), accountID: try #require(AccountID(Bench.account)), alias: "sales", maxSize: 5,
            isKept: true, created: bench.moment.wall)
        let created = try Self.ask(&bench, .create(queue))
        let changed = try Self.ask(&bench, .update(try Self.id(), QueueChange(maxSize: 1)))
        try bench.run(Self.script())
        try bench.run(Self.script())
        let dequeued = try Self.ask(&bench, .dequeue(try Self.id(), nil))
        try Self.ask(&bench, .get(try Self.id()))
        let story = try Self.story(bench)
        #expect(
            story.map(\.message) == [
                "Queue created", "Queue changed", "Call enqueued", "The queue is full, a call stays outside",
                "Call dequeued",
            ])
        #expect(story[0].requestID == created && story[1].requestID == changed && story[4].requestID == dequeued)
        #expect(story[0].metadata["alias"] == "sales" && story[0].metadata["maxSize"] == 5)
        #expect(story[1].metadata["maxSize"] == 1)
        #expect(story[2].metadata["callId"] == story[4].metadata["callId"])
        #expect(story[2].metadata["callId"] != story[3].metadata["callId"])
    }

    @Test("Entries are numbered on, also where the queue goes and comes again")
    func numbers() throws {
        var bench = Bench()
        for _ in 0..<3 {
            try bench.run(Self.script())
            bench.farHangUp()
        }
        #expect(try Self.story(bench).map(\.sequence) == Array(1...12))
    }

    @Test("Of a process that has ended, a queue that Enqueue made is told to be over")
    func restored() throws {
        var bench = Bench()
        let account = try #require(AccountID(Bench.account))
        bench.restore(
            UnfinishedWork(
                records: [], notifications: [], journalSequences: [:],
                queues: [
                    CallQueue(queueID: try Self.id(), accountID: account, isKept: false, created: bench.moment.wall)
                ]))
        #expect(try Self.story(bench).map(\.message) == ["Queue over"])
    }

    @Test("A clock that wakes up late: a script that comes into a queue, and the call's longest time, in one turn")
    func late() throws {
        var bench = Bench { $0.longestCall = .seconds(60) }
        let enqueue = Self.script().dropFirst()
        try bench.run(#"[{"Pause":{"length":50000}},"# + enqueue)
        let later = Moment(instant: bench.moment.instant + .seconds(70), wall: bench.moment.wall)
        _ = bench.exchange.handle(.timersDue, now: later)
        #expect(bench.exchange.queues.waiting == 0 && bench.exchange.queues.count == 0)
    }
}
