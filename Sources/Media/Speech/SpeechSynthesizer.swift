internal import CMedia

/// Speaks texts: by espeak-ng, a separate program (it is under the GPL and never linked).
///
/// The text goes to its standard input, never into an argument; a bounded number run at once, a bounded number wait;
/// one that is too slow or says too much is ended. What was said before comes out of the cache, and a text that is
/// asked for twice at once is spoken once.
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

        package init(cacheFolder: String? = nil) {
            self.cacheFolder = cacheFolder
        }
    }

    /// The Say command's limit.
    package static let maximumTextBytes = 4096
    /// 4,096 digits, each spoken as a word, take about half an hour: 80 MB at espeak-ng's 22,050 Hz.
    private static let maximumOutputBytes = 128 << 20
    private static let wordsPerMinute = 80...450

    private let configuration: Configuration
    private let cache: SpeechCache?
    private let programs: WorkQueue
    /// Tasks that wait for a program or for one to finish.
    private var waiting = 0
    private var underWay: [SpeechCache.Key: Task<AudioClip, any Error>] = [:]

    package init(configuration: Configuration = Configuration()) {
        self.configuration = configuration
        programs = WorkQueue("speech", width: configuration.maximumAtOnce ?? SystemCores.count)
        cache = configuration.cacheFolder.map {
            SpeechCache(folder: $0, maximumBytes: configuration.maximumCacheBytes)
        }
    }

    /// The text as sound, at about −20 dB below full scale.
    ///
    /// - Returns: the clip, and what the log should say where no voice has the language. A text with nothing to say
    ///   gives an empty clip.
    /// - Throws: `SpeechFailure`.
    package func clip(for request: SpeechRequest) async throws -> (AudioClip, warning: String?) {
        let voice = SpeechVoice(language: request.language)
        let bytes = request.text.utf8.count
        guard bytes <= Self.maximumTextBytes else { throw SpeechFailure.textTooLong(bytes: bytes) }
        guard request.text.contains(where: { !$0.isWhitespace }) else {
            return (AudioClip(samples: []), voice.warning)
        }
        let speed = min(max(request.wordsPerMinute, Self.wordsPerMinute.lowerBound), Self.wordsPerMinute.upperBound)
        let key = SpeechCache.Key(text: request.text, voice: voice.name, wordsPerMinute: speed)
        if request.privacy { return (try await speak(key, cache: nil), voice.warning) }
        if let task = underWay[key] { return (try await task.value, voice.warning) }
        let task = Task { try await speak(key, cache: cache) }
        underWay[key] = task
        defer { underWay[key] = nil }
        return (try await task.value, voice.warning)
    }

    private func speak(_ key: SpeechCache.Key, cache: SpeechCache?) async throws -> AudioClip {
        guard waiting < configuration.maximumWaiting else { throw SpeechFailure.tooManyWaiting }
        waiting += 1
        defer { waiting -= 1 }
        let (programs, configuration) = (programs, configuration)
        return try await withCheckedThrowingContinuation { continuation in
            // The cache's files are read there too: no file is waited for on Swift's own threads.
            programs.run {
                continuation.resume(with: Self.blockingSpeak(key, configuration, cache))
            }
        }
    }

    private static func blockingSpeak(
        _ key: SpeechCache.Key, _ configuration: Configuration, _ cache: SpeechCache?
    ) -> Result<AudioClip, any Error> {
        if let kept = cache?.clip(for: key) { return .success(kept) }
        let program = ChildProgram(
            path: configuration.program,
            arguments: ["--stdin", "--stdout", "-b", "1", "-v", key.voice, "-s", String(key.wordsPerMinute)],
            timeoutMilliseconds: configuration.timeoutMilliseconds, maximumOutputBytes: maximumOutputBytes)
        do {
            let sound = try program.run(input: Array(key.text.utf8))
            let descriptor = cmedia_file_in_memory("speech", sound, sound.count)
            guard descriptor >= 0 else { throw MediaFailure("keeping speech in memory", errno: Int(descriptor)) }
            var limits = AudioDecoder.Limits()
            limits.bytes = Int64(maximumOutputBytes)
            var samples = try AudioDecoder(limits: limits).samples(ofDescriptor: descriptor)
            SpeechLevel.normalise(&samples)
            let clip = AudioClip(samples: samples)
            cache?.store(clip, for: key)
            return .success(clip)
        } catch {
            return .failure(SpeechFailure.synthesisFailed(String(describing: error)))
        }
    }
}
