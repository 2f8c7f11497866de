package import AnswerDetection
import CallControl
package import Media
import SDP
import Synchronization
import Telephony

/// Translates between the core's words for media and the engine's, and turns prompts into clips.
package final class MediaBridge: Sendable {
    private let engine: MediaEngine
    private let prompts: PromptLibrary
    private let localAddress: String
    private let deadLineSeconds: Double?
    private let answerDetection: AnswerDetectionConfiguration
    private let inbox: MediaInbox
    private let recordings: RecordingFiles
    /// Prompts whose clips are being spoken or fetched. The engine knows nothing of them yet, so that whoever stops one
    /// of them, or closes its session, must find it here.
    private let preparing = Mutex<[MediaHandle: [PlaybackID: Task<Void, Never>]]>([:])

    /// - Parameter deadLineSeconds: without RTP or RTCP for so long a line is dead (docs/contract/calls.md#dead-line).
    package init(
        engine: MediaEngine, prompts: PromptLibrary, localAddress: String, deadLineSeconds: Double?,
        answerDetection: AnswerDetectionConfiguration, inbox: MediaInbox, recordings: RecordingFiles
    ) {
        self.engine = engine
        self.prompts = prompts
        self.localAddress = localAddress
        self.deadLineSeconds = deadLineSeconds
        self.answerDetection = answerDetection
        self.inbox = inbox
        self.recordings = recordings
    }

    func carryOut(_ order: MediaOrder, _ media: MediaHandle) {
        switch order {
        case .open(let opening): engine.open(id(media), opening, at: localAddress)
        case .connect(let connection): connect(media, connection)
        case .play(let playback, let prompt, let loop, let account):
            play(media, playback, prompt, loop: loop, of: account)
        case .stopPlayback(let playback): stopPlayback(media, playback)
        case .sendDigits(let dialling, let tones, let milliseconds):
            sendDigits(media, dialling, tones, durationMilliseconds: milliseconds)
        case .stopDigits(let dialling): engine.stopDigits(id(media), dialling)
        case .startRecording(let recording, let content): startRecording(media, recording, content)
        case .stopRecording(let recording): engine.stopRecording(id(media), path: recordings.path(of: recording))
        case .observeSpeech(let isWanted): observeSpeech(media, isWanted)
        case .observeAnswerer(let isWanted):
            engine.observeAnswerer(id(media), isWanted ? answerDetection : nil)
        case .joinMix(let mix, let membership): engine.join(id(media), mix, membership)
        case .changeMembership(let membership): engine.change(id(media), membership)
        case .leaveMix: engine.leave(id(media))
        case .close: close(media)
        }
    }

    private func connect(_ media: MediaHandle, _ connection: MediaConnection) {
        let agreement = connection.agreement
        let route = MediaRoute(
            remoteAddress: agreement.remoteAddress, remotePort: agreement.remotePort,
            rtcpMux: agreement.remoteRTCPPort == nil, remoteRTCPPort: agreement.remoteRTCPPort,
            payload: G711(agreement.codec), payloadType: agreement.payloadType,
            telephoneEventPayload: agreement.telephoneEventPayload,
            offeredEventPayload: connection.offeredEventPayload,
            allowedSources: [connection.sources.signallingHost],
            allowsAnySource: connection.sources.allowsAnySource, followsSource: connection.sources.isFollowed,
            sendsMedia: agreement.direction.sends, receivesMedia: agreement.direction.receives)
        engine.connect(id(media), route, deadLineSeconds: connection.isEarly ? nil : deadLineSeconds)
        // A peer without RFC 4733 presses its keys in the audio.
        engine.detectDigitsInBand(id(media), agreement.telephoneEventPayload == nil)
    }

    /// The clip may have to be spoken or fetched first.
    private func play(
        _ media: MediaHandle, _ playback: PlaybackID, _ prompt: Prompt, loop: Int, of account: AccountID
    ) {
        preparing.withLock { preparing in
            preparing[media, default: [:]][playback] = Task { [self] in
                do {
                    let (clip, warning) = try await prompts.clip(for: prompt, of: account)
                    hand(media, playback) {
                        if let warning { inbox.expectWarning(media, playback, warning) }
                        inbox.expectEnd(of: clip, media, playback)
                        engine.play(id(media), playback, clip, loop: loop)
                    }
                } catch {
                    hand(media, playback) {
                        inbox.post(media, .playbackEnded(playback, .failed("\(error)")))
                    }
                }
            }
        }
    }

    /// Does what a prepared prompt comes to, unless it has been stopped or its session closed. Under the lock, so that a
    /// stop comes before it or after it, and not between.
    private func hand(_ media: MediaHandle, _ playback: PlaybackID, _ body: () -> Void) {
        preparing.withLock { preparing in
            guard preparing[media]?.removeValue(forKey: playback) != nil else { return }
            if preparing[media]?.isEmpty == true { preparing[media] = nil }
            body()
        }
    }

    private func stopPlayback(_ media: MediaHandle, _ playback: PlaybackID) {
        let task = preparing.withLock { preparing in
            let task = preparing[media]?.removeValue(forKey: playback)
            if preparing[media]?.isEmpty == true { preparing[media] = nil }
            return task
        }
        guard let task else { return engine.stopPlaying(id(media), playback) }
        task.cancel()
        inbox.post(media, .playbackEnded(playback, .stopped))
    }

    private func sendDigits(
        _ media: MediaHandle, _ dialling: DiallingID, _ tones: [DigitString.Tone], durationMilliseconds: Int
    ) {
        var steps: [DigitStep] = []
        var clock = 0
        for tone in tones {
            if tone.onsetMilliseconds > clock { steps.append(.wait(milliseconds: tone.onsetMilliseconds - clock)) }
            steps.append(.tone(tone.digit, milliseconds: tone.durationMilliseconds))
            clock = tone.onsetMilliseconds + tone.durationMilliseconds
        }
        if durationMilliseconds > clock { steps.append(.wait(milliseconds: durationMilliseconds - clock)) }
        engine.sendDigits(id(media), dialling, steps)
    }

    private func startRecording(_ media: MediaHandle, _ recording: RecordingID, _ content: RecordingContent) {
        let path = recordings.path(of: recording)
        let target =
            switch content {
            case .call: RecordingTarget(path: path, content: .both)
            case .farEnd(let longest): RecordingTarget(path: path, content: .heard, longestMilliseconds: longest)
            case .stay: RecordingTarget(path: path, content: .membership)
            }
        engine.record(id(media), target)
    }

    private func observeSpeech(_ media: MediaHandle, _ isWanted: Bool) {
        engine.observeSpeech(
            id(media), isWanted ? SpeechObservation(endMilliseconds: UtteranceTiming.quietMilliseconds) : nil)
    }

    private func close(_ media: MediaHandle) {
        let tasks = preparing.withLock { $0.removeValue(forKey: media) } ?? [:]
        for task in tasks.values { task.cancel() }
        engine.close(id(media))
    }

    private func id(_ media: MediaHandle) -> MediaSessionID { MediaSessionID(media) }
}

extension MediaSessionID {
    /// A handle is never used again within a process, so that the epoch has nothing to tell apart.
    init(_ media: MediaHandle) { self.init(rawValue: media.rawValue, epoch: 0) }
}
