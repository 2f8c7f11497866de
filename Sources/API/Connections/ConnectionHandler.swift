import HTTPTypes
import HummingbirdCore
import NIOCore
import NIOHTTPTypes

/// One connection's end of ``Connections``: asks for its place, closes it when its time is over, and answers 503 where
/// it has none.
///
/// Between the decoder and the requests' handling. What it is too late for is looked at in ticks: a timer for each
/// request would cost more than the requests.
final class ConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private enum Place {
        /// Not active yet, or over.
        case none
        case taken
        /// Its first request is answered with 503.
        case refused(isAnswered: Bool)
        /// Its last answer was a stream: what still comes is not carried out (RFC 9112 §9.6).
        case ended
    }

    /// What the system keeps of an answer that is not taken: it would let that grow to megabytes for each connection
    /// (tcp(7), tcp_wmem).
    private static let sendBufferBytes: SocketOptionValue = 256 * 1024

    private let connections: Connections
    private var place = Place.none
    private var clock: RequestClock
    private var wasWaiting = true
    /// Since the last end of a read something was decoded.
    private var hasDecoded = false
    private var tick: Scheduled<Void>?
    private var isInputOver = false
    private var inputIsOver: (@Sendable () -> Void)?

    init(_ connections: Connections) {
        self.connections = connections
        clock = RequestClock(limits: connections.limits, openedAt: .now())
    }

    // MARK: Its life

    func handlerAdded(context: ChannelHandlerContext) { if context.channel.isActive { open(context) } }

    func channelActive(context: ChannelHandlerContext) {
        open(context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        leave(context)
        endInput()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { leave(context) }

    private func open(_ context: ChannelHandlerContext) {
        guard case .none = place else { return }
        clock = RequestClock(limits: connections.limits, openedAt: now(context))
        switch connections.open(context.channel) {
        case .taken:
            place = .taken
            context.channel.setOption(.socketOption(.so_sndbuf), value: Self.sendBufferBytes).whenFailure { _ in }
        case .refused:
            place = .refused(isAnswered: false)
            clock.outputClosed(now(context))
        case .dropped: return context.close(promise: nil)
        }
        look(context)
    }

    private func leave(_ context: ChannelHandlerContext) {
        tick?.cancel()
        tick = nil
        place = .none
        connections.close(Connections.ID(context.channel))
    }

    /// Now, and again at each tick.
    private func look(_ context: ChannelHandlerContext) {
        if let (at, expiry) = clock.deadline, at <= now(context) {
            if case .taken = place { connections.count(.expired(expiry)) }
            return context.close(promise: nil)
        }
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        tick = context.eventLoop.scheduleTask(in: connections.limits.tick) {
            bound.value.handler.look(bound.value.context)
        }
    }

    private func now(_ context: ChannelHandlerContext) -> NIODeadline { context.eventLoop.now }

    /// Tells the table whose turn it is, where that has changed.
    private func tell(_ context: ChannelHandlerContext) {
        guard wasWaiting != clock.waitsForPeer else { return }
        wasWaiting.toggle()
        connections.setWaiting(wasWaiting, Connections.ID(context.channel))
    }

    // MARK: What comes in

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        hasDecoded = true
        let part = unwrapInboundIn(data)
        switch place {
        case .taken: break
        case .refused(let isAnswered):
            if case .head = part, !isAnswered { refuse(context) }
            return
        case .none, .ended: return
        }
        switch part {
        case .head: clock.headCame(now(context))
        case .body: break
        case .end: clock.bodyEnded(now(context))
        }
        tell(context)
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if !hasDecoded { clock.bytesCame(now(context)) }
        hasDecoded = false
        context.fireChannelReadComplete()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { endInput() }
        context.fireUserInboundEventTriggered(event)
    }

    private func endInput() {
        isInputOver = true
        inputIsOver?()
        inputIsOver = nil
    }

    /// Runs `act` when the far end of the connection sends nothing more, at once where that is so already; in place of
    /// what was to run before.
    ///
    /// What has come and waits for somebody to read it may hide the end until what is sent is refused.
    static func whenInputIsOver(on channel: any Channel, _ act: @escaping @Sendable () -> Void) {
        channel.eventLoop.execute {
            // A connection that has gone has none: nothing can be sent on it either, and whoever tries is told so.
            guard let handler = try? channel.pipeline.syncOperations.handler(type: ConnectionHandler.self) else {
                return
            }
            handler.inputIsOver = handler.isInputOver ? nil : act
            if handler.isInputOver { act() }
        }
    }

    // MARK: What goes out

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head):
            if head.headerFields[.contentType] == ServerSentEvent.mediaType {
                clock.streamBegan()
                tell(context)
            }
        case .body: break
        case .end:
            let wasStreaming = clock.isStreaming
            clock.answerEnded(now(context))
            tell(context)
            if wasStreaming { return end(context, data, promise) }
        }
        context.write(data, promise: promise)
    }

    /// The end of a stream is its connection's.
    private func end(_ context: ChannelHandlerContext, _ data: NIOAny, _ promise: EventLoopPromise<Void>?) {
        place = .ended
        context.writeAndFlush(data, promise: promise)
        close(context: context, mode: .output, promise: nil)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        clock.writabilityChanged(context.channel.isWritable, now(context))
        tell(context)
        context.fireChannelWritabilityChanged()
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode == .output { clock.outputClosed(now(context)) }
        context.close(mode: mode, promise: promise)
    }

    /// What still comes in is thrown away until the far end has read the answer and closes, or its time is over: closed
    /// at once, the connection would be reset, and the answer with it.
    private func refuse(_ context: ChannelHandlerContext) {
        place = .refused(isAnswered: true)
        let response = Answer.error(.noConnection, base: "")
        let body = Answer.errorBody(.noConnection, base: "")
        var head = HTTPResponse(status: response.status, headerFields: response.headers)
        head.headerFields[.contentLength] = String(body.count)
        head.headerFields[.connection] = "close"
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(ByteBuffer(bytes: body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.close(mode: .output, promise: nil)
    }
}
