package import NIOCore
import NIOPosix
package import SIP

/// SIP over UDP (RFC 3261 §18): one unconnected socket, owned by the loop that owns the calls, so that a datagram
/// reaches its call without changing threads.
///
/// Not connected, for a connected NIO datagram channel closes silently when a write fails (ICMP port unreachable).
package final class UDPTransport: Sendable {
    /// What arrives, told on the event loop.
    package struct Events: Sendable {
        package var received: @Sendable ([UInt8], TransportAddress) -> Void
        package var sendFailed: @Sendable (TransportAddress) -> Void

        package init(
            received: @escaping @Sendable ([UInt8], TransportAddress) -> Void,
            sendFailed: @escaping @Sendable (TransportAddress) -> Void
        ) {
            self.received = received
            self.sendFailed = sendFailed
        }
    }

    /// Room for a burst of signalling while the loop is busy.
    private static let receiveBufferBytes: Int32 = 4 * 1024 * 1024
    /// Datagrams read in one system call.
    private static let readBatch = 16

    private let channel: any Channel
    private let events: Events
    /// With the port that was really bound.
    package let localAddress: TransportAddress

    private init(channel: any Channel, localAddress: TransportAddress, events: Events) {
        self.channel = channel
        self.localAddress = localAddress
        self.events = events
    }

    /// - Throws: the system's error where the address cannot be bound.
    package static func bind(
        _ address: TransportAddress, on eventLoop: any EventLoop, events: Events
    ) async throws -> UDPTransport {
        let channel = try await DatagramBootstrap(group: eventLoop)
            .channelOption(.socketOption(.so_rcvbuf), value: receiveBufferBytes)
            .channelOption(.datagramVectorReadMessageCount, value: readBatch)
            // A SIP message is at most one datagram of 64 KiB; each of a vector's messages needs that much room.
            .channelOption(
                .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: readBatch * 65_535))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(DatagramHandler(events: events))
                }
            }
            .bind(host: address.address.description, port: Int(address.port))
            .get()
        guard let bound = channel.localAddress.flatMap(TransportAddress.init(socket:)) else {
            try await channel.close()
            throw ChannelError.unknownLocalAddress
        }
        return UDPTransport(channel: channel, localAddress: bound, events: events)
    }

    /// On the event loop. The datagram leaves with the next ``flush``.
    package func send(_ bytes: [UInt8], to destination: TransportAddress) {
        guard let address = destination.socketAddress else { return events.sendFailed(destination) }
        let envelope = AddressedEnvelope(remoteAddress: address, data: channel.allocator.buffer(bytes: bytes))
        channel.write(envelope).assumeIsolatedUnsafeUnchecked().whenFailure { [events] _ in
            events.sendFailed(destination)
        }
    }

    package func flush() { channel.flush() }

    package func close() async throws {
        try await channel.close()
    }
}

private final class DatagramHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private let events: UDPTransport.Events

    init(events: UDPTransport.Events) { self.events = events }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        guard let source = TransportAddress(socket: envelope.remoteAddress) else { return }
        events.received(Array(envelope.data.readableBytesView), source)
    }

    /// Errors of single datagrams (ICMP answers to earlier ones) do not concern the socket.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}

extension TransportAddress {
    init?(socket: SocketAddress) {
        guard let text = socket.ipAddress, let address = IPAddress(text), let port = socket.port else { return nil }
        self.init(transport: .udp, address: address, port: UInt16(truncatingIfNeeded: port))
    }

    /// Nil for no address that the system knows.
    var socketAddress: SocketAddress? {
        try? SocketAddress(ipAddress: address.description, port: Int(port))
    }
}
