internal import RTP

/// A session's ear: whose packets count, digits out of events, audio back in its time.
struct MediaReceiving {
    enum Outcome {
        /// So many packets are the peer's: this one, and those that were held before it.
        case taken(Int)
        /// The peer's, perhaps, but of no use: on probation, twice the same.
        case ignored
        case rejected
    }

    /// Frames that are left out at once: more than the jitter buffer can hold.
    private static let maximumSkipped = 50

    private(set) var latch: PeerLatch
    /// Voice activity, where asked for.
    var observation: VoiceActivityDetector?
    /// Tones in the audio, where asked for.
    private(set) var detector: DTMFDetector?
    /// When the peer last gave a sign of life, by the monotonic clock; nil before the first.
    private(set) var lastHeard: Int64?

    /// Of what lies in the jitter buffer.
    let law: G711
    private var payloadTypes = PayloadTypes()
    private var jitterBuffer: JitterBuffer
    private var events = TelephoneEventReceiver()
    /// Whose events they are: their numbers are an SSRC's own.
    private var eventSource: UInt32?
    private var digits: [TelephoneEventReceiver.Received] = []
    private var tones: [DTMFDetector.Detected] = []
    /// `digitPressed` has been told of the event, or the tone, that goes on now.
    private var isEventTold = false
    private var isToneTold = false
    /// Frames in which an event's tone may still come out of the jitter buffer, from a peer that sends it as audio too.
    private var keyFramesLeft = 0
    private var bytes: UInt64 = 0

    init(latch: PeerLatch, law: G711, jitterDelayMilliseconds delay: ClosedRange<Int>) {
        self.latch = latch
        self.law = law
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

    /// The frame that was read last is, or may be, the tone of a key.
    var isKeyHeard: Bool { keyFramesLeft > 0 || detector?.pressed != nil }

    /// The peer has described itself, at first or anew.
    mutating func describe(as described: SocketAddress, _ route: MediaRoute, now: Int64) {
        latch.describe(as: described, route.policy, now: now)
        payloadTypes.learn(route)
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
        // Safe: the datagram lies in the inbox until the next batch is taken, which is after this.
        let payload = unsafe datagram.bytes.span.extracting(packet.payload)
        let verdict = latch.receive(
            packet, payload, isEvent: payloadTypes[packet.payloadType] == .events, from: datagram.source,
            now: workspace.monotonic)
        switch verdict {
        case .foreign: return .rejected
        case .onProbation, .duplicate: return .ignored
        case .accepted, .acceptedFromNewSource: break
        }
        lastHeard = workspace.monotonic
        bytes &+= UInt64(payload.count)
        guard verdict == .accepted else {
            let held = latch.takeHeld()
            for earlier in held { bytes &+= UInt64(earlier.payload.count) }
            begin(id, workspace)
            guard route.receivesMedia else { return .taken(held.count + 1) }
            takeFirst(packet, payload, after: held, id, workspace)
            return .taken(held.count + 1)
        }
        guard route.receivesMedia else { return .taken(1) }
        switch payloadTypes[packet.payloadType] {
        case .audio(let law):
            latch.measureJitter(timestamp: packet.timestamp, arrival: clock(datagram.arrivalNanoseconds))
            store(packet, payload, in: law, workspace)
        case .events:
            guard take(packet, payload, workspace) else { return .rejected }
            tell(id, workspace)
        case .comfortNoise: break
        // A packet without a payload keeps a way open (RFC 6263 §4.1).
        case .unknown: return payload.isEmpty ? .taken(1) : .rejected
        }
        return .taken(1)
    }

    /// Another source is heard from here on.
    private mutating func begin(_ id: MediaSessionID, _ workspace: MediaWorkspace) {
        jitterBuffer.reset()
        events.changeSource(into: &digits)
        eventSource = nil
        tell(id, workspace)
    }

    /// The first packets of a source. Events count from the first on, in their order; audio is put in from the newest
    /// back, so that what was held is heard as far as it is not late, and makes nothing later that comes after it.
    private mutating func takeFirst(
        _ packet: RTPPacket, _ payload: Span<UInt8>, after held: [HeldPacket], _ id: MediaSessionID,
        _ workspace: MediaWorkspace
    ) {
        for earlier in held where payloadTypes[earlier.packet.payloadType] == .events {
            _ = take(earlier.packet, earlier.payload.span, workspace)
            tell(id, workspace)
        }
        switch payloadTypes[packet.payloadType] {
        case .audio(let law): store(packet, payload, in: law, workspace)
        case .events:
            _ = take(packet, payload, workspace)
            tell(id, workspace)
        case .comfortNoise, .unknown: break
        }
        for earlier in held.reversed() {
            guard case .audio(let law) = payloadTypes[earlier.packet.payloadType],
                earlier.packet.timestamp.distance(to: packet.timestamp) >= 0,
                !jitterBuffer.isPast(earlier.packet.timestamp, count: earlier.payload.count)
            else { continue }
            store(earlier.packet, earlier.payload.span, in: law, workspace)
        }
    }

    private mutating func store(
        _ packet: RTPPacket, _ payload: Span<UInt8>, in sent: G711, _ workspace: MediaWorkspace
    ) {
        if sent == law {
            jitterBuffer.insert(payload, timestamp: packet.timestamp)
        } else if unsafe payload.count <= workspace.transcoded.count {
            for index in 0..<payload.count {
                unsafe workspace.transcoded[index] = law.encode(sent.decode(payload[index]))
            }
            unsafe jitterBuffer.insert(
                workspace.transcoded.span.extracting(0..<payload.count), timestamp: packet.timestamp)
        }
    }

    /// False where the payload is none of an event.
    private mutating func take(_ packet: RTPPacket, _ payload: Span<UInt8>, _ workspace: MediaWorkspace) -> Bool {
        guard let event = TelephoneEvent(payload) else { return false }
        if eventSource != packet.ssrc {
            events.changeSource(into: &digits)
            eventSource = packet.ssrc
        }
        events.receive(
            TelephoneEventReceiver.Packet(
                event, isMarked: packet.isMarked, sequence: packet.sequence, timestamp: packet.timestamp,
                arrival: clock(workspace.monotonic)),
            into: &digits)
        return true
    }

    // MARK: The frame

    /// Moves on by 20 ms; what was heard lies in the workspace afterwards where it is decoded.
    ///
    /// - Returns: how many of its samples did not arrive and are silence.
    mutating func readFrame(decodes: Bool, _ id: MediaSessionID, _ workspace: MediaWorkspace) -> Int {
        // Safe: the workspace outlives its sessions' turns, and one thread alone uses it.
        var octets = unsafe workspace.octets.mutableSpan
        let absent = jitterBuffer.read(into: &octets, silence: law.silence)
        events.timeOut(now: clock(workspace.monotonic), into: &digits)
        tell(id, workspace)
        if events.pressed != nil {
            keyFramesLeft = delay / MediaFrame.samples + 1
        } else if keyFramesLeft > 0 {
            keyFramesLeft -= 1
        }
        guard decodes else { return absent }

        decode(workspace)
        let frame = unsafe UnsafeBufferPointer(workspace.heard)
        switch unsafe observation?.feed(frame) {
        case .started(let decibels):
            workspace.events.append(.voiceStarted(id, decibels: decibels))
        case .ended(let milliseconds, let decibels):
            workspace.events.append(.voiceEnded(id, milliseconds: milliseconds, decibels: decibels))
        case nil:
            break
        }
        unsafe detector?.feed(frame, into: &tones)
        for tone in tones {
            if !isToneTold { workspace.events.append(.digitPressed(id, tone.digit)) }
            isToneTold = false
            workspace.events.append(.digitReceived(id, tone.digit, milliseconds: tone.milliseconds))
            workspace.digits.append(.tone(tone.digit, milliseconds: tone.milliseconds))
        }
        if !tones.isEmpty { tones.removeAll(keepingCapacity: true) }
        if let pressed = detector?.pressed, !isToneTold {
            isToneTold = true
            workspace.events.append(.digitPressed(id, pressed))
        }
        return absent
    }

    /// Leaves frames out that the thread was too late for: what comes after them is heard no later than before. Keys in
    /// them count.
    mutating func skip(_ frames: Int, _ id: MediaSessionID, _ workspace: MediaWorkspace) {
        for _ in 0..<min(frames, Self.maximumSkipped) { _ = readFrame(decodes: wantsAudio, id, workspace) }
    }

    /// The frame that was read last is silence from end to end.
    func isSilence(_ workspace: MediaWorkspace) -> Bool {
        // Safe, here and below: the workspace outlives its sessions' turns; every index is one of the span's own.
        let octets = unsafe workspace.octets.span
        var difference: UInt8 = 0
        for index in octets.indices { difference |= unsafe octets[unchecked: index] ^ law.silence }
        return difference == 0
    }

    /// What was read last, as samples, where `readFrame` was not asked for them.
    func decode(_ workspace: MediaWorkspace) {
        var heard = unsafe workspace.heard.mutableSpan
        unsafe law.decode(workspace.octets.span, into: &heard)
    }

    // MARK: -

    private mutating func tell(_ id: MediaSessionID, _ workspace: MediaWorkspace) {
        for digit in digits {
            if !isEventTold { workspace.events.append(.digitPressed(id, digit.digit)) }
            isEventTold = false
            let milliseconds = digit.duration * 1000 / AudioClip.rate
            workspace.events.append(.digitReceived(id, digit.digit, milliseconds: milliseconds))
            workspace.digits.append(.tone(digit.digit, milliseconds: milliseconds))
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
        report.packetsReceived = latch.received
        report.packetsLost = latch.lost
        report.duplicates = latch.duplicates
        report.bytesReceived = bytes
        report.late = jitterBuffer.lateDropped
        report.jitterMilliseconds = Double(latch.source?.jitter ?? 0) * 1000 / Double(AudioClip.rate)
    }
}
