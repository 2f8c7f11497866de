internal import CMedia
internal import Dispatch
internal import Sharing
package import Telephony

/// Speaks texts: by espeak-ng, a separate program (it is under the GPL and never linked).
///
/// The text goes to its standard input, never into an argument, and holds nothing but text (``SpeechText``); a bounded
/// number run at once, a bounded number wait; one that is too slow or says too much is ended. What was said before comes
/// out of the cache, and a text that is asked for twice at once is spoken once.
///
/// A long text is spoken in pieces (``SpeechPieces``), each by a program of its own and kept by itself: its clip can be
/// played as soon as the first is made and grows by the others, of which one at a time waits for its turn, and none is
/// made long before it is heard.
///
/// Accounts take turns (``FairQueue``), by the length of what is spoken; within an account the first pieces of those who
/// wait in silence go before the later pieces of those who hear something, of whom the one is next whose sound ends
/// soonest. No account has all programs. What nobody waits for any more is not spoken.
package actor SpeechSynthesizer {
    package struct Configuration: Equatable, Sendable {
        /// An absolute path.
        package var program = "/usr/bin/espeak-ng"
        /// Where speech is kept; nil for nowhere.
        package var cacheFolder: String?
        package var maximumCacheBytes = 512 << 20
        /// Programs at once; nil: one for each core, and one more. An account has one fewer at most, so that another's
        /// first piece does not wait for one of its to end.
        package var maximumAtOnce: Int?
        /// Of one account's pieces; more of its texts are refused.
        package var maximumWaiting = 256
        /// So long before it is heard a text's next piece is made at the soonest.
        package var secondsAhead = 60
        package var timeoutMilliseconds = 20_000
        /// What keeps the programs in; those that the kernel does not grant are done without.
        package var confinement = ConfinementLayers.all

        package init(cacheFolder: String? = nil) {
            self.cacheFolder = cacheFolder
        }
    }

    /// The Say command's limit.
    package static let maximumTextBytes = 4096
    private static let wordsPerMinute = 80...450

    /// Of a turn, in characters: what starting a program costs besides what it speaks.
    private static let startCost = 64

    /// A piece of somebody's text.
    private enum Rank {
        case first
        /// - Parameter neededBy: when what is made so far will have been played, in nanoseconds of the monotonic clock.
        case later(neededBy: Int64)

        var urgency: Int64 {
            switch self {
            case .first: .min
            case .later(let neededBy): neededBy
            }
        }
    }

    /// One who waits for a piece.
    private struct Listener {
        let continuation: CheckedContinuation<AudioClip, any Error>
        /// Of the turn that it waits for; nil where the piece is being made already.
        let turn: Turns.Ticket?
    }

    /// A piece that is to be made, or is being made, and those who wait for it; each has a turn of its own account's, and
    /// the first turn that comes is everybody's.
    private struct Job {
        let key: SpeechCache.Key
        let cache: SpeechCache?
        var isRunning = false
        var listeners: [UInt64: Listener] = [:]
    }

    private typealias Turns = FairQueue<AccountID?, UInt64>

    private let configuration: Configuration
    private let program: SpeakingProgram
    private let onCrash: @Sendable (SpeechCrash) -> Void
    private let cache: SpeechCache?
    /// A program blocks the thread that waits for it, so that each has a thread of its own.
    private var idleLanes: [DispatchQueue]
    private let mostOfAnAccount: Int
    private var running: [AccountID?: Int] = [:]
    private var turns = Turns()
    private var jobs: [UInt64: Job] = [:]
    /// Of those the ones that any may share.
    private var sharedJobs: [SpeechCache.Key: UInt64] = [:]
    private var nextNumber: UInt64 = 0

    /// Pieces that wait for a program or for one to finish.
    var waiting: Int { jobs.count }
    /// Those who wait for them.
    var listeners: Int { jobs.values.reduce(0) { $0 + $1.listeners.count } }

    /// - Parameters:
    ///   - room: of the disk that the cache lies on.
    ///   - onCrash: hears of programs that ended before their time, on any thread.
    package init(
        configuration: Configuration = Configuration(), room: any DiskRoom = UnboundedDiskRoom(),
        onCrash: @escaping @Sendable (SpeechCrash) -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.onCrash = onCrash
        program = SpeakingProgram(
            path: configuration.program, timeoutMilliseconds: configuration.timeoutMilliseconds,
            configuration.confinement)
        let lanes = max(1, configuration.maximumAtOnce ?? SystemCores.count + 1)
        idleLanes = (0..<lanes).map { DispatchQueue(label: "belay.media.speech.\($0)") }
        mostOfAnAccount = max(1, lanes - 1)
        cache = configuration.cacheFolder.map {
            SpeechCache(folder: $0, maximumBytes: configuration.maximumCacheBytes, room: room)
        }
    }

    /// Forgets what is kept, the least recently said first, until so many bytes of the disk are free again.
    package nonisolated func makeRoom(_ bytes: Int) { cache?.makeRoom(bytes) }

    /// The text as sound, whole, at about −20 dB below full scale.
    ///
    /// - Returns: the clip, and what the log should say where no voice has the language. A text with nothing to say
    ///   gives an empty clip.
    /// - Throws: `SpeechFailure`.
    package func clip(for request: SpeechRequest) async throws -> (AudioClip, warning: String?) {
        guard let (voice, pieces) = try pieces(of: request, whole: true) else {
            return (AudioClip(samples: []), SpeechVoice(language: request.language).warning)
        }
        return (try await speak(pieces[0], .first, request), voice.warning)
    }

    /// The text as sound that can be played from its beginning while its end is being made: complete where the text is
    /// short or is kept, else growing, and failed where a later piece cannot be made.
    ///
    /// Nothing further is made once nobody has the clip any more, and nothing at all once the asking task is cancelled.
    ///
    /// - Throws: `SpeechFailure`, where not even the beginning can be made.
    package func growingClip(for request: SpeechRequest) async throws -> (AudioClip, warning: String?) {
        guard let (voice, pieces) = try pieces(of: request, whole: false) else {
            return (AudioClip(samples: []), SpeechVoice(language: request.language).warning)
        }
        let first = try await speak(pieces[0], .first, request)
        guard pieces.count > 1 else { return (first, voice.warning) }
        // Safe: there is nothing to read.
        let descriptor = unsafe cmedia_file_in_memory("speech", nil, 0)
        guard descriptor >= 0 else {
            throw SpeechFailure.synthesisFailed("keeping speech in memory: \(MediaFailure.text(of: Int(descriptor)))")
        }
        let clip = AudioClip(growingIn: descriptor)
        try clip.append(first.samples())
        if let remark = first.remark { clip.remark(remark) }
        let began = cmedia_monotonic_nanoseconds()
        let ahead = Int64(configuration.secondsAhead) * 1_000_000_000
        let growth = Task { [weak clip] in
            do {
                for piece in pieces.dropFirst() {
                    guard let made = clip?.milliseconds else { return }
                    let neededBy = began + Int64(made) * 1_000_000
                    let early = neededBy - ahead - cmedia_monotonic_nanoseconds()
                    if early > 0 { try await Task.sleep(for: .nanoseconds(early)) }
                    let spoken = try await self.speak(piece, .later(neededBy: neededBy), request)
                    try clip?.append(spoken.samples())
                    if let remark = spoken.remark { clip?.remark(remark) }
                }
                clip?.finish()
            } catch {
                clip?.fail("\(error)")
            }
        }
        clip.whenLetGo { growth.cancel() }
        return (clip, voice.warning)
    }

    /// What is to be spoken of a request, each with the key that it is kept by; nil where there is nothing.
    private func pieces(
        of request: SpeechRequest, whole: Bool
    ) throws(SpeechFailure) -> (SpeechVoice, [SpeechCache.Key])? {
        let bytes = request.text.utf8.count
        guard bytes <= Self.maximumTextBytes else { throw SpeechFailure.textTooLong(bytes: bytes) }
        let text = SpeechText.neutral(request.text)
        guard text.contains(where: { !$0.isWhitespace }) else { return nil }
        let voice = SpeechVoice(language: request.language)
        let speed = min(max(request.wordsPerMinute, Self.wordsPerMinute.lowerBound), Self.wordsPerMinute.upperBound)
        let pieces = whole ? [text] : SpeechPieces.of(text)
        return (voice, pieces.map { SpeechCache.Key(text: $0, voice: voice.name, wordsPerMinute: speed) })
    }

    /// - Throws: `SpeechFailure.tooManyWaiting` for a text's first piece alone: what has begun is spoken to its end.
    private func speak(_ key: SpeechCache.Key, _ rank: Rank, _ request: SpeechRequest) async throws -> AudioClip {
        if !request.privacy, let kept = cache?.clipInMemory(for: key) { return kept }
        nextNumber += 1
        let number = nextNumber
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                listen(number, key, rank, request, continuation)
            }
        } onCancel: {
            Task { await self.leave(number, key, isPrivate: request.privacy) }
        }
    }

    private func listen(
        _ number: UInt64, _ key: SpeechCache.Key, _ rank: Rank, _ request: SpeechRequest,
        _ continuation: CheckedContinuation<AudioClip, any Error>
    ) {
        // Cancelled before it is found here by `leave`.
        guard !Task.isCancelled else { return continuation.resume(throwing: CancellationError()) }
        let account = request.account
        if case .first = rank,
            running[account, default: 0] + turns.count(of: account) >= configuration.maximumWaiting
        {
            return continuation.resume(throwing: SpeechFailure.tooManyWaiting)
        }
        // A private piece is nobody else's, so that its job has its listener's number.
        let id = request.privacy ? number : sharedJobs[key] ?? number
        var job = jobs[id] ?? Job(key: key, cache: request.privacy ? nil : cache)
        let turn =
            job.isRunning
            ? nil
            : turns.add(id, of: account, cost: Self.startCost + key.text.utf8.count, urgency: rank.urgency)
        job.listeners[number] = Listener(continuation: continuation, turn: turn)
        jobs[id] = job
        if !request.privacy { sharedJobs[key] = id }
        startNext()
    }

    /// Its call has ended, or has gone on: what waits for its turn for this listener alone is dropped.
    private func leave(_ number: UInt64, _ key: SpeechCache.Key, isPrivate: Bool) {
        guard let id = isPrivate ? number : sharedJobs[key],
            let listener = jobs[id]?.listeners.removeValue(forKey: number)
        else { return }
        if let turn = listener.turn { turns.remove(turn) }
        if let job = jobs[id], job.listeners.isEmpty, !job.isRunning { forget(id, job) }
        listener.continuation.resume(throwing: CancellationError())
    }

    private func forget(_ id: UInt64, _ job: Job) {
        jobs[id] = nil
        if sharedJobs[job.key] == id { sharedJobs[job.key] = nil }
    }

    private func startNext() {
        while let lane = idleLanes.last,
            let (account, id) = turns.next(where: { running[$0, default: 0] < mostOfAnAccount })
        {
            guard var job = jobs[id] else { continue }
            for (number, listener) in job.listeners {
                if let turn = listener.turn { turns.remove(turn) }
                job.listeners[number] = Listener(continuation: listener.continuation, turn: nil)
            }
            job.isRunning = true
            jobs[id] = job
            running[account, default: 0] += 1
            idleLanes.removeLast()
            let (key, cache, program, onCrash) = (job.key, job.cache, program, onCrash)
            // The cache's files are read there too: no file is waited for on Swift's own threads.
            lane.async {
                let result = Self.blockingSpeak(key, program, cache, onCrash)
                Task { await self.ended(id, result, of: account, on: lane) }
            }
        }
    }

    private func ended(
        _ id: UInt64, _ result: Result<AudioClip, any Error>, of account: AccountID?, on lane: DispatchQueue
    ) {
        idleLanes.append(lane)
        let left = running[account, default: 1] - 1
        running[account] = left > 0 ? left : nil
        if let job = jobs[id] {
            forget(id, job)
            for listener in job.listeners.values { listener.continuation.resume(with: result) }
        }
        startNext()
    }

    private static func blockingSpeak(
        _ key: SpeechCache.Key, _ program: SpeakingProgram, _ cache: SpeechCache?,
        _ onCrash: @Sendable (SpeechCrash) -> Void
    ) -> Result<AudioClip, any Error> {
        if let kept = cache?.clip(for: key) { return .success(kept) }
        do {
            let (samples, crash, _) = try program.speak(key)
            let clip = AudioClip(samples: samples)
            if let crash {
                // Not kept: it is less than what was to be said.
                onCrash(crash)
                clip.remark(crash.description)
            } else {
                cache?.store(clip, for: key)
            }
            return .success(clip)
        } catch {
            if let crash = error as? SpeechCrash { onCrash(crash) }
            return .failure(SpeechFailure.synthesisFailed(String(describing: error)))
        }
    }
}
