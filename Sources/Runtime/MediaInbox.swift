package import CallControl
import JSON
package import Media
import Synchronization
import Telephony

/// Takes the engine's events on its threads and hands them to the call loop as inputs.
package final class MediaInbox: Sendable {
    private struct State {
        var deliver: (@Sendable ([Input]) -> Void)?
        /// Warnings of prompts that play now: told with their end.
        var warnings: [MediaHandle: [PlaybackID: String]] = [:]
        /// Clips that play now: at their end it is known whether anything could be heard of them.
        var clips: [MediaHandle: [PlaybackID: AudioClip]] = [:]
    }

    private let state = Mutex(State())
    private let takenPorts = TakenPorts()

    package init() {}

    /// Who takes the inputs; set once, before the first session is opened.
    package func deliver(to receiver: @escaping @Sendable ([Input]) -> Void) {
        state.withLock { $0.deliver = receiver }
    }

    package func take(_ events: [MediaEvent]) {
        let inputs = events.compactMap { event -> Input? in
            let media = MediaHandle(rawValue: event.session.rawValue)
            return fact(of: event, media).map { .media(media, $0) }
        }
        if !inputs.isEmpty { state.withLock(\.deliver)?(inputs) }
    }

    package func take(_ events: [MixEvent]) {
        let inputs = events.compactMap { event -> Input? in
            switch event {
            case .talk(_, let session, let isTalking):
                .media(MediaHandle(rawValue: session.rawValue), .talking(isTalking))
            case .recordingEnded(_, let path, let milliseconds, let failure):
                RecordingFiles.recording(at: path).map {
                    .mix(.recordingEnded($0, milliseconds: milliseconds, failure: failure))
                }
            }
        }
        if !inputs.isEmpty { state.withLock(\.deliver)?(inputs) }
    }

    func post(_ fact: MixFact) { state.withLock(\.deliver)?([.mix(fact)]) }

    func post(_ media: MediaHandle, _ fact: MediaFact) { state.withLock(\.deliver)?([.media(media, fact)]) }

    func expectWarning(_ media: MediaHandle, _ playback: PlaybackID, _ warning: String) {
        state.withLock { $0.warnings[media, default: [:]][playback] = warning }
    }

    func expectEnd(of clip: AudioClip, _ media: MediaHandle, _ playback: PlaybackID) {
        state.withLock { $0.clips[media, default: [:]][playback] = clip }
    }

    private func fact(of event: MediaEvent, _ media: MediaHandle) -> MediaFact? {
        switch event {
        case .opened: .opened
        case .openFailed(_, let reason, let port): openFailed(media, reason, port)
        case .played(_, let id, let end): .playbackEnded(id, result(of: end, media, id))
        case .digitReceived(_, let digit, let milliseconds): .digitReceived(digit, milliseconds: milliseconds)
        case .digitsSent(_, let digits): .digitsSent(digits)
        case .digitPressed(_, let digit): .keyPressed(digit)
        case .voiceStarted: .voiceStarted
        case .voiceEnded: .voiceEnded
        case .answererFound(_, let finding): .answererFound(finding)
        case .recordingEnded(_, let path, let milliseconds, let failure):
            RecordingFiles.recording(at: path).map {
                .recordingEnded($0, milliseconds: milliseconds, failure: failure)
            }
        case .peerMoved(_, let from, let to): .peerMoved(from: from, to: to)
        case .peerElsewhere(_, let source, let described): .peerElsewhere(source: source, described: described)
        case .peerSilent(_, let silence): .peerSilent(silence)
        case .closed(_, let report): closed(media, report)
        }
    }

    /// Nil where it is told later, once it is known who holds the port.
    private func openFailed(_ media: MediaHandle, _ reason: String, _ takenPort: UInt16?) -> MediaFact? {
        guard let takenPort else { return .openFailed(explanation: reason, isPortTaken: false) }
        Task { [self] in
            let holder = await takenPorts.words(for: takenPort)
            post(media, .openFailed(explanation: "\(reason) (\(holder))", isPortTaken: true))
        }
        return nil
    }

    private func closed(_ media: MediaHandle, _ report: MediaReport) -> MediaFact {
        state.withLock { state in
            state.warnings[media] = nil
            state.clips[media] = nil
        }
        return .closed(figures: report.journalMetadata)
    }

    private func result(
        of end: PlaybackEnd, _ media: MediaHandle, _ playback: PlaybackID
    ) -> PlaybackResult {
        let (told, clip) = state.withLock { state in
            (
                state.warnings[media]?.removeValue(forKey: playback),
                state.clips[media]?.removeValue(forKey: playback)
            )
        }
        let warning = told ?? clip?.remark ?? clip?.silence
        return switch end {
        case .completed: warning.map(PlaybackResult.completedWithWarning) ?? .completed
        case .stopped: .stopped
        case .failed(let explanation): .failed(explanation)
        }
    }
}

extension MediaReport {
    /// For the call's log at its end.
    fileprivate var journalMetadata: [String: JSONValue] {
        var metadata: [String: JSONValue] = [
            "codec": JSONValue(codec),
            "packetsSent": .integer(Int64(clamping: packetsSent)),
            "packetsReceived": .integer(Int64(clamping: packetsReceived)),
            "packetsLost": .integer(Int64(clamping: packetsLost)),
            "packetsDuplicated": .integer(Int64(clamping: duplicates)),
            "packetsLate": .integer(Int64(clamping: late)),
            "packetsRejected": .integer(Int64(clamping: rejected)),
            "jitterMilliseconds": .number(rounded(jitterMilliseconds)),
        ]
        metadata["roundTripMilliseconds"] = roundTripMilliseconds.map { .number(rounded($0)) } ?? .null
        metadata["remotePacketsLost"] = JSONValue(remotePacketsLost)
        metadata["remoteJitterMilliseconds"] = remoteJitterMilliseconds.map { .number(rounded($0)) } ?? .null
        metadata["firstSentMilliseconds"] = firstSentMilliseconds.map { .number(rounded($0)) } ?? .null
        metadata["firstReceivedMilliseconds"] = firstReceivedMilliseconds.map { .number(rounded($0)) } ?? .null
        return metadata
    }

    private func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
}
