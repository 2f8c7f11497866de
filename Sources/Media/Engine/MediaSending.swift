internal import RTP
internal import Telephony

/// A session's mouth: digits before audio, audio before the mix, that before silence, all in one space of sequence numbers
/// and timestamps.
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
    /// While it is in a mix: what it sent last.
    private var seam: Seam?
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

    /// It says something of its own call's: a prompt, or keys.
    var isOccupied: Bool { !digits.isEmpty || !playbacks.isEmpty }

    /// Makes the packet of this tick in the workspace: what it has of its own to say, else what there is to hear in the mix
    /// that it is a member of, else silence.
    ///
    /// - Parameter needsAudio: what is said is to lie in the workspace too, as samples.
    /// - Returns: its length.
    mutating func prepare(
        _ route: MediaRoute, needsAudio: Bool, member: MixMember?, at tick: Int64, _ id: MediaSessionID,
        _ workspace: MediaWorkspace
    ) -> Int {
        if member != nil, seam == nil { seam = Seam(from: isOccupied ? .own : .nothing) }
        defer { if member == nil { seam = nil } }
        if let member, !member.digits.isEmpty,
            let length = preparePassed(to: member, route, needsAudio: needsAudio, workspace)
        {
            return length
        }
        let frame = digits.isEmpty ? .free : nextDigitFrame(route, id, workspace)
        switch frame {
        case .event(let event, let start, let isMarked):
            if let payloadType = route.telephoneEventPayload {
                return prepareEvent(
                    event, payloadType, timestamp: start, isMarked: isMarked, needsAudio: needsAudio, workspace)
            }
        case .audio:
            return prepareAudio(.key, route, workspace)
        case .free:
            if !playbacks.isEmpty {
                // Safe, here and below: the workspace outlives its sessions' turns, and one thread alone uses it.
                unsafe playbacks.fill(workspace.said, ended: &ended)
                if !ended.isEmpty {
                    for (playback, end) in ended { workspace.events.append(.played(id, playback, end)) }
                    ended.removeAll(keepingCapacity: true)
                }
                return prepareAudio(.own, route, workspace)
            }
        }
        guard let member else { return prepareSilence(.nothing, route, needsAudio: needsAudio, workspace) }
        return prepareMix(member, route, needsAudio: needsAudio, at: tick, workspace)
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

    /// A key that another member of the mix has pressed; nil where there is none any more.
    private mutating func preparePassed(
        to member: MixMember, _ route: MediaRoute, needsAudio: Bool, _ workspace: MediaWorkspace
    ) -> Int? {
        let frame = unsafe member.digits.next(
            timestamp: timestamp, asEvents: route.telephoneEventPayload != nil, audio: workspace.said,
            sent: &sentDigits)
        // Nobody asked for them to be sent, so that nobody is told.
        sentDigits.removeAll(keepingCapacity: true)
        switch frame {
        case .event(let event, let start, let isMarked):
            return route.telephoneEventPayload.map {
                prepareEvent(event, $0, timestamp: start, isMarked: isMarked, needsAudio: needsAudio, workspace)
            }
        case .audio: return prepareAudio(.key, route, workspace)
        case .free: return nil
        }
    }

    private mutating func prepareMix(
        _ member: MixMember, _ route: MediaRoute, needsAudio: Bool, at tick: Int64, _ workspace: MediaWorkspace
    ) -> Int {
        let source = member.source
        let hearing = member.hear(
            at: tick, in: route.payload, isSeam: seam?.isOpen(to: source) == true, needsAudio: needsAudio, workspace)
        switch hearing {
        case .silence: return prepareSilence(source, route, needsAudio: needsAudio, workspace)
        case .samples: return prepareAudio(source, route, workspace)
        case .octets: return finishAudio(source, route, workspace)
        }
    }

    private mutating func prepareEvent(
        _ event: TelephoneEvent, _ payloadType: UInt8, timestamp start: RTPTimestamp, isMarked: Bool, needsAudio: Bool,
        _ workspace: MediaWorkspace
    ) -> Int {
        isEvent = true
        if needsAudio { unsafe workspace.said.update(repeating: 0) }
        var packet = unsafe workspace.packet.mutableSpan
        event.print(into: &packet, at: RTPPacket.headerLength)
        printHeader(payloadType, timestamp: start, isMarked: isMarked, into: &packet)
        seam?.pass(.key, last: 0)
        return RTPPacket.headerLength + TelephoneEvent.length
    }

    private mutating func prepareAudio(_ source: Seam.Source, _ route: MediaRoute, _ workspace: MediaWorkspace) -> Int {
        if let seam, seam.isOpen(to: source), source != .key {
            var said = unsafe workspace.said.mutableSpan
            seam.close(&said)
        }
        var payload = unsafe workspace.payload.mutableSpan
        unsafe route.payload.encode(workspace.said.span, into: &payload)
        return finishAudio(source, route, workspace)
    }

    private mutating func prepareSilence(
        _ source: Seam.Source, _ route: MediaRoute, needsAudio: Bool, _ workspace: MediaWorkspace
    ) -> Int {
        let isStep = seam?.isStep(to: source) == true
        if needsAudio || isStep { unsafe workspace.said.update(repeating: 0) }
        if isStep { return prepareAudio(source, route, workspace) }
        unsafe workspace.payload.update(repeating: route.payload.silence)
        return finishAudio(source, route, workspace)
    }

    private mutating func finishAudio(_ source: Seam.Source, _ route: MediaRoute, _ workspace: MediaWorkspace) -> Int {
        var packet = unsafe workspace.packet.mutableSpan
        if seam != nil { seam?.pass(source, last: route.payload.decode(packet[packet.count - 1])) }
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
