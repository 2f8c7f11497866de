package import CallControl
package import Logging
package import NameResolution
package import SIP

/// Looks up the trunk's names anew, and has calls taken from where they are now, and made to where the trunk is now.
package struct TrunkWatch: Sendable {
    /// Where calls go, and the name that led there.
    package struct Destination: Sendable {
        let host: String
        var address: TransportAddress

        package init(host: String, address: TransportAddress) {
            self.host = host
            self.address = address
        }
    }

    private let sources: TrunkSources
    private let destination: Destination?
    private let pause: Duration
    private let lookup: any NameLookup
    private let tell: @Sendable (Input) -> Void
    private let logger: Logger

    /// - Parameters:
    ///   - sources: as they were found at the start.
    ///   - destination: nil where calls go to an address that was given as such.
    ///   - pause: between two look-ups of everything.
    package init(
        sources: TrunkSources, destination: Destination?, pause: Duration, lookup: any NameLookup,
        tell: @escaping @Sendable (Input) -> Void, logger: Logger
    ) {
        self.sources = sources
        self.destination = destination
        self.pause = pause
        self.lookup = lookup
        self.tell = tell
        self.logger = logger
    }

    /// Until the task is cancelled.
    package func run() async throws {
        var sources = sources, destination = destination
        while !Task.isCancelled {
            // By the monotonic clock.
            try await Task.sleep(for: pause)
            for host in sources.hosts {
                guard let answer = await lookup.addresses(of: host) else { return }
                let isOther = take(answer, of: host, &sources)
                follow(&destination, to: host, sources, isOther)
            }
        }
    }

    /// - Returns: whether the host has other addresses than before.
    private func take(
        _ answer: Result<[IPAddress], NameFailure>, of host: String, _ sources: inout TrunkSources
    ) -> Bool {
        let news = sources.take((try? answer.get()) ?? [], of: host)
        switch news {
        case .changed(let former, let latter):
            let ranges = sources.ranges
            tell(.peersChanged(ranges))
            let gone = former.filter { address in !ranges.contains { $0.contains(address) } }
            let end = gone.isEmpty ? "" : ", no longer from \(Self.list(gone))"
            logger.notice("\(host) has other addresses: the trunk's calls come from \(Self.list(latter))\(end)")
        case .failed(let kept):
            logger.warning(
                "\(host) cannot be looked up (\(Self.words(answer))): the trunk's calls still come from \(Self.list(kept))"
            )
        case .recovered: logger.notice("\(host) can be looked up again, and has the same addresses")
        case nil: break
        }
        guard case .changed = news else { return false }
        return true
    }

    /// After ``take(_:of:_:)``: calls go to another address where the trunk's name has lost the one they went to.
    private func follow(_ destination: inout Destination?, to host: String, _ sources: TrunkSources, _ isOther: Bool) {
        guard let former = destination, former.host == host else { return }
        switch sources.destination(at: host, insteadOf: former.address.address) {
        case .stays: break
        case .moves(let address):
            let latter = TransportAddress(address: address, port: former.address.port)
            destination?.address = latter
            tell(.trunkMoved(to: latter))
            logger.notice("calls go to \(latter) from now on, where \(host) is; before, to \(former.address)")
        case .otherFamilyAlone where isOther:
            logger.warning(
                "\(host) has addresses of the other IP family alone, in which SIP does not listen: calls still go to \(former.address)"
            )
        case .otherFamilyAlone: break
        }
    }

    private static func list(_ addresses: [IPAddress]) -> String {
        addresses.map(\.description).joined(separator: ", ")
    }

    private static func words(_ answer: Result<[IPAddress], NameFailure>) -> String {
        switch answer {
        case .success, .failure(.noSuchName): "there is no such name, or it has no address"
        case .failure(.notResolved(let explanation)): explanation
        case .failure(.overloaded): "too many names are being looked up"
        }
    }
}

extension NameLookup {
    /// The addresses of a name, as SIP has them; nil where the task is cancelled meanwhile.
    package func addresses(of name: String) async -> Result<[IPAddress], NameFailure>? {
        let (answers, continuation) = AsyncStream.makeStream(of: Result<NameAnswer, NameFailure>.self)
        lookUp(name) { answer in
            continuation.yield(answer)
            continuation.finish()
        }
        for await answer in answers { return answer.map { $0.addresses.map(IPAddress.init) } }
        return nil
    }
}
