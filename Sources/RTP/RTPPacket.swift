/// An RTP packet's header, and where in the datagram its payload lies (RFC 3550 §5.1).
///
///      0                   1                   2                   3
///      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
///     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
///     |V=2|P|X|  CC   |M|     PT      |       sequence number         |
///     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
///     |                           timestamp                           |
///     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
///     |                             SSRC                              |
///     +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
///     |                        CSRC, 0 to 15                          |
///     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
///     |  extension: profile, length   |            words              |
///     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
///     |                       payload, padding                        |
///     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
///
/// It holds no bytes: the datagram stays where the socket put it, and `payload` names a part of it. Any datagram is
/// safe to read; one that is no RTP packet is nil.
public struct RTPPacket: Equatable, Sendable {
    /// The header without contributing sources and extension, as this package prints it.
    public static let headerLength = 12

    public var isMarked: Bool
    /// 0 to 127.
    public var payloadType: UInt8
    public var sequence: SequenceNumber
    public var timestamp: RTPTimestamp
    public var ssrc: UInt32
    /// Where the payload lies in the datagram, without the padding.
    public var payload: Range<Int>

    public init(
        isMarked: Bool = false, payloadType: UInt8, sequence: SequenceNumber, timestamp: RTPTimestamp, ssrc: UInt32,
        payloadLength: Int = 0
    ) {
        self.isMarked = isMarked
        self.payloadType = payloadType & 0x7F
        self.sequence = sequence
        self.timestamp = timestamp
        self.ssrc = ssrc
        self.payload = Self.headerLength..<(Self.headerLength + max(0, payloadLength))
    }

    /// Reads a datagram; nil where RFC 3550 A.1's header checks fail: another version, too short for what its own
    /// fields announce, or more padding than there is payload.
    public init?(_ datagram: Span<UInt8>) {
        guard datagram.count >= Self.headerLength else { return nil }
        let first = datagram[0]
        guard first >> 6 == 2 else { return nil }

        var start = Self.headerLength + Int(first & 0x0F) * 4
        if first & 0x10 != 0 {
            // RFC 3550 §5.3.1: a profile's sixteen bits, then the length in words that follow.
            guard let words = datagram.uint16(at: start + 2) else { return nil }
            start += 4 + Int(words) * 4
        }
        var end = datagram.count
        guard start <= end else { return nil }
        if first & 0x20 != 0 {
            // The last octet counts the padding, itself included, so that 0 is no legal count.
            let padding = Int(datagram[end - 1])
            guard padding > 0, padding <= end - start else { return nil }
            end -= padding
        }
        guard let sequence = datagram.uint16(at: 2), let timestamp = datagram.uint32(at: 4),
            let ssrc = datagram.uint32(at: 8)
        else { return nil }

        self.isMarked = datagram[1] & 0x80 != 0
        self.payloadType = datagram[1] & 0x7F
        self.sequence = SequenceNumber(sequence)
        self.timestamp = RTPTimestamp(timestamp)
        self.ssrc = ssrc
        self.payload = start..<end
    }

    /// Writes the header into the first `headerLength` bytes; false, and nothing written, where there is less room.
    @discardableResult
    public func printHeader(into datagram: inout MutableSpan<UInt8>) -> Bool {
        guard datagram.count >= Self.headerLength else { return false }
        datagram[0] = 2 << 6
        datagram[1] = (isMarked ? 0x80 : 0) | payloadType & 0x7F
        datagram.store(sequence.rawValue, at: 2)
        datagram.store(timestamp.rawValue, at: 4)
        datagram.store(ssrc, at: 8)
        return true
    }

    /// What a datagram on a port that carries both is (RFC 5761 §4: an RTCP packet's type, 192 to 223, would be an
    /// RTP packet's marker and a payload type of 64 to 95, which are not used beside RTCP).
    public static func isRTCP(_ datagram: Span<UInt8>) -> Bool {
        guard let type = datagram.byte(at: 1) else { return false }
        return (192...223).contains(type)
    }
}
