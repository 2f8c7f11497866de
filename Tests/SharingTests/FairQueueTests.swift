import Testing

@testable import Sharing

/// Takes everything out; the keys, or what they held, in the order of their turns.
private func drained(_ queue: FairQueue<String, Int>) -> [String] {
    var queue = queue
    var order: [String] = []
    while let (key, element) = queue.next() { order.append("\(key)\(element)") }
    return order
}

private struct Generator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state
    }
}

@Suite("What several wait for goes out by turns") struct FairQueueTests {
    @Test("One who comes behind a thousand of another's is next but one")
    func flood() {
        var queue = FairQueue<String, Int>()
        for number in 0..<1000 { queue.add(number, of: "flood") }
        _ = queue.next()
        queue.add(1, of: "quiet")
        let next = (1...2).compactMap { _ in queue.next()?.key }
        #expect(next.contains("quiet"))
    }

    @Test("Who was idle has saved up no turns")
    func idle() {
        var queue = FairQueue<String, Int>()
        queue.add(0, of: "idle")
        _ = queue.next()
        for number in 0..<100 {
            queue.add(number, of: "busy")
            _ = queue.next()
        }
        for number in 1...3 {
            queue.add(number, of: "busy")
            queue.add(number, of: "idle")
        }
        let order = drained(queue)
        for pair in 1...3 {
            #expect(Set(order[(pair - 1) * 2..<pair * 2]) == ["busy\(pair)", "idle\(pair)"], "\(order)")
        }
    }

    @Test("Lanes take turns, and each keeps its own order")
    func turns() {
        var queue = FairQueue<String, Int>()
        for number in 1...3 { queue.add(number, of: "a") }
        for number in 1...2 { queue.add(number, of: "b") }
        queue.add(1, of: "c")
        #expect(drained(queue) == ["a1", "b1", "c1", "a2", "b2", "a3"])
    }

    @Test("Turns that cost little come more often than turns that cost much")
    func costs() {
        var queue = FairQueue<String, Int>()
        for number in 1...3 { queue.add(number, of: "long", cost: 10) }
        for number in 1...12 { queue.add(number, of: "short", cost: 1) }
        let order = drained(queue)
        #expect(order.prefix(2) == ["long1", "short1"])
        let second = order.firstIndex(of: "long2") ?? 0
        #expect(order[..<second].count { $0.hasPrefix("short") } >= 9, "\(order)")
    }

    @Test("Within a lane the urgent goes first, which helps it to nobody else's turn")
    func urgency() {
        var queue = FairQueue<String, Int>()
        queue.add(1, of: "a", urgency: 5)
        queue.add(2, of: "a", urgency: 9)
        queue.add(3, of: "a", urgency: 5)
        queue.add(4, of: "a", urgency: 1)
        queue.add(1, of: "b", urgency: 100)
        #expect(drained(queue) == ["b1", "a4", "a1", "a3", "a2"] || drained(queue) == ["a4", "b1", "a1", "a3", "a2"])
    }

    @Test("Who was away has saved up no turns, and who was served just now is not next again")
    func absence() {
        var queue = FairQueue<String, Int>()
        for number in 0..<100 { queue.add(number, of: "busy") }
        for _ in 0..<50 { _ = queue.next() }
        for number in 0..<100 { queue.add(number, of: "idle") }
        let next = (0..<20).compactMap { _ in queue.next()?.key }
        #expect(next.count { $0 == "idle" } == 10, "\(next)")
        #expect(next.count { $0 == "busy" } == 10)
    }

    @Test("A lane that could have no turn for long has not saved them up")
    func heldBack() {
        var queue = FairQueue<String, Int>()
        for number in 0..<100 {
            queue.add(number, of: "full")
            queue.add(number, of: "busy")
        }
        for _ in 0..<50 { _ = queue.next { $0 != "full" } }
        queue.add(1, of: "quiet")
        let next = (0..<3).compactMap { _ in queue.next()?.key }
        #expect(next.contains("quiet"), "\(next)")
    }

    @Test("A lane that may have no turn is passed over and goes on waiting")
    func notAllowed() {
        var queue = FairQueue<String, Int>()
        queue.add(1, of: "a")
        queue.add(1, of: "b")
        let order = [queue.next { $0 != "a" }?.key, queue.next { $0 != "a" }?.key, queue.next()?.key]
        #expect(order == ["b", nil, "a"])
        #expect(queue.isEmpty)
    }

    @Test("What was removed is passed over, once, and not after its turn")
    func removal() {
        var queue = FairQueue<String, Int>()
        let tickets = (0..<300).map { queue.add($0, of: "a") }
        let removed = tickets[1..<299].map { queue.remove($0) }
        #expect(removed == (1..<299).map { $0 })
        let again = queue.remove(tickets[5])
        #expect(again == nil && queue.count == 2 && queue.count(of: "a") == 2)
        let first = queue.next()?.element
        let late = queue.remove(tickets[0])
        #expect(first == 0 && late == nil)
        let rest = [queue.next()?.element, queue.next()?.element]
        #expect(rest == [299, nil])
        #expect(queue.isEmpty && queue.count(of: "a") == 0)
    }

    @Test(
        "Over ten thousand random moves nothing is lost or given twice, and nobody waits longer than two turns of each")
    func randomMoves() {
        var random = Generator(state: 11)
        var queue = FairQueue<Int, Int>()
        var waiting: [Int: (lane: Int, ticket: FairQueue<Int, Int>.Ticket)] = [:]
        /// Turns of others since a lane with waiters had its own.
        var passed: [Int: Int] = [:]
        for number in 0..<10_000 {
            let lane = Int.random(in: 0..<7, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0...1: waiting[number] = (lane, queue.add(number, of: lane))
            case 2...3:
                guard let (key, element) = queue.next() else {
                    #expect(waiting.isEmpty)
                    continue
                }
                #expect(waiting.removeValue(forKey: element)?.lane == key)
                for other in Set(waiting.values.map(\.lane)) where other != key { passed[other, default: 0] += 1 }
                passed[key] = 0
                for other in passed.keys where !waiting.values.contains(where: { $0.lane == other }) {
                    passed[other] = 0
                }
                #expect(passed.values.allSatisfy { $0 <= 12 }, "\(passed)")
            default:
                guard let one = waiting.keys.sorted().randomElement(using: &random), let entry = waiting[one] else {
                    continue
                }
                let removed = queue.remove(entry.ticket)
                #expect(removed == one)
                waiting[one] = nil
            }
            if waiting.isEmpty { passed = [:] }
            #expect(queue.count == waiting.count)
        }
    }
}
