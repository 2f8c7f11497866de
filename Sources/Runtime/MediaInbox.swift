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
        var warnings: [MediaHandle: [CallControl.PlaybackID: String]] = [:]
        /// Clips that play now: at their end it is known whether anything could be heard of them.
        var clips: [MediaHandle: [CallControl.PlaybackID: AudioClip]] = [:]
    }

    private let state = Mutex(State())
    private let takenPorts = TakenPorts()

    package init() {}

    /// Who takes the inputs; set once, before the first session is opened.
    package func deliver(to receiver: @escaping @Sendable ([Input]) -> Void) {
        state.withLock { $0.deliver = receiver }
    }

    package func take(_ events: [MediaEvent]) {
        post(events.compactMap(input(for:)))
    }

    func post(_ inputs: [Input]) {
        guard !inputs.isEmpty else { return }
        state.withLock(\.deliver)?(inputs)
    }

    func expectWarning(_ media: MediaHandle, _ playback: CallControl.PlaybackID, _ warning: String) {
        state.withLock { $0.warnings[media, default: [:]][playback] = warning }
    }

    func expectEnd(of clip: AudioClip, _ media: MediaHandle, _ playback: CallControl.PlaybackID) {
        state.withLock { $0.clips[media, default: [:]][playback] = clip }
    }

    private func input(for event: MediaEvent) -> Input? {
        let media = MediaHandle(rawValue: event.session.rawValue)
        return switch event {
        case .opened: .mediaOpened(media)
        case .openFailed(_, let reason, let port): openFailed(media, reason, port)
        case .played(_, let id, let end):
            .playbackEnded(
                media, PlaybackID(rawValue: id.rawValue),
                result(of: end, media, PlaybackID(rawValue: id.rawValue)))
        case .digitReceived(_, let digit, let milliseconds):
            .digitReceived(media, digit, milliseconds: milliseconds)
        case .digitsSent(_, let digits): .digitsSent(media, DiallingID(rawValue: digits.rawValue))
        case .digitPressed(_, let digit): .keyPressed(media, digit)
        case .voiceStarted: .voiceStarted(media)
        case .voiceEnded: .voiceEnded(media)
        case .answererFound(_, let finding): .answererFound(media, finding)
        case .recordingEnded(_, let path, let milliseconds, let failure):
            RecordingFiles.recording(at: path).map {
                .recordingEnded(media, $0, milliseconds: milliseconds, failure: failure)
            }
        case .peerMoved(_, let from, let to): .peerMoved(media, from: from, to: to)
        case .peerElsewhere(_, let source, let described):
            .peerElsewhere(media, source: source, described: described)
        case .peerSilent(_, let silence): .peerSilent(media, silence)
        case .closed(_, let report): closed(media, report)
        }
    }

    /// Nil where it is told later, once it is known who holds the port.
    private func openFailed(_ media: MediaHandle, _ reason: String, _ takenPort: UInt16?) -> Input? {
        guard let takenPort else { return .mediaOpenFailed(media, explanation: reason, isPortTaken: false) }
        Task { [self] in
            let holder = await takenPorts.words(for: takenPort)
            post([.mediaOpenFailed(media, explanation: "\(reason) (\(holder))", isPortTaken: true)])
        }
        return nil
    }

    private func closed(_ media: MediaHandle, _ report: MediaReport) -> Input {
        state.withLock { state in
            state.warnings[media] = nil
            state.clips[media] = nil
        }
        return .mediaClosed(media, figures: report.journalMetadata)
    }

    private func result(
        of end: PlaybackEnd, _ media: MediaHandle, _ playback: CallControl.PlaybackID
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
