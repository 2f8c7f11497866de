import RTP
import Testing

@Suite("Telephone events, RFC 4733")
struct TelephoneEventTests {
    typealias Received = TelephoneEventReceiver.Received

    func packets(_ event: UInt8, duration: Int, at timestamp: UInt32) -> [TelephoneEventSender.Packet] {
        var sender = TelephoneEventSender(event: event, duration: duration, timestamp: RTPTimestamp(timestamp))
        var packets: [TelephoneEventSender.Packet] = []
        while let packet = sender.next() { packets.append(packet) }
        return packets
    }

    @Test("A payload reads back as it was printed")
    func payload() {
        let event = TelephoneEvent(event: 11, isEnd: true, volume: 10, duration: 800)
        var bytes = [UInt8](repeating: 0, count: 4)
        var span = bytes.mutableSpan
        let isPrinted = event.print(into: &span, at: 0)
        #expect(isPrinted)
        #expect(bytes == [11, 0x8A, 0x03, 0x20])
        #expect(TelephoneEvent(bytes: bytes) == event)
        #expect(TelephoneEvent(bytes: Array(bytes.prefix(3))) == nil)
    }

    @Test("Codes and digits name each other")
    func codes() {
        for (code, digit) in "0123456789*#ABCD".enumerated() {
            #expect(TelephoneEvent.code(of: digit) == UInt8(code))
            #expect(TelephoneEvent(event: UInt8(code), isEnd: false, duration: 0).digit == digit)
        }
        #expect(TelephoneEvent.code(of: "d") == 15)
        #expect(TelephoneEvent.code(of: "x") == nil)
        #expect(TelephoneEvent(event: 16, isEnd: false, duration: 0).digit == nil)
    }

    @Test("A digit of 100 ms has the marker first, growing durations, and its end three times")
    func sender() {
        let packets = packets(5, duration: 800, at: 0)
        #expect(packets.map(\.event.duration) == [160, 320, 480, 640, 800, 800, 800])
        #expect(packets.map(\.event.isEnd) == [false, false, false, false, true, true, true])
        #expect(packets.map(\.isMarked) == [true, false, false, false, false, false, false])
    }

    @Test("A duration that is no multiple of the tick ends exactly")
    func unevenDuration() {
        #expect(packets(5, duration: 400, at: 0).map(\.event.duration) == [160, 320, 400, 400, 400])
        #expect(packets(5, duration: 0, at: 0).map(\.event.duration) == [1, 1, 1])
        #expect(packets(5, duration: 1 << 20, at: 0).last?.event.duration == 0xFFFF)
    }

    /// A line to a receiver: numbers its packets, and passes the time between them.
    struct Line {
        var receiver = TelephoneEventReceiver()
        var digits: [Received] = []
        var clock: UInt32 = 0
        var sequence: UInt16 = 65_530

        /// Sends one packet, 20 ms after the one before.
        mutating func send(
            _ event: UInt8, _ duration: Int, at timestamp: UInt32, isEnd: Bool = false, isMarked: Bool = false,
            after milliseconds: UInt32 = 20, isLost: Bool = false
        ) {
            pass(milliseconds)
            sequence &+= 1
            guard !isLost else { return }
            receive(
                TelephoneEvent(event: event, isEnd: isEnd, duration: UInt16(truncatingIfNeeded: duration)),
                isMarked: isMarked, timestamp, sequence)
        }

        mutating func receive(
            _ event: TelephoneEvent, isMarked: Bool = false, _ timestamp: UInt32, _ sequence: UInt16
        ) {
            receiver.receive(
                TelephoneEventReceiver.Packet(
                    event, isMarked: isMarked, sequence: SequenceNumber(sequence),
                    timestamp: RTPTimestamp(timestamp), arrival: RTPTimestamp(clock)), into: &digits)
        }

        /// A whole key: `packets` while it is down, then its ends.
        mutating func press(
            _ event: UInt8, at timestamp: UInt32, packets: Int = 8, ends: Int = 3, step: UInt32 = 0,
            marks: Bool = true, growth: Int = 160
        ) {
            for number in 0..<packets {
                send(
                    event, growth * (number + 1), at: timestamp &+ step &* UInt32(number),
                    isMarked: marks && number == 0)
            }
            for number in 0..<ends {
                send(
                    event, growth * (packets + 1), at: timestamp &+ step &* UInt32(packets + number), isEnd: true,
                    after: 0)
            }
        }

        mutating func pass(_ milliseconds: UInt32) {
            for _ in 0..<(milliseconds / 20) {
                clock &+= 160
                receiver.timeOut(now: RTPTimestamp(clock), into: &digits)
            }
        }

        /// What was pressed, once all has been quiet.
        mutating func heard() -> String {
            pass(400)
            return String(digits.map(\.digit))
        }
    }

    /// Feeds packets, those whose index is in `lost` left out, and lets time pass after them.
    func receive(
        _ events: [(timestamp: UInt32, packets: [TelephoneEventSender.Packet])], lost: Set<Int> = []
    ) -> [Received] {
        var line = Line()
        var index = 0
        for event in events {
            for packet in event.packets {
                line.send(
                    packet.event.event, Int(packet.event.duration), at: event.timestamp, isEnd: packet.event.isEnd,
                    isMarked: packet.isMarked, isLost: lost.contains(index))
                index += 1
            }
        }
        _ = line.heard()
        return line.digits
    }

    /// Two keys, 200 ms from the one's end to the other's beginning, in every way that gear in use sends them.
    enum Habit: CaseIterable {
        case byTheBook, oneTimestamp, risingTimestamp, noMarker, oneTimestampWithoutMarker, noDuration, onlyEnds
        case noEnds, noEndsAndOneTimestamp, randomTimestamps

        func timestamp(_ number: UInt32) -> UInt32 {
            switch self {
            case .oneTimestamp, .oneTimestampWithoutMarker, .noEndsAndOneTimestamp: 77_000
            case .randomTimestamps: number == 0 ? 4_000_000_000 : 1234
            case .byTheBook, .risingTimestamp, .noMarker, .noDuration, .onlyEnds, .noEnds: 4000 + number * 3040
            }
        }

        func press(_ event: UInt8, _ number: UInt32, on line: inout Line) {
            let timestamp = timestamp(number)
            switch self {
            case .byTheBook, .oneTimestamp, .randomTimestamps: line.press(event, at: timestamp)
            case .risingTimestamp: line.press(event, at: timestamp, step: 160)
            case .noMarker, .oneTimestampWithoutMarker: line.press(event, at: timestamp, marks: false)
            case .noDuration: line.press(event, at: timestamp, growth: 0)
            case .onlyEnds: line.press(event, at: timestamp, packets: 0)
            case .noEnds, .noEndsAndOneTimestamp: line.press(event, at: timestamp, ends: 0)
            }
            line.pass(200)
        }
    }

    @Test(
        "Two keys are two keys and the same twice is twice, whatever a sender makes of timestamp, marker and ends",
        arguments: Habit.allCases, [[1, 2], [1, 1], [2, 1]] as [[UInt8]])
    func habits(habit: Habit, keys: [UInt8]) {
        var line = Line()
        for (number, key) in keys.enumerated() { habit.press(key, UInt32(number), on: &line) }
        #expect(line.heard() == keys.map { "\($0)" }.joined())
    }

    @Test(
        "Ends that come again are no presses, before and after the next key has begun",
        arguments: [2000, 0] as [UInt32])
    func lateEnds(step: UInt32) {
        var line = Line()
        line.press(1, at: 1000, packets: 4, ends: 1)
        line.send(2, 160, at: 1000 &+ step, isMarked: true)
        line.send(1, 800, at: 1000, isEnd: true)
        line.send(2, 320, at: 1000 &+ step)
        line.send(1, 800, at: 1000, isEnd: true)
        line.send(2, 480, at: 1000 &+ step, isEnd: true)
        line.send(2, 480, at: 1000 &+ step, isEnd: true)
        #expect(line.heard() == "12")
    }

    @Test("A key that was given up as its updates are far apart is one key", arguments: [0, 1600] as [UInt32])
    func farApart(step: UInt32) {
        var line = Line()
        for number in 0..<6 {
            line.send(
                9, 1600 * (number + 1), at: 500 + step * UInt32(number), isEnd: number == 5, isMarked: number == 0,
                after: 200)
        }
        #expect(line.heard() == "9")
    }

    /// RFC 4733 §2.5.1.3: a key is held for longer than the duration's field can say.
    enum Overflow: CaseIterable {
        case segments, segmentsOfWholePackets, stuck, beginsAtZero
    }

    @Test("A key that is held for 17 s is one key, however its duration overflows", arguments: Overflow.allCases)
    func longKey(overflow: Overflow) throws {
        var line = Line()
        for number in 0..<850 {
            let held = 160 * (number + 1)
            let (timestamp, field): (Int, Int) =
                switch overflow {
                case .segments: (held / 0xFFFF * 0xFFFF, held % 0xFFFF)
                case .segmentsOfWholePackets: ((held - 1) / 65_440 * 65_440, (held - 1) % 65_440 + 1)
                case .stuck: (0, min(held, 0xFFFF))
                case .beginsAtZero: (0, held & 0xFFFF)
                }
            line.send(
                9, field, at: UInt32(timestamp), isEnd: number > 846, isMarked: number == 0)
        }
        #expect(line.heard() == "9")
        if overflow != .stuck { #expect(abs(try #require(line.digits.first).duration - 850 * 160) <= 480) }
    }

    @Test("A key whose duration is full is one key, whatever holds its packets up")
    func stuckAndHeldUp() {
        var line = Line()
        for number in 0..<500 {
            line.send(
                9, min(160 * (number + 1), 0xFFFF), at: 0, isEnd: number > 496, isMarked: number == 0,
                after: number % 50 == 49 ? 1000 : 20)
        }
        #expect(line.heard() == "9")
    }

    @Test("Packets of a key that are held up for a second are no presses of their own", arguments: 1...7)
    func heldUp(place: Int) {
        var line = Line()
        for key: UInt8 in [4, 2] {
            for number in 0..<8 {
                line.send(
                    key, 160 * min(number + 1, 6), at: UInt32(key) * 20_000, isEnd: number > 4, isMarked: number == 0,
                    after: number == place ? 1000 : 20)
            }
        }
        #expect(line.heard() == "42")
    }

    @Test("An event that is no key, such as a hook flash, is passed over")
    func flash() {
        var line = Line()
        line.press(16, at: 0, packets: 3)
        line.press(3, at: 4000)
        #expect(line.heard() == "3")
    }

    @Test("Beginnings that are sent several times are one press")
    func repeatedBeginnings() {
        var line = Line()
        for _ in 0..<3 { line.send(6, 160, at: 900, isMarked: true) }
        for number in 1..<5 { line.send(6, 160 * (number + 1), at: 900, isEnd: number == 4, isMarked: true) }
        #expect(line.heard() == "6")
    }

    @Test("Another source's events begin anew, and the key that was down is over")
    func otherSource() {
        var line = Line()
        line.send(1, 160, at: 0, isMarked: true)
        line.receiver.changeSource(into: &line.digits)
        line.sequence &-= 5
        line.press(1, at: 0)
        #expect(line.heard() == "11")
    }

    @Test("However many packets are lost, as long as one arrives there is one digit")
    func losses() {
        let packets = packets(3, duration: 800, at: 4000)
        for pattern in 0..<127 {
            let lost = Set((0..<7).filter { pattern & 1 << $0 != 0 })
            let digits = receive([(4000, packets)], lost: lost)
            #expect(digits.map(\.digit) == ["3"], "lost: \(lost)")
            let longest = packets.indices.filter { !lost.contains($0) }.map { Int(packets[$0].event.duration) }.max()
            #expect(digits.first?.duration == longest)
        }
        #expect(receive([(4000, packets)], lost: Set(0..<7)).isEmpty)
    }

    @Test("The same digit twice is two digits, also when the first one's end was lost")
    func repeatedDigit() {
        let first = packets(1, duration: 800, at: 0)
        #expect(receive([(0, first), (4000, first)]).map(\.digit) == ["1", "1"])
        #expect(
            receive([(0, first), (4000, first)], lost: [4, 5, 6]) == [
                Received(digit: "1", duration: 640), Received(digit: "1", duration: 800),
            ])
    }

    @Test(
        "A packet that the network held up changes nothing, wherever it comes", arguments: 1...20 as ClosedRange<UInt64>
    )
    func reordered(seed: UInt64) {
        var line = Line()
        let one = packets(1, duration: 480, at: 0)
        let two = packets(2, duration: 480, at: 4000)
        let numbered = one.enumerated().map { ($0.element, UInt16($0.offset)) }
        for (packet, number) in numbered.shuffledWithin(seed: seed) { line.receive(packet.event, 0, number) }
        line.receive(two[0].event, isMarked: true, 4000, 5)
        for number in [1, 4, 0] as [UInt16] { line.receive(one[Int(number)].event, 0, number) }
        for (index, packet) in two.enumerated().dropFirst() { line.receive(packet.event, 4000, 5 + UInt16(index)) }
        line.receive(one[0].event, isMarked: true, 0, 0)
        #expect(line.heard() == "12")
    }

    @Test("What is no DTMF digit is not reported")
    func otherEvents() {
        #expect(receive([(0, packets(36, duration: 800, at: 0))]).isEmpty)
    }

    @Test("No stream of events reports more digits than it has packets, or others than it names")
    func randomEvents() {
        var random = Seeded(4)
        for _ in 0..<200 {
            var line = Line()
            var named: Set<UInt8> = []
            for _ in 0..<100 {
                let code = UInt8.random(in: 0..<20, using: &random)
                named.insert(code)
                line.send(
                    code, Int.random(in: 0...0xFFFF, using: &random),
                    at: UInt32.random(in: 0..<20, using: &random) &* 160, isEnd: Bool.random(using: &random),
                    isMarked: Bool.random(using: &random))
            }
            let heard = line.heard()
            #expect(heard.count <= 100)
            #expect(heard.allSatisfy { TelephoneEvent.code(of: $0).map(named.contains) == true })
        }
    }
}

extension Array {
    func shuffledWithin(seed: UInt64) -> [Element] {
        var random = Seeded(seed)
        return shuffled(using: &random)
    }
}
