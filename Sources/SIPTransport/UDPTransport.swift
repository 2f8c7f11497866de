package import NIOCore
import NIOPosix
package import SIP

/// SIP over UDP (RFC 3261 §18): one unconnected socket, owned by the loop that owns the calls, so that a datagram
/// reaches its call without changing threads.
///
/// Not connected, for a connected NIO datagram channel closes silently when a write fails (ICMP port unreachable).
package final class UDPTransport: Sendable {
    /// Room for a burst of signalling while the loop is busy.
    private static let receiveBufferBytes = 4 * 1024 * 1024
    /// Datagrams read in one system call.
    private static let readBatch = 16
    /// A SIP message is at most one datagram.
    private static let largestDatagram = 65_535

    private let channel: any Channel
    /// With the port that was really bound.
    package let localAddress: TransportAddress

    private init(channel: any Channel, localAddress: TransportAddress) {
        self.channel = channel
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
        guard let bound = channel.localAddress.flatMap(TransportAddress.init(socket:)) else {
            try await channel.close()
            throw ChannelError.unknownLocalAddress
        }
        return UDPTransport(channel: channel, localAddress: bound)
    }

    /// From here on datagrams are read and told on the event loop.
    package func receive(_ received: @escaping @Sendable ([UInt8], TransportAddress) -> Void) async throws {
        try await channel.eventLoop.submit { [channel] in
            try channel.pipeline.syncOperations.addHandler(DatagramHandler(received: received))
        }.get()
        try await channel.setOption(.autoRead, value: true).get()
    }

    /// On the event loop. The datagram leaves with the next ``flush``.
    ///
    /// - Parameter failed: told on the event loop where the system refuses it.
    package func send(
        _ bytes: [UInt8], to destination: TransportAddress, failed: @escaping @Sendable (TransportAddress) -> Void
    ) {
        guard let address = destination.socketAddress else { return failed(destination) }
        let envelope = AddressedEnvelope(remoteAddress: address, data: channel.allocator.buffer(bytes: bytes))
        let promise = channel.eventLoop.makePromise(of: Void.self)
        promise.futureResult.whenFailure { _ in failed(destination) }
        channel.write(envelope, promise: promise)
    }

    package func flush() { channel.flush() }

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

    /// Nil for no address that the system knows.
    var socketAddress: SocketAddress? {
        try? SocketAddress(packedIPAddress: ByteBuffer(bytes: address.bytes), port: Int(port))
    }
}
