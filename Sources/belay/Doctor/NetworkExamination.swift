import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NameResolution
import SIP
import SIPTransport
import Synchronization
import Telephony
import Webhooks

/// Does the trunk answer, can peers reach this server, are the webhooks' apps there?
struct NetworkExamination {
    private static let patience = TimeAmount.seconds(3)

    let configuration: ServerConfiguration
    let webhooks: [String]

    func findings() async -> [Finding] {
        var findings: [Finding] = []
        if let trunk = configuration.trunk {
            findings += await self.trunk(trunk)
        } else {
            findings.append(.well("no trunk: calls go to the simulated carrier, and cost nothing"))
        }
        findings += publicAddress()
        findings += await apps()
        return findings
    }

    private func trunk(_ trunk: ServerConfiguration.TrunkTarget) async -> [Finding] {
        let lookup: AresLookup
        do { lookup = try AresLookup(servers: configuration.nameServers) } catch {
            return [.wrong("names cannot be looked up: \(error)", "Look at name-servers.")]
        }
        defer { lookup.close() }
        guard let address = await lookup.address(of: trunk, from: configuration.sip) else {
            return [
                .wrong("the trunk's host \(trunk.host) has no address", "Look at its name, and at this machine's DNS.")
            ]
        }
        var findings: [Finding] = []
        let isAway = address.address != .loopback
        if isAway, configuration.sip.address == .loopback, configuration.advertised == nil {
            findings.append(
                .wrong(
                    "SIP listens on loopback, and the trunk \(address) is elsewhere",
                    "Let SIP listen on an address that the trunk reaches: --sip ADDRESS:5060."))
        }
        if await answersOptions(address, trunk) {
            findings.append(.well("the trunk \(trunk.host) answers OPTIONS at udp:\(address)"))
        } else {
            findings.append(
                .doubtful(
                    "the trunk \(trunk.host) does not answer OPTIONS at udp:\(address) within 3 s",
                    "Some do not answer strangers; if calls fail too, look at the firewall and at the trunk's list of addresses."
                ))
        }
        return findings
    }

    /// Whether anything at all comes back for an OPTIONS (RFC 3261 §11).
    private func answersOptions(_ address: TransportAddress, _ trunk: ServerConfiguration.TrunkTarget) async -> Bool {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        defer { group.shutdownGracefully { _ in } }
        let local = TransportAddress(address: configuration.sip.address, port: 0)
        let eventLoop = group.next()
        guard let transport = try? await UDPTransport.bind(local, on: eventLoop) else { return false }
        let heard = eventLoop.makePromise(of: Bool.self)
        let isOver = Mutex(false)
        let finish: @Sendable (Bool) -> Void = { answered in
            guard
                isOver.withLock({ state in
                    let was = state; state = true; return !was
                })
            else { return }
            heard.succeed(answered)
        }
        try? await transport.receive { bytes, _ in
            if bytes.starts(with: "SIP/2.0 ".utf8) { finish(true) }
        }
        var random = SystemRandomNumberGenerator()
        let tag = Hexadecimal.draw(digits: 16, from: &random)
        let message = """
            OPTIONS \(trunk.uri) SIP/2.0\r
            Via: SIP/2.0/UDP \(transport.localAddress);branch=z9hG4bK\(tag);rport\r
            Max-Forwards: 70\r
            From: <sip:doctor@\(transport.localAddress)>;tag=\(tag)\r
            To: <\(trunk.uri)>\r
            Call-ID: \(tag)@belay\r
            CSeq: 1 OPTIONS\r
            Content-Length: 0\r
            \r

            """
        let bytes = Array(message.utf8)
        eventLoop.execute {
            if transport.send(bytes, to: address) != .sent { finish(false) }
        }
        eventLoop.scheduleTask(in: Self.patience) { finish(false) }
        let answered = (try? await heard.futureResult.get()) ?? false
        try? await transport.close()
        return answered
    }

    private func publicAddress() -> [Finding] {
        guard configuration.trunk != nil, configuration.publicURL == nil else { return [] }
        return [
            .doubtful(
                "recordingUrl in webhooks will begin with http://\(configuration.http.host):\(configuration.http.port)",
                "Set --public-url to what your app reaches the REST API by.")
        ]
    }

    /// Asks as the server's webhooks would: trusting whom they trust.
    private func apps() async -> [Finding] {
        guard !webhooks.isEmpty else { return [] }
        let trust: CertificateTrust
        do {
            trust = try configuration.certificateTrust(environment: ProcessInfo.processInfo.environment)
        } catch {
            return [.wrong("\(error)", "The server does not start like this either.")]
        }
        let client = HTTPClient(
            eventLoopGroupProvider: .singleton,
            configuration: HTTPClient.Configuration(
                tlsConfiguration: trust.tlsConfiguration, redirectConfiguration: .disallow))
        var findings: [Finding] = []
        for url in webhooks { findings.append(await webhook(url, client)) }
        try? await client.shutdown()
        return findings
    }

    private func webhook(_ url: String, _ client: HTTPClient) async -> Finding {
        guard WebURL(url) != nil else {
            return .wrong("\(url) is no webhook's URL", "An absolute http or https URL is needed.")
        }
        var request = HTTPClientRequest(url: url)
        request.method = .HEAD
        do {
            let answer = try await client.execute(request, timeout: Self.patience)
            return .well("\(url) is reached (it answers HEAD with \(answer.status.code))")
        } catch {
            return .wrong(
                "\(url) is not reached: \(ConnectionFailure.words(error))",
                "Is the app running, and does this machine resolve its name?")
        }
    }
}
