import JSON
import PerCL
import SDP
import SIP
import Telephony

/// One call, from its acceptance to the moment when it owes nothing to anybody.
///
/// ```
///                  turn comes            commit and port
///   accepted ──────────────────▶ opening ───────────────▶ ringing ──── 2xx ───▶ connected
///      │    commit                  ▲  │                     │                     │
///      └──────────▶ queued ─────────┘  │                     │                     │
///                     │                │                     │                     │
///                     └── canceled ────┴── no answer, refused, canceled, …  ── hung up, …
///                                                   ▼
///                                                 over ── session ended, port closed, outbox empty ──▶ (settled)
/// ```
/// A call that comes in begins as `incoming` instead (`CallMachine+Inbound`).
/// The terminal status is decided once, on the way into `over`, and told at once; what remains to be said to the far
/// end (CANCEL, ACK and BYE, retransmissions) goes on behind it, and the record stays on disk until it is done.
/// SIP itself is `UserAgent`'s affair, the script ``ScriptRun``'s, the order of webhooks ``CallOutbox``'s.
struct CallMachine: Sendable {
    enum Phase: Sendable {
        /// Its row is on the way to disk; nobody has been told of it.
        case accepted
        /// Stored; it waits for its turn.
        case queued
        /// It came in, and has not been answered.
        case incoming(Incoming)
        /// Its turn has come; the INVITE waits for the disk and for the port.
        case opening(Opening)
        /// The INVITE has left.
        case ringing
        /// Answered.
        case connected(Conversation)
        /// Its terminal status stands.
        case over(Settling)
    }

    /// What a call whose turn has come waits for.
    struct Opening: Sendable {
        /// The acceptance is on disk: the client has been told of the call, or is about to be.
        var isAccepted: Bool
        /// The intent to dial is on disk.
        var isCommitted: Bool
        /// The intent to dial is a transaction of its own, behind that of the acceptance.
        var awaitsTurn: Bool
        var isMediaOpen: Bool
        /// It has ended before its acceptance was on disk: nobody may hear of the end before.
        var end: (outcome: CallOutcome, isMediaOpen: Bool)?
    }

    /// What an answered call is doing.
    struct Conversation: Sendable {
        /// sendDigits are being dialled: a script that comes meanwhile is held
        /// (docs/contract/calls.md#digits-and-the-script).
        var isDialling: Bool
        /// A machine is to beep before the script that ifMachineUrl gave may speak.
        var awaitsBeep = false
        var held: Script?
        var run: ScriptRun?
        /// An OutDial that waits to hear whether its callingNumber may be used.
        var pendingDial: OutDial?
        /// Of the peer's answer to an offer of ours. Where it is the first, nothing flows until the address is known.
        var answerLookup: AddressLookup?
        /// Of an offer of the peer.
        var offerLookup: OfferLookup?

        var mayRunScript: Bool { !isDialling && !awaitsBeep }
    }

    /// What a finished call still waits for.
    struct Settling: Sendable {
        var awaitsSession: Bool
        var awaitsMedia: Bool
        /// Its end is not on disk: the disk refused it.
        var awaitsStorage = false
        /// The call was never stored, so that nothing may be written of it.
        var isUnwritten = false
    }

    var call: Call
    let clock: CallClock
    let session: SessionID
    var media: MediaHandle { MediaHandle(rawValue: session.rawValue) }

    let requestID: RequestID
    /// Whose answer is the first script: callConnectUrl, or voiceUrl. Nil for a call that came in to no application.
    let callConnectURL: WebURL?
    let statusCallbackURL: WebURL?
    let sendDigits: DigitString?
    let ringTimeoutSeconds: Int
    let ifMachine: MachineHandling?
    /// Nil: as the server's setting says.
    let machineBeepSeconds: Int?
    /// What its request held that was passed over.
    let remarks: [String]
    let identifiers: InvitationIdentifiers

    var phase: Phase
    var outbox = CallOutbox()
    var invitation: Invitation?
    /// The latest that is worth storing of the SIP session.
    var sessionRecord: SessionRecord?
    var localAudio: LocalAudio?
    var agreement: AudioAgreement?
    /// Of a call that came in; nil: as the trunk has it.
    var mediaSources: MediaSources?
    var port: UInt16?
    /// Ports that could not be bound, and those of them that no other program holds.
    var portsFailed = 0
    var portsRefused = 0
    var eventSequence = 0
    var journalSequence = 0
    var memory = ScriptMemory()
    var redirects = 0
    /// The request whose script runs, for a Redirect that comes first in it (docs/contract/webhooks.md#redirect).
    var lastRequest = ScriptRequest(type: "", extras: [:], privateFields: [])
    /// Where customers reach this server (docs/contract/webhooks.md#recording-urls).
    var publicURL: String
    /// `privacyMode`: sendDigits are masked wherever they can be read later.
    let isPrivate: Bool
    /// Each key that is down, oldest first.
    var keysDown: [KeyDown] = []
    var keyRepetitions = KeyRepetitions()
    /// Digits go out by INFO; from the answer on it is known.
    var reportsKeys = false
    /// Digits that are going out by INFO.
    var keyReports: KeyReports?
    var digitsNoted = 0
    var messagesNoted = 0
    var namesAsked = 0
    var tonesNoted = 0
    var hintsNoted = 0
    /// Once it is given.
    var answerer: Answerer?
    /// StartRecordCall's.
    var callRecording: ActiveRecording?
    /// The latest RecordUtterance's.
    var utterance: ActiveRecording?

    /// What a script was asked for with.
    struct ScriptRequest: Sendable {
        var type: String
        var extras: [String: JSONValue]
        /// Of the extras, those that are masked in the journal.
        var privateFields: Set<String>
    }

    /// Nobody presses more in a call; a far end that sends events as fast as it can would fill the journal.
    static let maximumDigitsNoted = 2000
    /// SIP messages of a call in its journal.
    static let maximumMessagesNoted = 2000
    /// Tones and beeps of a call in its journal.
    static let maximumTonesNoted = 100
    /// What of its scripts is taken although it is not as it should be.
    static let maximumHintsNoted = 50
    /// How long a call that came in may go unanswered: as long as a proxy lets it ring (RFC 3261 §16.6, timer C).
    static let longestRinging = Duration.seconds(180)
    /// The system may refuse a port for a reason of its own; after so many refusals the call is given up. Ports that
    /// other programs hold do not count: they are passed over until a free one is found.
    static let maximumPortsRefused = 8
    /// The range may be another program's from end to end; a call's journal may not grow with it.
    static let maximumPortsNoted = 3
    /// More than this many redirects end the call (docs/contract/percl.md#redirect).
    static let maximumRedirects = 256
    /// After a crash the events' sequence goes on beyond whatever was sent and not recorded.
    static let eventSequenceGap = 1000

    init(
        _ request: CallRequest, direction: CallDirection, callID: CallID, session: SessionID,
        identifiers: InvitationIdentifiers, publicURL: String, clock: CallClock
    ) {
        self.clock = clock
        call = Call(
            callID: callID, accountID: request.accountID, applicationID: request.applicationID,
            parentCallID: request.parentCallID, phoneNumberID: request.phoneNumberID, from: request.from.text,
            to: request.to.text, direction: direction, status: .queued, created: clock.wall)
        self.publicURL = publicURL
        isPrivate = request.isPrivate
        self.session = session
        self.identifiers = identifiers
        requestID = request.requestID
        callConnectURL = request.callConnectURL
        statusCallbackURL = request.statusCallbackURL
        sendDigits = request.sendDigits
        ringTimeoutSeconds = request.ringTimeoutSeconds
        ifMachine = request.ifMachine
        machineBeepSeconds = request.machineBeepSeconds
        remarks = request.remarks
        phase = .accepted
    }

    // MARK: Questions

    /// Since the answer, of a call that goes on.
    func talkSeconds(at now: Moment) -> Int {
        call.connectTime.map { clock.reading(now).secondsRoundedUp(since: $0) } ?? 0
    }

    var isOver: Bool { if case .over = phase { true } else { false } }

    var isConnected: Bool { if case .connected = phase { true } else { false } }

    /// What the exchange asks after each event. Mutating although it changes nothing: so the call is looked at where
    /// it stands in its table, where reading it would copy the whole of it first.
    mutating func look() -> Standing {
        let isDialling =
            switch phase {
            case .opening, .ringing: true
            case .accepted, .queued, .incoming, .connected, .over: false
            }
        return Standing(
            session: session, account: call.accountID, isOnTrunk: isOnTrunk, isDialling: isDialling, isOver: isOver)
    }

    /// See ``look()``.
    struct Standing {
        var session: SessionID
        var account: AccountID
        var isOnTrunk: Bool
        var isDialling: Bool
        var isOver: Bool
    }

    /// What a restart would have to know; nil where it would have nothing to do. Mutating as ``look()`` is.
    mutating func takeRecord() -> CallRecord? { needsRecord ? record : nil }

    /// It waits for its turn, on disk: a start would go on with it.
    var isUndialled: Bool {
        switch phase {
        case .accepted, .queued, .opening: true
        case .incoming, .ringing, .connected, .over: false
        }
    }

    /// It takes one of the trunk's lines: from its turn until the far end knows that it is over.
    var isOnTrunk: Bool {
        guard call.direction != .inbound else { return false }
        return switch phase {
        case .accepted, .queued, .incoming: false
        case .opening, .ringing, .connected: true
        case .over(let settling): settling.awaitsSession
        }
    }

    /// Nothing is under way: it waits for its turn on disk, or is over but for its port.
    var isSettledButForTurn: Bool {
        switch phase {
        case .queued: true
        case .over(let settling): !settling.awaitsSession && outbox.isEmpty
        case .accepted, .incoming, .opening, .ringing, .connected: false
        }
    }

    /// A restart would have something to do for it.
    var needsRecord: Bool {
        if case .over(let settling) = phase { settling.awaitsSession } else { true }
    }

    var outboxDepth: Int { outbox.depth }
}
