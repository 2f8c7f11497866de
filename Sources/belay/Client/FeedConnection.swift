import API
import AsyncHTTPClient
import NIOCore

/// One connection to a feed of the server.
struct FeedConnection: Sendable {
    /// There is none, or no more.
    struct Lost: Error {
        let reason: ClientError
    }

    /// Ends where the server has closed the stream, or ``close()`` did; what is told slower than it comes waits here.
    let events: AsyncThrowingStream<ServerSentEvent, any Error>
    private let continuation: AsyncThrowingStream<ServerSentEvent, any Error>.Continuation
    private let reading: Task<Void, Never>

    init(_ body: HTTPClientResponse.Body) {
        let (events, continuation) = AsyncThrowingStream<ServerSentEvent, any Error>.makeStream()
        self.events = events
        self.continuation = continuation
        reading = Task {
            var reader = ServerSentEventReader()
            do {
                for try await buffer in body {
                    for event in try reader.read(buffer.readableBytesView) { continuation.yield(event) }
                }
                continuation.finish()
            } catch {
                continuation.finish(throwing: error)
            }
        }
    }

    func close() {
        continuation.finish()
        reading.cancel()
    }
}
