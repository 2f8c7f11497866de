internal import RTP

/// A packet of a source that is on probation, kept until it is known whether it counts.
struct HeldPacket: Equatable {
    let packet: RTPPacket
    let payload: [UInt8]

    init(_ packet: RTPPacket, _ payload: Span<UInt8>) {
        self.packet = packet
        var bytes: [UInt8] = []
        bytes.reserveCapacity(payload.count)
        for index in payload.indices { bytes.append(payload[index]) }
        self.payload = bytes
    }
}
