import Foundation
package import Logging
import Media
import NIOCore
import NIOPosix
import People
import SDP
package import SIP
import SIPTransport

/// A telephone network of one machine: the people of a ``Neighbourhood`` behind a real SIP socket and real RTP.
///
/// `@unchecked Sendable`: everything mutable is touched on `eventLoop` alone.
package final class SimulatedCarrier: @unchecked Sendable {
    private let configuration: CarrierConfiguration
    private let logger: Logger
    private let group: MultiThreadedEventLoopGroup
    private let eventLoop: any EventLoop
    private var neighbourhood: Neighbourhood?
    private var transport: UDPTransport?
    private var engine: MediaEngine?
    private var timer: Scheduled<Void>?
    private var recordings: [SessionID: String] = [:]

    package init(configuration: CarrierConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        eventLoop = group.next()
    }

    /// Binds, and answers from here on.
    ///
    /// - Returns: where INVITEs are taken.
    /// - Throws: the system's error where the address cannot be bound or the folder cannot be made.
    package func start() async throws -> TransportAddress {
        try FileManager.default.createDirectory(
            atPath: configuration.recordings, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        let transport = try await UDPTransport.bind(configuration.listen, on: eventLoop)
        let engine = MediaEngine(configuration: MediaConfiguration(threads: 1)) { [weak self] events in
            guard let self else { return }
            eventLoop.execute { for event in events { self.take(event) } }
        }
        try engine.start()
        let address = transport.localAddress
        let neighbourhood = Neighbourhood(
            configuration: NeighbourhoodConfiguration(
                userAgent: UserAgentConfiguration(
                    localAddress: address, contactUser: "carrier", userAgentName: "Belay simulated carrier",
                    tracesMessages: false),
                mediaAddress: address.address.description, rtpPorts: configuration.rtpPorts),
            directory: configuration.directory, random: RandomSource(seed: configuration.seed))
        try await eventLoop.submit { [self] in
            self.transport = transport
            self.engine = engine
            self.neighbourhood = neighbourhood
        }.get()
        try await transport.receive { [self] bytes, source in
            step { neighbourhood, now, effects in
                neighbourhood.receive(bytes, from: source, now: now, into: &effects)
            }
        }
        return address
    }

    package func stop() async {
        let transport = try? await eventLoop.submit { [self] in
            timer?.cancel()
            engine?.shutDown()
            neighbourhood = nil
            return self.transport
        }.get()
        try? await transport?.close()
        try? await group.shutdownGracefully()
    }

    // MARK: The loop

    private func step(_ body: (inout Neighbourhood, Instant, inout [NeighbourhoodEffect]) -> Void) {
        eventLoop.assertInEventLoop()
        guard var neighbourhood else { return }
        var effects: [NeighbourhoodEffect] = []
        let now = Instant(nanoseconds: Int64(clamping: NIODeadline.now().uptimeNanoseconds))
        body(&neighbourhood, now, &effects)
        let deadline = neighbourhood.nextDeadline
        self.neighbourhood = neighbourhood
        for effect in effects { perform(effect) }
        transport?.flush()
        timer?.cancel()
        timer = deadline.map { deadline in
            eventLoop.scheduleTask(deadline: .uptimeNanoseconds(UInt64(clamping: deadline.nanoseconds))) { [self] in
                step { neighbourhood, now, effects in neighbourhood.fireTimers(now: now, into: &effects) }
            }
        }
    }

    private func perform(_ effect: NeighbourhoodEffect) {
        switch effect {
        case .send(let bytes, let destination):
            transport?.send(bytes, to: destination) { [self] address in
                step { neighbourhood, now, effects in
                    neighbourhood.sendFailed(to: address, now: now, into: &effects)
                }
            }
        case .openMedia(let session, let port): open(session, port)
        case .connectMedia(let session, let agreement): connect(session, agreement)
        case .closeMedia(let session): engine?.close(media(session))
        case .press(let session, let digits):
            let steps = digits.flatMap {
                [DigitStep.tone($0, milliseconds: 100), .wait(milliseconds: 150)]
            }
            engine?.sendDigits(media(session), DigitsID(1), steps)
        // The people of this version listen and do not speak.
        case .say: break
        case .called(let session, let number, let callID):
            recordings[session] = "\(configuration.recordings)/\(Self.fileName(callID)).wav"
            logger.info("carrier: \(number) rings")
        case .answered(let session, let number):
            logger.info("carrier: \(number) picked up; recording \(recordings[session] ?? "-")")
        case .left(_, let number, let digitsHeard):
            logger.info(
                "carrier: \(number) is off the line\(digitsHeard.isEmpty ? "" : ", heard the digits \(digitsHeard)")")
        }
    }

    // MARK: Media

    private func open(_ session: SessionID, _ port: UInt16) {
        engine?.open(
            media(session),
            MediaOpening(
                localAddress: configuration.listen.address.description, port: port,
                ssrc: UInt32(truncatingIfNeeded: session.rawValue &* 2_654_435_761), firstSequence: port,
                firstTimestamp: UInt32(port)))
    }

    private func connect(_ session: SessionID, _ agreement: AudioAgreement) {
        let id = media(session)
        engine?.connect(
            id,
            MediaRoute(
                remoteAddress: agreement.remoteAddress, remotePort: agreement.remotePort,
                rtcpMux: agreement.remoteRTCPPort == nil, remoteRTCPPort: agreement.remoteRTCPPort,
                payload: agreement.codec == .pcmu ? .pcmu : .pcma,
                telephoneEventPayload: agreement.telephoneEventPayload, allowedSources: [agreement.remoteAddress],
                sendsMedia: agreement.direction.sends, receivesMedia: agreement.direction.receives))
        if let path = recordings.removeValue(forKey: session) {
            engine?.record(id, RecordingTarget(path: path))
            engine?.observeSpeech(id, SpeechObservation())
        }
    }

    private func take(_ event: MediaEvent) {
        let session = SessionID(rawValue: event.session.rawValue)
        step { neighbourhood, now, effects in
            switch event {
            case .opened: neighbourhood.mediaOpened(session, now: now, into: &effects)
            case .openFailed(_, let reason):
                logger.warning("carrier: no RTP port: \(reason)")
                neighbourhood.mediaOpenFailed(session, now: now, into: &effects)
            case .voiceStarted: neighbourhood.voiceStarted(session, now: now, into: &effects)
            case .voiceEnded: neighbourhood.voiceEnded(session, now: now, into: &effects)
            case .digitReceived(_, let digit, _):
                neighbourhood.digitHeard(session, digit, now: now, into: &effects)
            case .closed:
                recordings[session] = nil
                neighbourhood.mediaClosed(session)
            case .played, .digitPressed, .digitsSent, .peerMoved, .peerSilent: break
            case .recordingEnded(_, let path, let milliseconds, let failure):
                if let failure {
                    logger.warning("carrier: the recording \(path) failed: \(failure)")
                } else {
                    logger.info("carrier: \(milliseconds) ms recorded in \(path)")
                }
            }
        }
    }

    private func media(_ session: SessionID) -> MediaSessionID { MediaSessionID(rawValue: session.rawValue, epoch: 0) }

    /// A Call-ID as a file's name: what could lead elsewhere is replaced.
    private static func fileName(_ callID: String) -> String {
        String(callID.prefix(200).map { $0.isASCII && ($0.isLetter || $0.isNumber || ".-@".contains($0)) ? $0 : "_" })
    }
}
