import RTP
import Testing

@testable import Media

/// A peer made of a bare socket: sends what a test says, and keeps what came until it is asked.
final class RawPeer {
    /// What may stand around a payload (RFC 3550 §5.1, §5.3.1).
    enum Form: CaseIterable {
        case plain, contributors, extended, padded
    }

    private final class Endpoint {
        let socket: UDPSocket

        init(_ local: SocketAddress) throws { socket = try UDPSocket(boundTo: local) }
    }

    let address: SocketAddress
    private let endpoint: Endpoint
    private let inbox: DatagramInbox
    private var sequence = SequenceNumber(100)
    private var timestamp = RTPTimestamp(0)
    let ssrc: UInt32

    init(host: String = "127.0.0.1", ssrc: UInt32 = 42) throws {
        let local = try #require(SocketAddress(host, port: 0))
        endpoint = try Endpoint(local)
        address = local.with(port: endpoint.socket.port)
        inbox = try DatagramInbox()
        self.ssrc = ssrc
    }

    /// Another source at the same address.
    init(sharing other: RawPeer, ssrc: UInt32) throws {
        endpoint = other.endpoint
        address = other.address
        inbox = try DatagramInbox()
        self.ssrc = ssrc
    }

    func send(_ bytes: [UInt8], to port: UInt16) {
        guard let target = SocketAddress("127.0.0.1", port: port) else { return }
        _ = bytes.withUnsafeBytes { endpoint.socket.send($0, to: target) }
    }

    func packet(payloadType: UInt8 = 0, isMarked: Bool = false, at time: RTPTimestamp? = nil, _ payload: [UInt8])
        -> [UInt8]
    {
        defer { sequence = sequence.next }
        var bytes = [UInt8](repeating: 0, count: RTPPacket.headerLength) + payload
        var span = bytes.mutableSpan
        RTPPacket(
            isMarked: isMarked, payloadType: payloadType, sequence: sequence, timestamp: time ?? timestamp, ssrc: ssrc
        ).printHeader(into: &span)
        return bytes
    }

    /// 20 ms of silence in µ-law.
    func sendAudio(to port: UInt16, count: Int = 1) {
        for _ in 0..<count {
            send(packet([UInt8](repeating: 0xFF, count: 160)), to: port)
            timestamp = timestamp.advanced(by: 160)
        }
    }

    /// One packet whose octets are all the same.
    func sendAudio(to port: UInt16, of octet: UInt8, length: Int = 160, form: Form = .plain) {
        var bytes = packet([UInt8](repeating: octet, count: length))
        switch form {
        case .plain: break
        case .contributors:
            bytes[0] |= 2
            bytes.insert(contentsOf: [1, 2, 3, 4, 5, 6, 7, 8], at: RTPPacket.headerLength)
        case .extended:
            bytes[0] |= 0x10
            bytes.insert(contentsOf: [0xBE, 0xDE, 0, 1, 0x10, 0xFF, 0, 0], at: RTPPacket.headerLength)
        case .padded:
            bytes[0] |= 0x20
            bytes += [0, 0, 0, 4]
        }
        send(bytes, to: port)
        timestamp = timestamp.advanced(by: length)
    }

    /// A whole digit at once.
    func sendDigit(_ digit: Character, to port: UInt16, payloadType: UInt8 = 101) {
        guard let code = TelephoneEvent.code(of: digit) else { return }
        var sender = TelephoneEventSender(event: code, duration: 800, timestamp: timestamp)
        while let next = sender.next() {
            var payload = [UInt8](repeating: 0, count: TelephoneEvent.length)
            var span = payload.mutableSpan
            next.event.print(into: &span, at: 0)
            send(packet(payloadType: payloadType, isMarked: next.isMarked, at: timestamp, payload), to: port)
        }
        timestamp = timestamp.advanced(by: 1600)
    }

    /// What has arrived and was not taken yet.
    func received() -> [(packet: RTPPacket, payload: [UInt8])] {
        var packets: [(RTPPacket, [UInt8])] = []
        while true {
            let count = endpoint.socket.receive(into: inbox)
            guard count > 0 else { return packets }
            for index in 0..<count {
                let bytes = Array(inbox[index].bytes)
                guard !RTPPacket.isRTCP(bytes.span), let packet = RTPPacket(bytes.span) else { continue }
                packets.append((packet, Array(bytes[packet.payload])))
            }
        }
    }
}
