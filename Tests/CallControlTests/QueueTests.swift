import JSON
import SIP
import Telephony
import Testing

@testable import CallControl

/// docs/contract/percl.md#enqueue, docs/contract/rest.md#queues, docs/contract/rest.md#queue-members.
@Suite("Queues")
struct QueueTests {
    private static let name = "QU" + String(repeating: "a", count: 40)

    /// What every request of these tests comes in.
    private static let request: RequestID = {
        var random = SystemRandomNumberGenerator()
        return RequestID(random: &random)
    }()

    private static func script(_ name: String = name) -> String {
        """
        [{"Enqueue":{"queueId":"\(name)","waitUrl":"http://app/wait","actionUrl":"http://app/on",
        "notificationUrl":"http://app/in"}}]
        """
    }

    private static func id(_ name: String = name) throws -> QueueID { try #require(QueueID(name)) }

    private static func account() throws -> AccountID { try #require(AccountID(Bench.account)) }

    /// Makes one more call and has its script enqueue it; its own identifier is given back.
    @discardableResult
    private static func enqueue(_ bench: inout Bench, _ name: String = name) throws -> CallID {
        let before = Set(bench.rows.keys)
        try bench.run(script(name))
        if bench.delivered.last?.requestType == "addToQueueNotification" { bench.answerWebhook("") }
        return try #require(Set(bench.rows.keys).subtracting(before).first)
    }

    private static func ask(_ bench: inout Bench, _ request: QueueRequest) throws -> QueueReply {
        bench.give(.queueRequest(ReplyToken(rawValue: 900), try account(), request, Self.request))
        let replies = bench.effects.compactMap { effect -> QueueReply? in
            if case .reply(_, .queue(let reply)) = effect { reply } else { nil }
        }
        return try #require(replies.last)
    }

    private static func member(_ reply: QueueReply) -> QueueMember? {
        if case .member(let member) = reply { member } else { nil }
    }

    private static func standing(_ reply: QueueReply) -> QueueStanding? {
        if case .queue(let standing) = reply { standing } else { nil }
    }

    private static func members(_ reply: QueueReply) -> [QueueMember] {
        if case .members(let page) = reply { page.items } else { [] }
    }

    @Test("A call enters, its place is told, waitUrl is asked with where it stands")
    func enters() throws {
        var bench = Bench()
        try bench.run(Self.script())
        let told = try #require(bench.delivered.last)
        #expect(told.requestType == "addToQueueNotification" && told.purpose == .notification)
        #expect(bench.fields(told)?["queueId"] == .string(Self.name))
        bench.answerWebhook("")
        #expect(bench.delivered.last?.requestType == "queueWait")
        #expect(bench.field("queueId") == .string(Self.name))
        #expect(bench.field("queuePosition") == "1")
        #expect(bench.field("queueTime") == 0)
        #expect(bench.field("currentQueueSize") == 1)
        #expect(bench.queues[try Self.id()]?.isKept == false)
    }

    @Test("First come, first served: each hears of its place, and moves up when one before it leaves")
    func order() throws {
        var bench = Bench()
        let calls = try (0..<3).map { _ in try Self.enqueue(&bench) }
        #expect(bench.field("queuePosition") == "3" && bench.field("currentQueueSize") == 3)
        let listed = Self.members(try Self.ask(&bench, .members(try Self.id(), after: nil)))
        #expect(listed.map(\.callID) == calls)
        #expect(listed.map(\.position) == [1, 2, 3])
        let front = Self.member(try Self.ask(&bench, .dequeue(try Self.id(), nil)))
        #expect(front?.callID == calls[0] && front?.position == 1)
        #expect(bench.delivered.last?.callID == calls[0] && bench.delivered.last?.requestType == "dequeue")
        let rest = Self.members(try Self.ask(&bench, .members(try Self.id(), after: nil)))
        #expect(rest.map(\.callID) == [calls[1], calls[2]] && rest.map(\.position) == [1, 2])
        // The last one's next round.
        bench.pass(.seconds(1))
        let asked = try #require(bench.delivered.last { $0.callID == calls[2] && $0.requestType == "queueWait" })
        bench.give(
            .webhookFinished(
                asked.eventID, .answered(status: 200, contentType: nil, body: Array("[]".utf8)), milliseconds: 1))
        #expect(bench.delivered.last?.callID == calls[2])
        #expect(bench.field("queuePosition") == "2" && bench.field("currentQueueSize") == 2)
    }

    @Test("Dequeued over REST: the sound stops, actionUrl is asked once, with for how long it waited")
    func dequeued() throws {
        var bench = Bench()
        let call = try Self.enqueue(&bench)
        bench.answerWebhook(#"[{"Say":{"text":"Please wait."}}]"#)
        bench.pass(.seconds(7))
        let member = Self.member(try Self.ask(&bench, .dequeue(try Self.id(), call)))
        #expect(member?.callID == call && member?.waitSeconds == 7)
        #expect(bench.effects.contains { if case .media(_, .stopPlayback) = $0 { true } else { false } })
        #expect(bench.delivered.last?.requestType == "dequeue")
        #expect(bench.delivered.last?.url.text == "http://app/on")
        #expect(bench.field("queueResult") == "dequeued" && bench.field("queueTime") == 7)
        #expect(bench.field("queueId") == .string(Self.name))
        #expect(try Self.ask(&bench, .dequeue(try Self.id(), call)) == .noQueue, "it went with its last call")
        bench.answerWebhook(#"[{"Hangup":{}}]"#)
        #expect(bench.call?.endedReason == .appHangup)
        #expect(bench.delivered.count { $0.requestType == "dequeue" } == 1)
    }

    @Test("A hundred clients ask for the front of fifty: each of the fifty is given out once, in line")
    func many() throws {
        var bench = Bench { $0.rtpPorts = 40_000...40_399 }
        let calls = try (0..<50).map { _ in try Self.enqueue(&bench) }
        let answers = try (0..<100).map { _ in try Self.ask(&bench, .dequeue(try Self.id(), nil)) }
        #expect(answers.compactMap { Self.member($0)?.callID } == calls)
        #expect(answers.dropFirst(50).allSatisfy { $0 == .noQueue })
        #expect(bench.delivered.count { $0.requestType == "dequeue" } <= 50)
        #expect(bench.exchange.queues.count == 0)
    }

    @Test("Dequeue in waitUrl's script, and in the answer to its GetDigits")
    func dequeueCommand() throws {
        var bench = Bench()
        try Self.enqueue(&bench)
        bench.answerWebhook(#"[{"GetDigits":{"actionUrl":"http://app/digits","maxDigits":1}}]"#)
        bench.press("1")
        #expect(bench.delivered.last?.requestType == "getDigits")
        bench.answerWebhook(#"[{"Dequeue":{}}]"#)
        #expect(bench.delivered.last?.requestType == "dequeue")
        #expect(bench.exchange.queues.count == 0)
        bench.answerWebhook(#"[{"Dequeue":{}}]"#)
        #expect(bench.call?.endedReason == .perclProcessingError)
        let failure = try #require(bench.entry("PerCL Dequeue failed")?.metadata["explanation"])
        #expect("\(failure)".contains("Members/Front"), "it names what would help")
    }

    @Test("An answer to GetDigits that runs out goes back to waitUrl; nobody is hung up on")
    func answersOfDigits() throws {
        var bench = Bench()
        try Self.enqueue(&bench)
        bench.answerWebhook(#"[{"GetDigits":{"actionUrl":"http://app/digits","maxDigits":1}}]"#)
        bench.pass(.seconds(2))
        bench.press("1")
        bench.answerWebhook(#"[{"Say":{"text":"Still waiting."}}]"#)
        bench.pass(.seconds(1))
        bench.endPlayback()
        #expect(bench.delivered.last?.requestType == "queueWait")
        #expect(bench.call?.status == .inProgress)
    }

    @Test("A full queue: actionUrl hears queueFull, without queueTime, and its script runs")
    func full() throws {
        var bench = Bench()
        let queue = CallQueue(
            queueID: try Self.id(), accountID: try Self.account(), maxSize: 1, isKept: true, created: bench.moment.wall)
        #expect(Self.standing(try Self.ask(&bench, .create(queue)))?.queue.maxSize == 1)
        try Self.enqueue(&bench)
        try bench.run(Self.script())
        #expect(bench.delivered.last?.requestType == "removeFromQueueNotification")
        #expect(bench.delivered.last?.purpose == .script)
        #expect(bench.field("queueResult") == "queueFull" && bench.field("queueTime") == nil)
        bench.answerWebhook(#"[{"Say":{"text":"Call again later."}}]"#)
        #expect(bench.played.count == 1)
    }

    @Test("A caller who hangs up while waiting is gone at once, told of once, before callStatus")
    func hangUp() throws {
        var bench = Bench()
        try Self.enqueue(&bench)
        bench.answerWebhook(#"[{"GetDigits":{"actionUrl":"http://app/digits"}}]"#)
        bench.pass(.seconds(4))
        bench.farHangUp()
        #expect(bench.exchange.queues.count == 0)
        let told = try #require(bench.delivered.last)
        #expect(told.requestType == "removeFromQueueNotification" && told.purpose == .notification)
        #expect(bench.field("queueResult") == "hangup" && bench.field("queueTime") == 4)
        #expect(bench.field("callStatus") == "completed")
        bench.answerWebhook("[]")
        #expect(bench.delivered.last?.requestType == "callStatus")
        #expect(!bench.delivered.contains { $0.requestType == "getDigits" || $0.requestType == "dequeue" })
    }

    @Test("Averages: whole seconds, 0 without anybody; a wall clock set back makes nothing negative")
    func averages() throws {
        var bench = Bench()
        let queue = CallQueue(
            queueID: try Self.id(), accountID: try Self.account(), isKept: true, created: bench.moment.wall)
        let empty = Self.standing(try Self.ask(&bench, .create(queue)))
        #expect(empty?.averageWaitSeconds == 0 && empty?.averageRemovalSeconds == 0 && empty?.currentSize == 0)
        let first = try Self.enqueue(&bench)
        bench.pass(.seconds(10))
        try Self.enqueue(&bench)
        bench.pass(.seconds(10))
        bench.wallSetAhead = .seconds(-3600)
        let waiting = Self.standing(try Self.ask(&bench, .get(try Self.id())))
        #expect(waiting?.averageWaitSeconds == 15 && waiting?.currentSize == 2)
        _ = try Self.ask(&bench, .dequeue(try Self.id(), first))
        let left = Self.standing(try Self.ask(&bench, .get(try Self.id())))
        #expect(left?.averageRemovalSeconds == 20 && left?.averageWaitSeconds == 10)
        #expect(Self.member(try Self.ask(&bench, .member(try Self.id(), nil)))?.waitSeconds == 10)
    }

    @Test("From queue to queue: the tail of the other, with a wait of its own")
    func moved() throws {
        var bench = Bench()
        let other = "QU" + String(repeating: "b", count: 40)
        try Self.enqueue(&bench, other)
        let mover = try Self.enqueue(&bench)
        bench.pass(.seconds(9))
        _ = try Self.ask(&bench, .dequeue(try Self.id(), mover))
        bench.answerWebhook(Self.script(other))
        bench.answerWebhook("")
        #expect(bench.delivered.last?.requestType == "queueWait")
        #expect(bench.field("queuePosition") == "2" && bench.field("queueTime") == 0)
        #expect(Self.members(try Self.ask(&bench, .members(try Self.id(other), after: nil))).last?.callID == mover)
        let (former, present) = (try Self.id(), try Self.id(other))
        #expect(bench.queues[former] == nil && bench.queues[present] != nil)
    }

    @Test("A queue that REST made stays when it is empty and after a restart; one that Enqueue made does not")
    func kept() throws {
        var bench = Bench()
        let made = CallQueue(
            queueID: try Self.id(), accountID: try Self.account(), alias: "sales", maxSize: 25, isKept: true,
            created: bench.moment.wall)
        _ = try Self.ask(&bench, .create(made))
        try Self.enqueue(&bench)
        bench.farHangUp()
        #expect(Self.standing(try Self.ask(&bench, .get(try Self.id())))?.currentSize == 0)
        let other = "QU" + String(repeating: "b", count: 40)
        try Self.enqueue(&bench, other)

        var next = Bench()
        next.restore(
            UnfinishedWork(
                records: bench.records.map { ($0.key, $0.value) }, notifications: [], journalSequences: [:],
                queues: bench.queues.values.sorted { $0.queueID < $1.queueID }))
        let standing = Self.standing(try Self.ask(&next, .get(try Self.id())))
        #expect(standing?.queue.alias == "sales" && standing?.queue.maxSize == 25 && standing?.currentSize == 0)
        #expect(try Self.ask(&next, .get(try Self.id(other))) == .noQueue)
        #expect(next.queues[try Self.id(other)] == nil, "its row goes too")
        let told = next.delivered.map(\.requestType)
        #expect(told.contains("removeFromQueueNotification"))
        let lost = try #require(next.delivered.first { $0.requestType == "removeFromQueueNotification" })
        #expect(next.fields(lost)?["queueResult"] == "systemError")
    }

    @Test("Killed before the app has answered to dequeue: the next process tells it, the same once more, then the end")
    func dequeueUntold() throws {
        var bench = Bench()
        let call = try Self.enqueue(&bench)
        _ = try Self.ask(&bench, .dequeue(try Self.id(), nil))
        let asked = try #require(bench.delivered.last)
        #expect(asked.requestType == "dequeue" && asked.purpose == .script)
        #expect(bench.notifications.count == 1)

        var next = Bench()
        next.restore(
            UnfinishedWork(
                records: bench.records.map { ($0.key, $0.value) }, notifications: Array(bench.notifications.values),
                journalSequences: [:], queues: Array(bench.queues.values)))
        let told = try #require(next.delivered.last)
        #expect(told.eventID == asked.eventID && told.body == asked.body && told.purpose == .notification)
        next.answerWebhook(#"[{"Say":{"text":"Nobody hears it."}}]"#)
        #expect(next.delivered.map(\.requestType) == ["dequeue", "callStatus"])
        #expect(next.played.isEmpty && next.rows[call]?.endedReason == .internalError)
    }

    @Test("A caller who hangs up before the app has answered to dequeue: it is told, be its request still waiting")
    func dequeuedAndGone() throws {
        var bench = Bench()
        try bench.run(Self.script())
        // The app has not taken the notification yet: what asks how the call goes on stands behind it.
        #expect(bench.delivered.last?.requestType == "addToQueueNotification")
        _ = try Self.ask(&bench, .dequeue(try Self.id(), nil))
        bench.farHangUp()
        #expect(bench.notifications.count == 3, "all of it is on disk with the end")
        for _ in 0..<3 { bench.answerWebhook("") }
        #expect(
            bench.delivered.map(\.requestType)
                == ["outDialApiConnect", "addToQueueNotification", "dequeue", "callStatus"])
        #expect(bench.delivered[2].purpose == .notification)
        #expect(bench.notifications.isEmpty)
    }

    @Test("A change is answered when it is on disk, and what the disk refuses is not")
    func stored() throws {
        var bench = Bench()
        bench.commitsAtOnce = false
        let queue = CallQueue(
            queueID: try Self.id(), accountID: try Self.account(), isKept: true, created: bench.moment.wall)
        bench.give(.queueRequest(ReplyToken(rawValue: 900), try Self.account(), .create(queue), Self.request))
        #expect(!bench.effects.contains { if case .reply = $0 { true } else { false } })
        let token = try #require(bench.heldCommits.first)
        bench.give(.committed(token))
        #expect(bench.effects.contains { if case .reply(_, .queue(.queue)) = $0 { true } else { false } })
        bench.give(
            .queueRequest(
                ReplyToken(rawValue: 901), try Self.account(), .update(try Self.id(), QueueChange(maxSize: 2)),
                Self.request))
        let second = try #require(bench.heldCommits.last)
        bench.give(.commitFailed(second, .diskFull))
        #expect(bench.effects.contains(.reply(ReplyToken(rawValue: 901), .queue(.notStored))))
        #expect(Self.standing(try Self.ask(&bench, .get(try Self.id())))?.queue.maxSize == CallQueue.usualSize)
        let other = "QU" + String(repeating: "b", count: 40)
        let lost = CallQueue(
            queueID: try Self.id(other), accountID: try Self.account(), isKept: true, created: bench.moment.wall)
        bench.give(.queueRequest(ReplyToken(rawValue: 902), try Self.account(), .create(lost), Self.request))
        bench.give(.commitFailed(try #require(bench.heldCommits.last), .diskFull))
        #expect(bench.effects.contains(.reply(ReplyToken(rawValue: 902), .queue(.notStored))))
        #expect(try Self.ask(&bench, .get(try Self.id(other))) == .noQueue, "what was refused is not there")
    }

    @Test("Another account's queue is none")
    func foreign() throws {
        var bench = Bench()
        let other = try #require(AccountID("AC" + String(repeating: "2", count: 40)))
        let queue = CallQueue(queueID: try Self.id(), accountID: other, isKept: true, created: bench.moment.wall)
        bench.give(.queueRequest(ReplyToken(rawValue: 900), other, .create(queue), Self.request))
        #expect(try Self.ask(&bench, .get(try Self.id())) == .noQueue)
        #expect(try Self.ask(&bench, .dequeue(try Self.id(), nil)) == .noQueue)
        try bench.run(Self.script())
        #expect(bench.call?.endedReason == .perclProcessingError)
    }

    @Test("Lists: newest first, by alias, page after page")
    func lists() throws {
        var bench = Bench()
        for number in 0..<250 {
            let digits = String(number)
            let name = "QU" + String(repeating: "0", count: 40 - digits.utf8.count) + digits
            let queue = CallQueue(
                queueID: try Self.id(name), accountID: try Self.account(), alias: number % 2 == 0 ? "even" : "odd",
                isKept: true, created: bench.moment.wall)
            _ = try Self.ask(&bench, .create(queue))
        }
        var seen: [QueueID] = []
        var cursor: PageCursor?
        repeat {
            guard case .queues(let page) = try Self.ask(&bench, .list(alias: nil, after: cursor)) else { break }
            #expect(page.total == 250 && page.start == seen.count && page.items.count <= PageLimits.pageSize)
            seen += page.items.map(\.queue.queueID)
            cursor = page.next
        } while cursor != nil
        #expect(seen.count == 250 && seen == seen.sorted(by: >))
        guard case .queues(let even) = try Self.ask(&bench, .list(alias: "even", after: nil)) else { return }
        #expect(even.total == 125 && even.items.allSatisfy { $0.queue.alias == "even" })
    }

    @Test("An account has no more queues than it may: neither over REST nor by Enqueue; another's are not counted")
    func tooMany() throws {
        var bench = Bench()
        func queue(_ number: Int, of account: AccountID) throws -> CallQueue {
            let digits = String(number)
            let name = "QU" + String(repeating: "0", count: 40 - digits.utf8.count) + digits
            return CallQueue(
                queueID: try Self.id(name), accountID: account, isKept: true, created: bench.moment.wall)
        }
        let account = try Self.account()
        for number in 1...CallQueue.maximumCount { bench.exchange.queues.insert(try queue(number, of: account)) }
        #expect(try Self.ask(&bench, .create(try queue(0, of: account))) == .tooMany)
        try bench.run(Self.script())
        #expect(bench.call?.endedReason == .perclProcessingError)
        let other = try #require(AccountID("AC" + String(repeating: "2", count: 40)))
        bench.give(.queueRequest(ReplyToken(rawValue: 901), other, .create(try queue(0, of: other)), Self.request))
        #expect(
            bench.effects.contains { effect in
                if case .reply(ReplyToken(rawValue: 901), .queue(.queue)) = effect { true } else { false }
            })
    }

    @Test("A queue that goes takes only itself from the list; the last page of members has no next")
    func listedAfterRemoval() throws {
        var bench = Bench { $0.rtpPorts = 40_000...40_999 }
        let other = "QU" + String(repeating: "b", count: 40)
        try Self.enqueue(&bench, other)
        let gone = try Self.enqueue(&bench)
        _ = try Self.ask(&bench, .dequeue(try Self.id(), gone))
        guard case .queues(let page) = try Self.ask(&bench, .list(alias: nil, after: nil)) else {
            Issue.record("no list")
            return
        }
        #expect(page.items.map(\.queue.queueID.text) == [other] && page.total == 1)
        let (id, moment) = (try Self.id(other), bench.moment)
        for number in 2...PageLimits.pageSize {
            let call = try #require(CallID("CA" + String(repeating: "0", count: 37) + String(100 + number)))
            _ = bench.exchange.queues.change(id) { $0.append(call, now: moment) }
        }
        guard case .members(let whole) = try Self.ask(&bench, .members(id, after: nil)) else { return }
        #expect(whole.items.count == PageLimits.pageSize && whole.next == nil)
        let last = try #require(CallID("CA" + String(repeating: "0", count: 40)))
        _ = bench.exchange.queues.change(id) { $0.append(last, now: moment) }
        guard case .members(let first) = try Self.ask(&bench, .members(id, after: nil)) else { return }
        guard case .members(let second) = try Self.ask(&bench, .members(id, after: first.next)) else { return }
        #expect(second.items.map(\.callID) == [last] && second.items.first?.position == 101 && second.next == nil)
        for _ in 0..<3 { _ = try Self.ask(&bench, .dequeue(id, nil)) }
        guard case .members(let later) = try Self.ask(&bench, .members(id, after: first.next)) else { return }
        #expect(later.items.map(\.callID) == [last] && later.items.first?.position == 98, "nobody is passed over")
    }
}
