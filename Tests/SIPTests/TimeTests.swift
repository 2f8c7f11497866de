import Testing

@testable import SIP

@Suite("Time and chance")
struct TimeTests {
    @Test("An instant moves by a duration and differences give it back")
    func instants() {
        let start = Instant(nanoseconds: 5)
        #expect(start.advanced(by: .milliseconds(2)) == Instant(nanoseconds: 2_000_005))
        #expect(start.advanced(by: .milliseconds(2)) - start == .milliseconds(2))
        #expect(start - start.advanced(by: .seconds(1)) == .seconds(-1))
    }

    @Test("Instants saturate instead of overflowing")
    func saturation() {
        #expect(Instant(nanoseconds: .max).advanced(by: .seconds(1)).nanoseconds == .max)
        #expect(Instant(nanoseconds: .min).advanced(by: .seconds(-1)).nanoseconds == .min)
        #expect(Instant.zero.advanced(by: .seconds(Int64.max)).nanoseconds == .max)
        #expect(Instant(nanoseconds: .max) - Instant(nanoseconds: .min) == .nanoseconds(Int64.max))
    }

    @Test("Timers fire in the order of their deadlines, ties in the order of arming")
    func order() {
        var table = TimerTable<String>()
        table.arm("late", at: Instant(nanoseconds: 30))
        table.arm("first", at: Instant(nanoseconds: 10))
        table.arm("second", at: Instant(nanoseconds: 10))
        #expect(table.nextDeadline == Instant(nanoseconds: 10))
        #expect(table.popDue(Instant(nanoseconds: 9)) == nil)
        #expect(table.popDue(Instant(nanoseconds: 20)) == "first")
        #expect(table.popDue(Instant(nanoseconds: 20)) == "second")
        #expect(table.popDue(Instant(nanoseconds: 20)) == nil)
        #expect(table.count == 1)
    }

    @Test("Arming again replaces the deadline, cancelling leaves no deadline behind")
    func replacing() {
        var table = TimerTable<Int>()
        table.arm(1, at: Instant(nanoseconds: 10))
        table.arm(1, at: Instant(nanoseconds: 50))
        #expect(table.nextDeadline == Instant(nanoseconds: 50))
        #expect(table.popDue(Instant(nanoseconds: 20)) == nil)
        table.cancel(1)
        #expect(table.nextDeadline == nil)
        #expect(table.count == 0)
    }

    @Test("Cancelled entries do not pile up")
    func bounded() {
        var table = TimerTable<Int>()
        table.arm(-1, at: Instant(nanoseconds: 1))
        for round in 0..<10_000 {
            table.arm(round % 10, at: Instant(nanoseconds: Int64(1_000 + round)))
        }
        #expect(table.count == 11)
        #expect(table.storedEntries <= 2 * 11 + 64)
        for key in 0..<10 { table.cancel(key) }
        #expect(table.popDue(Instant(nanoseconds: .max)) == -1)
        #expect(table.popDue(Instant(nanoseconds: .max)) == nil)
    }

    @Test("The same seed gives the same numbers, another seed others")
    func deterministic() {
        var one = RandomSource(seed: [1, 2, 3])
        var same = RandomSource(seed: [1, 2, 3])
        var other = RandomSource(seed: [1, 2, 4])
        let numbers = (0..<100).map { _ in one.next() }
        #expect(numbers == (0..<100).map { _ in same.next() })
        #expect(numbers != (0..<100).map { _ in other.next() })
        #expect(Set(numbers).count == 100)
    }

    @Test("Hexadecimal identifiers have two digits a byte")
    func hexadecimal() {
        var random = RandomSource(seed: 1)
        let text = random.hex(bytes: 13)
        #expect(text.utf8.count == 26)
        #expect(text.utf8.allSatisfy { $0.hexValue != nil && $0.lowercased == $0 })
    }
}
