import Telephony
import Testing

@testable import CallControl

@Suite("What calls have to tell each other")
struct RoomFactsTests {
    private static func call(_ number: Int) throws -> CallID {
        let text = String(number)
        return try #require(CallID("CA" + String(repeating: "0", count: 40 - text.utf8.count) + text))
    }

    private static func fact(_ explanation: String) -> RoomFact { .turnTooLate(explanation: explanation) }

    @Test("Facts are told in the order in which they came about, to whom they are for")
    func order() throws {
        var facts = RoomFacts()
        let (first, second) = (try Self.call(1), try Self.call(2))
        facts.tell(second, Self.fact("a"))
        facts.tell(first, Self.fact("b"))
        facts.tell(second, Self.fact("c"))
        var told: [(CallID, RoomFact)] = []
        while let (call, fact) = facts.next() { told.append((call, fact)) }
        #expect(told.map(\.0) == [second, first, second])
        #expect(told.map(\.1) == [Self.fact("a"), Self.fact("b"), Self.fact("c")])
        #expect(facts.next() == nil)
    }

    @Test("What a fact leads to is told behind those that were there before, and nothing twice")
    func chain() throws {
        var facts = RoomFacts()
        let call = try Self.call(1)
        facts.tell(call, Self.fact("1"))
        facts.tell(call, Self.fact("2"))
        var told: [RoomFact] = []
        while let (_, fact) = facts.next() {
            told.append(fact)
            if fact == Self.fact("1") { facts.tell(call, Self.fact("3")) }
        }
        #expect(told == [Self.fact("1"), Self.fact("2"), Self.fact("3")])
        facts.tell(call, Self.fact("4"))
        let next = facts.next()?.fact
        #expect(next == Self.fact("4"))
        #expect(facts.next() == nil)
    }

    @Test("A call that is gone is told nothing")
    func gone() throws {
        var bench = Bench()
        bench.exchange.facts.tell(try Self.call(7), Self.fact("nobody hears it"))
        bench.give(.timersDue)
        #expect(bench.exchange.facts.next() == nil)
        #expect(bench.journal.isEmpty)
    }
}
