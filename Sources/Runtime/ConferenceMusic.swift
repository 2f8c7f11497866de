import CallControl
package import Media
import Synchronization
import Telephony
import Webhooks

/// What those hear who wait for a conference's beginning: what lies at its waitUrl, fetched once, when the conference is
/// made; else the server's own music (docs/contract/percl.md#conferences).
///
/// Whoever waits before it is there hears silence until it is. What conferences of an account have the same waitUrl for
/// lies there once, as it was fetched last. Of an account with more different ones than are kept, the one that was longest
/// not heard gives way, and is fetched again when it is to be heard.
package final class ConferenceMusic: Sendable {
    private let engine: MediaEngine
    private let prompts: PromptLibrary
    private let inbox: MediaInbox
    private let ownMusic: @Sendable () -> AudioClip
    private let state = Mutex(MusicShelf())

    /// - Parameter ownMusic: is asked for when the first conference is made: computing it takes milliseconds.
    package init(
        engine: MediaEngine, prompts: PromptLibrary, inbox: MediaInbox,
        ownMusic: @escaping @Sendable @autoclosure () -> AudioClip
    ) {
        self.engine = engine
        self.prompts = prompts
        self.inbox = inbox
        self.ownMusic = ownMusic
    }

    // MARK: What conferences have

    /// Returns at once. Where it comes to nothing, the conference's story is told so, once.
    func prepare(_ conference: ConferenceID, _ url: WebURL?, of account: AccountID) {
        guard let url else {
            // Before anybody waits for it, and on no thread that keeps time.
            Task { [ownMusic] in _ = ownMusic() }
            return
        }
        let source = MusicShelf.Source(account: account, url: url)
        let isTaken = state.withLock { begin(source, for: conference, &$0) }
        if !isTaken { tell(conference, Self.tooMany) }
    }

    func forget(_ conference: ConferenceID) {
        state.withLock { $0.release(conference) }?.fetching.cancel()
    }

    /// False where all that are kept are being heard: the conference then has the server's own.
    private func begin(
        _ source: MusicShelf.Source, for conference: ConferenceID, _ state: inout MusicShelf
    ) -> Bool {
        state.release(conference)?.fetching.cancel()
        guard state.makeRoom(for: source) else { return false }
        state.take(source, for: conference, fetching: Task { [self] in await fetch(source, for: conference) })
        return true
    }

    private func fetch(_ source: MusicShelf.Source, for conference: ConferenceID) async {
        do {
            let audio = try await prompts.fetch(source.url, of: source.account)
            guard state.withLock({ $0[source]?.audio?.path }) != audio.path else { return }
            let clip = try prompts.open(audio, of: source.account)
            take(clip, from: audio.path, source)
        } catch {
            // Whoever cancels it has seen to the conference.
            guard !Task.isCancelled else { return }
            // Some may wait for it who ask for nothing by themselves.
            let waiting = state.withLock { state in
                state[source].flatMap { $0.audio == nil ? $0.conferences : nil } ?? [conference]
            }
            giveUp(waiting, "\(error)")
        }
    }

    private func take(_ clip: AudioClip, from path: String, _ source: MusicShelf.Source) {
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
    private func settled(_ clip: AudioClip, _ source: MusicShelf.Source) {
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
                engine.hear(mix, .music(ownMusic()))
            }
            return disappointed
        }
        for conference in disappointed { tell(conference, reason) }
    }

    private func tell(_ conference: ConferenceID, _ reason: String) {
        inbox.post(.musicFailed(conference, explanation: reason))
    }

    private static let tooMany =
        "\(MusicShelf.maximumPieces) different waitUrls of the account's conferences are being heard, as many as are kept"

    // MARK: Who hears it

    /// From its beginning, for all in the mix.
    func play(_ conference: ConferenceID, in mix: MixID) {
        // Under the lock, here and below, so that what comes to be there meanwhile is heard once, and not after the music.
        let isTaken = state.withLock { state in
            var isTaken = true
            if let source = state.choices[conference]?.source {
                if state[source] == nil {
                    isTaken = begin(source, for: conference, &state)
                } else {
                    state.use(source, for: conference)
                }
            }
            let choice = state.choices[conference]
            let clip = choice.map { state[$0.source]?.audio?.clip } ?? ownMusic()
            state.listening[mix] = MusicShelf.Listening(conference: conference, isInSilence: clip == nil)
            engine.hear(mix, clip.map(MixProgram.music) ?? .silence)
            return isTaken
        }
        if !isTaken { tell(conference, Self.tooMany) }
    }

    /// - Parameter program: what is heard instead; nil where the mix is about to be closed.
    func stop(in mix: MixID, for program: MixProgram? = nil) {
        state.withLock { state in
            state.listening[mix] = nil
            if let program { engine.hear(mix, program) }
        }
    }
}
