package import Telephony

/// What the engine tells: facts, in the order in which they happened to a session.
package enum MediaEvent: Equatable, Sendable {
    /// The socket is bound, to the port given.
    case opened(MediaSessionID, port: UInt16)
    /// No session came to be; nothing more will be heard of it. The reason is the system's text; `takenPort` is the
    /// port that another program holds, nil where the reason is another.
    case openFailed(MediaSessionID, reason: String, takenPort: UInt16?)
    /// A playback is over. Each one that was asked for ends in exactly one of these, a session's end included.
    case played(MediaSessionID, PlaybackID, PlaybackEnd)
    /// The peer presses a digit: told at its first packet, or once its tone is sure.
    case digitPressed(MediaSessionID, Character)
    /// The peer pressed a digit and has let it go. `digitPressed` came before. `milliseconds`: how long it was held.
    case digitReceived(MediaSessionID, Character, milliseconds: Int)
    /// A sequence of digits has been sent, its last wait included, or the session's end cut it short.
    case digitsSent(MediaSessionID, DiallingID)
    /// The peer's media comes from elsewhere than its description said, and ours goes there from now on. As
    /// "host:port".
    case peerMoved(MediaSessionID, from: String, to: String)
    /// The peer's media comes from elsewhere than its description says, and ours goes where that says. As "host:port".
    case peerElsewhere(MediaSessionID, source: String, described: String)
    /// Neither RTP nor RTCP for the dead-line time. Once for each `connect`. At once where the first route names an
    /// address that no packet can reach.
    case peerSilent(MediaSessionID, PeerSilence)
    /// The peer began to speak. The level is in dB below full scale (negative).
    case voiceStarted(MediaSessionID, decibels: Double)
    /// The peer has been quiet for a while. `milliseconds`: how long it spoke; the level is that of its speech.
    case voiceEnded(MediaSessionID, milliseconds: Int, decibels: Double)
    /// Something tells of who answered.
    case answererFound(MediaSessionID, AnswerFinding)
    /// A recording's file is complete (or failed, for the reason given).
    case recordingEnded(MediaSessionID, path: String, milliseconds: Int, failure: String?)
    /// The socket is closed. The last event of a session; its recording, too, is complete.
    case closed(MediaSessionID, MediaReport)

    package var session: MediaSessionID {
        switch self {
        case .opened(let id, _), .openFailed(let id, _, _), .played(let id, _, _), .digitPressed(let id, _),
            .digitReceived(let id, _, _),
            .digitsSent(let id, _), .peerMoved(let id, _, _), .peerElsewhere(let id, _, _),
            .peerSilent(let id, _), .voiceStarted(let id, _),
            .voiceEnded(let id, _, _), .answererFound(let id, _), .recordingEnded(let id, _, _, _), .closed(let id, _):
            id
        }
    }
}

/// How a playback ended.
package enum PlaybackEnd: Equatable, Sendable {
    case completed
    /// By `stopPlaying` or the session's end.
    case stopped
    /// The clip could not be read on, or too many were waiting.
    case failed(String)
}
