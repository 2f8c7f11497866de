package import AnswerDetection
internal import Synchronization
package import Telephony

/// Sends and receives the media of all calls, in real time, on threads of its own.
///
///     caller ──commands──▶ inbox of the session's thread ──at its tick──▶ session
///     caller ◀──events──── a batch for each tick ◀─────────────────────── session
///
/// Every thread has a timer of 1 ms and a wheel of twenty slots. A session has one slot, and does all its work there
/// each 20 ms: it drains its socket, sends its packet, reports. Commands never wait for a session, and events come on
/// the media threads: whoever takes them hands them on and returns at once. Nothing goes through an event loop's
/// channel, nothing is allocated or looked up for a packet; docs/performance.md has the figures.
package final class MediaEngine: Sendable {
    struct State {
        var phase = Phase.idle
        /// Which thread owns a session; from `open` until its end.
        var owners: [MediaSessionID: Int] = [:]
        var sessionsByThread: [Int]
        /// Which thread a mix is on; from `openMix` until `closeMix`.
        var mixes: [MixID: Int] = [:]
        var mixesByThread: [Int]

        init(threads: Int) {
            sessionsByThread = [Int](repeating: 0, count: threads)
            mixesByThread = [Int](repeating: 0, count: threads)
        }
    }

    enum Phase {
        /// Not started.
        case idle
        case running
        /// For good.
        case shutDown
    }

    private let configuration: MediaConfiguration
    let threads: [MediaThread]
    private let writer: RecordingWriter
    private let onMixEvents: @Sendable ([MixEvent]) -> Void
    private let onEvents: @Sendable ([MediaEvent]) -> Void
    let state: Mutex<State>

    /// - Parameters:
    ///   - room: of the disk that recordings are written to.
    ///   - onMixEvents: called on the same threads as `onEvents`.
    ///   - onEvents: called on media threads and on the thread that writes recordings; one at a time for one
    ///   session, in order.
    package init(
        configuration: MediaConfiguration = MediaConfiguration(), room: any DiskRoom = UnboundedDiskRoom(),
        onMixEvents: @escaping @Sendable ([MixEvent]) -> Void = { _ in },
        onEvents: @escaping @Sendable ([MediaEvent]) -> Void
    ) {
        self.configuration = configuration
        self.onMixEvents = onMixEvents
        self.onEvents = onEvents
        let writer = RecordingWriter(room: room, onMixEvents: onMixEvents, onEvents: onEvents)
        self.writer = writer
        let count = max(1, min(configuration.threads ?? min(SystemCores.count, 4), 64))
        threads = (0..<count).map { MediaThread(number: $0, configuration: configuration, writer: writer) }
        state = Mutex(State(threads: count))
    }

    /// Starts the threads.
    ///
    /// - Throws: `MediaFailure` where the system grants no timer or thread; the engine is then shut down.
    package func start() throws {
        let mayStart = state.withLock { state in
            guard state.phase == .idle else { return false }
            state.phase = .running
            return true
        }
        guard mayStart else { throw MediaFailure("the media engine was started before") }
        do {
            try writer.start()
            for thread in threads {
                try thread.start(
                    onMixEvents: onMixEvents, onEvents: onEvents,
                    onEnded: { [weak self] session in self?.sessionEnded(session) })
            }
        } catch {
            shutDown()
            throw error
        }
    }

    /// Closes every session (their `closed` events come first), ends the threads and waits for them. Not to be called
    /// from `onEvents`.
    package func shutDown() {
        let wasRunning = state.withLock { state in
            defer { state.phase = .shutDown }
            return state.phase == .running
        }
        guard wasRunning else { return }
        for thread in threads { thread.stop() }
        writer.stop()
    }

    // MARK: Commands

    /// Binds the session's socket: → `opened` or `openFailed`.
    ///
    /// - Parameter localAddress: a literal IPv4 or IPv6 address of this host.
    package func open(_ id: MediaSessionID, _ opening: MediaOpening, at localAddress: String) {
        let isPosted = state.withLock { state in
            guard state.phase == .running, state.owners[id] == nil else { return false }
            let least = state.sessionsByThread.indices.min {
                state.sessionsByThread[$0] < state.sessionsByThread[$1]
            }
            guard let least else { return false }
            state.owners[id] = least
            state.sessionsByThread[least] += 1
            return threads[least].post(.open(id, opening, at: localAddress))
        }
        guard !isPosted else { return }
        onEvents([
            .openFailed(id, reason: "the session is open already, or the engine is not running", takenPort: nil)
        ])
    }

    /// RTP runs from here on: a packet each 20 ms, silence until something plays. Called again it re-routes, as a
    /// re-INVITE asks; numbers, playback and recording go on.
    ///
    /// - Parameter deadLineSeconds: → `peerSilent` after so long without RTP or RTCP, counted from here at the earliest,
    ///   and only while media flows both ways; nil for never.
    package func connect(_ id: MediaSessionID, _ route: MediaRoute, deadLineSeconds: Double? = nil) {
        post(.connect(id, route, deadLineSeconds: deadLineSeconds), to: id)
    }

    /// Plays a clip, after those that are playing or waiting: → `played`.
    ///
    /// - Parameter loop: how often; 0 for ever.
    package func play(_ id: MediaSessionID, _ playback: PlaybackID, _ clip: AudioClip, loop: Int = 1) {
        post(.play(id, playback, clip, loop: loop), to: id)
    }

    /// Ends a playback, or takes it out of the queue, within one tick of 20 ms: → `played(… .stopped)`.
    package func stopPlaying(_ id: MediaSessionID, _ playback: PlaybackID) {
        post(.stopPlaying(id, playback), to: id)
    }

    /// Sends digits, after those that are being sent: as RFC 4733 events where agreed, otherwise as tones. Audio that
    /// plays stands still meanwhile. → `digitsSent`.
    package func sendDigits(_ id: MediaSessionID, _ digits: DiallingID, _ steps: [DigitStep]) {
        post(.sendDigits(id, digits, steps), to: id)
    }

    /// Ends a sequence of digits with the one that is being sent, or takes it out of the queue: → `digitsSent`.
    package func stopDigits(_ id: MediaSessionID, _ digits: DiallingID) {
        post(.stopDigits(id, digits), to: id)
    }

    /// Starts a recording, beside those that run: → `recordingEnded` when its file is complete.
    package func record(_ id: MediaSessionID, _ target: RecordingTarget) {
        post(.record(id, target), to: id)
    }

    /// Ends the recording that goes to that path, before the session's own end does.
    package func stopRecording(_ id: MediaSessionID, path: String) {
        post(.stopRecording(id, path: path), to: id)
    }

    /// Tells when the peer speaks: → `voiceStarted`, `voiceEnded`; nil to stop.
    package func observeSpeech(_ id: MediaSessionID, _ observation: SpeechObservation?) {
        post(.observeSpeech(id, observation), to: id)
    }

    /// Tells who answered, from what is heard from here on: → `answererFound`; nil to stop.
    package func observeAnswerer(_ id: MediaSessionID, _ configuration: AnswerDetectionConfiguration?) {
        post(.observeAnswerer(id, configuration), to: id)
    }

    /// Listens for tones in the audio, for peers without RFC 4733: → `digitReceived`.
    package func detectDigitsInBand(_ id: MediaSessionID, _ isOn: Bool) {
        post(.detectDigitsInBand(id, isOn), to: id)
    }

    /// Sends an RTCP BYE and closes the session's sockets: → `closed`.
    package func close(_ id: MediaSessionID) {
        post(.close(id), to: id)
    }

    /// A snapshot; counters only grow.
    package var figures: MediaFigures {
        var total = MediaFigures()
        for thread in threads { thread.figures.add(to: &total) }
        return total
    }

    /// Under the lock, so that it comes before a move of the session or after it, and not between.
    func post(_ command: MediaCommand, to id: MediaSessionID) {
        state.withLock { state in
            guard let thread = state.owners[id] else { return }
            threads[thread].post(command)
        }
    }

    private func sessionEnded(_ id: MediaSessionID) {
        state.withLock { state in
            guard let thread = state.owners.removeValue(forKey: id) else { return }
            state.sessionsByThread[thread] -= 1
        }
    }
}
