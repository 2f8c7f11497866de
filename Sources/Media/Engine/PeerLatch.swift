internal import RTP

/// Decides whose packets are the peer's, and where the peer truly is.
///
///     waiting ──two packets in order, one SSRC, from one allowed address──▶ latched ──▶ (for good)
///
/// A description may name an address that is not where the peer's packets come from: a NAT stands between. The first
/// source that shows itself valid (RFC 3550 A.1) from an allowed host is taken for the peer; our media goes there, and
/// no other address is listened to or followed after that, so that a third party who guesses the port later can neither
/// be heard nor draw the audio away. Signalling alone, by another description, unlatches.
struct PeerLatch {
    enum Verdict: Equatable {
        /// From where the peer cannot be.
        case foreign
        /// Perhaps the peer; not to be used yet.
        case onProbation
        case accepted
        /// Accepted, and from a synchronization source that was not heard before: what is stored of another is void.
        case acceptedFromNewSource
        case duplicate
    }

    /// Sources that are on probation at once. The described address has a place of its own that no other can take.
    static let maximumCandidates = 4

    private struct Candidate {
        var address: SocketAddress
        var source: RTPSource
    }

    /// Where the description says that the peer is.
    let described: SocketAddress
    private let allowedHosts: [SocketAddress.Host]
    private let allowsAnyHost: Bool

    /// Where the peer is; nil while it has not shown itself.
    private(set) var latched: SocketAddress?
    /// The peer's synchronization source.
    private(set) var source: RTPSource?
    /// Of sources before this one.
    private(set) var earlierReceived: UInt64 = 0
    private(set) var earlierLost: UInt64 = 0
    private(set) var earlierDuplicates: UInt64 = 0

    private var describedCandidate: RTPSource?
    private var candidates: [Candidate] = []
    private var nextCandidate = 0
    /// Another SSRC from the latched address, on probation.
    private var successor: RTPSource?

    init(described: SocketAddress, allowedHosts: [SocketAddress.Host], allowsAnyHost: Bool) {
        self.described = described
        self.allowedHosts = [described.host] + allowedHosts
        self.allowsAnyHost = allowsAnyHost
        candidates.reserveCapacity(Self.maximumCandidates)
    }

    /// Goes on under another description: what was counted is kept, the source unless the peer is elsewhere now.
    func redescribed(
        as other: SocketAddress, allowedHosts: [SocketAddress.Host], allowsAnyHost: Bool
    ) -> PeerLatch {
        var next = PeerLatch(described: other, allowedHosts: allowedHosts, allowsAnyHost: allowsAnyHost)
        next.earlierReceived = earlierReceived
        next.earlierLost = earlierLost
        next.earlierDuplicates = earlierDuplicates
        if other == described {
            next.latched = latched
            next.source = source
        } else if let source {
            next.retire(source)
        }
        return next
    }

    /// Where media is to be sent.
    var destination: SocketAddress { latched ?? described }

    /// Whether RTCP may come from a host: its port is another one than RTP's where the two are not multiplexed.
    func allowsControl(from address: SocketAddress) -> Bool {
        if let latched { return address.host == latched.host || address.host == described.host }
        return isAllowed(address.host)
    }

    mutating func receive(_ packet: RTPPacket, from address: SocketAddress) -> Verdict {
        guard let latched else { return audition(packet, from: address) }
        guard address == latched else { return .foreign }
        if source?.ssrc == packet.ssrc {
            return Self.verdict(source?.receive(packet.sequence))
        }
        // The peer began anew under another SSRC, as after a transfer behind it (RFC 3550 §8.2).
        if successor?.ssrc != packet.ssrc {
            successor = RTPSource(ssrc: packet.ssrc, first: packet.sequence)
        }
        guard successor?.receive(packet.sequence) == .becameValid else { return .onProbation }
        if let source { retire(source) }
        source = successor
        successor = nil
        return .acceptedFromNewSource
    }

    /// Feeds the jitter of the peer's source.
    mutating func measureJitter(timestamp: RTPTimestamp, arrival: RTPTimestamp) {
        source?.measureJitter(timestamp: timestamp, arrival: arrival)
    }

    /// RFC 3550 A.3's figures since the last report.
    mutating func report() -> (fractionLost: UInt8, cumulativeLost: Int32)? {
        source?.report()
    }

    // MARK: -

    private mutating func audition(_ packet: RTPPacket, from address: SocketAddress) -> Verdict {
        guard isAllowed(address.host) else { return .foreign }
        if address == described {
            if describedCandidate?.ssrc != packet.ssrc {
                describedCandidate = RTPSource(ssrc: packet.ssrc, first: packet.sequence)
            }
            guard describedCandidate?.receive(packet.sequence) == .becameValid else { return .onProbation }
            latch(to: address, describedCandidate)
            return .acceptedFromNewSource
        }
        let known = candidates.firstIndex { $0.address == address && $0.source.ssrc == packet.ssrc }
        let index =
            known
            ?? place(
                Candidate(address: address, source: RTPSource(ssrc: packet.ssrc, first: packet.sequence)))
        guard candidates[index].source.receive(packet.sequence) == .becameValid else { return .onProbation }
        latch(to: address, candidates[index].source)
        return .acceptedFromNewSource
    }

    private mutating func place(_ candidate: Candidate) -> Int {
        guard candidates.count == Self.maximumCandidates else {
            candidates.append(candidate)
            return candidates.count - 1
        }
        defer { nextCandidate = (nextCandidate + 1) % Self.maximumCandidates }
        candidates[nextCandidate] = candidate
        return nextCandidate
    }

    private mutating func latch(to address: SocketAddress, _ valid: RTPSource?) {
        latched = address
        source = valid
        describedCandidate = nil
        candidates.removeAll(keepingCapacity: true)
    }

    private mutating func retire(_ source: RTPSource) {
        earlierReceived &+= source.received
        earlierLost &+= source.lost
        earlierDuplicates &+= source.duplicates
    }

    private func isAllowed(_ host: SocketAddress.Host) -> Bool {
        allowsAnyHost || allowedHosts.contains(host)
    }

    private static func verdict(_ validation: RTPSource.Validation?) -> Verdict {
        switch validation {
        case .accepted: .accepted
        case .becameValid: .acceptedFromNewSource
        case .duplicate: .duplicate
        case .onProbation, .leapt, nil: .onProbation
        }
    }
}
