import NIOCore
import NIOPosix
import Synchronization

/// A name server over UDP on a port of loopback (RFC 1035 §4): answers questions for A records from a table, all others
/// with no record, names below a silent domain not at all.
final class ModelNameServer: Sendable {
    enum Reply: Sendable {
        case addresses([UInt32], lifetime: UInt32)
        case noSuchName
        case failure
        /// A response code and no record.
        case code(UInt8)
        /// Addresses, half a second late.
        case slow([UInt32])
        /// Cut off before the first record (TC).
        case truncated
        /// More records than c-ares takes in a datagram, and not marked as cut off.
        case oversize
        /// A record that ends amid its address.
        case garbage
        case silence
    }

    private final class Handler: ChannelInboundHandler, Sendable {
        typealias InboundIn = AddressedEnvelope<ByteBuffer>
        let server: ModelNameServer
        init(_ server: ModelNameServer) { self.server = server }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let datagram = unwrapInboundIn(data)
            guard let answer = server.answer(Array(datagram.data.readableBytesView)) else { return }
            let envelope = AddressedEnvelope(
                remoteAddress: datagram.remoteAddress, data: ByteBuffer(bytes: answer.bytes))
            let channel = context.channel
            context.eventLoop.scheduleTask(in: answer.delay) { channel.writeAndFlush(envelope, promise: nil) }
        }
    }

    private let reply: @Sendable (String) -> Reply
    private let asked = Mutex<[String]>([])
    private let channel = Mutex<(any Channel)?>(nil)

    init(reply: @escaping @Sendable (String) -> Reply) { self.reply = reply }

    /// Names whose A record was asked for, in order.
    var questions: [String] { asked.withLock { $0 } }

    /// - Returns: what `AresLookup` takes.
    func start() async throws -> String {
        let opened = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Handler(self)) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        channel.withLock { $0 = opened }
        return "127.0.0.1:\(opened.localAddress?.port ?? 0)"
    }

    func stop() async throws { try await channel.withLock { $0.take() }?.close() }

    private func answer(_ question: [UInt8]) -> (bytes: [UInt8], delay: TimeAmount)? {
        guard question.count > 16 else { return nil }
        var index = 12
        var labels: [String] = []
        while question[index] != 0 {
            let end = index + 1 + Int(question[index])
            labels.append(String(decoding: question[(index + 1)..<end], as: UTF8.self))
            index = end
        }
        let name = labels.joined(separator: ".")
        let isForA = question[index + 2] == 1
        if isForA { asked.withLock { $0.append(name) } }
        // QR, RD, RA; then the response code (RFC 1035 §4.1.1).
        func header(_ code: UInt8, answers: Int, flags: UInt8 = 0x81) -> [UInt8] {
            let counts: [UInt8] = [0, 1, UInt8(answers >> 8), UInt8(answers & 0xFF), 0, 0, 0, 0]
            return [question[0], question[1], flags, 0x80 | code] + counts + question[12...(index + 4)]
        }
        func bytes(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }
        func records(_ addresses: [UInt32], lifetime: UInt32) -> [UInt8] {
            guard isForA else { return header(0, answers: 0) }
            return header(0, answers: addresses.count)
                + addresses.flatMap { [0xC0, 12, 0, 1, 0, 1] + bytes(lifetime) + [0, 4] + bytes($0) }
        }
        switch reply(name) {
        case .silence: return nil
        case .noSuchName: return (header(3, answers: 0), .zero)
        case .failure: return (header(2, answers: 0), .zero)
        case .code(let code): return (header(code, answers: 0), .zero)
        case .slow(let addresses): return (records(addresses, lifetime: 60), .milliseconds(500))
        case .truncated: return (header(0, answers: 0, flags: 0x83), .zero)
        case .oversize: return (records((0..<200).map { 0x7F00_0001 + $0 }, lifetime: 60), .zero)
        case .garbage: return (header(0, answers: 1) + [0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127], .zero)
        case .addresses(let addresses, let lifetime): return (records(addresses, lifetime: lifetime), .zero)
        }
    }
}
