import Foundation
import MessageDigests
package import NIOCore
import NIOHTTP1
import NIOPosix
package import NameResolution
import Synchronization
package import Telephony

/// Fetches the audio files of `Play`, through the address guard, into a folder that is a private HTTP cache
/// (RFC 9111; docs/contract/percl.md#play).
///
/// An account's askers of one URL share one request; accounts have places of their own, and do not wait for each other's
/// requests. What nobody waits for any more is not asked for, unless it has been already.
///
/// The folder's content lives as long as the process: a start empties it. Files
/// least recently asked for go first when the folder is full; a file that is being played stays until it is done,
/// so that the folder can exceed its limit by those.
package final class AudioFetcher: Sendable {
    package struct Configuration: Sendable {
        /// Made, with mode 0700, where it does not exist. Files in it whose names end in ``AudioFetcher/suffix``
        /// are removed.
        package var folder: String
        /// Of one file (docs/contract/percl.md#play).
        package var maximumFileBytes: Int
        /// Of all files that are kept.
        package var maximumCacheBytes: Int
        package var limits: RequestLimits

        package init(
            folder: String, maximumFileBytes: Int = 100_000_000, maximumCacheBytes: Int = 1_000_000_000,
            limits: RequestLimits = .audio
        ) {
            self.folder = folder
            self.maximumFileBytes = maximumFileBytes
            self.maximumCacheBytes = maximumCacheBytes
            self.limits = limits
        }
    }

    package static let suffix = ".audio"
    /// Downloads that write to disk at once; others wait with their data in the socket.
    private static let threadCount = 2

    private typealias Waiter = @Sendable (Result<FetchedAudio, AudioFetchError>) -> Void

    /// What is waited for, and by whose places.
    private struct Wish: Hashable {
        let account: AccountID?
        let url: String
    }

    private struct Pursuit {
        var waiters: [UInt64: Waiter] = [:]
        /// Takes the request out of the queue again.
        var withdraw: GuardedClient.Withdrawal?
    }

    private struct Entry {
        var audio: FetchedAudio
        var freshness: Freshness
        var lastUse: UInt64
    }

    private struct State {
        var entries: [String: Entry] = [:]
        var bytes = 0
        var pursuits: [Wish: Pursuit] = [:]
        var waiterNumber: UInt64 = 0
        var clock: UInt64 = 0
        var fileNumber: UInt64 = 0
    }

    private let configuration: Configuration
    private let client: GuardedClient
    private let now: @Sendable () -> Timestamp
    private let room: any DiskRoom
    private let threads: NIOThreadPool
    private let state = Mutex(State())

    /// - Parameter now: the wall clock, or one that began as it and that nobody sets.
    package init(
        _ configuration: Configuration, group: any EventLoopGroup, addressGuard: AddressGuard,
        resolver: NameResolver, trust: CertificateTrust = CertificateTrust(),
        room: any DiskRoom = UnboundedDiskRoom(), now: @escaping @Sendable () -> Timestamp
    ) throws(AudioFetchError) {
        self.configuration = configuration
        self.now = now
        self.room = room
        client = GuardedClient(
            group: group, addressGuard: addressGuard, resolver: resolver, trust: trust,
            limits: configuration.limits)
        threads = NIOThreadPool(numberOfThreads: Self.threadCount)
        try Self.prepare(configuration.folder)
        threads.start()
    }

    /// Bytes of the files that are kept, and their number: for metrics.
    package var size: (bytes: Int, files: Int) { state.withLock { ($0.bytes, $0.entries.count) } }

    /// The file at the URL, from the cache where HTTP's rules allow it. Redirects are followed, a few, each past
    /// the address guard. Ends within ``RequestLimits/wait`` and ``RequestLimits/whole``, all hops together.
    ///
    /// - Parameter account: whose places the request takes.
    /// - Throws: ``AudioFetchError/cancelled`` as soon as the task is cancelled.
    package func fetch(_ url: WebURL, of account: AccountID? = nil) async throws(AudioFetchError) -> FetchedAudio {
        let wish = Wish(account: account, url: url.text)
        let number = state.withLock { state in
            state.waiterNumber += 1
            return state.waiterNumber
        }
        let result: Result<FetchedAudio, AudioFetchError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                fetch(url, wish, number) { continuation.resume(returning: $0) }
                // Cancelled before there was anything to give up.
                if Task.isCancelled { giveUp(wish, number) }
            }
        } onCancel: {
            giveUp(wish, number)
        }
        return try result.get()
    }

    private func giveUp(_ wish: Wish, _ number: UInt64) {
        let waiter = state.withLock { state in
            let waiter = state.pursuits[wish]?.waiters.removeValue(forKey: number)
            if let pursuit = state.pursuits[wish], pursuit.waiters.isEmpty, pursuit.withdraw?() == true {
                state.pursuits[wish] = nil
            }
            return waiter
        }
        waiter?(.failure(.cancelled))
    }

    /// Ends requests under way. Files that are held stay until they are let go.
    package func close() async {
        await client.close()
        try? await threads.shutdownGracefully()
        state.withLock { state in
            state.entries = [:]
            state.bytes = 0
        }
    }

    // MARK: One fetch

    private func fetch(_ url: WebURL, _ wish: Wish, _ number: UInt64, completion: @escaping Waiter) {
        enum Reaction {
            case deliver(FetchedAudio)
            case share
            case ask(Entry?, file: UInt64)
        }
        let time = now()
        let reaction = state.withLock { state -> Reaction in
            state.clock += 1
            let entry = state.entries[url.text]
            state.entries[url.text]?.lastUse = state.clock
            if let entry, entry.freshness.isFresh(time) { return .deliver(entry.audio) }
            if state.pursuits[wish] != nil {
                state.pursuits[wish]?.waiters[number] = completion
                return .share
            }
            state.pursuits[wish] = Pursuit(waiters: [number: completion])
            state.fileNumber += 1
            return .ask(entry, file: state.fileNumber)
        }
        switch reaction {
        case .deliver(let audio): completion(.success(audio))
        case .share: break
        case .ask(let entry, let number): ask(url, wish, known: entry, file: number, at: time)
        }
    }

    /// A way through redirects to a file.
    private struct Way {
        /// What was asked for, and is waited for.
        let wish: Wish
        /// Where it has led.
        var hops = 0
        let deadline: NIODeadline
    }

    private func ask(_ url: WebURL, _ wish: Wish, known entry: Entry?, file number: UInt64, at time: Timestamp) {
        let deadline = NIODeadline.now() + TimeAmount(configuration.limits.wait + configuration.limits.whole)
        ask(url, Way(wish: wish, deadline: deadline), known: entry, file: number, at: time)
    }

    private func ask(_ url: WebURL, _ way: Way, known entry: Entry?, file number: UInt64, at time: Timestamp) {
        var headers: HTTPHeaders = ["User-Agent": "Belay", "Accept": "audio/*, */*;q=0.5"]
        if let entry { headers.add(contentsOf: entry.freshness.conditions) }
        let request = OutgoingRequest(
            account: way.wish.account, origin: Origin(url), method: .GET, target: url.target, headers: headers,
            credentials: url.credentials, body: nil, deadline: way.deadline)
        let path = "\(configuration.folder)/\(Self.digest(url))-\(number)\(Self.suffix)"
        let (limit, threads, room) = (configuration.maximumFileBytes, threads, room)
        let receiver = { @Sendable in AudioReceiver(path: path, limit: limit, threads: threads, room: room) }
        let withdraw = client.send(request, receiver: receiver) { result in
            switch result {
            case .failure(let failure): self.finish(way.wish, .failure(.unreachable(failure)))
            case .success(.refused(let error)): self.finish(way.wish, .failure(error))
            case .success(.redirected(let status, let location)):
                self.follow(status, to: location, from: url, way, at: time)
            case .success(.downloaded(let file, let size, let headers)):
                let audio = FetchedAudio(
                    contentType: headers.first(name: "content-type"), size: size, file: file)
                self.keep(audio, Freshness(headers, requested: time), for: url)
                self.finish(way.wish, .success(audio))
            case .success(.notModified(let headers)):
                // Even where it was evicted in the meantime: the entry holds its file.
                guard var entry else { return self.finish(way.wish, .failure(.status(304))) }
                entry.freshness.refresh(headers, requested: time)
                self.keep(entry.audio, entry.freshness, for: url)
                self.finish(way.wish, .success(entry.audio))
            }
        }
        state.withLock { $0.pursuits[way.wish]?.withdraw = withdraw }
    }

    /// Stores and their CDNs answer with where a file lies for the moment (RFC 9110 §15.4). What is there is kept under
    /// that place's own URL: the redirect itself is asked for anew each time.
    private func follow(_ status: Int, to location: String, from url: WebURL, _ way: Way, at time: Timestamp) {
        var way = way
        way.hops += 1
        let target: WebURL
        do throws(Redirection.Refusal) {
            guard way.hops <= Redirection.maximumHops else { throw .tooMany }
            target = try Redirection.target(of: location, from: url)
        } catch {
            return finish(way.wish, .failure(.redirect(status: status, reason: error.description)))
        }
        let (entry, number) = state.withLock { state in
            state.clock += 1
            state.fileNumber += 1
            state.entries[target.text]?.lastUse = state.clock
            return (state.entries[target.text], state.fileNumber)
        }
        if let entry, entry.freshness.isFresh(time) { return finish(way.wish, .success(entry.audio)) }
        ask(target, way, known: entry, file: number, at: time)
    }

    private func finish(_ wish: Wish, _ result: Result<FetchedAudio, AudioFetchError>) {
        let waiters = state.withLock { $0.pursuits.removeValue(forKey: wish)?.waiters ?? [:] }
        for waiter in waiters.values { waiter(result) }
    }

    // MARK: The cache

    private func keep(_ audio: FetchedAudio, _ freshness: Freshness, for url: WebURL) {
        state.withLock { state in
            if let old = state.entries.removeValue(forKey: url.text) { state.bytes -= old.audio.size }
            guard !freshness.isForbidden, audio.size <= configuration.maximumCacheBytes else { return }
            state.clock += 1
            state.entries[url.text] = Entry(audio: audio, freshness: freshness, lastUse: state.clock)
            state.bytes += audio.size
            while state.bytes > configuration.maximumCacheBytes,
                let oldest = state.entries.min(by: { $0.value.lastUse < $1.value.lastUse })
            {
                state.entries[oldest.key] = nil
                state.bytes -= oldest.value.audio.size
            }
        }
    }

    /// Forgets files, the least recently asked for first, until so many bytes are gone or none is left. Those that are
    /// being played lie there until they are done.
    ///
    /// - Returns: the bytes of what was forgotten.
    package func makeRoom(_ bytes: Int) -> Int {
        var gone: [FetchedAudio] = []
        state.withLock { state in
            var left = bytes
            while left > 0, let oldest = state.entries.min(by: { $0.value.lastUse < $1.value.lastUse }) {
                state.entries[oldest.key] = nil
                state.bytes -= oldest.value.audio.size
                left -= oldest.value.audio.size
                gone.append(oldest.value.audio)
            }
        }
        // The files go with their last holder, and not under the lock.
        return gone.reduce(0) { $0 + $1.size }
    }

    private static func digest(_ url: WebURL) -> String {
        MessageDigest.hexadecimal(MessageDigest.sha256.digest(of: Array(url.text.utf8)).prefix(16))
    }

    private static func prepare(_ folder: String) throws(AudioFetchError) {
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name.hasSuffix(suffix) {
                try FileManager.default.removeItem(atPath: "\(folder)/\(name)")
            }
        } catch {
            throw .cacheFailed(error.localizedDescription)
        }
    }
}
