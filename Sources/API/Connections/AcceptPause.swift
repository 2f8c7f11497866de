import Glibc
import Logging
import NIOCore

/// On the listening socket: where a connection cannot be taken for want of a descriptor or of memory, it waits a moment
/// before it tries again. Without that the error would end the listener, or it would try again and again.
final class AcceptPause: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private static let pause = TimeAmount.milliseconds(100)

    private let logger: Logger
    private var news = SpacedNews<CInt>()

    init(logger: Logger) { self.logger = logger }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? IOError, Self.isPassing(error.errnoCode) else {
            return context.fireErrorCaught(error)
        }
        if news.isDue(error.errnoCode, now: .now()) {
            logger.error("the REST API cannot take a connection: \(error) (said once a minute)")
        }
        guard error.errnoCode != ECONNABORTED else { return }
        let channel = context.channel
        // Not `read`, which is pending already: only this takes the socket out of what is waited for. First true, since
        // it is the change that does.
        for value in [true, false] { try? channel.syncOptions?.setOption(.autoRead, value: value) }
        context.eventLoop.scheduleTask(in: Self.pause) { try? channel.syncOptions?.setOption(.autoRead, value: true) }
    }

    /// The listening socket is well; accept(2) names these.
    private static func isPassing(_ code: CInt) -> Bool {
        [EMFILE, ENFILE, ENOBUFS, ENOMEM, ECONNABORTED].contains(code)
    }
}
