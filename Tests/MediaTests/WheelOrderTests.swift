import Testing

@testable import Media

// docs/decisions/0039: what mixes live on.
@Suite("The wheel: between two ticks of one, every other has exactly one")
struct WheelOrderTests {
    @Test("A thread that was stopped leaves out whole rounds, and makes up for no more than it may")
    func wholeRounds() {
        for late in 0...1000 as ClosedRange<Int64> {
            let first = MediaLoop.firstToRun(from: 777, notBefore: 777 + late - 99)
            #expect((first - 777) % 20 == 0)
            #expect(first >= 777 + late - 99)
            #expect(first == 777 || first < 777 + late - 79)
        }
    }

    @Test("In a slot the others keep their order, whoever leaves it")
    func order() {
        final class Member {}
        var wheel = SlotWheel<Member>()
        let members = (0..<6).map { _ in Member() }
        for member in members { wheel.put(member, in: 7) }
        wheel.remove(members[1], from: 7)
        let beside = Member()
        wheel.insert(beside, before: members[3], in: 7)
        wheel.remove(members[3], from: 7)
        let expected = [members[0], members[2], beside, members[4], members[5]]
        #expect(wheel[47].count == 5)
        #expect(zip(wheel[47], expected).allSatisfy { $0 === $1 })
        #expect(wheel.count == 5)
    }
}
