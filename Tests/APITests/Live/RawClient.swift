import NIOCore
import NIOPosix

/// A bare TCP connection to a server on loopback, for what a proper HTTP client would not send.
struct RawClient {
    struct TimedOut: Error {}

    /// Sends the chunks and returns what came back, until the server closes or `isEnough` says so.
    ///
    /// - Throws: ``TimedOut`` when neither happens within ten seconds.
    static func exchange(
        port: Int, sending chunks: [String], until isEnough: @escaping @Sendable (String) -> Bool = { _ in false }
    ) async throws -> String {
        try await withThrowingTaskGroup(of: String.self) { group in
            group.addTask { try await run(port: port, chunks: chunks, isEnough: isEnough) }
            group.addTask {
                try await Task.sleep(for: .seconds(10))
                throw TimedOut()
            }
            defer { group.cancelAll() }
            return try await group.next() ?? ""
        }
    }

    private static func run(
        port: Int, chunks: [String], isEnough: @escaping @Sendable (String) -> Bool
    ) async throws -> String {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "localhost", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            for chunk in chunks { try await outbound.write(ByteBuffer(string: chunk)) }
            var received = ""
            do {
                for try await buffer in inbound {
                    received += String(buffer: buffer)
                    if isEnough(received) { break }
                }
            } catch is IOError {
                // A server that closes with bytes unread resets the connection: closed all the same.
            }
            return received
        }
    }
}
