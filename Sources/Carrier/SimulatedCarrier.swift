import Foundation
package import Logging
import Media
import NIOCore
import NIOPosix
package import People
import SDP
package import SIP
import SIPTransport
import Synchronization
package import Telephony

/// A telephone network of one machine: the people of a ``Network`` behind a real SIP socket and real RTP.
///
/// `@unchecked Sendable`: everything mutable is touched on `eventLoop` alone.
package final class SimulatedCarrier: @unchecked Sendable {
    /// What a call has beside its signalling, from its port to the end of its recording.
    struct Line {
        var recording: CallRecording
        var isPortOpen = false
        /// Nil until everything that may be uttered is at hand.
        var clips: [Utterance: AudioClip]?
        var connectedAt: Instant?
        var outcome: CarrierCallEnd?
        /// What the other side calls the call, once it has told.
        var name: String?
        /// For a call that somebody here makes: its outcome, once its recording is complete.
        var end: EventLoopPromise<CarrierCallEnd>?
    }

    let configuration: CarrierConfiguration
    private let room: any DiskRoom
    let logger: Logger
    let voices: VoiceBox
    private let group: MultiThreadedEventLoopGroup
    let eventLoop: any EventLoop
    private var network: Network?
    private var transport: (any MessageTransport)?
    private(set) var engine: MediaEngine?
    private var timer: Scheduled<Void>?
    private let isStopped = Atomic<Bool>(false)
    var lines: [SessionID: Line] = [:]
    var nextPlayback: UInt64 = 1
    /// What the other side calls the call with that SIP Call-ID.
    let names = Mutex<(@Sendable (String) async -> String?)?>(nil)

    /// - Parameter room: of the disk that recordings and kept speech lie on.
    package init(
        configuration: CarrierConfiguration, room: any DiskRoom = UnboundedDiskRoom(), logger: Logger
    ) {
        self.room = room
        self.configuration = configuration
        self.logger = logger
        voices = VoiceBox(cacheFolder: configuration.speechCache, room: room, logger: logger)
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
        let engine = MediaEngine(configuration: MediaConfiguration(threads: 1), room: room) { [weak self] events in
            guard let self else { return }
            eventLoop.execute { for event in events { self.take(event) } }
        }
        try engine.start()
        let address = transport.localAddress
        // Tags and Call-IDs differ from one run to the next; how people behave does not.
        var system = SystemRandomNumberGenerator()
        let network = Network(
            configuration: NeighbourhoodConfiguration(
                userAgent: UserAgentConfiguration(
                    localAddress: address, contactUser: "carrier", userAgentName: "Belay simulated carrier",
                    timers: configuration.timers, tracesMessages: false),
                mediaAddress: address.address.description, rtpPorts: configuration.rtpPorts,
                personalSeed: configuration.seed),
            directory: configuration.directory,
            random: RandomSource(
                seed: (0..<RandomSource.seedBytes).map { _ in UInt8.random(in: 0...255, using: &system) }))
        try await eventLoop.submit { [self] in
            self.transport = transport
            self.engine = engine
            self.network = network
        }.get()
        try await transport.receive { [self] bytes, source in
            step { network, now, effects in network.receive(bytes, from: source, now: now, into: &effects) }
        }
        return address
    }

    /// For good; a second time changes nothing.
    package func stop() async {
        guard !isStopped.exchange(true, ordering: .relaxed) else { return }
        let transport = try? await eventLoop.submit { [self] in
            timer?.cancel()
            engine?.shutDown()
            network = nil
            for line in lines.values { line.end?.fail(CarrierCallFailure.notRunning) }
            lines = [:]
            return self.transport
        }.get()
        try? await transport?.close()
        try? await group.shutdownGracefully()
    }

    /// Somebody calls: rings at `server`, and once answered does what the conversation says.
    ///
    /// - Parameters:
    ///   - from: whose number the callee sees.
    ///   - patience: how long it may ring, in milliseconds.
    /// - Throws: ``CarrierCallFailure``.
    package func call(
        from: PhoneNumber, to: PhoneNumber, at server: TransportAddress, _ conversation: Conversation,
        patienceMilliseconds patience: Int = 60_000
    ) async throws -> CarrierCall {
        let call = OutwardCall(
            from: from.text, to: to.text, destination: server, conversation: conversation,
            patience: patience...patience)
        // A loop that has ended would never answer.
        guard !isStopped.load(ordering: .relaxed) else { throw CarrierCallFailure.notRunning }
        return try await eventLoop.submit { [self] in
            guard network != nil else { throw CarrierCallFailure.notRunning }
            let promise = eventLoop.makePromise(of: CarrierCallEnd.self)
            var made: (callID: String, recording: String)?
            step { network, now, effects in
                _ = network.call(call, now: now, into: &effects)
                // The session is new: the first to be told of is its own.
                guard case .called(let id, _, let callID)? = effects.first else { return }
                let recording = CallRecording(
                    folder: configuration.recordings, callID: callID, isSecond: false)
                made = (callID, recording.path)
                lines[id] = Line(recording: recording, end: promise)
            }
            guard let made else {
                promise.fail(CarrierCallFailure.noPort)
                throw CarrierCallFailure.noPort
            }
            return CarrierCall(callID: made.callID, recording: made.recording, over: promise.futureResult)
        }.get()
    }

    /// From here on recordings are found by these names of their calls, too.
    ///
    /// - Parameter name: of the call with that SIP Call-ID; nil where it is not known.
    package func nameRecordings(_ name: @escaping @Sendable (String) async -> String?) {
        names.withLock { $0 = name }
    }

    // MARK: The loop

    func step(_ body: (inout Network, Instant, inout [NeighbourhoodEffect]) -> Void) {
        eventLoop.assertInEventLoop()
        guard var network else { return }
        var effects: [NeighbourhoodEffect] = []
        let now = Self.now()
        body(&network, now, &effects)
        let deadline = network.nextDeadline
        self.network = network
        for effect in effects { perform(effect, now) }
        timer?.cancel()
        timer = deadline.map { deadline in
            eventLoop.scheduleTask(deadline: .uptimeNanoseconds(UInt64(clamping: deadline.nanoseconds))) { [self] in
                step { network, now, effects in network.fireTimers(now: now, into: &effects) }
            }
        }
    }

    func isAlive(_ session: SessionID) -> Bool { network?.isAlive(session) ?? false }

    static func now() -> Instant { Instant(nanoseconds: Int64(clamping: NIODeadline.now().uptimeNanoseconds)) }

    private func perform(_ effect: NeighbourhoodEffect, _ now: Instant) {
        switch effect {
        case .send(let bytes, let destination):
            // What was lost is sent again by its transaction.
            _ = transport?.send(bytes, to: destination)
        case .openMedia(let session, let port, let utterances): open(session, port, utterances)
        case .connectMedia(let session, let agreement): connect(session, agreement, now)
        case .utter(let session, let utterance): utter(session, utterance)
        case .press(let session, let digits): press(session, digits)
        case .messageBegan(let session):
            if let start = lines[session]?.connectedAt {
                lines[session]?.recording.messageBegan(at: Self.milliseconds(from: start, to: now))
            }
        case .messageEnded(let session):
            if let start = lines[session]?.connectedAt {
                lines[session]?.recording.messageEnded(at: Self.milliseconds(from: start, to: now))
            }
        case .closeMedia(let session): engine?.close(media(session))
        case .called(let session, let number, let callID):
            guard lines[session] == nil else { return logger.info("carrier: \(number) calls") }
            lines[session] = Line(
                recording: CallRecording(
                    folder: configuration.recordings, callID: callID, isSecond: Network.isSecond(session)))
            logger.info("carrier: \(number) rings")
        case .answered(let session, let number):
            logger.info("carrier: \(number) picked up; recording \(lines[session]?.recording.path ?? "-")")
        case .missed(_, let number, let step):
            logger.warning("carrier: \(number) waited in vain and hangs up; expected was \(step.inWords)")
        case .left(let session, let number, let digits, let parting):
            logger.info("carrier: \(number) is off the line\(digits.isEmpty ? "" : ", heard \(digits.count) digits")")
            lines[session]?.outcome = CarrierCallEnd(parting: parting, digitsHeard: digits)
        }
    }

    private static func milliseconds(from start: Instant, to end: Instant) -> Int {
        Int((end.nanoseconds - start.nanoseconds) / 1_000_000)
    }
}

extension Conversation.Step {
    /// What was to be heard.
    fileprivate var inWords: String {
        switch self {
        case .hearSpeech(_, let limit): "speech within \(limit.upperBound) ms"
        case .hearDigits(let digits, let limit): "the digits \(digits) within \(limit.upperBound) ms"
        case .wait, .utter, .press, .takeMessage, .hangUp: "nothing"
        }
    }
}
