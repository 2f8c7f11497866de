package import Telephony

/// What the engine tells of its mixes.
package enum MixEvent: Equatable, Sendable {
    /// A member that is observed began to talk, or has been quiet for half a second. Who leaves while it talks is told of
    /// as quiet.
    case talk(MixID, MediaSessionID, isTalking: Bool)
    /// A recording's file is complete (or failed, for the reason given).
    case recordingEnded(MixID, path: String, milliseconds: Int, failure: String?)
}
