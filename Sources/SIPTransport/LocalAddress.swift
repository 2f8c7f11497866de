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

    /// The first address of a host name, or the address that it is.
    package static func resolve(_ host: String, port: UInt16) throws -> TransportAddress? {
        if let address = IPAddress(host) { return TransportAddress(address: address, port: port) }
        return TransportAddress(socket: try SocketAddress.makeAddressResolvingHost(host, port: Int(port)))
    }
}
