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
        case silence
    }

    private final class Handler: ChannelInboundHandler, Sendable {
        typealias InboundIn = AddressedEnvelope<ByteBuffer>
        let server: ModelNameServer
        init(_ server: ModelNameServer) { self.server = server }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let datagram = unwrapInboundIn(data)
            guard let answer = server.answer(Array(datagram.data.readableBytesView)) else { return }
            context.writeAndFlush(
                NIOAny(AddressedEnvelope(remoteAddress: datagram.remoteAddress, data: ByteBuffer(bytes: answer))),
                promise: nil)
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

    private func answer(_ question: [UInt8]) -> [UInt8]? {
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
        func header(_ code: UInt8, answers: Int) -> [UInt8] {
            [question[0], question[1], 0x81, 0x80 | code, 0, 1, 0, UInt8(answers), 0, 0, 0, 0]
                + question[12...(index + 4)]
        }
        switch reply(name) {
        case .silence: return nil
        case .noSuchName: return header(3, answers: 0)
        case .failure: return header(2, answers: 0)
        case .addresses(let addresses, let lifetime):
            guard isForA else { return header(0, answers: 0) }
            func bytes(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }
            return header(0, answers: addresses.count)
                + addresses.flatMap { [0xC0, 12, 0, 1, 0, 1] + bytes(lifetime) + [0, 4] + bytes($0) }
        }
    }
}
