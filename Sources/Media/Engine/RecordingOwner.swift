internal import Telephony

/// Whose a recording is: of whom its end is told.
enum RecordingOwner: Equatable, Sendable {
    case session(MediaSessionID)
    case mix(MixID)
}
