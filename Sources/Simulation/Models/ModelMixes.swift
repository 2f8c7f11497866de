import CallControl
import SIP
import Telephony

/// The mixes of the media engine as far as the core can tell: music that is fetched, recordings, their ends. Who is in one is
/// ``MixCheck``'s. Lives as long as a life.
struct ModelMixes {
    enum Step {
        /// - Parameter failure: it ended of itself.
        case recordingEnded(RecordingID, failure: String?)
        case musicFailed(ConferenceID)
    }

    private struct Span {
        let mix: MixID
        let began: Instant
    }

    private var recordings: [RecordingID: Span] = [:]
    /// Conferences that have music, for those who wait.
    private(set) var music: Set<ConferenceID> = []

    var isRecording: Bool { !recordings.isEmpty }

    mutating func record(_ recording: RecordingID, in mix: MixID, now: Instant) {
        recordings[recording] = Span(mix: mix, began: now)
    }

    /// When it began; nil where it is over already.
    mutating func endRecording(_ recording: RecordingID) -> Instant? {
        recordings.removeValue(forKey: recording)?.began
    }

    /// What is recorded in a mix that closes.
    func recordings(of mix: MixID) -> [RecordingID] {
        recordings.filter { $0.value.mix == mix }.keys.sorted()
    }

    mutating func prepareMusic(of conference: ConferenceID) { music.insert(conference) }

    mutating func forgetMusic(of conference: ConferenceID) { music.remove(conference) }
}
