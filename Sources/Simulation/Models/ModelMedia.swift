import CallControl
import SIP
import Telephony

/// The media engine as far as the core can tell: ports, playbacks, digits, their ends. Lives as long as a life.
struct ModelMedia {
    enum Step {
        case opened
        case openFailed
        case played(PlaybackID, PlaybackResult)
        case digitsSent(DiallingID)
        case digitReceived(Character)
        case voiceStarted
        case voiceEnded
        /// In a mix.
        case talking(Bool)
        case answererFound(AnswerFinding)
        case recordingEnded(RecordingID)
        case peerSilent
        case closed
    }

    struct Session {
        let port: UInt16
        /// When the port is bound; nothing that was asked for happens before.
        let readyAt: Instant
        var isOpen = false
        var farCall: FarCall?
        /// In the order of starting.
        var playbacks: [PlaybackID] = []
        var diallings: [DiallingID] = []
        /// With when each began.
        var recordings: [(id: RecordingID, began: Instant)] = []
        var observesSpeech = false
        var observesAnswerer = false
    }

    private(set) var sessions: [MediaHandle: Session] = [:]
    private var handlesByFarCall: [FarCall: MediaHandle] = [:]

    subscript(handle: MediaHandle) -> Session? { sessions[handle] }

    func handle(of farCall: FarCall) -> MediaHandle? { handlesByFarCall[farCall] }

    mutating func open(_ handle: MediaHandle, port: UInt16, readyAt: Instant) {
        sessions[handle] = Session(port: port, readyAt: readyAt)
    }

    mutating func opened(_ handle: MediaHandle) { sessions[handle]?.isOpen = true }

    mutating func connect(_ handle: MediaHandle, to farCall: FarCall) {
        sessions[handle]?.farCall = farCall
        handlesByFarCall[farCall] = handle
    }

    mutating func play(_ handle: MediaHandle, _ playback: PlaybackID) {
        sessions[handle]?.playbacks.append(playback)
    }

    /// False where it is over already.
    mutating func endPlayback(_ handle: MediaHandle, _ playback: PlaybackID) -> Bool {
        guard let index = sessions[handle]?.playbacks.firstIndex(of: playback) else { return false }
        sessions[handle]?.playbacks.remove(at: index)
        return true
    }

    mutating func dial(_ handle: MediaHandle, _ dialling: DiallingID) { sessions[handle]?.diallings.append(dialling) }

    /// False where it is over already.
    mutating func endDialling(_ handle: MediaHandle, _ dialling: DiallingID) -> Bool {
        guard let index = sessions[handle]?.diallings.firstIndex(of: dialling) else { return false }
        sessions[handle]?.diallings.remove(at: index)
        return true
    }

    mutating func record(_ handle: MediaHandle, _ recording: RecordingID, now: Instant) {
        sessions[handle]?.recordings.append((recording, now))
    }

    /// When it began; nil where it is over already.
    mutating func endRecording(_ handle: MediaHandle, _ recording: RecordingID) -> Instant? {
        guard let index = sessions[handle]?.recordings.firstIndex(where: { $0.id == recording }) else { return nil }
        return sessions[handle]?.recordings.remove(at: index).began
    }

    mutating func observeSpeech(_ handle: MediaHandle, _ isWanted: Bool) {
        sessions[handle]?.observesSpeech = isWanted
    }

    mutating func observeAnswerer(_ handle: MediaHandle, _ isWanted: Bool) {
        sessions[handle]?.observesAnswerer = isWanted
    }

    mutating func remove(_ handle: MediaHandle) -> Session? {
        guard let session = sessions.removeValue(forKey: handle) else { return nil }
        if let farCall = session.farCall { handlesByFarCall[farCall] = nil }
        return session
    }
}
