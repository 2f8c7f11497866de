import API
import CallControl
import Carrier
import Foundation
import Logging
import Media
import NIOCore
import NIOPosix
import NameResolution
import People
import Runtime
import SIP
import SIPTransport
import ServiceLifecycle
import Storage
import StorageSQLite
import Telephony
import UnixSignals
import Webhooks

/// Puts the rooms together and runs them until a signal comes.
enum Server {
    /// What is left to be written at the end takes at most so long.
    private static let closingSeconds = 20.0

    /// - Parameters:
    ///   - read: reads the configuration, now and again at each SIGHUP.
    ///   - makesNewDatabase: also where an earlier server's database is missing.
    static func run(
        presets: Presets, makesNewDatabase: Bool,
        read: @escaping @Sendable () throws -> (SettingSource, ServerConfiguration)
    ) async throws {
        // A peer that closes its end must not end the process.
        signal(SIGPIPE, SIG_IGN)
        let (source, configuration) = try read()
        let log = ServerLog(level: configuration.logLevel, format: configuration.logFormat)
        let logger = log.logger("belay")
        let descriptors = Descriptors(limit: Descriptors.raiseLimit(), wants: configuration.descriptorWants)
        if !descriptors.isEnough { logger.warning("\(descriptors.words). \(descriptors.remedy)") }

        try makeFolder(configuration.dataFolder)
        let earlier = EarlierServer(folder: configuration.dataFolder)
        let storage = try earlier.open(makesNewDatabase: makesNewDatabase)
        let storageWatch = StorageWatch(logger: logger)
        storageWatch.observe(storage)
        let directory = try await DirectoryCache.load(from: storage)
        try earlier.check(
            directory, accountRows: try await storage.accountRows(), makesNewDatabase: makesNewDatabase)
        earlier.tell(directory, logger)
        let firstStart = FirstStart(folder: configuration.dataFolder, presets: earlier.presets(presets, directory))
        let made = try await firstStart.prepare(directory)
        let operatorToken = try OperatorToken.prepare(
            folder: configuration.dataFolder, environment: ProcessInfo.processInfo.environment)

        let callGroup = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        // The REST API and the webhooks.
        let webGroup = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        name(callGroup, "call-loop")
        name(webGroup, "web")

        let reserve = DiskReserve(minimumBytes: configuration.minimumFreeBytes) {
            DiskWatch.freeBytes(at: configuration.dataFolder)
        }
        let carrier = try await startCarrier(configuration, reserve, logger)
        let home = configuration.homeCountries ?? firstStart.homeCountries
        let lookup = try AresLookup(servers: configuration.nameServers)
        let trunk = try await trunk(configuration, home, carrier: carrier?.address, lookup)
        let sources = try await TrunkSources.atStart(configuration, trunk, lookup)
        let transport = try await bind(configuration.sip, on: callGroup.next())
        let advertised = try await advertisedHost(configuration, trunk, callGroup)

        let inbox = MediaInbox()
        let engine = MediaEngine(room: reserve, onMixEvents: { inbox.take($0) }, onEvents: { inbox.take($0) })
        try engine.start()
        let publicURL = PublicURL(
            configured: configuration.publicURL, host: configuration.http.host, port: configuration.http.port)
        let addressGuard = AddressGuard(allowing: configuration.allowedForWebhooks)
        let resolver = NameResolver(lookup: lookup)
        let trust = try configuration.certificateTrust(environment: ProcessInfo.processInfo.environment)
        let cache = configuration.dataFolder + "/cache"
        for folder in ["audio", "speech", "decoded"] { try makeFolder("\(cache)/\(folder)") }
        try makeFolder(configuration.dataFolder + "/recordings")
        let recordings = RecordingFiles(folder: configuration.dataFolder + "/recordings")
        try await recordings.completeUnfinished(in: storage, now: SystemClock.wall())
        let fetcher = try AudioFetcher(
            .init(
                folder: "\(cache)/audio",
                limits: .audio.within(descriptors.share(of: RequestLimits.audio.total))), group: webGroup,
            addressGuard: addressGuard, resolver: resolver,
            trust: trust, room: reserve, now: { SystemClock.steady() })
        let crashes = SpeechCrashes(logger: log.logger("belay.speech"))
        let synthesizer = await synthesizer(cacheFolder: "\(cache)/speech", reserve, crashes, logger)
        // What is fetched and spoken can be had again.
        reserve.relieve { bytes in
            let left = bytes - fetcher.makeRoom(bytes)
            if left > 0 { synthesizer.makeRoom(left) }
        }
        let prompts = PromptLibrary(
            synthesizer: synthesizer, fetcher: fetcher, decoder: AudioDecoder(room: reserve),
            decodeFolder: "\(cache)/decoded",
            recordings: recordings, storage: storage, publicURL: { publicURL.text })
        let bridge = MediaBridge(
            engine: engine, prompts: prompts, localAddress: configuration.sip.address.description,
            deadLineSeconds: configuration.deadLineSeconds, answerDetection: configuration.answerDetection,
            inbox: inbox,
            recordings: recordings)
        let music = ConferenceMusic(engine: engine, prompts: prompts, inbox: inbox, ownMusic: .waitingMusic)
        let webhooks = WebhookClient(
            group: webGroup, addressGuard: addressGuard, resolver: resolver, trust: trust,
            limits: configuration.scriptLimits.within(descriptors.share(of: configuration.scriptLimits.total)),
            notificationLimits: configuration.notificationLimits.within(
                descriptors.share(of: configuration.notificationLimits.total)))

        let connectionLimits = configuration.connectionLimits.within(descriptors.connections)
        let feed = Feed(limits: FeedLimits().within(connections: connectionLimits.total))
        storage.observeCommits { feed.committed($0) }

        let counters = LoopCounters()
        let exchange = Exchange(
            configuration: exchangeConfiguration(configuration, trunk, advertised, mostPorts: descriptors.room),
            userAgent: userAgentConfiguration(configuration, transport.localAddress, sources.ranges, advertised),
            publicURL: publicURL.text, random: randomSource())
        let loop = CallLoop(
            eventLoop: callGroup.next(), exchange: exchange, storage: storage,
            webhooks: SigningPoster(client: webhooks, directory: directory), media: bridge,
            mixes: MixBridge(engine: engine, music: music, recordings: recordings), music: music, numbers: directory,
            resolver: resolver, feed: feed, counters: counters, logger: logger)
        inbox.deliver { loop.post($0) }
        storageWatch.observe(storage, for: loop)
        directory.observeAccounts { loop.post(.accountChanged($0)) }
        let isDiallingStopped = try await Administration.isDiallingStopped(in: storage)
        try await loop.start(
            transport: transport,
            admission: AdmissionState(
                accounts: directory.accounts, use: try await storage.use(since: SystemClock.wall().startOfDay),
                isStopped: isDiallingStopped),
            restoring: try await storage.unfinishedWork())
        await storage.barrier()
        do {
            for words in try await storage.endUnreadableCalls(now: SystemClock.wall()) { logger.error("\(words)") }
        } catch { logger.error("calls that cannot be read are left as they are: \(error)") }
        let administration = Administration(
            directory: directory, storage: storage, loop: loop, isDiallingStopped: isDiallingStopped)

        let health = ServerHealth(
            loop: loop, counters: counters, storage: storage, engine: engine, webhooks: webhooks,
            crashes: crashes)
        let disk = DiskWatch(
            folder: configuration.dataFolder, reserve: reserve, minimumBytes: configuration.minimumFreeBytes,
            health: health,
            logger: logger, tell: { loop.post($0) })
        disk.look()
        let liveRecordings = LiveRecordings(storage: storage, files: recordings)
        let housekeeping = Housekeeping(
            storage: storage, recordings: liveRecordings, files: recordings, retention: configuration.retention,
            logger: logger)
        let status = LiveStatus(
            configuration: configuration, source: source, loop: loop, health: health, administration: administration,
            sip: "\(transport.localAddress)", carrier: (carrier?.address).map { "\($0)" }, started: SystemClock.wall())
        let calls = LiveCalls(
            loop: loop, storage: storage, overloadLimit: configuration.overloadMilliseconds.map { .milliseconds($0) })
        carrier?.carrier.nameRecordings { await loop.call(withSIPCallID: $0)?.text }
        let announcement = Announcement(
            configuration: configuration, transport: transport, trunk: trunk, peers: sources.ranges,
            carrier: carrier?.address,
            credentials: made, credentialsPath: firstStart.credentialsPath, isDiallingStopped: isDiallingStopped)
        let operatorListener = OperatorListener(configuration)
        let api = APIServer(
            services: APIServices(
                calls: calls, feed: feed, queues: LiveQueues(loop: loop),
                conferences: LiveConferences(loop: loop, storage: storage), recordings: liveRecordings,
                directory: directory,
                health: health,
                administration: administration, status: status,
                carrier: carrier.map { carrier in
                    DialIn(
                        carrier: carrier.carrier, server: transport.localAddress, calls: calls,
                        now: { SystemClock.wall() })
                },
                now: { SystemClock.wall() }),
            configuration: APIConfiguration(
                host: configuration.http.host, port: configuration.http.port,
                compatibility: configuration.compatibility, publicURL: configuration.publicURL,
                refusesCarrierNumbers: configuration.trunk != nil, offeredNumbers: configuration.offeredNumbers,
                operatorTokenHash: operatorToken.hash,
                connections: connectionLimits,
                administration: configuration.administrationPlace, metrics: configuration.metricsPlace,
                isMetricsOpen: configuration.isMetricsOpen, wrongKeysPerMinute: configuration.wrongKeysPerMinute,
                isTrustedProxy: configuration.isTrustedProxy),
            eventLoopGroup: webGroup, logger: logger,
            bound: operatorListener.bound { port in
                publicURL.bound(host: configuration.http.host, port: port)
                loop.post(.reachable(at: publicURL.text))
                status.bound(port: port)
                try? firstStart.writeAddress(
                    configuration.http.localURL(port: port), administration: operatorListener.address)
                health.setReady(true)
                announcement.print(httpPort: port)
            })

        // Services stop in reverse order: calls are drained while the API still answers.
        var services: [any Service] = [
            BackgroundTask { try await disk.run() },
            BackgroundTask { try await housekeeping.run() },
            Reload(
                source: source, read: read, loop: loop, housekeeping: housekeeping, disk: disk, status: status,
                log: log),
        ]
        if let seconds = configuration.trunkLookupSeconds, !sources.hosts.isEmpty {
            let watch = TrunkWatch(
                sources: sources,
                destination: configuration.trunk.map { .init(host: $0.host, address: trunk.address) },
                pause: .seconds(seconds), lookup: lookup, tell: { loop.post($0) }, logger: logger)
            services.append(BackgroundTask { try await watch.run() })
        }
        services += Listener.all(api, configuration, on: LoopExecutor(webGroup.next()))
        services.append(FeedHeart(feed: feed))
        services.append(
            CallDrain(loop: loop, health: health, patienceSeconds: configuration.drainSeconds, logger: logger))
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services.map { ServiceGroupConfiguration.ServiceConfiguration(service: $0) },
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()

        operatorListener.remove()
        await carrier?.carrier.stop()
        await webhooks.close()
        await fetcher.close()
        engine.shutDown()
        try? await transport.close()
        // A disk that does not answer is not waited for: what it has not taken is lost, as in a crash.
        let impatience = DispatchWorkItem {
            logger.error("the disk does not answer: the server ends without it")
            _exit(1)
        }
        DispatchQueue.global().asyncAfter(deadline: .now() + closingSeconds, execute: impatience)
        await storage.close()
        impatience.cancel()
        try await callGroup.shutdownGracefully()
        try await webGroup.shutdownGracefully()
    }

    // MARK: Parts

    private static func name(_ group: MultiThreadedEventLoopGroup, _ name: String) {
        for loop in group.makeIterator() { loop.execute { ThreadName.set(name) } }
    }

    private static func makeFolder(_ path: String) throws {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            let reason = FileFailure.words(error)
            throw ConfigurationError(
                description: "the data folder \(path) cannot be made (\(reason)); choose another with --data")
        }
    }

    /// What speaks, tried first: what does not keep it in here is said.
    private static func synthesizer(
        cacheFolder: String, _ reserve: DiskReserve, _ crashes: SpeechCrashes, _ logger: Logger
    ) async -> SpeechSynthesizer {
        let trial = await SpeechTrial.run()
        for remark in trial.remarks { logger.warning("speech: \(remark)") }
        var configuration = SpeechSynthesizer.Configuration(cacheFolder: cacheFolder)
        configuration.confinement = trial.layers
        return SpeechSynthesizer(configuration: configuration, room: reserve) { crashes.take($0) }
    }

    private static func bind(_ address: TransportAddress, on eventLoop: any EventLoop) async throws -> UDPTransport {
        do { return try await UDPTransport.bind(address, on: eventLoop) } catch {
            throw ConfigurationError(
                description: "SIP cannot listen on \(address): "
                    + BindFailure.words(error, port: Int(address.port), .udp, option: "--sip"))
        }
    }

    private static func startCarrier(
        _ configuration: ServerConfiguration, _ room: DiskReserve, _ logger: Logger
    ) async throws -> (carrier: SimulatedCarrier, address: TransportAddress)? {
        guard configuration.trunk == nil else { return nil }
        let carrier = SimulatedCarrier(
            configuration: CarrierConfiguration(
                listen: TransportAddress(address: .loopback, port: 0),
                recordings: configuration.dataFolder + "/carrier",
                speechCache: configuration.dataFolder + "/cache/carrier",
                seed: configuration.carrierSeed,
                timers: TransactionTimers(t1: .milliseconds(configuration.timerT1Milliseconds)),
                directory: try CarrierTable(own: PeopleFile.people(at: configuration.peopleFile))),
            room: room, logger: logger)
        return (carrier, try await carrier.start())
    }

    private static func trunk(
        _ configuration: ServerConfiguration, _ home: HomeCountries, carrier: TransportAddress?,
        _ lookup: any NameLookup
    ) async throws -> ExchangeConfiguration.Trunk {
        if let target = configuration.trunk {
            guard let address = await lookup.address(of: target, from: configuration.sip) else {
                throw ConfigurationError(description: "the trunk's host \(target.host) cannot be resolved")
            }
            return ExchangeConfiguration.Trunk(
                address: address, host: target.host, port: target.uri.port,
                isBehindNAT: configuration.isTrunkBehindNAT, followsMedia: configuration.followsMedia,
                reportsKeys: configuration.trunkDigits == .info,
                addressHosts: configuration.addressHosts, homeCountries: home, numberForms: configuration.numberForms,
                callerSource: configuration.callerSource, callsPerSecond: configuration.callsPerSecond,
                callsAtOnce: configuration.callsAtOnce)
        }
        guard let carrier else { throw ConfigurationError(description: "neither a trunk nor a carrier") }
        return ExchangeConfiguration.Trunk(
            address: carrier, host: carrier.address.hostText, port: carrier.port,
            followsMedia: configuration.followsMedia, isSimulated: true,
            addressHosts: configuration.addressHosts, homeCountries: home, callsPerSecond: configuration.callsPerSecond,
            callsAtOnce: configuration.callsAtOnce)
    }

    /// What peers reach this server by: as configured, else where SIP listens, else the address toward the trunk.
    private static func advertisedHost(
        _ configuration: ServerConfiguration, _ trunk: ExchangeConfiguration.Trunk, _ group: any EventLoopGroup
    ) async throws -> IPAddress {
        if let text = configuration.advertised, let address = IPAddress(text) { return address }
        if !configuration.sip.address.bytes.allSatisfy({ $0 == 0 }) { return configuration.sip.address }
        guard let address = try await LocalAddress.facing(trunk.address, on: group) else {
            throw ConfigurationError(
                description: "no address of this machine leads to the trunk \(trunk.address); set --advertise")
        }
        return address
    }

    private static func exchangeConfiguration(
        _ configuration: ServerConfiguration, _ trunk: ExchangeConfiguration.Trunk, _ advertised: IPAddress,
        mostPorts: Int
    ) -> ExchangeConfiguration {
        ExchangeConfiguration(
            trunk: trunk, localHost: advertised.hostText, mediaAddress: advertised.description,
            rtpPorts: configuration.rtpPorts, mostPorts: mostPorts,
            longestCall: .seconds(configuration.longestCallSeconds),
            beepWait: configuration.beepWaitSeconds.map { .seconds($0) },
            recordsParticipants: configuration.recordsParticipants,
            queuedCallLifetime: .seconds(configuration.queuedCallSeconds),
            queueWait: configuration.queueSeconds.map { .seconds($0) }, clockSource: SystemClock.source)
    }

    private static func userAgentConfiguration(
        _ configuration: ServerConfiguration, _ local: TransportAddress, _ peers: [IPAddressRange],
        _ advertised: IPAddress
    ) -> UserAgentConfiguration {
        UserAgentConfiguration(
            node: configuration.node, localAddress: TransportAddress(address: advertised, port: local.port),
            userAgentName: "Belay/\(Belay.version)",
            timers: TransactionTimers(t1: .milliseconds(configuration.timerT1Milliseconds)),
            credentials: configuration.trunkCredentials, allowedPeers: peers)
    }

    private static func randomSource() -> RandomSource {
        var system = SystemRandomNumberGenerator()
        return RandomSource(seed: (0..<RandomSource.seedBytes).map { _ in UInt8.random(in: 0...255, using: &system) })
    }
}
