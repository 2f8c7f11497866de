internal import RTP
internal import Telephony

/// A session's mouth: digits before audio, audio before silence, all in one space of sequence numbers and timestamps.
struct MediaSending {
    var playbacks = PlaybackQueue()
    var digits = DigitSchedule()

    let ssrc: UInt32
    private(set) var timestamp: RTPTimestamp
    /// Of packets and octets that were sent; RTCP's counters wrap where these do not.
    private(set) var packets: UInt64 = 0
    private(set) var bytes: UInt64 = 0

    private var sequence: SequenceNumber
    /// RFC 3551 §4.1: the first packet of audio after a time without any.
    private var beginsTalkspurt = true
    private var isEvent = false
    private var ended: [(PlaybackID, PlaybackEnd)] = []
    private var sentDigits: [DiallingID] = []

    init(ssrc: UInt32, sequence: SequenceNumber, timestamp: RTPTimestamp) {
        self.ssrc = ssrc
        self.sequence = sequence
        self.timestamp = timestamp
    }

    mutating func markNext() {
        beginsTalkspurt = true
    }

    /// Leaves frames out that the thread was too late for.
    mutating func skip(_ frames: Int) {
        guard frames > 0 else { return }
        timestamp = timestamp.advanced(by: frames * MediaFrame.samples)
        beginsTalkspurt = true
    }

    /// Makes the packet of this tick in the workspace.
    ///
    /// - Parameter needsAudio: what is said is to lie in the workspace too, as samples.
    /// - Returns: its length.
    mutating func prepare(
        _ route: MediaRoute, needsAudio: Bool, _ id: MediaSessionID, _ workspace: MediaWorkspace
    ) -> Int {
        let frame = digits.isEmpty ? .free : nextDigitFrame(route, id, workspace)
        switch frame {
        case .event(let event, let start, let isMarked):
            guard let payloadType = route.telephoneEventPayload else { break }
            isEvent = true
            // Safe, here and below: the workspace outlives its sessions' turns, and one thread alone uses it.
            if needsAudio { unsafe workspace.said.update(repeating: 0) }
            var packet = unsafe workspace.packet.mutableSpan
            event.print(into: &packet, at: RTPPacket.headerLength)
            printHeader(payloadType, timestamp: start, isMarked: isMarked, into: &packet)
            return RTPPacket.headerLength + TelephoneEvent.length
        case .audio:
            return prepareAudio(route, workspace)
        case .free:
            if !playbacks.isEmpty {
                unsafe playbacks.fill(workspace.said, ended: &ended)
                if !ended.isEmpty {
                    for (playback, end) in ended { workspace.events.append(.played(id, playback, end)) }
                    ended.removeAll(keepingCapacity: true)
                }
                return prepareAudio(route, workspace)
            }
        }
        return prepareSilence(route, needsAudio: needsAudio, workspace)
    }

    /// Goes on to the next frame.
    ///
    /// - Parameter sent: the payload's octets, nil where the packet was not sent.
    mutating func advance(sent: Int?) {
        if let sent {
            sequence = sequence.next
            packets &+= 1
            bytes &+= UInt64(sent)
            // What follows an event is a talkspurt of its own.
            beginsTalkspurt = isEvent
        } else {
            beginsTalkspurt = true
        }
        isEvent = false
        timestamp = timestamp.advanced(by: MediaFrame.samples)
    }

    func complete(_ report: inout MediaReport) {
        report.packetsSent = packets
        report.bytesSent = bytes
    }

    // MARK: -

    private mutating func nextDigitFrame(
        _ route: MediaRoute, _ id: MediaSessionID, _ workspace: MediaWorkspace
    ) -> DigitSchedule.Frame {
        let frame = unsafe digits.next(
            timestamp: timestamp, asEvents: route.telephoneEventPayload != nil, audio: workspace.said,
            sent: &sentDigits)
        for sequence in sentDigits { workspace.events.append(.digitsSent(id, sequence)) }
        sentDigits.removeAll(keepingCapacity: true)
        return frame
    }

    private func prepareAudio(_ route: MediaRoute, _ workspace: MediaWorkspace) -> Int {
        var payload = unsafe UnsafeMutableBufferPointer(rebasing: workspace.packet[RTPPacket.headerLength...])
            .mutableSpan
        unsafe route.payload.encode(workspace.said.span, into: &payload)
        return finishAudio(route, workspace)
    }

    private func prepareSilence(_ route: MediaRoute, needsAudio: Bool, _ workspace: MediaWorkspace) -> Int {
        if needsAudio { unsafe workspace.said.update(repeating: 0) }
        unsafe UnsafeMutableBufferPointer(rebasing: workspace.packet[RTPPacket.headerLength...])
            .update(repeating: route.payload.silence)
        return finishAudio(route, workspace)
    }

    private func finishAudio(_ route: MediaRoute, _ workspace: MediaWorkspace) -> Int {
        var packet = unsafe workspace.packet.mutableSpan
        printHeader(route.payloadType, timestamp: timestamp, isMarked: beginsTalkspurt, into: &packet)
        return RTPPacket.headerLength + MediaFrame.samples
    }

    private func printHeader(
        _ payloadType: UInt8, timestamp: RTPTimestamp, isMarked: Bool, into packet: inout MutableSpan<UInt8>
    ) {
        RTPPacket(
            isMarked: isMarked, payloadType: payloadType, sequence: sequence, timestamp: timestamp, ssrc: ssrc
        ).printHeader(into: &packet)
    }
}
