import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Synchronization
import Telephony

/// Takes in the answer to a webhook, up to the limit and not a byte further.
final class WebhookReceiver: ResponseReceiver {
    typealias Response = WebhookOutcome

    /// The answer broke the limit; failing with it makes the library close the connection at once.
    private struct TooLarge: Error {}

    private struct State {
        var phase = RequestPhase.connecting
        var status = 0
        var contentType: String?
        var location: String?
        var body = ByteBuffer()
        var isTooLarge = false
    }

    private let limit: Int
    /// Touched on the task's event loop, and once more after its end.
    private let state = Mutex(State())

    init(limit: Int) { self.limit = limit }

    var phase: RequestPhase { state.withLock { $0.phase } }

    var brokenOff: WebhookOutcome? {
        state.withLock { $0.isTooLarge ? .answerTooLarge(status: $0.status) : nil }
    }

    func didSendRequestHead(task: HTTPClient.Task<Response>, _ head: HTTPRequestHead) {
        state.withLock { state in
            if case .connecting = state.phase { state.phase = .sending }
        }
    }

    func didSendRequest(task: HTTPClient.Task<Response>) {
        state.withLock { $0.phase.requestSent() }
    }

    func didReceiveHead(task: HTTPClient.Task<Response>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        let announced = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
        let isTooLarge = state.withLock { state in
            state.status = Int(head.status.code)
            state.phase = .answering(status: state.status)
            state.location = head.headers.first(name: "location")
            state.contentType = head.headers.first(name: "content-type")
            state.isTooLarge = announced > limit
            return state.isTooLarge
        }
        return verdict(isTooLarge, task)
    }

    func didReceiveBodyPart(task: HTTPClient.Task<Response>, _ buffer: ByteBuffer) -> EventLoopFuture<Void> {
        let isTooLarge = state.withLock { state in
            guard buffer.readableBytes <= limit - state.body.readableBytes else {
                state.isTooLarge = true
                state.body = ByteBuffer()
                return true
            }
            if state.body.readableBytes == 0 {
                state.body = buffer
            } else {
                state.body.writeImmutableBuffer(buffer)
            }
            return false
        }
        return verdict(isTooLarge, task)
    }

    func didFinishRequest(task: HTTPClient.Task<Response>) -> WebhookOutcome {
        state.withLock { state in
            if (300..<400).contains(state.status) {
                return .redirected(status: state.status, location: state.location)
            }
            return .answered(
                status: state.status, contentType: state.contentType, body: Array(state.body.readableBytesView))
        }
    }

    private func verdict(_ isTooLarge: Bool, _ task: HTTPClient.Task<Response>) -> EventLoopFuture<Void> {
        isTooLarge ? task.eventLoop.makeFailedFuture(TooLarge()) : task.eventLoop.makeSucceededVoidFuture()
    }
}
