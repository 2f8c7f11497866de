import Glibc
package import NIOCore
import NIOPosix
package import SIP

/// Finds the address that a peer sees of this machine.
package enum LocalAddress {
    /// The address that the system would send from to reach `peer`. No packet leaves: connecting a UDP socket only
    /// looks up the route.
    package static func facing(_ peer: TransportAddress, on group: any EventLoopGroup) async throws -> IPAddress? {
        let channel = try await DatagramBootstrap(group: group)
            .connect(host: peer.address.description, port: Int(max(peer.port, 1)))
            .get()
        let address = channel.localAddress?.ipAddress.flatMap { IPAddress($0) }
        try await channel.close()
        return address
    }

    /// Every address of a host name, or the address that it is; none where the name is not known. Waits for the resolver.
    package static func all(of host: String) -> [IPAddress] {
        if let address = IPAddress(host) { return [address] }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        var first: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &first) == 0 else { return [] }
        defer { freeaddrinfo(first) }
        var addresses: [IPAddress] = []
        var next = first
        while let entry = next?.pointee {
            next = entry.ai_next
            guard let address = entry.ai_addr, let found = IPAddress(socketAddress: address) else { continue }
            if !addresses.contains(found) { addresses.append(found) }
        }
        return addresses
    }
}

extension IPAddress {
    /// As the system has it; nil for another family.
    fileprivate init?(socketAddress: UnsafePointer<sockaddr>) {
        switch Int32(socketAddress.pointee.sa_family) {
        case AF_INET:
            let address = socketAddress.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { $0.pointee.sin_addr }
            self = withUnsafeBytes(of: address) { .v4(UInt32(bigEndian: $0.loadUnaligned(as: UInt32.self))) }
        case AF_INET6:
            let address = socketAddress.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { $0.pointee.sin6_addr }
            guard let found = withUnsafeBytes(of: address, { IPAddress(bytes: $0) }) else { return nil }
            self = found
        default: return nil
        }
    }
}
