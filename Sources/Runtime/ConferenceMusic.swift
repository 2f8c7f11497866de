import CallControl
package import Media
import Synchronization
import Telephony
import Webhooks

/// What those hear who wait for a conference's beginning: what lies at its waitUrl, fetched once, when the conference is
/// made; else the server's own music (docs/contract/percl.md#conferences).
///
/// Whoever waits before it is there hears silence until it is. What conferences of an account have the same waitUrl for
/// lies there once, as it was fetched last.
package final class ConferenceMusic: Sendable {
    /// Different pieces of one account, fetched or on their way: each keeps a file open for as long as a conference that
    /// has it lives.
    static let maximumPieces = 200

    private struct Source: Hashable {
        let account: AccountID
        let url: String
    }

    private struct Piece {
        /// Whose waitUrl it is.
        var conferences: Set<ConferenceID> = []
        /// Nil while nobody has got it yet. The path tells whether it is still what lies there.
        var audio: (clip: AudioClip, path: String)?
    }

    private struct Choice {
        let source: Source
        let fetching: Task<Void, Never>
    }

    private struct Listening {
        let conference: ConferenceID
        /// Its music is not there yet.
        var isInSilence: Bool
    }

    private struct State {
        /// Of conferences that wait for what lies at a waitUrl, or have it; all others have the server's own.
        var choices: [ConferenceID: Choice] = [:]
        var pieces: [AccountID: [String: Piece]] = [:]
        var listening: [MixID: Listening] = [:]

        subscript(source: Source) -> Piece? {
            get { pieces[source.account]?[source.url] }
            set {
                pieces[source.account, default: [:]][source.url] = newValue
                if pieces[source.account]?.isEmpty == true { pieces[source.account] = nil }
            }
        }

        /// - Returns: whose waitUrl it was; nil where the conference has none, or none any more.
        mutating func release(_ conference: ConferenceID) -> Choice? {
            guard let choice = choices.removeValue(forKey: conference) else { return nil }
            self[choice.source]?.conferences.remove(conference)
            if self[choice.source]?.conferences.isEmpty == true { self[choice.source] = nil }
            return choice
        }
    }

    private let engine: MediaEngine
    private let prompts: PromptLibrary
    private let inbox: MediaInbox
    private let ownMusic: AudioClip
    private let state = Mutex(State())

    package init(engine: MediaEngine, prompts: PromptLibrary, inbox: MediaInbox, ownMusic: AudioClip) {
        self.engine = engine
        self.prompts = prompts
        self.inbox = inbox
        self.ownMusic = ownMusic
    }

    // MARK: What conferences have

    /// Returns at once. Where it comes to nothing, the conference's story is told so, once.
    func prepare(_ conference: ConferenceID, _ url: WebURL?, of account: AccountID) {
        guard let url else { return }
        let source = Source(account: account, url: url.text)
        let isTaken = state.withLock { state in
            guard state[source] != nil || state.pieces[account, default: [:]].count < Self.maximumPieces else {
                return false
            }
            var piece = state[source] ?? Piece()
            piece.conferences.insert(conference)
            state[source] = piece
            state.choices[conference] = Choice(
                source: source, fetching: Task { [self] in await fetch(url, source, for: conference) })
            return true
        }
        guard !isTaken else { return }
        tell(
            conference,
            "the account's conferences have \(Self.maximumPieces) different waitUrls, as many as are kept; terminate "
                + "conferences that nobody needs any more, or give them the same waitUrl")
    }

    func forget(_ conference: ConferenceID) {
        state.withLock { $0.release(conference) }?.fetching.cancel()
    }

    private func fetch(_ url: WebURL, _ source: Source, for conference: ConferenceID) async {
        do {
            let audio = try await prompts.fetch(url, of: source.account)
            guard state.withLock({ $0[source]?.audio?.path }) != audio.path else { return }
            let clip = try prompts.open(audio, of: source.account)
            take(clip, from: audio.path, source)
        } catch {
            giveUp([conference], "\(error)")
        }
    }

    private func take(_ clip: AudioClip, from path: String, _ source: Source) {
        state.withLock { state in
            guard let conferences = state[source]?.conferences else { return }
            state[source]?.audio = (clip, path)
            for (mix, listening) in state.listening
            where listening.isInSilence && conferences.contains(listening.conference) {
                state.listening[mix]?.isInSilence = false
                engine.hear(mix, .music(clip))
            }
        }
        // It holds nothing: what nobody has any more is not decoded on.
        clip.whenSettled { [weak self, weak clip] in
            if let self, let clip { settled(clip, source) }
        }
    }

    /// A file is known to be sound to its end only at its end.
    private func settled(_ clip: AudioClip, _ source: Source) {
        guard let reason = clip.failureReason ?? (clip.count == 0 ? "the file holds no sound" : nil) else { return }
        let conferences = state.withLock { state in
            guard let piece = state[source], piece.audio?.clip === clip else { return Set<ConferenceID>() }
            return piece.conferences
        }
        giveUp(conferences, reason)
    }

    /// They have the server's own music from here on.
    private func giveUp(_ conferences: Set<ConferenceID>, _ reason: String) {
        let disappointed = state.withLock { state in
            let disappointed = conferences.filter { conference in
                guard let choice = state.release(conference) else { return false }
                choice.fetching.cancel()
                return true
            }
            for (mix, listening) in state.listening where disappointed.contains(listening.conference) {
                state.listening[mix]?.isInSilence = false
                engine.hear(mix, .music(ownMusic))
            }
            return disappointed
        }
        for conference in disappointed { tell(conference, reason) }
    }

    private func tell(_ conference: ConferenceID, _ reason: String) {
        inbox.post(.musicFailed(conference, explanation: reason))
    }

    // MARK: Who hears it

    /// From its beginning, for all in the mix.
    func play(_ conference: ConferenceID, in mix: MixID) {
        // Under the lock, here and below, so that what comes to be there meanwhile is heard once, and not after the music.
        state.withLock { state in
            let choice = state.choices[conference]
            let clip = choice.map { state[$0.source]?.audio?.clip } ?? ownMusic
            state.listening[mix] = Listening(conference: conference, isInSilence: clip == nil)
            engine.hear(mix, clip.map(MixProgram.music) ?? .silence)
        }
    }

    /// - Parameter program: what is heard instead; nil where the mix is about to be closed.
    func stop(in mix: MixID, for program: MixProgram? = nil) {
        state.withLock { state in
            state.listening[mix] = nil
            if let program { engine.hear(mix, program) }
        }
    }
}
