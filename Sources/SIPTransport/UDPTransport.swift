internal import CSIPTransport
internal import Glibc
package import NIOCore
import NIOPosix
package import SIP

/// SIP over UDP (RFC 3261 §18): one unconnected socket, owned by the loop that owns the calls, so that a datagram
/// reaches its call without changing threads.
///
/// NIO reads; what is sent goes to the socket directly. NIO closes a datagram channel for good at almost every write
/// error, and with UDP such an error says something of one datagram only: an address that a peer made up, a route that
/// is away for a moment.
package final class UDPTransport: MessageTransport {
    /// Room for a burst of signalling while the loop is busy.
    private static let receiveBufferBytes = 4 * 1024 * 1024
    /// Datagrams read in one system call.
    private static let readBatch = 16
    /// A SIP message is at most one datagram.
    private static let largestDatagram = 65_535

    private let channel: any Channel
    private let descriptor: CInt
    package let localAddress: TransportAddress

    private init(channel: any Channel, descriptor: CInt, localAddress: TransportAddress) {
        self.channel = channel
        self.descriptor = descriptor
        self.localAddress = localAddress
    }

    /// Binds; nothing is read before ``receive(_:)``.
    ///
    /// - Throws: the system's error where the address cannot be bound.
    package static func bind(_ address: TransportAddress, on eventLoop: any EventLoop) async throws -> UDPTransport {
        let channel = try await DatagramBootstrap(group: eventLoop)
            .channelOption(.autoRead, value: false)
            .channelOption(.socketOption(.so_rcvbuf), value: receiveBufferBytes)
            .channelOption(.datagramVectorReadMessageCount, value: readBatch)
            .channelOption(
                .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: readBatch * largestDatagram)
            )
            .bind(host: address.address.description, port: Int(address.port))
            .get()
        let descriptor = try await eventLoop.submit {
            try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { $0 }
        }.get()
        guard let bound = channel.localAddress.flatMap(TransportAddress.init(socket:)), let descriptor else {
            try await channel.close()
            throw ChannelError.unknownLocalAddress
        }
        return UDPTransport(channel: channel, descriptor: descriptor, localAddress: bound)
    }

    /// From here on datagrams are read and told on the event loop.
    package func receive(_ received: @escaping @Sendable ([UInt8], TransportAddress) -> Void) async throws {
        try await channel.eventLoop.submit { [channel] in
            try channel.pipeline.syncOperations.addHandler(DatagramHandler(received: received))
        }.get()
        try await channel.setOption(.autoRead, value: true).get()
    }

    package func send(_ bytes: [UInt8], to destination: TransportAddress) -> SendOutcome {
        guard channel.isActive else { return .lost }
        guard destination.port != 0 else { return .unreachable("there is no port 0") }
        let address = destination.address.bytes
        let failure = bytes.withUnsafeBytes { message in
            -csip_send(descriptor, address, address.count, destination.port, message.baseAddress, message.count)
        }
        if failure == 0 { return .sent }
        guard Self.unreachable.contains(failure) else { return .lost }
        return .unreachable(String(cString: strerror(failure)))
    }

    /// What says that nothing gets there from here: no route, another family, an address of this machine that the other
    /// cannot be reached from. A full queue (ENOBUFS, EAGAIN) passes, and so does what a firewall does not let through
    /// while its table is full (EPERM).
    private static let unreachable: Set<CInt> = [
        ENETUNREACH, EHOSTUNREACH, ENETDOWN, EHOSTDOWN, EAFNOSUPPORT, EADDRNOTAVAIL, EACCES, EINVAL,
    ]

    package func close() async throws {
        try await channel.close()
    }
}

private final class DatagramHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private let received: @Sendable ([UInt8], TransportAddress) -> Void

    init(received: @escaping @Sendable ([UInt8], TransportAddress) -> Void) { self.received = received }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        guard let source = TransportAddress(socket: envelope.remoteAddress) else { return }
        received(Array(envelope.data.readableBytesView), source)
    }

    /// Errors of single datagrams (ICMP answers to earlier ones) do not concern the socket.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}

extension TransportAddress {
    init?(socket: SocketAddress) {
        // In memory as the system has it: family and port, for IPv6 the flow, then the address in network order.
        let address: IPAddress?
        switch socket {
        case .v4(let found): address = withUnsafeBytes(of: found.address) { IPAddress(bytes: $0[4..<8]) }
        case .v6(let found): address = withUnsafeBytes(of: found.address) { IPAddress(bytes: $0[8..<24]) }
        case .unixDomainSocket: return nil
        }
        guard let address, let port = socket.port else { return nil }
        self.init(transport: .udp, address: address, port: UInt16(truncatingIfNeeded: port))
    }
}
