internal import CMedia
internal import Dispatch

/// Speaks texts: by espeak-ng, a separate program (it is under the GPL and never linked).
///
/// The text goes to its standard input, never into an argument, and holds nothing but text (``SpeechText``); a bounded number run at once, a bounded number wait;
/// one that is too slow or says too much is ended. What was said before comes out of the cache, and a text that is
/// asked for twice at once is spoken once.
///
/// A long text is spoken in pieces (``SpeechPieces``), each by a program of its own and kept by itself: its clip can be
/// played as soon as the first is made and grows by the others, of which one at a time waits for its turn
/// (``SpeechSchedule``).
package actor SpeechSynthesizer {
    package struct Configuration: Equatable, Sendable {
        /// An absolute path.
        package var program = "/usr/bin/espeak-ng"
        /// Where speech is kept; nil for nowhere.
        package var cacheFolder: String?
        package var maximumCacheBytes = 512 << 20
        /// Programs at once; nil: one for each core.
        package var maximumAtOnce: Int?
        package var maximumWaiting = 256
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

    private typealias Job = @Sendable () -> Void

    private let configuration: Configuration
    private let program: SpeakingProgram
    private let onCrash: @Sendable (SpeechCrash) -> Void
    private let cache: SpeechCache?
    /// A program blocks the thread that waits for it, so that each has a thread of its own.
    private var idleLanes: [DispatchQueue]
    private var schedule = SpeechSchedule<Job>()
    /// Pieces that wait for a program or for one to finish.
    private(set) var waiting = 0
    private var underWay: [SpeechCache.Key: Task<AudioClip, any Error>] = [:]

    /// - Parameter onCrash: hears of programs that ended before their time, on any thread.
    package init(
        configuration: Configuration = Configuration(), onCrash: @escaping @Sendable (SpeechCrash) -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.onCrash = onCrash
        program = SpeakingProgram(
            path: configuration.program, timeoutMilliseconds: configuration.timeoutMilliseconds,
            configuration.confinement)
        idleLanes = (0..<max(1, configuration.maximumAtOnce ?? SystemCores.count)).map {
            DispatchQueue(label: "belay.media.speech.\($0)")
        }
        cache = configuration.cacheFolder.map {
            SpeechCache(folder: $0, maximumBytes: configuration.maximumCacheBytes)
        }
    }

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
    /// Nothing further is made once nobody has the clip any more.
    ///
    /// - Throws: `SpeechFailure`, where not even the beginning can be made.
    package func growingClip(for request: SpeechRequest) async throws -> (AudioClip, warning: String?) {
        guard let (voice, pieces) = try pieces(of: request, whole: false) else {
            return (AudioClip(samples: []), SpeechVoice(language: request.language).warning)
        }
        let first = try await speak(pieces[0], .first, request)
        guard pieces.count > 1 else { return (first, voice.warning) }
        let descriptor = cmedia_file_in_memory("speech", nil, 0)
        guard descriptor >= 0 else {
            throw SpeechFailure.synthesisFailed("keeping speech in memory: \(MediaFailure.text(of: Int(descriptor)))")
        }
        let clip = AudioClip(growingIn: descriptor)
        try clip.append(first.samples())
        if let remark = first.remark { clip.remark(remark) }
        let began = cmedia_monotonic_nanoseconds()
        Task { [weak clip] in
            do {
                for piece in pieces.dropFirst() {
                    guard let made = clip?.milliseconds else { return }
                    let neededBy = began + Int64(made) * 1_000_000
                    let spoken = try await self.speak(piece, .later(neededBy: neededBy), request)
                    try clip?.append(spoken.samples())
                    if let remark = spoken.remark { clip?.remark(remark) }
                }
                clip?.finish()
            } catch {
                clip?.fail("\(error)")
            }
        }
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

    private func speak(
        _ key: SpeechCache.Key, _ rank: SpeechSchedule<Job>.Rank, _ request: SpeechRequest
    ) async throws -> AudioClip {
        if request.privacy { return try await make(key, rank, cache: nil) }
        if let kept = cache?.clipInMemory(for: key) { return kept }
        if let task = underWay[key] {
            schedule.hurry(key, rank)
            return try await task.value
        }
        let task = Task { try await make(key, rank, cache: cache) }
        underWay[key] = task
        defer { underWay[key] = nil }
        return try await task.value
    }

    /// - Throws: `SpeechFailure.tooManyWaiting` for a text's first piece alone: what has begun is spoken to its end.
    private func make(
        _ key: SpeechCache.Key, _ rank: SpeechSchedule<Job>.Rank, cache: SpeechCache?
    ) async throws -> AudioClip {
        guard rank != .first || waiting < configuration.maximumWaiting else { throw SpeechFailure.tooManyWaiting }
        waiting += 1
        defer { waiting -= 1 }
        let (program, onCrash) = (program, onCrash)
        return try await withCheckedThrowingContinuation { continuation in
            // The cache's files are read there too: no file is waited for on Swift's own threads.
            schedule.add({ continuation.resume(with: Self.blockingSpeak(key, program, cache, onCrash)) }, key, rank)
            startNext()
        }
    }

    private func startNext() {
        while let lane = idleLanes.last, let job = schedule.next() {
            idleLanes.removeLast()
            lane.async {
                job()
                Task { await self.ended(on: lane) }
            }
        }
    }

    private func ended(on lane: DispatchQueue) {
        idleLanes.append(lane)
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
