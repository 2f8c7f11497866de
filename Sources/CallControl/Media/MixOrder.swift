package import Telephony

/// What the media of a conference is to do.
package enum MixOrder: Hashable, Sendable {
    case open
    /// What its members hear from here on.
    case hear(MixContent)
    /// Those who listen hear a beep, but for that one.
    case beep(except: MediaHandle)
    /// What is said in it goes into a file; `recordingEnded` is owed.
    case startRecording(RecordingID)
    case stopRecording(RecordingID)
    case close
}

/// What the members of a mix hear.
package enum MixContent: Hashable, Sendable {
    /// The conference's, each for itself.
    case music(of: ConferenceID)
    /// Each the others.
    case talk
}

/// What the media of a conference tells.
package enum MixFact: Hashable, Sendable {
    case recordingEnded(RecordingID, milliseconds: Int, failure: String?)
    /// What its waitUrl names cannot be heard; those who wait hear the server's own music.
    case musicFailed(ConferenceID, explanation: String)
}
