import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import Telephony

/// What a request for audio came to.
enum AudioAnswer: Sendable {
    case downloaded(CachedFile, size: Int, HTTPHeaders)
    /// What is in the cache still holds.
    case notModified(HTTPHeaders)
    /// The file lies elsewhere; where, as the server wrote it.
    case redirected(status: Int, location: String)
    case refused(AudioFetchError)
}

/// Streams an answer's body to a file. Writing happens on a thread that may block; the next part is taken from the
/// socket when the last one has been written.
final class AudioReceiver: ResponseReceiver {
    typealias Response = AudioAnswer

    private struct State {
        var phase = RequestPhase.connecting
        var headers = HTTPHeaders()
        var isNotModified = false
        var redirect: AudioAnswer?
        var file: CachedFile?
        var size = 0
        var refusal: AudioFetchError?
        /// Room on the disk for what was announced and is not written yet.
        var claimed = 0
    }

    private let path: String
    private let limit: Int
    private let threads: NIOThreadPool
    private let room: any DiskRoom
    private let state = Mutex(State())

    /// - Parameters:
    ///   - path: of a file that does not exist yet.
    ///   - room: of the disk that it lies on.
    init(path: String, limit: Int, threads: NIOThreadPool, room: any DiskRoom) {
        self.room = room
        self.path = path
        self.limit = limit
        self.threads = threads
    }

    deinit { room.giveBack(state.withLock { $0.claimed }) }

    var phase: RequestPhase { state.withLock { $0.phase } }

    var brokenOff: AudioAnswer? { state.withLock { $0.refusal.map(AudioAnswer.refused) ?? $0.redirect } }

    func didSendRequestHead(task: HTTPClient.Task<Response>, _ head: HTTPRequestHead) {
        state.withLock { state in
            if case .connecting = state.phase { state.phase = .sending }
        }
    }

    func didSendRequest(task: HTTPClient.Task<Response>) {
        state.withLock { $0.phase.requestSent() }
    }

    /// The answer leads elsewhere: its body is not wanted.
    private struct LeadsElsewhere: Error {}
    /// RFC 9110 §15.4: those that name one other place.
    private static let redirects: Set<UInt> = [301, 302, 303, 307, 308]

    func didReceiveHead(task: HTTPClient.Task<Response>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        let announced = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
        let refusal =
            state.withLock { state -> AudioFetchError? in
                state.phase = .answering(status: Int(head.status.code))
                if Self.redirects.contains(head.status.code), let location = head.headers.first(name: "location") {
                    state.redirect = .redirected(status: Int(head.status.code), location: location)
                    return nil
                }
                state.headers = head.headers
                state.isNotModified = head.status == .notModified
                if head.status != .ok, head.status != .notModified { return .status(Int(head.status.code)) }
                return announced > limit ? .tooLarge(limit: limit) : nil
            } ?? claimAnnounced(announced)
        if let refusal { return refuse(refusal, task) }
        if state.withLock({ $0.redirect != nil }) { return task.eventLoop.makeFailedFuture(LeadsElsewhere()) }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didReceiveBodyPart(task: HTTPClient.Task<Response>, _ buffer: ByteBuffer) -> EventLoopFuture<Void> {
        let isTooLarge = state.withLock { state in
            guard buffer.readableBytes <= limit - state.size else { return true }
            state.size += buffer.readableBytes
            return false
        }
        if isTooLarge { return refuse(.tooLarge(limit: limit), task) }
        return threads.runIfActive(eventLoop: task.eventLoop) { [self] in
            do throws(AudioFetchError) {
                let file = try openFile()
                let isClaimed = takeFromClaim(buffer.readableBytes)
                guard isClaimed || room.claim(buffer.readableBytes) else { throw .noRoom }
                // What is written the disk itself tells of.
                defer { room.giveBack(buffer.readableBytes) }
                let written = buffer.withUnsafeReadableBytes { bytes -> Result<Void, AudioFetchError> in
                    do throws(AudioFetchError) { return .success(try file.append(bytes)) } catch {
                        return .failure(error)
                    }
                }
                try written.get()
            } catch {
                state.withLock { $0.refusal = error }
                throw error
            }
        }
    }

    func didFinishRequest(task: HTTPClient.Task<Response>) -> AudioAnswer {
        state.withLock { state in
            if state.isNotModified { return .notModified(state.headers) }
            guard let file = state.file, state.size > 0 else { return .refused(.emptyBody) }
            file.finish()
            return .downloaded(file, size: state.size, state.headers)
        }
    }

    /// All of it at once: of several large files that do not fit together some are whole, rather than none.
    private func claimAnnounced(_ bytes: Int) -> AudioFetchError? {
        let isWanted = state.withLock { $0.redirect == nil && !$0.isNotModified }
        guard isWanted, bytes > 0 else { return nil }
        guard room.claim(bytes) else { return .noRoom }
        state.withLock { $0.claimed += bytes }
        return nil
    }

    /// False where less was announced.
    private func takeFromClaim(_ bytes: Int) -> Bool {
        state.withLock { state in
            guard state.claimed >= bytes else { return false }
            state.claimed -= bytes
            return true
        }
    }

    /// The file is made with the first byte: many answers have none.
    private func openFile() throws(AudioFetchError) -> CachedFile {
        if let file = state.withLock({ $0.file }) { return file }
        let file = try CachedFile(creating: path)
        state.withLock { $0.file = file }
        return file
    }

    private func refuse(_ error: AudioFetchError, _ task: HTTPClient.Task<Response>) -> EventLoopFuture<Void> {
        state.withLock { $0.refusal = error }
        return task.eventLoop.makeFailedFuture(error)
    }
}
