import JSON
import Telephony
import Testing

@testable import API

/// docs/contract/feed.md#limits.
@Suite("Who listens, and what waits to be told")
struct FeedTableTests {
    private static let account = SystemIdentifierSource().draw(AccountKind.self)
    private static let other = SystemIdentifierSource().draw(AccountKind.self)
    private static let calls = (0..<3).map { _ in SystemIdentifierSource().draw(CallKind.self) }

    private static func entry(
        _ sequence: Int, of call: CallID? = calls[0], account: AccountID = account, text: String = ""
    ) -> JournalEntry {
        JournalEntry(
            timestamp: TestServer.start, sequence: sequence, level: .info, scope: .sip, accountID: account,
            callID: call, requestID: nil, message: "entry", metadata: text.isEmpty ? [:] : ["text": .string(text)])
    }

    private static func append(_ entry: JournalEntry) -> StorageOperation { .appendJournal(entry) }

    private static func call(_ status: CallStatus) -> Call {
        Call(
            callID: calls[0], accountID: account, applicationID: nil, parentCallID: nil, phoneNumberID: nil,
            from: "+13125550100", to: "+13125550199", direction: .outboundAPI, status: status,
            created: TestServer.start)
    }

    private func subject(_ call: CallID?, _ account: AccountID = Self.account) -> FeedTable.Subject {
        FeedTable.Subject(account: account, call: call)
    }

    @Test("An account has no more than its own, all no more than there are; what is given back is free")
    func places() throws {
        var table = FeedTable(limits: FeedLimits(perAccount: 2, total: 3))
        let first = try table.add(subject(nil))
        _ = try table.add(subject(Self.calls[0]))
        #expect(throws: FeedRefusal.ofAccount(limit: 2)) { try table.add(subject(Self.calls[1])) }
        _ = try table.add(subject(nil, Self.other))
        #expect(throws: FeedRefusal.inAll(limit: 3)) { try table.add(subject(nil, Self.other)) }
        table.remove(first)
        table.remove(first)
        #expect(table.count == 2)
        _ = try table.add(subject(Self.calls[1]))
        #expect(throws: FeedRefusal.ofAccount(limit: 2)) { try table.add(subject(nil)) }
    }

    @Test("A call's listeners hear of that call, an account's of all that is the account's, nobody of another's")
    func subjects() throws {
        var table = FeedTable(limits: FeedLimits())
        let ofCall = try table.add(subject(Self.calls[0]))
        let ofAccount = try table.add(subject(nil))
        let ofOther = try table.add(subject(nil, Self.other))
        // Who knows another's call by its id listens to nothing.
        let foreign = try table.add(subject(Self.calls[0], Self.other))
        let ringing = Self.call(.ringing)
        let operations = [
            .saveCall(ringing), .saveRecord(Self.calls[0], [1]), Self.append(Self.entry(1)),
            Self.append(Self.entry(1, of: Self.calls[1])), Self.append(Self.entry(0, of: nil)),
            Self.append(Self.entry(1, of: Self.calls[2], account: Self.other)),
        ]
        #expect(table.committed(operations) == [ofCall, ofAccount, ofOther])
        let own: [FeedNews] = [.call(ringing), .entry(Self.entry(1))]
        #expect(table.take(ofCall).news == own)
        #expect(
            table.take(ofAccount).news
                == own + [.entry(Self.entry(1, of: Self.calls[1])), .entry(Self.entry(0, of: nil))])
        #expect(table.take(ofOther).news == [.entry(Self.entry(1, of: Self.calls[2], account: Self.other))])
        #expect(table.take(foreign) == FeedTable.Taken())
        table.remove(ofCall)
        #expect(table.committed([Self.append(Self.entry(2))]) == [ofAccount])
    }

    @Test("Whoever knows that there is something to take is not told again before taking it")
    func wakes() throws {
        var table = FeedTable(limits: FeedLimits())
        let id = try table.add(subject(Self.calls[0]))
        #expect(table.committed([Self.append(Self.entry(1))]) == [id])
        #expect(table.committed([Self.append(Self.entry(2))]) == [])
        #expect(table.settled(Self.calls[0]) == [] && table.beat() == [])
        let taken = table.take(id)
        #expect(taken.news == [.entry(Self.entry(1)), .entry(Self.entry(2))])
        #expect(taken.isSettled && taken.isBeat && !taken.isBehind && !taken.isClosed)
        #expect(table.take(id) == FeedTable.Taken(), "it is taken once")
        #expect(table.settled(Self.calls[1]) == [], "another call")
        #expect(table.settled(Self.calls[0]) == [id])
    }

    @Test("Whoever falls behind has what came without a gap, hears that something is missing, and gets nothing more")
    func behind() throws {
        var table = FeedTable(limits: FeedLimits(news: 3))
        let slow = try table.add(subject(Self.calls[0]))
        let quick = try table.add(subject(Self.calls[0]))
        for sequence in 1...3 { _ = table.committed([Self.append(Self.entry(sequence))]) }
        #expect(table.take(quick).news.count == 3)
        for sequence in 4...6 { _ = table.committed([Self.append(Self.entry(sequence))]) }
        let taken = table.take(slow)
        #expect(taken.news == (1...3).map { .entry(Self.entry($0)) })
        #expect(taken.isBehind)
        #expect(table.behindCount == 1)
        #expect(
            table.take(quick) == FeedTable.Taken(news: (4...6).map { .entry(Self.entry($0)) }),
            "others lose nothing by it")
        _ = table.committed([Self.append(Self.entry(7))])
        #expect(table.take(slow) == FeedTable.Taken(isBehind: true), "room came too late")
    }

    @Test("Few entries that are large fill the room too")
    func bytes() throws {
        let text = String(repeating: "x", count: 1_000)
        var table = FeedTable(limits: FeedLimits(news: 1_000, bytes: 4_000))
        let id = try table.add(subject(Self.calls[0]))
        for sequence in 1...5 { _ = table.committed([Self.append(Self.entry(sequence, text: text))]) }
        let taken = table.take(id)
        #expect(taken.isBehind)
        #expect(taken.news == (1...3).map { .entry(Self.entry($0, text: text)) })
    }

    @Test(
        "What waits is weighed with everything that is in it",
        arguments: [
            (JSONValue.string(String(repeating: "x", count: 500)), 500),
            (.array(Array(repeating: .string("xxxxx"), count: 100)), 500),
            (.object(["a": .object([String(repeating: "k", count: 500): .null])]), 500), (.integer(1), 1),
        ])
    func weight(_ value: JSONValue, _ bytes: Int) {
        var entry = Self.entry(1)
        let empty = FeedNews.entry(entry).weight
        entry.metadata = ["m": value]
        let weight = FeedNews.entry(entry).weight - empty
        #expect(weight > bytes && weight < bytes + 4_000)
    }

    @Test("Who is to go hears it once and for good; when all are to go nobody comes any more")
    func closing() throws {
        var table = FeedTable(limits: FeedLimits())
        let one = try table.add(subject(Self.calls[0]))
        let two = try table.add(subject(nil))
        #expect(table.close(one) == [one])
        _ = table.committed([Self.append(Self.entry(1))])
        #expect(table.take(one) == FeedTable.Taken(isClosed: true))
        #expect(table.take(one).isClosed && !table.take(two).isClosed)
        #expect(table.closeAll() == [one, two])
        #expect(table.take(two).isClosed)
        #expect(throws: FeedRefusal.closed) { try table.add(subject(nil)) }
        table.remove(two)
        #expect(table.take(two).isClosed, "one that is not there waits for nothing")
    }

    @Test("No more streams than a quarter of the connections, and no account has all of them")
    func fewConnections() {
        #expect(FeedLimits().within(connections: 2_048) == FeedLimits())
        let few = FeedLimits().within(connections: 64)
        #expect(few.total == 16 && few.perAccount == 8)
        let none = FeedLimits().within(connections: 2)
        #expect(none.total == 1 && none.perAccount == 1)
    }
}
