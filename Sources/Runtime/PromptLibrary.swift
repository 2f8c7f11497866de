import CallControl
package import Media
import PerCL
package import Storage
import Telephony
package import Webhooks

/// Turns a prompt into audio: speaks it, or fetches and decodes it.
package final class PromptLibrary: Sendable {
    private let synthesizer: SpeechSynthesizer
    private let fetcher: AudioFetcher
    private let decoder: AudioDecoder
    /// For what is too long to be kept in memory.
    private let decodeFolder: String
    /// Where a relative recordingUrl lies (docs/contract/webhooks.md#recording-urls).
    private let publicURL: @Sendable () -> String
    private let recordings: RecordingFiles
    private let storage: any CallStorage

    package init(
        synthesizer: SpeechSynthesizer, fetcher: AudioFetcher, decoder: AudioDecoder, decodeFolder: String,
        recordings: RecordingFiles, storage: any CallStorage, publicURL: @escaping @Sendable () -> String
    ) {
        self.synthesizer = synthesizer
        self.fetcher = fetcher
        self.decoder = decoder
        self.decodeFolder = decodeFolder
        self.recordings = recordings
        self.storage = storage
        self.publicURL = publicURL
    }

    /// A clip that can be played from its beginning; its end may still be being made.
    ///
    /// - Parameter account: who takes turns with others at speaking, fetching and decoding.
    /// - Throws: an error whose description is a sentence for the customer's log; `CancellationError` where the task was
    ///   cancelled while it waited.
    func clip(for prompt: Prompt, of account: AccountID) async throws -> (clip: AudioClip, warning: String?) {
        switch prompt {
        case .speech(let text, let language, let isPrivate):
            let request = SpeechRequest(
                text: text, language: language, privacy: isPrivate, account: account)
            return try await synthesizer.growingClip(for: request)
        case .file(let reference):
            return (try open(await fetch(try url(of: reference), of: account), of: account), nil)
        case .recording(let id, let account):
            // Private recordings are not to be played (docs/contract/rest.md#recordings).
            guard let recording = try await storage.recording(id, account: account), !recording.isPrivate,
                !recording.isDeleted,
                let clip = try recordings.use(id, { try decoder.open($0, decodingInto: decodeFolder, of: account) })
            else { throw PromptError.noRecording(id) }
            return (clip, nil)
        case .beep:
            return (Self.beep, nil)
        }
    }

    /// An audio file, by HTTP's rules for what is kept.
    ///
    /// - Throws: as ``clip(for:of:)``.
    func fetch(_ url: WebURL, of account: AccountID) async throws -> FetchedAudio {
        try await fetcher.fetch(url, of: account)
    }

    /// Begins to decode what was fetched.
    ///
    /// - Throws: as ``clip(for:of:)``.
    func open(_ audio: FetchedAudio, of account: AccountID) throws -> AudioClip {
        // The file stays in the cache for as long as `audio` lives; the decoder holds it open from then on.
        try withExtendedLifetime(audio) {
            do throws(MediaFailure) {
                return try decoder.open(audio.path, decodingInto: decodeFolder, of: account)
            } catch {
                throw PromptError.unusableFile(error, contentType: audio.contentType)
            }
        }
    }

    /// 1000 Hz for 400 ms at −15 dB below full scale, as answering machines have it.
    private static let beep = AudioClip.tone(hertz: 1000, milliseconds: 400, decibels: -15)

    private func url(of reference: AudioFileReference) throws -> WebURL {
        switch reference {
        case .url(let url): return url
        case .relative(let path):
            let text = publicURL() + "/apiserver" + path
            guard let url = WebURL(text) else { throw PromptError.unusableReference(text) }
            return url
        }
    }
}

enum PromptError: Error, CustomStringConvertible {
    case unusableReference(String)
    case noRecording(RecordingID)
    case unusableFile(MediaFailure, contentType: String?)

    var description: String {
        switch self {
        case .unusableReference(let text): "\(Mask.malformedURL(text)) is no URL that audio can be fetched from"
        case .unusableFile(let failure, let contentType):
            failure.description + (contentType.map { "; its server calls it \($0.prefix(100))" } ?? "")
        case .noRecording(let id): "the recording \(id) has been deleted, or was private"
        }
    }
}
