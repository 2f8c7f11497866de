import Testing

@testable import RTP

@Suite("RTCP to the byte and the bound, RFC 3550 §6")
struct RTCPWireTests {
    private static let report: [UInt8] = [0x80, 201, 0, 1, 0, 0, 0, 1]

    private func read(_ bytes: [UInt8]) -> [RTCPPacket]? { RTCPCompound(bytes: Self.report + bytes)?.packets }

    @Test("Each field has its place")
    func places() {
        let block = RTCPReportBlock(
            ssrc: 0x1112_1314, fractionLost: 0x15, cumulativeLost: 0x16_1718, extendedHighestSequence: 0x191A_1B1C,
            jitter: 0x2122_2324, lastSenderReport: 0x2526_2728, delaySinceLastSenderReport: 0x292A_2B2C)
        let compound = RTCPCompound([
            .senderReport(
                ssrc: 0x0102_0304,
                RTCPSenderInformation(
                    time: NTPTimestamp(rawValue: 0x3132_3334_3536_3738), timestamp: RTPTimestamp(0x393A_3B3C),
                    packets: 0x4142_4344, octets: 0x4546_4748), [block]),
            .sourceDescription([RTCPCanonicalName(ssrc: 0x0506_0708, name: [0x61, 0x62, 0x63])]),
            .goodbye([0x5152_5354, 0x5556_5758]),
        ])
        let bytes: [UInt8] =
            [0x81, 200, 0, 12, 1, 2, 3, 4] + Array(0x31...0x38) + Array(0x39...0x3C) + Array(0x41...0x48)
            + Array(0x11...0x1C) + Array(0x21...0x2C) + [0x81, 202, 0, 3, 5, 6, 7, 8, 1, 3, 0x61, 0x62, 0x63, 0, 0, 0]
            + [0x82, 203, 0, 2] + Array(0x51...0x58)
        #expect(compound.print() == bytes)
        #expect(RTCPCompound(bytes: bytes) == compound)
        let receiver = RTCPCompound([.receiverReport(ssrc: 0x0102_0304, [block])])
        let short: [UInt8] = [0x81, 201, 0, 7, 1, 2, 3, 4] + Array(0x11...0x1C) + Array(0x21...0x2C)
        #expect(receiver.print() == short && RTCPCompound(bytes: short) == receiver)
    }

    @Test("A name's list ends with a null, and the chunk with its word; other items are passed over")
    func items() {
        let two: [UInt8] = [0x82, 202, 0, 7, 0, 0, 0, 5, 2, 1, 0x78, 1, 2, 0x61, 0x62, 0]
        let second: [UInt8] = [0, 0, 0, 6, 1, 0, 0, 0, 0, 0, 0, 0]
        #expect(
            read(two + second + [0, 0, 0, 0]) == [
                .receiverReport(ssrc: 1, []),
                .sourceDescription([
                    RTCPCanonicalName(ssrc: 5, name: [0x61, 0x62]), RTCPCanonicalName(ssrc: 6, name: []),
                ]),
            ])
        // Without a null the next chunk's SSRC would be an item.
        #expect(read([0x81, 202, 0, 2, 0, 0, 0, 5, 1, 2, 0x61, 0x62]) == nil)
        #expect(read([0x81, 202, 0, 0]) == nil)
        #expect(read([0x80, 202, 0, 0]) == [.receiverReport(ssrc: 1, []), .sourceDescription([])])
    }

    @Test("Padding is counted by its last octet, and fills the last packet alone")
    func padding() {
        func goodbye(_ count: UInt8, _ rest: [UInt8]) -> [UInt8] {
            [0xA0 | count, 203, 0, UInt8(rest.count / 4)] + rest
        }
        #expect(read(goodbye(1, [0, 0, 0, 9, 0, 0, 0, 4]))?.last == .goodbye([9]))
        #expect(read(goodbye(0, [0, 0, 0, 0, 0, 0, 0, 8]))?.last == .goodbye([]))
        #expect(read(goodbye(0, [0, 0, 0, 0, 0, 0, 0, 9])) == nil, "more than there is")
        #expect(read(goodbye(1, [0, 0, 0, 9, 0, 0, 0, 8])) == nil, "what was counted is gone with it")
        #expect(read(goodbye(0, [0, 0, 0, 0])) == nil, "none is no count")
        #expect(read(goodbye(1, [0, 0, 0, 9, 0, 0, 0, 4]) + [0x80, 203, 0, 0]) == nil)
        #expect(read([0x81, 203, 0, 0]) == nil && read([0x81, 203, 0, 1, 0, 0, 0, 9])?.last == .goodbye([9]))
    }

    @Test("16 packets of a datagram are read; of one packet 31 blocks, sources and names are printed")
    func counts() {
        func reports(_ count: Int) -> [UInt8] { Array(repeatElement(Self.report, count: count).joined()) }
        #expect(RTCPCompound(bytes: reports(16))?.packets.count == 16)
        #expect(RTCPCompound(bytes: reports(17)) == nil)
        let block = RTCPReportBlock(
            ssrc: 7, fractionLost: 0, cumulativeLost: 0, extendedHighestSequence: 0, jitter: 0, lastSenderReport: 0,
            delaySinceLastSenderReport: 0)
        let information = RTCPSenderInformation(
            time: NTPTimestamp(rawValue: 1), timestamp: RTPTimestamp(2), packets: 3, octets: 4)
        let name = RTCPCanonicalName(ssrc: 1, name: [65])
        for count in [31, 32, 40] {
            let many = RTCPCompound([
                .senderReport(ssrc: 1, information, [RTCPReportBlock](repeating: block, count: count)),
                .receiverReport(ssrc: 1, [RTCPReportBlock](repeating: block, count: count)),
                .sourceDescription([RTCPCanonicalName](repeating: name, count: count)),
                .goodbye([UInt32](repeating: 9, count: count)),
            ])
            let most = RTCPCompound([
                .senderReport(ssrc: 1, information, [RTCPReportBlock](repeating: block, count: 31)),
                .receiverReport(ssrc: 1, [RTCPReportBlock](repeating: block, count: 31)),
                .sourceDescription([RTCPCanonicalName](repeating: name, count: 31)),
                .goodbye([UInt32](repeating: 9, count: 31)),
            ])
            #expect(RTCPCompound(bytes: many.print()) == most, "\(count)")
        }
        let long = RTCPCompound([
            .receiverReport(ssrc: 1, []),
            .sourceDescription([RTCPCanonicalName(ssrc: 1, name: [UInt8](repeating: 65, count: 256))]),
        ])
        #expect(
            RTCPCompound(bytes: long.print())?.packets.last
                == .sourceDescription([RTCPCanonicalName(ssrc: 1, name: [UInt8](repeating: 65, count: 255))]))
    }

    @Test("What was lost has 24 bits and a sign, and is held at their ends")
    func cumulativeLost() {
        for (lost, told) in [
            (0x7F_FFFF, 0x7F_FFFF), (0x80_0000, 0x7F_FFFF), (-0x80_0000, -0x80_0000), (-0x80_0001, -0x80_0000),
            (-1, -1),
        ] as [(Int32, Int32)] {
            var block = RTCPReportBlock(
                ssrc: 7, fractionLost: 255, cumulativeLost: lost, extendedHighestSequence: 0, jitter: 0,
                lastSenderReport: 0, delaySinceLastSenderReport: 0)
            let printed = RTCPCompound([.receiverReport(ssrc: 1, [block])]).print()
            block.cumulativeLost = told
            #expect(RTCPCompound(bytes: printed)?.packets == [.receiverReport(ssrc: 1, [block])], "\(lost)")
        }
    }

    @Test("A round trip is up to a minute, and 10 ms below zero are none (RFC 3550 §6.4.1)")
    func roundTrip() {
        func milliseconds(_ units: Int) -> Double? {
            let arrival = NTPTimestamp(rawValue: 0x1234_5678 << 16)
            let last = arrival.middle &- UInt32(bitPattern: Int32(units))
            return RoundTrip.milliseconds(arrival: arrival, lastReport: last, delay: 0)
        }
        #expect(milliseconds(-655) == 0 && milliseconds(-656) == nil)
        #expect(milliseconds(0) == 0 && milliseconds(65_536) == 1000)
        #expect(milliseconds(60 * 65_536 - 1) != nil && milliseconds(60 * 65_536) == nil)
    }

    @Test("The time to the next report takes chance from 0 to 1, whatever it is given")
    func interval() {
        let interval = RTCPInterval(meanSeconds: 10)
        let unit = 10 / (2.718281828459045 - 1.5)
        for (random, factor) in [(0.0, 0.5), (-1, 0.5), (1, 1.5), (2, 1.5), (0.25, 0.75)] {
            #expect(abs(interval.seconds(isFirst: false, random: random) - unit * factor) < 1e-9)
            #expect(abs(interval.seconds(isFirst: true, random: random) - unit * factor / 2) < 1e-9)
        }
        #expect(RTCPInterval().meanSeconds == 5)
    }

    @Test("RTCP's types are 192 to 223 (RFC 5761 §4)")
    func types() {
        for (type, isRTCP) in [(191, false), (192, true), (223, true), (224, false)] as [(UInt8, Bool)] {
            #expect(RTPPacket.isRTCP(bytes: [0x80, type]) == isRTCP)
        }
        #expect(!RTPPacket.isRTCP(bytes: [0x80]))
    }
}

@Suite("RTP to the byte and the bound, RFC 3550 §5.1")
struct RTPWireTests {
    private static let header: [UInt8] = [0x80, 0xE5, 0x12, 0x34, 1, 2, 3, 4, 5, 6, 7, 8]

    private func payload(_ first: UInt8, _ rest: [UInt8]) -> Range<Int>? {
        RTPPacket(bytes: [first] + Self.header.dropFirst() + rest)?.payload
    }

    @Test("Each field has its place")
    func places() throws {
        let packet = try #require(RTPPacket(bytes: Self.header))
        #expect(packet.isMarked && packet.payloadType == 101 && packet.sequence == SequenceNumber(0x1234))
        #expect(
            packet.timestamp == RTPTimestamp(0x0102_0304) && packet.ssrc == 0x0506_0708 && packet.payload == 12..<12)
        for isMarked in [true, false] {
            var bytes = [UInt8](repeating: 0xFF, count: 13)
            let isPrinted = RTPPacket(
                isMarked: isMarked, payloadType: 0xE5, sequence: SequenceNumber(0x1234),
                timestamp: RTPTimestamp(0x0102_0304), ssrc: 0x0506_0708
            ).printHeader(into: &bytes)
            #expect(isPrinted)
            #expect(bytes == [0x80, isMarked ? 0xE5 : 0x65] + Self.header.dropFirst(2) + [0xFF])
        }
        var short = [UInt8](repeating: 7, count: 11)
        let isPrinted = packet.printHeader(into: &short)
        #expect(!isPrinted && short == [UInt8](repeating: 7, count: 11))
        #expect(RTPPacket(bytes: Array(Self.header.dropLast())) == nil)
        for version in [0x00, 0x40, 0xC0] as [UInt8] { #expect(payload(version, []) == nil) }
    }

    @Test("The payload lies behind sources and extension, and before the padding")
    func payloads() {
        #expect(payload(0x80, [9, 9]) == 12..<14)
        #expect(payload(0x81, [0, 0, 0, 1, 9]) == 16..<17 && payload(0x81, [0, 0, 0, 1]) == 16..<16)
        #expect(payload(0x81, [0, 0, 0]) == nil && payload(0x8F, [UInt8](repeating: 0, count: 60)) == 72..<72)
        #expect(payload(0x90, [0xBE, 0xDE, 0, 0, 9]) == 16..<17)
        #expect(payload(0x90, [0xBE, 0xDE, 0, 1, 0, 0, 0, 0, 9]) == 20..<21)
        #expect(payload(0x90, [0xBE, 0xDE, 0, 1, 0, 0, 0]) == nil && payload(0x90, [0xBE, 0xDE, 0]) == nil)
        #expect(payload(0x91, [0, 0, 0, 1, 0xBE, 0xDE, 0, 1, 0, 0, 0, 0, 9]) == 24..<25)
        #expect(payload(0xA0, [9, 9, 1]) == 12..<14 && payload(0xA0, [9, 9, 3]) == 12..<12)
        #expect(payload(0xA0, [9, 9, 4]) == nil && payload(0xA0, [9, 9, 0]) == nil && payload(0xA0, []) == nil)
    }

    @Test("An event's fields have their places, and no more than its own bits")
    func events() {
        for (flags, isEnd, volume) in [(0x8A, true, 10), (0x3F, false, 63), (0x40, false, 0), (0xFF, true, 63)]
            as [(UInt8, Bool, UInt8)]
        {
            let event = TelephoneEvent(bytes: [11, flags, 0x12, 0x34])
            #expect(event == TelephoneEvent(event: 11, isEnd: isEnd, volume: volume, duration: 0x1234))
        }
        #expect(TelephoneEvent(event: 1, isEnd: false, volume: 64, duration: 0).volume == 63)
        for (offset, isPrinted) in [(-1, false), (0, true), (2, true), (3, false)] {
            var bytes = [UInt8](repeating: 7, count: 6)
            var span = bytes.mutableSpan
            let result = TelephoneEvent(event: 5, isEnd: true, volume: 1, duration: 0x0203).print(
                into: &span, at: offset)
            #expect(result == isPrinted)
            let rest = [UInt8](repeating: 7, count: 6 - 4)
            let expected = [5, 0x81, 2, 3] as [UInt8]
            #expect(bytes == (offset == 0 ? expected + rest : offset == 2 ? rest + expected : [7, 7, 7, 7, 7, 7]))
        }
    }
}

@Suite("A source at its bounds, RFC 3550 A.1, A.3")
struct RTPSourceBoundTests {
    private func valid(at number: UInt16) -> RTPSource {
        var source = RTPSource(ssrc: 1, first: SequenceNumber(number &- 1))
        _ = source.receive(SequenceNumber(number &- 1))
        _ = source.receive(SequenceNumber(number))
        return source
    }

    @Test("Up to 63 behind the newest a packet is late; up to 100 it is late beyond use; further back it is a leap")
    func late() {
        for (behind, validation) in [
            (1, .accepted), (63, .accepted), (64, .duplicate), (100, .duplicate), (101, .leapt),
        ] as [(Int, RTPSource.Validation)] {
            var source = valid(at: 1000)
            _ = source.receive(SequenceNumber(1200))
            #expect(source.receive(SequenceNumber(1200).advanced(by: -behind)) == validation, "\(behind)")
            #expect(source.lost == (validation == .accepted ? 198 : 199))
            #expect(source.duplicates == (validation == .duplicate ? 1 : 0))
        }
    }

    @Test("What has been seen is known for 63 packets, also over gaps", arguments: [1, 30, 62, 63])
    func window(gap: Int) {
        var source = valid(at: 1000)
        _ = source.receive(SequenceNumber(1000).advanced(by: gap))
        #expect(source.receive(SequenceNumber(1000)) == .duplicate)
        if gap > 1 { #expect(source.receive(SequenceNumber(1001)) == .accepted) }
        #expect(source.receive(SequenceNumber(1000).advanced(by: gap)) == .duplicate)
    }

    @Test("Before the packet that made it valid nothing is missing, and what comes of it counts nowhere")
    func before() {
        var source = valid(at: 1000)
        #expect(source.receive(SequenceNumber(998)) == .accepted)
        #expect(source.received == 2 && source.expected == 2 && source.lost == 0)
        #expect(source.receive(SequenceNumber(999)) == .duplicate)
    }

    @Test("A leap is confirmed by the very next number alone, with nothing between")
    func leaps() {
        var source = valid(at: 1000)
        #expect(source.receive(SequenceNumber(30_000)) == .leapt)
        #expect(source.receive(SequenceNumber(30_002)) == .leapt)
        #expect(source.receive(SequenceNumber(1001)) == .accepted)
        #expect(source.receive(SequenceNumber(30_003)) == .leapt, "what came between has taken it back")
        #expect(source.receive(SequenceNumber(30_004)) == .becameValid)
        #expect(
            source.receive(SequenceNumber(30_003)) == .duplicate && source.receive(SequenceNumber(30_005)) == .accepted)
        #expect(source.received == 6 && source.lost == 0)
    }

    @Test("A probation is of 1 to 64 packets, whatever was asked for")
    func sequential() {
        for (asked, needed) in [(0, 1), (-5, 1), (64, 64), (65, 64)] {
            var source = RTPSource(ssrc: 1, first: SequenceNumber(0), sequential: asked)
            let verdicts = (0..<needed).map { source.receive(SequenceNumber(UInt16($0))) }
            #expect(verdicts == Array(repeating: .onProbation, count: needed - 1) + [.becameValid])
            #expect(source.received == UInt64(needed))
        }
    }

    @Test("A report's fraction is of the time since the last one, and of nothing where nothing came")
    func reports() {
        var source = valid(at: 1000)
        _ = source.receive(SequenceNumber(1002))
        #expect(source.report() == (64, 1))
        #expect(source.report() == (0, 1))
        _ = source.receive(SequenceNumber(4002))
        #expect(source.report() == (255, 3000))
        // One that was late comes after all: nothing is lost, and one less in all.
        _ = source.receive(SequenceNumber(4001))
        #expect(source.report() == (0, 2999))
    }
}
