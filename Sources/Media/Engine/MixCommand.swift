internal import Telephony

/// What a media thread is asked to do with one of its mixes.
enum MixCommand: Sendable {
    case open(MixID)
    case close(MixID)
    case join(MediaSessionID, MixID, MixMembership)
    case change(MediaSessionID, MixMembership)
    case leave(MediaSessionID)
    case hear(MixID, MixProgram)
    case beep(MixID, except: MediaSessionID?)
    case record(MixID, path: String)
    case stopRecording(MixID)

    var session: MediaSessionID? {
        switch self {
        case .join(let id, _, _), .change(let id, _), .leave(let id): id
        case .open, .close, .hear, .beep, .record, .stopRecording: nil
        }
    }
}
