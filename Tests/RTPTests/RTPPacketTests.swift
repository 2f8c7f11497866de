import RTP
import Testing

@Suite("RTP packet, RFC 3550 §5")
struct RTPPacketTests {
    /// Version 2, marker, type 96, sequence 0x1234, timestamp 0x01020304, SSRC 0xAABBCCDD, payload 1 2 3.
    let plain: [UInt8] = [0x80, 0xE0, 0x12, 0x34, 1, 2, 3, 4, 0xAA, 0xBB, 0xCC, 0xDD, 1, 2, 3]

    @Test("A plain packet's fields are read")
    func plainPacket() throws {
        let packet = try #require(RTPPacket(bytes: plain))
        #expect(packet.isMarked)
        #expect(packet.payloadType == 96)
        #expect(packet.sequence == SequenceNumber(0x1234))
        #expect(packet.timestamp == RTPTimestamp(0x0102_0304))
        #expect(packet.ssrc == 0xAABB_CCDD)
        #expect(packet.payload == 12..<15)
    }

    @Test("A printed header reads back as it was")
    func roundTrip() throws {
        let packet = RTPPacket(
            isMarked: true, payloadType: 8, sequence: SequenceNumber(65_535), timestamp: RTPTimestamp(.max),
            ssrc: 0xFFFF_FFFF, payloadLength: 3)
        var bytes = [UInt8](repeating: 7, count: 15)
        let isPrinted = packet.printHeader(into: &bytes)
        #expect(isPrinted)
        #expect(RTPPacket(bytes: bytes) == packet)
        #expect(bytes.suffix(3) == [7, 7, 7])
    }

    @Test("A header is not printed where there is no room for it")
    func noRoom() {
        var bytes = [UInt8](repeating: 7, count: 11)
        let printed = RTPPacket(
            payloadType: 0, sequence: SequenceNumber(0), timestamp: RTPTimestamp(0), ssrc: 0
        ).printHeader(into: &bytes)
        #expect(!printed)
        #expect(bytes == [UInt8](repeating: 7, count: 11))
    }

    @Test("Contributing sources, the extension and the padding are no payload")
    func surroundings() throws {
        var bytes: [UInt8] = [0x80 | 0x20 | 0x10 | 2, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1]
        bytes += [UInt8](repeating: 9, count: 8)  // two CSRCs
        bytes += [0xBE, 0xDE, 0, 1, 5, 5, 5, 5]  // an extension of one word
        bytes += [42, 43]
        bytes += [0, 0, 3]  // padding
        let packet = try #require(RTPPacket(bytes: bytes))
        #expect(packet.payload == 28..<30)
        #expect(bytes[packet.payload] == [42, 43])
    }

    @Test(
        "What is no RTP packet is refused",
        arguments: [
            [],
            [0x80],
            [UInt8](repeating: 0x80, count: 11),
            [0x40, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1],  // version 1
            [0x81, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1],  // a CSRC that is not there
            [0x90, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1],  // an extension that is not there
            [0x90, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0xFF, 0xFF],  // one longer than the packet
            [0xA0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0],  // padding of 0
            [0xA0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 3],  // more padding than payload
            [0xA0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1],  // padding in the header
        ] as [[UInt8]])
    func refused(bytes: [UInt8]) {
        #expect(RTPPacket(bytes: bytes) == nil)
    }

    @Test("RTCP on the same port is told by its second octet, RFC 5761 §4")
    func multiplexed() {
        #expect(RTPPacket.isRTCP(bytes: [0x80, 200]))
        #expect(RTPPacket.isRTCP(bytes: [0x81, 203, 0, 1]))
        #expect(!RTPPacket.isRTCP(bytes: plain))
        #expect(!RTPPacket.isRTCP(bytes: [0x80, 0x80 | 8]))
        #expect(!RTPPacket.isRTCP(bytes: [0x80]))
    }

    @Test("No mutation of a packet is read beyond its end")
    func mutations() {
        var random = Seeded(1)
        let extended: [UInt8] = [0xB1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 9, 9, 9, 9, 1, 1, 0, 1, 5, 5, 5, 5, 1, 2, 3, 1]
        var accepted = 0
        for round in 0..<20_000 {
            let bytes = random.mutate(round % 2 == 0 ? plain : extended)
            guard let packet = RTPPacket(bytes: bytes) else { continue }
            accepted += 1
            #expect(packet.payload.lowerBound >= 12 && packet.payload.upperBound <= bytes.count)
        }
        #expect(accepted > 1000)
    }
}
