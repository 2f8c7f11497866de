import ArgumentParser
import Media

#if canImport(Glibc)
    import Glibc
#endif

/// `belay-bench conference-peers`: the far ends of `belay-bench conferences`. Prints its port, and runs until it is ended.
///
/// All of them are one socket, and each packet of RTP is answered with one: noise, by the numbers of that far end. So their
/// pace is that of the calls, and two calls of the system for each packet are all that they cost.
struct ConferencePeersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conference-peers", abstract: "The far ends of belay-bench conferences.")

    private static let headerBytes = 12
    private static let payloadBytes = 160
    /// Of noise: two seconds, begun elsewhere by each.
    private static let noiseBytes = 16_000

    func run() throws {
        let descriptor = try Self.open()
        let noise = Self.noise(samples: Self.noiseBytes + Self.payloadBytes).map { G711.pcmu.encode($0) }
        // By the port that a packet comes from.
        var sent = [UInt32](repeating: 0, count: 65_536)
        var packet = [UInt8](repeating: 0, count: 2_048)
        var peer = sockaddr_in()
        while true {
            let (count, length) = Self.receive(descriptor, &packet, &peer)
            // RTCP's types are where RTP has a marker and types that nobody uses (RFC 5761 §4).
            guard count >= Self.headerBytes, !(192...223).contains(packet[1]) else { continue }
            let port = Int(UInt16(bigEndian: peer.sin_port))
            Self.fill(&packet, port: UInt16(port), number: sent[port], noise)
            sent[port] &+= 1
            Self.send(descriptor, packet, to: &peer, length)
        }
    }

    /// Of about −17 dBm0, the same each time.
    static func noise(samples count: Int) -> [Int16] {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int16(truncatingIfNeeded: Int64(bitPattern: state) >> 51)
        }
    }

    private static func fill(_ packet: inout [UInt8], port: UInt16, number: UInt32, _ noise: [UInt8]) {
        let timestamp = number &* UInt32(payloadBytes)
        packet[0] = 0x80
        packet[1] = number == 0 ? 0x80 : 0
        packet[2] = UInt8(truncatingIfNeeded: number >> 8)
        packet[3] = UInt8(truncatingIfNeeded: number)
        for (index, shift) in [24, 16, 8, 0].enumerated() {
            packet[4 + index] = UInt8(truncatingIfNeeded: timestamp >> UInt32(shift))
            packet[8 + index] = UInt8(truncatingIfNeeded: UInt32(port) >> UInt32(shift))
        }
        let start = (Int(number) * payloadBytes + Int(port) * 7) % noiseBytes
        for index in 0..<payloadBytes { packet[headerBytes + index] = noise[start + index] }
    }

    // MARK: The socket

    private static func open() throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        guard descriptor >= 0 else { throw ValidationError("no socket") }
        var bytes: Int32 = 8 << 20
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else { throw ValidationError("no port on 127.0.0.1") }
        print(UInt16(bigEndian: address.sin_port))
        fflush(nil)
        return descriptor
    }

    private static func receive(
        _ descriptor: Int32, _ packet: inout [UInt8], _ peer: inout sockaddr_in
    ) -> (count: Int, length: socklen_t) {
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let count = withUnsafeMutablePointer(to: &peer) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                recvfrom(descriptor, &packet, packet.count, 0, $0, &length)
            }
        }
        return (count, length)
    }

    private static func send(
        _ descriptor: Int32, _ packet: [UInt8], to peer: inout sockaddr_in, _ length: socklen_t
    ) {
        withUnsafePointer(to: &peer) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = sendto(descriptor, packet, headerBytes + payloadBytes, 0, $0, length)
            }
        }
    }
}
