import Logging
import Media
import People
import Telephony

/// Makes utterances sound: speech through the program that Say uses, everything else by calculation.
struct VoiceBox: Sendable {
    /// What nothing can be said with: the conversation goes on all the same.
    private static let silence = AudioClip(samples: [Int16](repeating: 0, count: AudioClip.rate / 50))

    private let synthesizer: SpeechSynthesizer
    private let logger: Logger

    init(cacheFolder: String?, room: any DiskRoom = UnboundedDiskRoom(), logger: Logger) {
        synthesizer = SpeechSynthesizer(configuration: .init(cacheFolder: cacheFolder), room: room) {
            logger.warning("carrier: \($0)")
        }
        self.logger = logger
    }

    /// A clip for each; what cannot be said is silence, and a warning in the log.
    func clips(for utterances: [Utterance]) async -> [Utterance: AudioClip] {
        var clips: [Utterance: AudioClip] = [:]
        for utterance in utterances where clips[utterance] == nil { clips[utterance] = await clip(for: utterance) }
        return clips
    }

    private func clip(for utterance: Utterance) async -> AudioClip {
        switch utterance {
        case .beep: return Tone.clip([1000], milliseconds: 400, decibels: -16)
        case .faxAnswer: return Tone.clip([2100], milliseconds: 3000, decibels: -16)
        case .informationTones: return Tone.sequence([950, 1400, 1800], milliseconds: 330, decibels: -16)
        case .ringback: return Tone.clip([440, 480], milliseconds: 2000, decibels: -19)
        case .speech(let text, let language):
            do {
                let (clip, warning) = try await synthesizer.clip(for: SpeechRequest(text: text, language: language))
                if let warning { logger.warning("carrier: \(warning)") }
                return clip
            } catch {
                logger.warning("carrier: \"\(text)\" cannot be said: \(error)")
                return Self.silence
            }
        }
    }
}
