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
}
