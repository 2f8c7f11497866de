import CallControl
package import Media
import Telephony

/// Translates the core's orders to the media of conferences into the engine's.
package final class MixBridge: Sendable {
    private let engine: MediaEngine
    private let music: ConferenceMusic
    private let recordings: RecordingFiles

    package init(engine: MediaEngine, music: ConferenceMusic, recordings: RecordingFiles) {
        self.engine = engine
        self.music = music
        self.recordings = recordings
    }

    func carryOut(_ order: MixOrder, _ mix: MixID) {
        switch order {
        case .open: engine.openMix(mix)
        case .hear(.music(let conference)): music.play(conference, in: mix)
        case .hear(.talk): music.stop(in: mix, for: .talk)
        case .beep(let except): engine.beep(mix, except: MediaSessionID(except))
        case .startRecording(let recording): engine.recordMix(mix, path: recordings.path(of: recording))
        case .stopRecording: engine.stopRecordingMix(mix)
        case .close:
            music.stop(in: mix)
            engine.closeMix(mix)
        }
    }
}
