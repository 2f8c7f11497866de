package import JSON
package import Telephony

/// What the media of a call tells, in the order in which it happened.
package enum MediaFact: Hashable, Sendable {
    case opened
    /// - Parameter isPortTaken: another program holds the port; otherwise the system refused for a reason of its own.
    case openFailed(explanation: String, isPortTaken: Bool)
    case playbackEnded(PlaybackID, PlaybackResult)
    case digitsSent(DiallingID)
    /// The far end pressed a key.
    case keyPressed(Character)
    /// It has let it go, after so long.
    case digitReceived(Character, milliseconds: Int)
    case voiceStarted
    case voiceEnded
    /// In a mix: it has begun to talk, or is quiet again.
    case talking(Bool)
    /// Listening for who answered has found something.
    case answererFound(AnswerFinding)
    case recordingEnded(RecordingID, milliseconds: Int, failure: String?)
    case peerMoved(from: String, to: String)
    /// Its media comes from elsewhere than its description says, and ours goes where that says.
    case peerElsewhere(source: String, described: String)
    case peerSilent(PeerSilence)
    case closed(figures: [String: JSONValue])
}

/// Names the media session of one call; never used again within a process.
package struct MediaHandle: Hashable, Sendable, Comparable {
    package var rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
