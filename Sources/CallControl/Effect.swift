package import PerCL
package import SDP
package import SIP
package import Telephony

/// What the core wants done. The shell carries effects out in order and answers with ``Input``s.
package enum Effect: Hashable, Sendable {
    /// A SIP message onto the wire.
    case send([UInt8], to: TransportAddress)
    /// One transaction. With a token, `committed` or `commitFailed` is owed for it.
    case store([StorageOperation], CommitToken?)
    /// One attempt to post a webhook; `webhookFinished` is owed.
    case deliver(Webhook, attempt: Int)
    /// Nobody waits for that webhook's answer any more: where it still waits for its turn, it need not be sent.
    /// `webhookFinished` is owed all the same.
    case withdrawWebhook(EventID)
    /// The answer to a REST request.
    case reply(ReplyToken, Reply)
    /// Binds the call's RTP port; `mediaOpened` or `mediaOpenFailed` is owed.
    case openMedia(MediaHandle, MediaOpening)
    /// Media flows from here on, or flows elsewhere.
    case connectMedia(MediaHandle, MediaConnection)
    /// `playbackEnded` is owed, also after `stopPlayback`. The account takes turns with others at what makes the sound.
    case play(MediaHandle, PlaybackID, Prompt, loop: Int, AccountID)
    case stopPlayback(MediaHandle, PlaybackID)
    /// `digitsSent` is owed.
    case sendDigits(MediaHandle, DiallingID, [DigitString.Tone], durationMilliseconds: Int)
    /// Ends a sequence with the digit that is being sent; `digitsSent` is owed all the same.
    case stopDigits(MediaHandle, DiallingID)
    /// Begins a file; `recordingEnded` is owed, at the latest before `mediaClosed`.
    case startRecording(MediaHandle, RecordingID, RecordingContent)
    case stopRecording(MediaHandle, RecordingID)
    /// Whether `voiceStarted` and `voiceEnded` are wanted.
    case observeSpeech(MediaHandle, Bool)
    /// Whether `answererFound` is wanted: who answered is told from what is heard from here on.
    case observeAnswerer(MediaHandle, Bool)
    /// Looks up the host that a SIP request of the session waits for; `hopResolved` is owed.
    case resolveHop(SessionID, String)
    /// Whose number that is; `inboundRouted` is owed.
    case routeInbound(SessionID, PhoneNumber)
    /// The addresses of a host that a session description names (RFC 8866 §5.7); `mediaNameResolved` is owed, in
    /// bounded time.
    case resolveMediaName(NameQuestion, String)
    /// Whether the account may call from that number; `callerResolved` is owed.
    case resolveCaller(CallID, AccountID, PhoneNumber)
    /// `mediaClosed` is owed.
    case closeMedia(MediaHandle)
    /// An impossible state ended this call; the operator's log gets the whole of it (ARCHITECTURE.md#faults).
    case fault(CallID?, String)
    /// A call that came in was turned away. `inLog`: the operator's log is to have it; `inAccountLog`: that of the
    /// account whose number was called, if it is anybody's.
    case refused(InboundRefusal, inLog: Bool, inAccountLog: Bool)
    /// Something received was dropped; for the counters.
    case discarded(DiscardReason)
}

/// Names one commit that somebody waits for.
package struct CommitToken: Hashable, Sendable, Comparable {
    package var rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// Names one REST request that waits for its answer. Given by the shell.
package struct ReplyToken: Hashable, Sendable {
    package var rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// What a REST request comes to.
package enum Reply: Hashable, Sendable {
    case made(Call, expectedWaitSeconds: Int)
    case updated
    case parent(ParentCall)
    case refused(CallRefusal)
}

/// Names the media session of one call; never used again within a process.
package struct MediaHandle: Hashable, Sendable, Comparable {
    package var rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// Names one playback within a call.
package struct PlaybackID: Hashable, Sendable {
    package var rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// Who answers for a number that was called.
package enum InboundRoute: Hashable, Sendable {
    /// Nobody's here.
    case unknown
    /// The application is nil where the number has none.
    case owned(OwnedNumber, Application?)
}

/// Names one sequence of digits within a call; 0 is the call's own `sendDigits`.
package struct DiallingID: Hashable, Sendable {
    package static let sendDigits = DiallingID(rawValue: 0)

    package var rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// Names one question for the addresses of a host.
package struct NameQuestion: Hashable, Sendable {
    package var session: SessionID
    /// Within the session; 0 is the offer of a call that came in.
    package var number: Int

    package init(session: SessionID, number: Int) {
        self.session = session
        self.number = number
    }
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
    /// One channel: the far end.
    case farEnd
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

/// What a media session begins with. Drawn in the core, so that a run can be repeated.
package struct MediaOpening: Hashable, Sendable {
    /// Even.
    package var port: UInt16
    package var synchronizationSource: UInt32
    package var firstSequenceNumber: UInt16
    package var firstTimestamp: UInt32

    package init(port: UInt16, synchronizationSource: UInt32, firstSequenceNumber: UInt16, firstTimestamp: UInt32) {
        self.port = port
        self.synchronizationSource = synchronizationSource
        self.firstSequenceNumber = firstSequenceNumber
        self.firstTimestamp = firstTimestamp
    }
}

/// Where a call's media flows, as offer and answer agreed.
package struct MediaConnection: Hashable, Sendable {
    package var agreement: AudioAgreement
    /// The number that our own descriptions name for telephone events.
    package var offeredEventPayload: UInt8?
    package var sources: MediaSources
    /// Before the answer: the far end need not send anything yet.
    package var isEarly: Bool

    package init(
        agreement: AudioAgreement, offeredEventPayload: UInt8? = nil, sources: MediaSources, isEarly: Bool = false
    ) {
        self.agreement = agreement
        self.offeredEventPayload = offeredEventPayload
        self.sources = sources
        self.isEarly = isEarly
    }
}

/// From where a call's media may come, besides the address of the description, and what that means for ours.
package struct MediaSources: Hashable, Sendable {
    /// Where the signalling goes, or comes from: media may come from there too.
    package var signallingHost: String
    package var allowsAnySource: Bool
    /// Ours goes to where the far end's comes from.
    package var isFollowed: Bool

    package init(signallingHost: String, allowsAnySource: Bool, isFollowed: Bool) {
        self.signallingHost = signallingHost
        self.allowsAnySource = allowsAnySource
        self.isFollowed = isFollowed
    }
}
