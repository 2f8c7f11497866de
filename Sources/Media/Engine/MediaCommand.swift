internal import AnswerDetection
internal import Telephony

/// What a media thread is asked to do, taken at its tick.
enum MediaCommand: Sendable {
    case open(MediaSessionID, MediaOpening, at: String)
    case connect(MediaSessionID, MediaRoute, deadLineSeconds: Double?)
    case play(MediaSessionID, PlaybackID, AudioClip, loop: Int)
    case stopPlaying(MediaSessionID, PlaybackID)
    case sendDigits(MediaSessionID, DiallingID, [DigitStep])
    case stopDigits(MediaSessionID, DiallingID)
    case record(MediaSessionID, RecordingTarget)
    case stopRecording(MediaSessionID, path: String)
    case observeSpeech(MediaSessionID, SpeechObservation?)
    case observeAnswerer(MediaSessionID, AnswerDetectionConfiguration?)
    case detectDigitsInBand(MediaSessionID, Bool)
    case close(MediaSessionID)
    case mix(MixCommand)
    case move(MoveCommand)

    /// Whose turn it has to wait for; nil where it is not about one session, or brings it.
    var session: MediaSessionID? {
        switch self {
        case .open(let id, _, at: _), .connect(let id, _, deadLineSeconds: _), .play(let id, _, _, loop: _),
            .stopPlaying(let id, _), .sendDigits(let id, _, _), .stopDigits(let id, _), .record(let id, _),
            .stopRecording(let id, path: _), .observeSpeech(let id, _), .observeAnswerer(let id, _),
            .detectDigitsInBand(let id, _), .close(let id):
            id
        case .mix(let command): command.session
        case .move(let command): command.session
        }
    }
}
