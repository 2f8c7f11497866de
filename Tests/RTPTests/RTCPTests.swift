import RTP
import Testing

@Suite("RTCP, RFC 3550 §6")
struct RTCPTests {
    let block = RTCPReportBlock(
        ssrc: 7, fractionLost: 12, cumulativeLost: -5, extendedHighestSequence: 0x1_0002, jitter: 80,
        lastSenderReport: 0xABCD_0123, delaySinceLastSenderReport: 65_536)

    var compound: RTCPCompound {
        RTCPCompound([
            .senderReport(
                ssrc: 1,
                RTCPSenderInformation(
                    time: NTPTimestamp(rawValue: 0x0102_0304_0506_0708), timestamp: RTPTimestamp(160), packets: 3,
                    octets: 480), [block]),
            .sourceDescription([RTCPCanonicalName(ssrc: 1, name: Array("abcde".utf8))]),
            .goodbye([1]),
        ])
    }

    @Test("A printed compound reads back as it was, negative losses too")
    func roundTrip() {
        let bytes = compound.print()
        #expect(bytes.count % 4 == 0)
        #expect(RTCPCompound(bytes: bytes) == compound)
    }

    @Test("A receiver report and names of every length up to 255 octets read back")
    func namesOfEveryLength() {
        for length in 0...255 {
            let names = [
                RTCPCanonicalName(ssrc: 1, name: [UInt8](repeating: 65, count: length)),
                RTCPCanonicalName(ssrc: 2, name: [66]),
            ]
            let compound = RTCPCompound([.receiverReport(ssrc: 9, []), .sourceDescription(names)])
            #expect(RTCPCompound(bytes: compound.print()) == compound)
        }
    }

    @Test("A report comes first, unless reduced size was agreed")
    func reportFirst() {
        let bytes = RTCPCompound([.goodbye([1])]).print()
        #expect(RTCPCompound(bytes: bytes) == nil)
        #expect(RTCPCompound(bytes: bytes, allowsReducedSize: true)?.packets == [.goodbye([1])])
    }

    @Test(
        "A compound that does not add up is refused",
        arguments: [
            [],
            [0x80, 201, 0, 1, 0, 0, 0],  // shorter than its length
            [0x40, 201, 0, 1, 0, 0, 0, 1],  // version 1
            [0x81, 201, 0, 1, 0, 0, 0, 1],  // a block that is not there
            [0x80, 200, 0, 1, 0, 0, 0, 1],  // a sender report without its information
            [0xA0, 201, 0, 2, 0, 0, 0, 1, 0, 0, 0, 4],  // padding in the first packet
            [0x80, 201, 0, 1, 0, 0, 0, 1, 0x81, 202, 0, 2, 0, 0, 0, 1, 1, 9, 65, 65],  // a name beyond the end
        ] as [[UInt8]])
    func refused(bytes: [UInt8]) {
        #expect(RTCPCompound(bytes: bytes) == nil)
    }

    @Test("No mutation of a compound traps, and what is read prints to something that reads the same")
    func mutations() {
        var random = Seeded(2)
        let bytes = compound.print()
        var accepted = 0
        for _ in 0..<20_000 {
            guard let read = RTCPCompound(bytes: random.mutate(bytes)) else { continue }
            accepted += 1
            // Types that are not read lose their contents, so that only the others are compared.
            let known = read.packets.filter { if case .other = $0 { false } else { true } }
            guard case .senderReport? = known.first else { continue }
            #expect(RTCPCompound(bytes: RTCPCompound(known).print())?.packets == known)
        }
        #expect(accepted > 500)
    }

    @Test("The round trip is arrival less LSR less DLSR")
    func roundTripTime() {
        // RFC 3550's figure 2: A 0xb710:8000, DLSR 5.25 s, LSR 0xb705:2000; delay 6.125 s.
        let arrival = NTPTimestamp(rawValue: 0xb710_8000 << 16)
        #expect(RoundTrip.milliseconds(arrival: arrival, lastReport: 0xb705_2000, delay: 0x0005_4000) == 6125)
        #expect(RoundTrip.milliseconds(arrival: arrival, lastReport: 0, delay: 0) == nil)
        // A peer that claims to have waited longer than that was.
        #expect(RoundTrip.milliseconds(arrival: arrival, lastReport: 0xb705_2000, delay: 0x0010_0000) == nil)
    }

    @Test("Wallclock time counts from 1900")
    func wallclock() {
        #expect(NTPTimestamp(unixNanoseconds: 0).rawValue == UInt64(2_208_988_800) << 32)
        #expect(NTPTimestamp(unixNanoseconds: 1_500_000_000).rawValue == UInt64(2_208_988_801) << 32 | 0x8000_0000)
        #expect(NTPTimestamp(unixNanoseconds: 500_000_000).middle == UInt32(2_208_988_800 & 0xFFFF) << 16 | 0x8000)
    }

    @Test("Reports are 5 s apart on average, between half and one and a half, the first after half of that")
    func intervals() {
        let interval = RTCPInterval()
        var random = Seeded(3)
        let draws = (0..<10_000).map { _ in
            interval.seconds(isFirst: false, random: Double.random(in: 0..<1, using: &random))
        }
        let unit = 5 / 1.2182818
        #expect(draws.allSatisfy { $0 >= unit * 0.4999 && $0 <= unit * 1.5001 })
        #expect(abs(draws.reduce(0, +) / 10_000 - unit) < 0.05)
        #expect(abs(interval.seconds(isFirst: true, random: 0.5) - unit / 2) < 0.001)
    }
}
