/// A datagram of RTCP: packets one after another, a report first (RFC 3550 §6.1).
public struct RTCPCompound: Equatable, Sendable {
    /// What is read of one datagram. A two-party call needs four; the rest of a longer one is left unread.
    public static let maximumPackets = 16
    /// SSRCs or chunks of one packet: the field has five bits.
    static let maximumCount = 31

    public var packets: [RTCPPacket]

    public init(_ packets: [RTCPPacket]) {
        self.packets = packets
    }

    // MARK: Reading

    /// Reads a datagram; nil where A.2's checks fail: not version 2 throughout, the first packet no report or padded,
    /// lengths that do not add up to the datagram's; or where a report is shorter than its own count of blocks.
    ///
    /// - Parameter allowsReducedSize: a report need not come first (RFC 5506), as some peers do unasked.
    public init?(_ datagram: Span<UInt8>, allowsReducedSize: Bool = false) {
        packets = []
        var offset = 0
        while offset < datagram.count {
            guard packets.count < Self.maximumPackets, let first = datagram.byte(at: offset), first >> 6 == 2,
                let type = datagram.byte(at: offset + 1), let words = datagram.uint16(at: offset + 2)
            else { return nil }
            var end = offset + 4 + Int(words) * 4
            guard end <= datagram.count else { return nil }
            let next = end
            if first & 0x20 != 0 {
                // Padding may follow the last packet only.
                guard end == datagram.count, offset > 0, let padding = datagram.byte(at: end - 1), padding > 0,
                    Int(padding) <= end - offset - 4
                else { return nil }
                end -= Int(padding)
            }
            if offset == 0, !allowsReducedSize {
                guard type == RTCPPacket.Kind.senderReport || type == RTCPPacket.Kind.receiverReport else { return nil }
            }
            guard let packet = Self.packet(type: type, count: Int(first & 0x1F), datagram, from: offset + 4, to: end)
            else { return nil }
            packets.append(packet)
            offset = next
        }
        guard !packets.isEmpty else { return nil }
    }

    private static func packet(
        type: UInt8, count: Int, _ bytes: Span<UInt8>, from start: Int, to end: Int
    ) -> RTCPPacket? {
        switch type {
        case RTCPPacket.Kind.senderReport:
            guard end - start >= 24 + count * RTCPReportBlock.length, let ssrc = bytes.uint32(at: start),
                let seconds = bytes.uint32(at: start + 4), let parts = bytes.uint32(at: start + 8),
                let timestamp = bytes.uint32(at: start + 12), let packets = bytes.uint32(at: start + 16),
                let octets = bytes.uint32(at: start + 20)
            else { return nil }
            let information = RTCPSenderInformation(
                time: NTPTimestamp(rawValue: UInt64(seconds) << 32 | UInt64(parts)),
                timestamp: RTPTimestamp(timestamp), packets: packets, octets: octets)
            return .senderReport(ssrc: ssrc, information, blocks(count, bytes, from: start + 24))
        case RTCPPacket.Kind.receiverReport:
            guard end - start >= 4 + count * RTCPReportBlock.length, let ssrc = bytes.uint32(at: start) else {
                return nil
            }
            return .receiverReport(ssrc: ssrc, blocks(count, bytes, from: start + 4))
        case RTCPPacket.Kind.sourceDescription:
            return descriptions(count, bytes, from: start, to: end).map(RTCPPacket.sourceDescription)
        case RTCPPacket.Kind.goodbye:
            guard end - start >= count * 4 else { return nil }
            return .goodbye((0..<count).compactMap { bytes.uint32(at: start + $0 * 4) })
        default:
            return .other(type: type)
        }
    }

    private static func blocks(_ count: Int, _ bytes: Span<UInt8>, from start: Int) -> [RTCPReportBlock] {
        var blocks: [RTCPReportBlock] = []
        for index in 0..<count {
            guard let block = RTCPReportBlock(bytes, at: start + index * RTCPReportBlock.length) else { break }
            blocks.append(block)
        }
        return blocks
    }

    /// RFC 3550 §6.5: chunks of an SSRC and items, each item a type, a length and that many octets; a null octet ends
    /// the list, and the chunk is filled up to a word.
    private static func descriptions(
        _ count: Int, _ bytes: Span<UInt8>, from start: Int, to end: Int
    ) -> [RTCPCanonicalName]? {
        var names: [RTCPCanonicalName] = []
        var offset = start
        for _ in 0..<count {
            guard offset + 4 <= end, let ssrc = bytes.uint32(at: offset) else { return nil }
            offset += 4
            while true {
                guard offset < end, let type = bytes.byte(at: offset) else { return nil }
                if type == 0 {
                    offset = start + ((offset - start) / 4 + 1) * 4
                    break
                }
                guard offset + 1 < end, let length = bytes.byte(at: offset + 1) else { return nil }
                let value = (offset + 2)..<(offset + 2 + Int(length))
                guard value.upperBound <= end else { return nil }
                if type == 1 {
                    names.append(RTCPCanonicalName(ssrc: ssrc, name: value.map { bytes[$0] }))
                }
                offset = value.upperBound
            }
        }
        return names
    }

    // MARK: Printing

    /// The datagram. Of more blocks, names or sources than a packet's five bits can count the rest is left out, and of
    /// a canonical name what goes beyond 255 octets.
    public func print() -> [UInt8] {
        var bytes: [UInt8] = []
        for packet in packets {
            Self.print(packet, into: &bytes)
        }
        return bytes
    }

    private static func print(_ packet: RTCPPacket, into bytes: inout [UInt8]) {
        let start = bytes.count
        bytes.append(contentsOf: [2 << 6, 0, 0, 0])
        var count = 0
        let type: UInt8
        switch packet {
        case .senderReport(let ssrc, let information, let blocks):
            type = RTCPPacket.Kind.senderReport
            bytes.append(bigEndian: ssrc)
            bytes.append(bigEndian: information.time.rawValue)
            bytes.append(bigEndian: information.timestamp.rawValue)
            bytes.append(bigEndian: information.packets)
            bytes.append(bigEndian: information.octets)
            for block in blocks.prefix(maximumCount) { block.print(into: &bytes) }
            count = min(blocks.count, maximumCount)
        case .receiverReport(let ssrc, let blocks):
            type = RTCPPacket.Kind.receiverReport
            bytes.append(bigEndian: ssrc)
            for block in blocks.prefix(maximumCount) { block.print(into: &bytes) }
            count = min(blocks.count, maximumCount)
        case .sourceDescription(let names):
            type = RTCPPacket.Kind.sourceDescription
            for name in names.prefix(maximumCount) {
                let octets = name.name.prefix(255)
                bytes.append(bigEndian: name.ssrc)
                bytes.append(1)
                bytes.append(UInt8(truncatingIfNeeded: octets.count))
                bytes.append(contentsOf: octets)
                repeat { bytes.append(0) } while (bytes.count - start) % 4 != 0
            }
            count = min(names.count, maximumCount)
        case .goodbye(let sources):
            type = RTCPPacket.Kind.goodbye
            for source in sources.prefix(maximumCount) { bytes.append(bigEndian: source) }
            count = min(sources.count, maximumCount)
        case .other(let other):
            type = other
        }
        let words = (bytes.count - start) / 4 - 1
        bytes[start] |= UInt8(truncatingIfNeeded: count)
        bytes[start + 1] = type
        bytes[start + 2] = UInt8(truncatingIfNeeded: words >> 8)
        bytes[start + 3] = UInt8(truncatingIfNeeded: words)
    }
}
