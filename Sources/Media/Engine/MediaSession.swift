internal import AnswerDetection
internal import RTP
internal import Synchronization
internal import Telephony

/// One call's media: its sockets, and what is done at each tick of 20 ms.
///
///     opened ──connect──▶ connected: receive, speak, report at each tick ──close──▶ closed
///                            ▲ │
///                            └─┘ connect: another route, the same numbers
///
/// It lives on one thread, and may go to another between two ticks. It has a slot of the wheel once it is connected.
/// `MediaReceiving`, `MediaSending` and `MediaReporting` are its three jobs; in a mix it has a place besides.
final class MediaSession: SlotRider {
    /// Datagrams that are read in one tick: a flood costs nobody else's time.
    static let maximumDatagrams = 128
    /// A second socket for RTCP is looked at each tenth of a second: arrivals are stamped by the kernel.
    static let controlTicks = 5

    let id: MediaSessionID
    let port: UInt16
    private let local: SocketAddress
    private let socket: UDPSocket
    private var controlSocket: UDPSocket?

    private var gate = MediaGate()
    /// RTCP has come to its own port from where it is expected.
    private var isControlKnown = false
    var receiving: MediaReceiving?
    private(set) var sending: MediaSending
    private var reporting: MediaReporting
    private var recordings: [SessionRecording] = []
    private var route: MediaRoute?
    private var destination: SocketAddress?

    private let jitterDelay: ClosedRange<Int>
    private var observation: SpeechObservation?
    private var answerDetector: AnswerDetector?
    private var detectsDigits = false

    /// Its place in a mix.
    var member: MixMember?

    private var connectedAt: Int64 = 0
    private(set) var lastTick: Int64?
    private var ticks = 0
    private var watch = PeerWatch()
    /// The peer has been told of as heard from there, while ours goes elsewhere.
    private var toldElsewhere: SocketAddress?
    private var report = MediaReport()

    init(
        _ id: MediaSessionID, _ opening: MediaOpening, at localAddress: String, _ configuration: MediaConfiguration,
        _ workspace: MediaWorkspace
    ) throws(MediaFailure) {
        guard let local = SocketAddress(localAddress, port: opening.port) else {
            throw MediaFailure("\(localAddress) is no IP address")
        }
        self.id = id
        self.local = local
        socket = try UDPSocket(boundTo: local)
        port = socket.port
        // RTCP's port is bound with RTP's, as long as it may be needed (RFC 3550 §11): where another program holds it,
        // that program would be told what this call's peer reports, and this pair of ports is no use.
        if opening.port != 0, port < .max { controlSocket = try UDPSocket(boundTo: local.with(port: port + 1)) }
        sending = MediaSending(
            ssrc: opening.synchronizationSource, sequence: SequenceNumber(opening.firstSequenceNumber),
            timestamp: RTPTimestamp(opening.firstTimestamp))
        reporting = MediaReporting(
            ssrc: opening.synchronizationSource,
            interval: RTCPInterval(meanSeconds: configuration.reportIntervalSeconds),
            random: &workspace.random)
        jitterDelay = configuration.jitterDelayMilliseconds
        super.init()
        workspace.figures.sockets.wrappingAdd(sockets, ordering: .relaxed)
    }

    var isConnected: Bool { route != nil }

    /// Open ones.
    var sockets: Int { controlSocket == nil ? 1 : 2 }

    // MARK: Commands

    func connect(_ route: MediaRoute, deadLineSeconds: Double?, _ workspace: MediaWorkspace) {
        guard let described = SocketAddress(route.remoteAddress, port: route.remotePort), socket.reaches(described)
        else {
            // A name, or an address of the other family. Nothing will ever be heard from there, and a call that nobody
            // can hear must not go on for hours; but where media flows already, it goes on as it was.
            if self.route == nil { workspace.events.append(.peerSilent(id, .unreachable)) }
            return
        }
        let now = workspace.monotonic
        let isMove = receiving?.latch.described != described && described.isSomewhere
        if receiving == nil {
            connectedAt = now
            discardEarlyDatagrams(workspace)
            receiving = MediaReceiving(
                latch: PeerLatch(described: described, route.policy, now: now), law: route.payload,
                jitterDelayMilliseconds: jitterDelay)
        }
        receiving?.describe(as: described, route, now: now)
        receiving?.observation = observation.map(VoiceActivityDetector.init)
        receiving?.detectTones(detectsDigits)
        sending.markNext()
        self.route = route
        destination = described.isSomewhere ? receiving?.latch.destination : nil
        report.codec = route.payload.rawValue
        watch.expect(within: route.isTwoWay ? deadLineSeconds : nil, isAnew: isMove, now: now)
        openControlSocket(route, workspace)
        isControlKnown = false
        // Also where its state stays: the route may name other ports.
        _ = followLatch(isFlooded: false, now)
        setGate(route)
        reporting.schedule(from: now, random: &workspace.random)
    }

    func play(_ playback: PlaybackID, _ clip: AudioClip, loop: Int, _ workspace: MediaWorkspace) {
        guard sending.playbacks.add(playback, clip, loop: loop) else {
            workspace.events.append(.played(id, playback, .failed("too many clips are waiting")))
            return
        }
    }

    func stopPlaying(_ playback: PlaybackID, _ workspace: MediaWorkspace) {
        if sending.playbacks.remove(playback) { workspace.events.append(.played(id, playback, .stopped)) }
    }

    func sendDigits(_ digits: DiallingID, _ steps: [DigitStep], _ workspace: MediaWorkspace) {
        if !sending.digits.add(digits, steps) { workspace.events.append(.digitsSent(id, digits)) }
    }

    func stopDigits(_ digits: DiallingID) {
        sending.digits.stop(digits)
    }

    func record(_ target: RecordingTarget, _ workspace: MediaWorkspace) {
        stopRecording(target.path, workspace)
        recordings.append(SessionRecording(id, target, workspace.writer))
    }

    func stopRecording(_ path: String, _ workspace: MediaWorkspace) {
        guard let index = recordings.firstIndex(where: { $0.path == path }) else { return }
        recordings.remove(at: index).finish(workspace.writer)
    }

    func observeSpeech(_ observation: SpeechObservation?) {
        self.observation = observation
        receiving?.observation = observation.map(VoiceActivityDetector.init)
    }

    func observeAnswerer(_ configuration: AnswerDetectionConfiguration?) {
        answerDetector = configuration.map { AnswerDetector(configuration: $0) }
    }

    func detectDigitsInBand(_ isOn: Bool) {
        detectsDigits = isOn
        receiving?.detectTones(isOn)
    }

    /// RFC 3550 §6.6's goodbye, the ends of what was going on, and the report. The sockets close with the session.
    func close(_ workspace: MediaWorkspace) {
        if sending.packets > 0 { sendControl(workspace, isGoodbye: true) }
        workspace.figures.sockets.wrappingAdd(-sockets, ordering: .relaxed)
        for playback in sending.playbacks.removeAll() { workspace.events.append(.played(id, playback, .stopped)) }
        for digits in sending.digits.removeAll() { workspace.events.append(.digitsSent(id, digits)) }
        receiving?.complete(&report)
        sending.complete(&report)
        reporting.complete(&report)
        guard let last = recordings.popLast() else {
            workspace.events.append(.closed(id, report))
            return
        }
        for recording in recordings { recording.finish(workspace.writer) }
        // The files are complete before the session is called closed; what the tick has collected comes before both.
        last.finish(workspace.writer, last: workspace.takeEvents() + [.closed(id, report)])
    }

    // MARK: The tick

    override func tick(_ tick: Int64, _ workspace: MediaWorkspace) {
        // One that comes from a thread that is ahead of this one has had this tick.
        guard let route, tick > lastTick ?? .min else { return }
        let elapsed = lastTick.map { max(1, Int((tick - $0) / Int64(MediaFrame.milliseconds))) } ?? 1
        lastTick = tick
        ticks += 1
        drain(route, workspace)
        if let member {
            receiving?.skip(elapsed - 1, id, workspace)
            talk(in: member, route, listen(workspace), workspace)
        } else {
            _ = listen(workspace)
        }
        speak(route, skipping: elapsed - 1, at: tick, workspace)
        if reporting.isDue(workspace.monotonic) {
            sendControl(workspace, isGoodbye: false)
            reporting.schedule(from: workspace.monotonic, random: &workspace.random)
        }
        watchDeadLine(workspace)
        if !workspace.digits.isEmpty { passDigits(workspace) }
    }

    private func drain(_ route: MediaRoute, _ workspace: MediaWorkspace) {
        var left = Self.maximumDatagrams
        while left > 0 {
            let count = socket.receive(into: workspace.inbox)
            for index in 0..<count {
                receive(workspace.inbox[index], route, isControlPort: false, workspace)
            }
            left -= count
            guard count == DatagramInbox.batch else { break }
        }
        if followLatch(isFlooded: left <= 0, workspace.monotonic) { setGate(route) }
        guard controlSocket != nil, ticks % Self.controlTicks == 0 else { return }
        let count = controlSocket?.receive(into: workspace.inbox) ?? 0
        for index in 0..<count {
            receive(workspace.inbox[index], route, isControlPort: true, workspace)
        }
    }

    private func followLatch(isFlooded: Bool, _ now: Int64) -> Bool {
        guard let described = receiving?.latch.described else { return false }
        return gate.follow(receiving?.latch.settled(now), described: described, isFlooded: isFlooded, now: now)
    }

    private func setGate(_ route: MediaRoute) {
        socket.admit(only: gate.sources(route))
        controlSocket?.admit(only: gate.controlSources(route, isKnown: isControlKnown))
    }

    /// - Returns: what was heard.
    private func listen(_ workspace: MediaWorkspace) -> HeardFrame {
        let wantsAudio =
            recordings.contains { $0.content != .membership } || answerDetector != nil || receiving?.wantsAudio == true
        let absent = receiving?.readFrame(decodes: wantsAudio, id, workspace) ?? MediaFrame.samples
        let frame = HeardFrame(absent: absent, isDecoded: wantsAudio)
        guard receiving != nil, let answerDetector else { return frame }
        if absent < MediaFrame.samples {
            // Safe, here and below: the workspace's buffers outlive the turn, and whoever is handed one does not keep it.
            unsafe answerDetector.observe(UnsafeBufferPointer(workspace.heard), into: &workspace.findings)
        } else {
            answerDetector.observeGap(into: &workspace.findings)
        }
        for finding in workspace.findings { workspace.events.append(.answererFound(id, finding)) }
        if !workspace.findings.isEmpty { workspace.findings.removeAll(keepingCapacity: true) }
        return frame
    }

    private func speak(_ route: MediaRoute, skipping frames: Int, at tick: Int64, _ workspace: MediaWorkspace) {
        sending.skip(frames)
        let length = sending.prepare(
            route, needsAudio: !recordings.isEmpty, member: route.sendsMedia ? member : nil, at: tick, id, workspace)
        if !recordings.isEmpty {
            // A packet arrives half a frame before the tick that takes it up, on the average.
            let lag = receiving.map { $0.delay + MediaFrame.samples / 2 } ?? 0
            for index in recordings.indices {
                unsafe recordings[index].append(
                    heard: workspace.heard, said: workspace.said, voice: member?.spoken, lag: lag, workspace.writer)
            }
        }
        guard route.sendsMedia, let destination else {
            sending.advance(sent: nil)
            return
        }
        let bytes = unsafe UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(workspace.packet)[..<length])
        let isSent = unsafe socket.send(bytes, to: destination)
        if isSent { workspace.packetsSent &+= 1 } else { workspace.sendFailures &+= 1 }
        if sending.packets == 0 {
            report.firstSentMilliseconds = milliseconds(since: connectedAt, workspace)
        }
        sending.advance(sent: length - RTPPacket.headerLength)
    }

    // MARK: What arrives

    private func receive(
        _ datagram: Datagram, _ route: MediaRoute, isControlPort: Bool, _ workspace: MediaWorkspace
    ) {
        guard !datagram.isTruncated, receiving != nil else {
            reject(workspace)
            return
        }
        let bytes = unsafe datagram.bytes.span
        let isControl = RTPPacket.isRTCP(bytes)
        guard !isControl else {
            // Multiplexed or not, it is the peer's: some share the port without having agreed to it.
            guard receiving?.latch.allowsControl(from: datagram.source) == true,
                let compound = RTCPCompound(bytes)
            else {
                reject(workspace)
                return
            }
            let arrival = NTPTimestamp(unixNanoseconds: workspace.wall(datagram.arrivalNanoseconds))
            reporting.receive(compound, arrival: arrival)
            receiving?.heardSomething(workspace.monotonic)
            if isControlPort { learnControl(datagram.source, route) }
            return
        }
        guard !isControlPort, let packet = RTPPacket(bytes),
            let outcome = receiving?.receive(
                packet, datagram, route, id, workspace)
        else {
            reject(workspace)
            return
        }
        switch outcome {
        case .rejected:
            reject(workspace)
        case .ignored:
            break
        case .taken(let packets):
            workspace.packetsReceived &+= UInt64(packets)
            if report.firstReceivedMilliseconds == nil {
                report.firstReceivedMilliseconds = milliseconds(since: connectedAt, workspace)
            }
            follow(workspace)
        }
    }

    /// Sends to where the peer is, as far as the route wants it; else tells that its media comes from elsewhere.
    private func follow(_ workspace: MediaWorkspace) {
        guard let former = destination, let target = receiving?.latch.destination else { return }
        if target != former {
            guard socket.reaches(target) else { return }
            destination = target
            workspace.events.append(.peerMoved(id, from: former.description, to: target.description))
        } else if receiving?.latch.sendsElsewhere == true, let peer = receiving?.latch.peer, peer != toldElsewhere {
            toldElsewhere = peer
            workspace.events.append(.peerElsewhere(id, source: peer.description, described: target.description))
        }
    }

    private func reject(_ workspace: MediaWorkspace) {
        report.rejected &+= 1
        workspace.rejected &+= 1
    }

    private func watchDeadLine(_ workspace: MediaWorkspace) {
        let heard = receiving?.lastHeard
        guard watch.isOverdue(lastHeard: heard, now: workspace.monotonic) else { return }
        workspace.events.append(.peerSilent(id, heard == nil ? .neverHeard : .fellSilent))
    }

    // MARK: RTCP

    private func openControlSocket(_ route: MediaRoute, _ workspace: MediaWorkspace) {
        guard !route.rtcpMux else {
            // RFC 5761 §5.1.1: everything comes to RTP's port.
            if controlSocket != nil { workspace.figures.sockets.wrappingAdd(-1, ordering: .relaxed) }
            controlSocket = nil
            return
        }
        guard controlSocket == nil, port < .max else { return }
        // Taken by somebody else meanwhile: the call goes on without reports.
        guard let opened = try? UDPSocket(boundTo: local.with(port: port + 1)) else { return }
        controlSocket = consume opened
        workspace.figures.sockets.wrappingAdd(1, ordering: .relaxed)
    }

    /// From then on no other port of the peer's host can fill the queue.
    private func learnControl(_ source: SocketAddress, _ route: MediaRoute) {
        guard !isControlKnown, case .peer(let peer, let described) = gate.state,
            MediaGate.control(of: [peer, described], route).contains(source)
        else { return }
        isControlKnown = true
        setGate(route)
    }

    private func sendControl(_ workspace: MediaWorkspace, isGoodbye: Bool) {
        guard let route, let destination else { return }
        let compound = reporting.compound(
            sending: sending, at: workspace.wall(workspace.monotonic), loss: receiving?.reportLoss(),
            source: receiving?.latch.source, isGoodbye: isGoodbye)
        let bytes = compound.print()
        unsafe bytes.withUnsafeBytes { bytes in
            if route.rtcpMux {
                _ = unsafe socket.send(bytes, to: destination)
            } else {
                // Where the peer is not where it says, its port for RTCP is not either.
                let isDescribed = destination == receiving?.latch.described
                let next = destination.port < .max ? destination.port + 1 : destination.port
                let port = isDescribed ? route.remoteRTCPPort ?? next : next
                _ = unsafe controlSocket?.send(bytes, to: destination.with(port: port))
            }
        }
    }

    // MARK: -

    /// What came before the answer belongs to no stream that is heard.
    private func discardEarlyDatagrams(_ workspace: MediaWorkspace) {
        var left = Self.maximumDatagrams * 4
        while left > 0 {
            let count = socket.receive(into: workspace.inbox)
            left -= count
            guard count == DatagramInbox.batch else { return }
        }
    }

    private func milliseconds(since start: Int64, _ workspace: MediaWorkspace) -> Double {
        Double(workspace.monotonic - start) / 1_000_000
    }
}
