package import PerCL
package import Telephony

/// What the media of a call is to do. What is owed for it comes as ``MediaFact``.
package enum MediaOrder: Hashable, Sendable {
    /// Binds the call's RTP port; `opened` or `openFailed` is owed.
    case open(MediaOpening)
    /// Media flows from here on, or flows elsewhere.
    case connect(MediaConnection)
    /// `playbackEnded` is owed, also after `stopPlayback`. The account takes turns with others at what makes the sound.
    case play(PlaybackID, Prompt, loop: Int, AccountID)
    case stopPlayback(PlaybackID)
    /// `digitsSent` is owed.
    case sendDigits(DiallingID, [DigitString.Tone], durationMilliseconds: Int)
    /// Ends a sequence with the digit that is being sent; `digitsSent` is owed all the same.
    case stopDigits(DiallingID)
    /// Begins a file; `recordingEnded` is owed, at the latest before `closed`.
    case startRecording(RecordingID, RecordingContent)
    case stopRecording(RecordingID)
    /// Whether `voiceStarted` and `voiceEnded` are wanted.
    case observeSpeech(Bool)
    /// It hears the others of the mix, and they hear it, as far as its membership lets them.
    case joinMix(MixID, MixMembership)
    case changeMembership(MixMembership)
    case leaveMix
    /// Whether `answererFound` is wanted: who answered is told from what is heard from here on.
    case observeAnswerer(Bool)
    /// `closed` is owed.
    case close
}

/// What a playback plays.
package enum Prompt: Hashable, Sendable {
    case speech(text: String, language: String, isPrivate: Bool)
    case file(AudioFileReference)
    /// A recording of this account: `Play.file` named its recordingUrl, which needs no credentials
    /// (docs/contract/percl.md#play).
    case recording(RecordingID, AccountID)
    /// What tells a caller to speak.
    case beep
}

/// What goes into a recording's file.
package enum RecordingContent: Hashable, Sendable {
    /// Two channels: the far end on the left, what it is played on the right.
    case call
    /// One channel: the far end. The file holds no more than that, however late it is told to end.
    case farEnd(longestMilliseconds: Int)
    /// Two channels: what the others of its mix hear of the far end on the left, what it is played on the right.
    case stay
}

/// How a playback ended.
package enum PlaybackResult: Hashable, Sendable {
    case completed
    /// Played, with something to tell the customer: another voice than the one asked for.
    case completedWithWarning(String)
    case stopped
    /// In words for the customer's log.
    case failed(String)
}
