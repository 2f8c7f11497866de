internal import RTP

/// A source on probation: whether it is valid (RFC 3550 A.1), and what it has sent meanwhile.
///
/// Nothing that the peer says is lost to its probation: what was held counts once the source does.
struct Audition {
    /// Of the latest packets: as much audio as a jitter buffer takes without being later for it, and a whole digit.
    static let maximumHeld = 16

    let address: SocketAddress
    private(set) var source: RTPSource
    private(set) var held: [HeldPacket] = []
    private let began: Int64

    /// - Parameter sequential: packets in a row that make the source valid.
    init(of packet: RTPPacket, from address: SocketAddress, sequential: Int, now: Int64) {
        self.address = address
        source = RTPSource(ssrc: packet.ssrc, first: packet.sequence, sequential: sequential)
        began = now
    }

    /// - Returns: what the packet is to the source. Unless it is a duplicate it is held.
    mutating func receive(_ packet: RTPPacket, _ payload: Span<UInt8>) -> RTPSource.Validation {
        let validation = source.receive(packet.sequence, timestamp: packet.timestamp)
        guard validation != .duplicate else { return validation }
        if held.count == Self.maximumHeld { held.removeFirst() }
        held.append(HeldPacket(packet, payload))
        return validation
    }

    func lasted(_ now: Int64) -> Int64 { now - began }
}
