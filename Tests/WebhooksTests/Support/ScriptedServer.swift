import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// A request as it came over the wire.
struct ReceivedRequest: Sendable {
    /// 1 for the server's first connection.
    var connection: Int
    /// `POST /path?query HTTP/1.1`
    var line: String
    /// Names in lower case.
    var headers: [String: String]
    var body: [UInt8]
}

/// An HTTP server on loopback that says byte for byte what a test tells it to, also what no decent server says.
/// It reads requests by their `Content-Length`, which is how the client sends them.
final class ScriptedServer: Sendable {
    enum Step: Sendable {
        case send(String)
        /// A body of this many bytes, in parts.
        case fill(Int)
        case close
        /// Until ``ScriptedServer/release()``; only the steps before it are taken at once.
        case hold
    }

    typealias Script = @Sendable (ReceivedRequest) -> [Step]

    private struct State {
        var connections = 0
        var requests: [ReceivedRequest] = []
        var waiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
        var closed = 0
        var closeWaiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
        var held: [@Sendable () -> Void] = []
        var isReleased = false
    }

    let port: Int
    private let channel: any Channel
    private let state: Box<State>

    /// `Mutex` does not copy, and handlers share it.
    private final class Box<Value: Sendable>: Sendable {
        let mutex: Mutex<Value>
        init(_ value: Value) { mutex = Mutex(value) }
    }

    init(_ script: @escaping Script) async throws {
        let state = Box(State())
        self.state = state
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .childChannelInitializer { channel in
                let number = state.mutex.withLock { state in
                    state.connections += 1
                    return state.connections
                }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        Handler(number: number, state: state, script: script))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
    }

    var requests: [ReceivedRequest] { state.mutex.withLock { $0.requests } }
    var connections: Int { state.mutex.withLock { $0.connections } }
    var closedConnections: Int { state.mutex.withLock { $0.closed } }

    /// Returns when so many requests have come in all.
    func waitForRequests(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.mutex.withLock { state in
                guard state.requests.count < count else { return true }
                state.waiters.append((count, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    /// Returns when so many connections have ended in all.
    func waitForClosedConnections(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.mutex.withLock { state in
                guard state.closed < count else { return true }
                state.closeWaiters.append((count, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    /// Takes the steps behind each ``Step/hold``, now and from now on.
    func release() {
        let held = state.mutex.withLock { state in
            defer { state.held = [] }
            state.isReleased = true
            return state.held
        }
        for step in held { step() }
    }

    func stop() async { try? await channel.close() }

    /// An answer with its length.
    static func answer(
        _ status: String = "200 OK", headers: [String] = [], body: String = ""
    ) -> Step {
        let lines = ["HTTP/1.1 \(status)", "Content-Length: \(body.utf8.count)"] + headers
        return .send(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let number: Int
        private let state: Box<State>
        private let script: Script
        private var buffer: [UInt8] = []

        init(number: Int, state: Box<State>, script: @escaping Script) {
            self.number = number
            self.state = state
            self.script = script
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            buffer += Array(unwrapInboundIn(data).readableBytesView)
            while let request = takeRequest() {
                let due = state.mutex.withLock { state in
                    state.requests.append(request)
                    let due = state.waiters.filter { $0.count <= state.requests.count }
                    state.waiters.removeAll { $0.count <= state.requests.count }
                    return due
                }
                take(script(request)[...], on: context.channel)
                for waiter in due { waiter.continuation.resume() }
            }
        }

        func channelInactive(context: ChannelHandlerContext) {
            let due = state.mutex.withLock { state in
                state.closed += 1
                let due = state.closeWaiters.filter { $0.count <= state.closed }
                state.closeWaiters.removeAll { $0.count <= state.closed }
                return due
            }
            for waiter in due { waiter.continuation.resume() }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

        private func take(_ steps: ArraySlice<Step>, on channel: any Channel) {
            Self.take(steps, on: channel, state: state)
        }

        private static func take(_ steps: ArraySlice<Step>, on channel: any Channel, state: Box<State>) {
            var rest = steps
            while let step = rest.popFirst() {
                switch step {
                case .send(let text): channel.writeAndFlush(ByteBuffer(string: text), promise: nil)
                case .fill(let count):
                    var left = count
                    while left > 0 {
                        let size = min(left, 65_536)
                        channel.writeAndFlush(ByteBuffer(repeating: 0x61, count: size), promise: nil)
                        left -= size
                    }
                case .close: channel.close(promise: nil)
                case .hold:
                    let behind = rest
                    let box = state
                    let isReleased = state.mutex.withLock { state in
                        if !state.isReleased { state.held.append { take(behind, on: channel, state: box) } }
                        return state.isReleased
                    }
                    if !isReleased { return }
                }
            }
        }

        private func takeRequest() -> ReceivedRequest? {
            let text = String(decoding: buffer, as: UTF8.self)
            guard let end = text.range(of: "\r\n\r\n") else { return nil }
            let lines = text[..<end.lowerBound].split(separator: "\r\n", omittingEmptySubsequences: false)
            var headers: [String: String] = [:]
            for line in lines.dropFirst() {
                let parts = line.split(separator: ":", maxSplits: 1)
                guard parts.count == 2 else { continue }
                headers[parts[0].lowercased()] = String(parts[1].drop { $0 == " " })
            }
            let headLength = text[..<end.upperBound].utf8.count
            let length = headers["content-length"].flatMap { Int($0) } ?? 0
            guard buffer.count >= headLength + length else { return nil }
            let body = Array(buffer[headLength..<(headLength + length)])
            buffer.removeFirst(headLength + length)
            return ReceivedRequest(
                connection: number, line: String(lines.first ?? ""), headers: headers, body: body)
        }
    }
}
