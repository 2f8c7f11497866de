import RTP
import Testing

@Suite("Packets of a key that come when it is long over, or out of their order (RFC 4733 §2.5.1.4)")
struct LateEventTests {
    private typealias Received = TelephoneEventReceiver.Received

    /// A receiver and its clock.
    private struct Ear {
        var receiver = TelephoneEventReceiver()
        var digits: [Received] = []
        var clock: UInt32 = 0

        mutating func pass(_ milliseconds: UInt32) {
            for _ in 0..<(milliseconds / 20) {
                clock &+= 160
                receiver.timeOut(now: RTPTimestamp(clock), into: &digits)
            }
        }

        mutating func receive(
            _ event: UInt8, _ duration: UInt16, isEnd: Bool = false, isMarked: Bool = false, at timestamp: UInt32,
            number: UInt16
        ) {
            receiver.receive(
                TelephoneEventReceiver.Packet(
                    TelephoneEvent(event: event, isEnd: isEnd, duration: duration), isMarked: isMarked,
                    sequence: SequenceNumber(number), timestamp: RTPTimestamp(timestamp),
                    arrival: RTPTimestamp(clock)), into: &digits)
        }

        /// A whole key of 100 ms, its packets numbered from `number` on.
        mutating func press(_ event: UInt8, at timestamp: UInt32, number: UInt16, ends: UInt16 = 3) {
            for step in 0..<5 as Range<UInt16> {
                pass(20)
                receive(
                    event, 160 * (step + 1), isMarked: step == 0, at: timestamp, number: number &+ step)
            }
            for step in 0..<ends { receive(event, 800, isEnd: true, at: timestamp, number: number &+ 5 &+ step) }
        }
    }

    @Test(
        "The end comes once more, held up for up to five seconds: no other key, whatever the timestamps",
        arguments: [20, 480, 520, 600, 1000, 2000, 4000, 4980] as [UInt32], [0, 77_000, .max - 400] as [UInt32])
    func lateEnd(milliseconds: UInt32, timestamp: UInt32) {
        var ear = Ear()
        ear.press(5, at: timestamp, number: 10)
        ear.pass(milliseconds)
        ear.receive(5, 800, isEnd: true, at: timestamp, number: 40)
        ear.pass(400)
        #expect(ear.digits == [Received(digit: "5", duration: 800)])
    }

    @Test(
        "A packet of a key that was given up, its end lost, is that key's for as long",
        arguments: [200, 520, 1000, 3000, 4900] as [UInt32], [false, true])
    func lateUpdate(milliseconds: UInt32, isEnd: Bool) {
        var ear = Ear()
        ear.press(5, at: 4000, number: 10, ends: 0)
        ear.pass(milliseconds)
        ear.receive(5, 1120, isEnd: isEnd, at: 4000, number: 40)
        ear.pass(400)
        #expect(ear.digits.map(\.digit) == ["5"])
    }

    @Test("The four keys before are remembered: their ends, late, are none", arguments: 0..<4)
    func remembered(place: Int) {
        var ear = Ear()
        for key in 0..<4 as Range<UInt8> {
            ear.press(key, at: UInt32(key) * 8000, number: UInt16(key) * 20)
            ear.pass(100)
        }
        ear.receive(UInt8(place), 800, isEnd: true, at: UInt32(place) * 8000, number: 200)
        ear.pass(400)
        #expect(ear.digits.map(\.digit) == ["0", "1", "2", "3"])
    }

    @Test(
        "Packets out of their order neither shorten nor lengthen a key, nor make another",
        arguments: [
            [0, 1, 3, 2, 4, 5], [0, 4, 1, 2, 3, 5], [2, 0, 1, 3, 5, 4], [5, 0, 1, 2, 3, 4], [0, 5, 4, 3, 2, 1],
            [1, 0, 5, 2, 3, 4],
        ] as [[UInt16]])
    func outOfOrder(order: [UInt16]) {
        var ear = Ear()
        for place in order {
            // The last is the end; it lasted for as long as the fifth says, and 20 ms more.
            ear.receive(
                7, 160 * (place + 1), isEnd: place == 5, isMarked: place == 0, at: 900, number: 65_533 &+ place)
            ear.pass(20)
        }
        ear.pass(400)
        #expect(ear.digits == [Received(digit: "7", duration: 960)])
    }

    @Test("Where the end is lost, the longest that was told counts, though it came before others")
    func outOfOrderWithoutEnd() {
        var ear = Ear()
        for place in [0, 1, 4, 2, 3] as [UInt16] {
            ear.receive(7, 160 * (place + 1), isMarked: place == 0, at: 900, number: place)
            ear.pass(20)
        }
        ear.pass(400)
        #expect(ear.digits == [Received(digit: "7", duration: 800)])
    }

    @Test("Sixteen packets may be out of order; a number from further back is of a sender that began anew")
    func misorder() {
        for (back, keys) in [(1, "1"), (16, "1"), (17, "12")] as [(UInt16, String)] {
            var ear = Ear()
            ear.press(1, at: 0, number: 100)
            ear.pass(200)
            // The last was 107.
            ear.receive(2, 160, isEnd: true, isMarked: true, at: 8000, number: 107 - back)
            ear.pass(400)
            #expect(String(ear.digits.map(\.digit)) == keys, "\(back)")
        }
    }

    @Test("A key is over after 120 ms without a packet, and not before")
    func silence() {
        var ear = Ear()
        ear.receive(9, 160, isMarked: true, at: 0, number: 1)
        ear.pass(120)
        #expect(ear.digits.isEmpty && ear.receiver.pressed == "9")
        ear.pass(20)
        #expect(ear.digits == [Received(digit: "9", duration: 160)])
        #expect(ear.receiver.pressed == nil)
    }
}
