import CallControl
import SIP

/// The media engine as far as the core can tell: ports, playbacks, digits, their ends. Lives as long as a life.
struct ModelMedia {
    enum Step {
        case opened
        case openFailed
        case played(PlaybackID, PlaybackResult)
        case digitsSent
        case digitReceived(Character)
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
        var owesDigits = false
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

    mutating func owesDigits(_ handle: MediaHandle, _ owes: Bool) { sessions[handle]?.owesDigits = owes }

    mutating func remove(_ handle: MediaHandle) -> Session? {
        guard let session = sessions.removeValue(forKey: handle) else { return nil }
        if let farCall = session.farCall { handlesByFarCall[farCall] = nil }
        return session
    }
}
