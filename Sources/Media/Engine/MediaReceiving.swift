internal import RTP

/// A session's ear: whose packets count, digits out of events, audio back in its time.
struct MediaReceiving {
    enum Outcome {
        case taken
        /// The peer's, perhaps, but of no use: on probation, twice the same.
        case ignored
        case rejected
    }

    private(set) var latch: PeerLatch
    /// Voice activity, where asked for.
    var observation: VoiceActivityDetector?
    /// Tones in the audio, where asked for.
    private(set) var detector: DTMFDetector?
    /// When the peer last gave a sign of life, by the monotonic clock; nil before the first.
    private(set) var lastHeard: Int64?

    private var jitterBuffer: JitterBuffer
    private var events = TelephoneEventReceiver()
    private var digits: [TelephoneEventReceiver.Received] = []
    private var tones: [DTMFDetector.Detected] = []
    /// `digitPressed` has been told of the event, or the tone, that goes on now.
    private var isEventTold = false
    private var isToneTold = false
    private var bytes: UInt64 = 0

    init(latch: PeerLatch, jitterDelayMilliseconds delay: ClosedRange<Int>) {
        self.latch = latch
        let perMillisecond = AudioClip.rate / 1000
        jitterBuffer = JitterBuffer(
            minimumDelay: max(0, min(delay.lowerBound, 1000)) * perMillisecond,
            maximumDelay: max(0, min(delay.upperBound, 1000)) * perMillisecond, step: MediaFrame.samples)
    }

    /// Begins afresh: a tone that goes on now is a new one.
    mutating func detectTones(_ isOn: Bool) {
        detector = isOn ? DTMFDetector() : nil
        isToneTold = false
    }

    /// How long audio lies in the jitter buffer now, in samples.
    var delay: Int { jitterBuffer.delay }

    var wantsAudio: Bool { observation != nil || detector != nil }

    mutating func reroute(to described: SocketAddress, allowedHosts: [SocketAddress.Host], allowsAnyHost: Bool) {
        latch = latch.redescribed(as: described, allowedHosts: allowedHosts, allowsAnyHost: allowsAnyHost)
    }

    /// The peer's losses since the last report.
    mutating func reportLoss() -> (fractionLost: UInt8, cumulativeLost: Int32)? {
        latch.report()
    }

    mutating func heardSomething(_ now: Int64) {
        lastHeard = now
    }

    // MARK: Packets

    mutating func receive(
        _ packet: RTPPacket, _ datagram: Datagram, _ route: MediaRoute, _ id: MediaSessionID,
        _ workspace: MediaWorkspace
    ) -> Outcome {
        switch latch.receive(packet, from: datagram.source) {
        case .foreign:
            return .rejected
        case .onProbation, .duplicate:
            return .ignored
        case .acceptedFromNewSource:
            jitterBuffer.reset()
            events = TelephoneEventReceiver()
            isEventTold = false
        case .accepted:
            break
        }
        lastHeard = workspace.monotonic
        bytes &+= UInt64(packet.payload.count)
        guard route.receivesMedia else { return .taken }

        let payload = datagram.bytes.span.extracting(packet.payload)
        if packet.payloadType == route.telephoneEventPayload {
            guard let event = TelephoneEvent(payload) else { return .rejected }
            events.receive(
                event, timestamp: packet.timestamp, arrival: clock(workspace.monotonic), into: &digits)
            tell(id, workspace)
            return .taken
        }
        guard let law = G711(payloadType: packet.payloadType) else {
            // Comfort noise (RFC 3389) says only that there is nothing to hear.
            return packet.payloadType == 13 ? .taken : .rejected
        }
        latch.measureJitter(timestamp: packet.timestamp, arrival: clock(datagram.arrivalNanoseconds))
        if law == route.payload {
            jitterBuffer.insert(payload, timestamp: packet.timestamp)
        } else if payload.count <= workspace.transcoded.count {
            for index in 0..<payload.count {
                workspace.transcoded[index] = route.payload.encode(law.decode(payload[index]))
            }
            jitterBuffer.insert(
                workspace.transcoded.span.extracting(0..<payload.count), timestamp: packet.timestamp)
        }
        return .taken
    }

    // MARK: The frame

    /// Moves on by 20 ms; what was heard lies in the workspace afterwards where it is decoded.
    ///
    /// - Returns: how many of its samples did not arrive and are silence.
    mutating func readFrame(
        _ route: MediaRoute, decodes: Bool, _ id: MediaSessionID, _ workspace: MediaWorkspace
    ) -> Int {
        var octets = workspace.octets.mutableSpan
        let absent = jitterBuffer.read(into: &octets, silence: route.payload.silence)
        events.timeOut(now: clock(workspace.monotonic), into: &digits)
        tell(id, workspace)
        guard decodes else { return absent }

        var heard = workspace.heard.mutableSpan
        route.payload.decode(workspace.octets.span, into: &heard)
        let frame = UnsafeBufferPointer(workspace.heard)
        switch observation?.feed(frame) {
        case .started(let decibels):
            workspace.events.append(.voiceStarted(id, decibels: decibels))
        case .ended(let milliseconds, let decibels):
            workspace.events.append(.voiceEnded(id, milliseconds: milliseconds, decibels: decibels))
        case nil:
            break
        }
        detector?.feed(frame, into: &tones)
        for tone in tones {
            if !isToneTold { workspace.events.append(.digitPressed(id, tone.digit)) }
            isToneTold = false
            workspace.events.append(.digitReceived(id, tone.digit, milliseconds: tone.milliseconds))
        }
        if !tones.isEmpty { tones.removeAll(keepingCapacity: true) }
        if let pressed = detector?.pressed, !isToneTold {
            isToneTold = true
            workspace.events.append(.digitPressed(id, pressed))
        }
        return absent
    }

    // MARK: -

    private mutating func tell(_ id: MediaSessionID, _ workspace: MediaWorkspace) {
        for digit in digits {
            if !isEventTold { workspace.events.append(.digitPressed(id, digit.digit)) }
            isEventTold = false
            workspace.events.append(
                .digitReceived(id, digit.digit, milliseconds: digit.duration * 1000 / AudioClip.rate))
        }
        if !digits.isEmpty { digits.removeAll(keepingCapacity: true) }
        if let pressed = events.pressed, !isEventTold {
            isEventTold = true
            workspace.events.append(.digitPressed(id, pressed))
        }
    }

    /// Nanoseconds of any clock in the media clock's units.
    private func clock(_ nanoseconds: Int64) -> RTPTimestamp {
        RTPTimestamp(UInt32(truncatingIfNeeded: nanoseconds / 125_000))
    }

    func complete(_ report: inout MediaReport) {
        report.packetsReceived = latch.earlierReceived &+ (latch.source?.received ?? 0)
        report.packetsLost = latch.earlierLost &+ (latch.source?.lost ?? 0)
        report.duplicates = latch.earlierDuplicates &+ (latch.source?.duplicates ?? 0)
        report.bytesReceived = bytes
        report.late = jitterBuffer.lateDropped
        report.jitterMilliseconds = Double(latch.source?.jitter ?? 0) * 1000 / Double(AudioClip.rate)
    }
}
