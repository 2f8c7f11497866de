import Testing

@testable import Sharing

@Suite("Lanes are kept for what they owe, and no longer")
struct LaneTests {
    private func keys(_ queue: inout FairQueue<String, Int>, _ count: Int) -> [String] {
        (0..<count).compactMap { _ in queue.next().map { "\($0.key)\($0.element)" } }
    }

    @Test("A turn costs at least 1, whatever it is said to")
    func cost() {
        for cost in [0, -5, 1] {
            var queue = FairQueue<String, Int>()
            for number in 1...3 { queue.add(number, of: "a", cost: cost) }
            for number in 1...3 { queue.add(number, of: "b") }
            #expect(keys(&queue, 6) == ["a1", "b1", "a2", "b2", "a3", "b3"], "\(cost)")
        }
    }

    @Test("A lane that is passed over still owes what its last turn cost")
    func owes() {
        var queue = FairQueue<String, Int>()
        for number in 1...2 { queue.add(number, of: "a", cost: 10) }
        for number in 1...12 { queue.add(number, of: "b") }
        #expect(keys(&queue, 1) == ["a1"])
        #expect(queue.next { $0 != "a" }?.element == 1)
        #expect(keys(&queue, 12) == (2...10).map { "b\($0)" } + ["a2", "b11", "b12"])
    }

    @Test("Who has left owes it still when it comes again, unless nobody waited meanwhile")
    func comesAgain() {
        for waits in [true, false] {
            var queue = FairQueue<String, Int>()
            queue.add(1, of: "a", cost: 3)
            if waits { for number in 1...5 { queue.add(number, of: "b") } }
            #expect(keys(&queue, 1) == ["a1"])
            queue.add(2, of: "a")
            if !waits { for number in 1...5 { queue.add(number, of: "b") } }
            let expected = waits ? ["b1", "b2", "b3", "b4", "a2", "b5"] : ["a2", "b1", "b2", "b3", "b4", "b5"]
            #expect(keys(&queue, 6) == expected)
        }
    }

    @Test("256 lanes are remembered; beyond that those that owe nothing are not")
    func remembered() {
        for (others, isForgotten) in [(254, false), (255, false), (256, true), (300, true)] {
            var queue = FairQueue<String, Int>()
            for number in 1...3 { queue.add(number, of: "busy") }
            for number in 0..<others {
                queue.add(number, of: "other \(number)")
                #expect(queue.next { $0 != "busy" }?.element == number)
            }
            // Each had a turn that began with the first of all, and owes one.
            #expect(queue.laneCount == others + 1)
            #expect(keys(&queue, 1) == ["busy1"])
            #expect(queue.laneCount == others + 1, "the busy one's next turn begins where theirs would")
            #expect(keys(&queue, 1) == ["busy2"])
            #expect(queue.laneCount == (isForgotten ? 1 : others + 1), "\(others)")
            #expect(keys(&queue, 2) == ["busy3"])
            #expect(queue.laneCount == 0, "nobody waits")
        }
    }

    @Test("What is removed last leaves nothing behind either")
    func removal() {
        var queue = FairQueue<String, Int>()
        let first = queue.add(1, of: "a"), second = queue.add(2, of: "a")
        let removed = [queue.remove(first), queue.remove(first), queue.remove(second)]
        #expect(removed == [1, nil, 2] && queue.isEmpty && queue.laneCount == 0)
        #expect(queue.count(of: "a") == 0 && queue.count(of: "nobody") == 0)
        queue.add(3, of: "a")
        #expect(queue.count(of: "a") == 1 && keys(&queue, 2) == ["a3"])
    }

    @Test("The urgent overtakes what is less so, and nothing that has gone")
    func urgency() {
        var queue = FairQueue<String, Int>()
        for number in 1...3 { queue.add(number, of: "a", urgency: 5) }
        #expect(keys(&queue, 1) == ["a1"])
        queue.add(4, of: "a", urgency: 4)
        queue.add(5, of: "a", urgency: 5)
        queue.add(6, of: "a", urgency: -1)
        #expect(keys(&queue, 6) == ["a6", "a4", "a2", "a3", "a5"])
    }
}
