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

    /// Feeds packets, those whose index is in `lost` left out, and lets time pass after them.
    func receive(
        _ events: [(timestamp: UInt32, packets: [TelephoneEventSender.Packet])], lost: Set<Int> = []
    ) -> [Received] {
        var receiver = TelephoneEventReceiver()
        var digits: [Received] = []
        var clock: UInt32 = 0
        var index = 0
        for event in events {
            for packet in event.packets {
                clock &+= 160
                if !lost.contains(index) {
                    receiver.receive(
                        packet.event, timestamp: RTPTimestamp(event.timestamp), arrival: RTPTimestamp(clock),
                        into: &digits)
                }
                index += 1
            }
        }
        receiver.timeOut(now: RTPTimestamp(clock &+ 961), into: &digits)
        return digits
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

    @Test("A packet of a digit that is over changes nothing, wherever it was held up")
    func reordered() {
        var receiver = TelephoneEventReceiver()
        var digits: [Received] = []
        func feed(_ packet: TelephoneEventSender.Packet, _ timestamp: UInt32) {
            receiver.receive(
                packet.event, timestamp: RTPTimestamp(timestamp), arrival: RTPTimestamp(0), into: &digits)
        }
        let one = packets(1, duration: 480, at: 0)
        let two = packets(2, duration: 480, at: 4000)
        for packet in one.shuffledWithin(seed: 1) { feed(packet, 0) }
        feed(two[0], 4000)
        feed(one[1], 0)
        feed(one[4], 0)
        for packet in two.dropFirst() { feed(packet, 4000) }
        feed(one[0], 0)
        #expect(digits.map(\.digit) == ["1", "2"])
    }

    @Test("An event longer than the field goes on in segments and is one digit")
    func segments() {
        var receiver = TelephoneEventReceiver()
        var digits: [Received] = []
        let steps: [(UInt32, UInt16, Bool)] = [
            (0, 160, false), (0, 0xFFFF, false), (0xFFFF, 160, false), (0xFFFF, 1000, true),
        ]
        for (timestamp, duration, isEnd) in steps {
            receiver.receive(
                TelephoneEvent(event: 4, isEnd: isEnd, duration: duration), timestamp: RTPTimestamp(timestamp),
                arrival: RTPTimestamp(0), into: &digits)
        }
        #expect(digits == [Received(digit: "4", duration: 0xFFFF + 1000)])
    }

    @Test("What is no DTMF digit is not reported")
    func otherEvents() {
        #expect(receive([(0, packets(36, duration: 800, at: 0))]).isEmpty)
    }

    @Test("No stream of events reports more digits than it has timestamps")
    func randomEvents() {
        var random = Seeded(4)
        for _ in 0..<200 {
            var receiver = TelephoneEventReceiver()
            var digits: [Received] = []
            var timestamps: Set<UInt32> = []
            for step: UInt32 in 0..<100 {
                let timestamp = UInt32.random(in: 0..<20, using: &random) &* 160
                timestamps.insert(timestamp)
                receiver.receive(
                    TelephoneEvent(
                        event: UInt8.random(in: 0..<20, using: &random), isEnd: Bool.random(using: &random),
                        duration: UInt16.random(in: 0 ... .max, using: &random)),
                    timestamp: RTPTimestamp(timestamp), arrival: RTPTimestamp(step &* 160), into: &digits)
            }
            #expect(digits.count <= timestamps.count)
        }
    }
}

extension Array {
    func shuffledWithin(seed: UInt64) -> [Element] {
        var random = Seeded(seed)
        return shuffled(using: &random)
    }
}
