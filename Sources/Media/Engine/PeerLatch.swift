internal import RTP

/// Decides whose packets are the peer's, and where ours go.
///
///                   a description of elsewhere: whoever was heard is `inherited`
///      ┌────────────────────────────────────────────────────────────────────────────────┐
///      ▼                                                                                │
///     nobody ──the described address: two packets in order─────────────────────▶ heard: described
///      │                                                                           ▲
///      └──another allowed address: a stream of packets──▶ heard: auditioned ───────┘  the same two packets
///
/// The newest description rules. The address that it names is taken for the peer as soon as it speaks, whoever was heard
/// before, and from then on nobody else is until the next description. A gateway may send from another address than it
/// listens at, and a NAT may stand between: where the described address does not speak, another of the allowed hosts may,
/// if it sends a stream (RFC 3550 A.1's two packets in order may be strays; `auditionPackets` over `auditionTime` are none).
///
/// While a call moves, what the peer sent before goes on for a round trip: a source that was heard under an earlier
/// description goes on being heard, and gives way to the first that passes the new audition. For `settlingTime` after a
/// description one that wins the audition gives way as well, if it falls silent (a ringback server, whose last packets
/// come after the answer). After that whoever is heard stays, so that a third party who guesses the port later can
/// neither be heard nor draw the audio away; only the described address itself still comes in.
struct PeerLatch {
    enum Verdict: Equatable {
        /// From where the peer cannot be.
        case foreign
        /// Perhaps the peer; held until that is known.
        case onProbation
        case accepted
        /// Accepted, and from a synchronization source that was not heard before: what is stored of another is void.
        /// `takeHeld` gives the packets before this one.
        case acceptedFromNewSource
        case duplicate
    }

    /// Whose packets may be the peer's, beside those of the described address.
    struct Policy: Equatable {
        var hosts: [SocketAddress.Host] = []
        var allowsAnyHost = false
        /// Ours go to where the peer's come from, rather than to where the description says.
        var followsSource = false
    }

    /// By what right somebody is heard.
    private enum Standing {
        /// The description names its address. Nobody else is let in.
        case described
        /// It won the audition. It gives way to the described address; to others while the description is young, if it
        /// falls silent.
        case auditioned
        /// It was heard under an earlier description and goes on. It gives way to anybody who passes the audition.
        case inherited
    }

    private struct Heard {
        let address: SocketAddress
        var standing: Standing
        var source: RTPSource
        /// A leap in its sequence that the next packet may confirm.
        var leap: HeldPacket?
        /// Another SSRC from its address.
        var successor: Audition?
        /// Events may have an SSRC of their own, beside the audio (RFC 4733 §2.6.1 wants them to share one).
        var events: RTPSource?
        var lastHeard: Int64
    }

    /// Sources that are on probation at once, of the described address, and as many of all others: these cannot take the
    /// place of those.
    static let maximumAuditions = 4
    /// Of these, of one address that is not the described one.
    static let maximumOfAddress = 2
    /// What another address than the described one has to send in order, and for how long at least: no stray burst does.
    static let auditionPackets = 5
    static let auditionTime: Int64 = 60_000_000
    /// Longer than the round trip during which the peer's media moves.
    static let settlingTime: Int64 = 2_000_000_000
    /// Without a packet for so long a source has fallen silent.
    static let silence: Int64 = 100_000_000

    /// Where the description says that the peer is.
    private(set) var described: SocketAddress
    private var describedAt: Int64
    private var policy: Policy
    private var heard: Heard?
    private var auditions: [Audition] = []
    private var held: [HeldPacket] = []

    /// Of sources before the present one.
    private(set) var earlierReceived: UInt64 = 0
    private(set) var earlierLost: UInt64 = 0
    private(set) var earlierDuplicates: UInt64 = 0

    /// - Parameter now: here and below by a monotonic clock, in nanoseconds.
    init(described: SocketAddress, _ policy: Policy, now: Int64) {
        self.described = described
        self.policy = policy
        describedAt = now
    }

    /// A newer description. Where it names the same address, or none for now (RFC 3264 §8.4: hold), the peer is where it
    /// was.
    mutating func describe(as other: SocketAddress, _ policy: Policy, now: Int64) {
        self.policy = policy
        guard other != described, other.isSomewhere else { return }
        described = other
        describedAt = now
        auditions.removeAll(keepingCapacity: true)
        let standing: Standing = peer == other ? .described : .inherited
        heard?.standing = standing
    }

    // MARK: Questions

    /// Where the peer's packets come from; nil while none has counted.
    var peer: SocketAddress? { heard?.address }

    /// The peer's synchronization source.
    var source: RTPSource? { heard?.source }

    /// Where media is to be sent.
    var destination: SocketAddress {
        guard policy.followsSource, let heard else { return described }
        return switch heard.standing {
        case .described, .inherited: described
        case .auditioned: heard.address
        }
    }

    /// The peer's packets come from elsewhere than the description says, and ours do not go there.
    var sendsElsewhere: Bool {
        guard let heard, !policy.followsSource else { return false }
        return switch heard.standing {
        case .described, .inherited: false
        case .auditioned: true
        }
    }

    /// Whom else than the described address is listened to from now on, where that is settled; nil while others may yet
    /// pass an audition.
    func settled(_ now: Int64) -> SocketAddress? {
        guard let heard else { return nil }
        return switch heard.standing {
        case .described: heard.address
        case .auditioned, .inherited: isSettled(now) ? heard.address : nil
        }
    }

    /// Whether RTCP may come from a host: its port is another one than RTP's where the two are not multiplexed.
    func allowsControl(from address: SocketAddress) -> Bool {
        if let heard { return address.host == heard.address.host || address.host == described.host }
        return isAllowed(address.host)
    }

    // MARK: Packets

    /// - Parameter isEvent: a telephone event, which may have an SSRC of its own.
    mutating func receive(
        _ packet: RTPPacket, _ payload: Span<UInt8>, isEvent: Bool = false, from address: SocketAddress, now: Int64
    ) -> Verdict {
        settle(now)
        if heard?.address == address { return receive(packet, payload, isEvent: isEvent, now) }
        guard mayAudition(address, now) else { return .foreign }
        return audition(packet, payload, from: address, now)
    }

    /// The packets of the source that has just been accepted, oldest first: those before the packet that was told of.
    mutating func takeHeld() -> [HeldPacket] {
        defer { held = [] }
        return held
    }

    /// Feeds the jitter of the peer's source.
    mutating func measureJitter(timestamp: RTPTimestamp, arrival: RTPTimestamp) {
        heard?.source.measureJitter(timestamp: timestamp, arrival: arrival)
    }

    /// RFC 3550 A.3's figures since the last report.
    mutating func report() -> (fractionLost: UInt8, cumulativeLost: Int32)? {
        heard?.source.report()
    }

    // MARK: Whoever is heard

    private mutating func receive(
        _ packet: RTPPacket, _ payload: Span<UInt8>, isEvent: Bool, _ now: Int64
    ) -> Verdict {
        heard?.lastHeard = now
        guard heard?.source.ssrc == packet.ssrc else {
            return isEvent ? receiveEvent(packet) : receiveFromSuccessor(packet, payload, now)
        }
        switch heard?.source.receive(packet.sequence, timestamp: packet.timestamp) {
        case .accepted:
            heard?.leap = nil
            return .accepted
        case .becameValid:
            held = (heard?.leap).map { [$0] } ?? []
            heard?.leap = nil
            return .acceptedFromNewSource
        case .leapt:
            heard?.leap = HeldPacket(packet, payload)
            return .onProbation
        case .duplicate: return .duplicate
        case .onProbation, nil: return .onProbation
        }
    }

    /// An event beside the audio. It needs no probation, as its address is known, and the audio's source is not touched.
    private mutating func receiveEvent(_ packet: RTPPacket) -> Verdict {
        if heard?.events?.ssrc != packet.ssrc {
            retireEvents()
            heard?.events = RTPSource(ssrc: packet.ssrc, first: packet.sequence, sequential: 1)
        }
        heard?.source.passOver(packet.sequence)
        let validation = heard?.events?.receive(packet.sequence, timestamp: packet.timestamp)
        return validation == .duplicate ? .duplicate : .accepted
    }

    /// The peer began anew under another SSRC, as after a transfer behind it (RFC 3550 §8.2).
    private mutating func receiveFromSuccessor(_ packet: RTPPacket, _ payload: Span<UInt8>, _ now: Int64) -> Verdict {
        guard let address = heard?.address else { return .foreign }
        if heard?.successor?.source.ssrc != packet.ssrc {
            heard?.successor = Audition(
                of: packet, from: address, sequential: RTPSource.minimumSequential, now: now)
        }
        switch heard?.successor?.receive(packet, payload) {
        case .becameValid:
            guard let successor = heard?.successor else { return .onProbation }
            retireSource()
            heard?.source = successor.source
            heard?.successor = nil
            heard?.leap = nil
            held = Array(successor.held.dropLast())
            return .acceptedFromNewSource
        case .duplicate: return .duplicate
        case .onProbation, .accepted, .leapt, nil: return .onProbation
        }
    }

    // MARK: Whoever would be

    private mutating func audition(
        _ packet: RTPPacket, _ payload: Span<UInt8>, from address: SocketAddress, _ now: Int64
    ) -> Verdict {
        let isDescribed = address == described
        let index =
            auditions.firstIndex { $0.address == address && $0.source.ssrc == packet.ssrc }
            ?? beginAudition(of: packet, from: address, isDescribed: isDescribed, now)
        guard auditions[index].receive(packet, payload) != .duplicate else { return .duplicate }
        guard auditions[index].source.isValid,
            isDescribed || (auditions[index].lasted(now) >= Self.auditionTime && givesWay(now))
        else { return .onProbation }
        listen(to: auditions[index], isDescribed ? .described : .auditioned, now)
        return .acceptedFromNewSource
    }

    private mutating func beginAudition(
        of packet: RTPPacket, from address: SocketAddress, isDescribed: Bool, _ now: Int64
    ) -> Int {
        if let superfluous = superfluous(beside: address, isDescribed: isDescribed) {
            auditions.remove(at: superfluous)
        }
        auditions.append(
            Audition(
                of: packet, from: address,
                sequential: isDescribed ? RTPSource.minimumSequential : Self.auditionPackets, now: now))
        return auditions.count - 1
    }

    /// Where there are too many of its kind, the one that has sent least, of several the oldest: whoever sends a stream
    /// stays, however many others begin. An address has two at most, for audio and for events, and changing its SSRC takes
    /// nobody else's place.
    private func superfluous(beside address: SocketAddress, isDescribed: Bool) -> Int? {
        let own = auditions.indices.lazy.filter { auditions[$0].address == address }
        let isCrowding = !isDescribed && own.count >= Self.maximumOfAddress
        let rivals = auditions.indices.lazy.filter { index in
            isCrowding ? auditions[index].address == address : (auditions[index].address == described) == isDescribed
        }
        guard isCrowding || rivals.count >= Self.maximumAuditions else { return nil }
        return rivals.min { auditions[$0].held.count < auditions[$1].held.count }
    }

    private mutating func listen(to candidate: Audition, _ standing: Standing, _ now: Int64) {
        retireSource()
        retireEvents()
        heard = Heard(address: candidate.address, standing: standing, source: candidate.source, lastHeard: now)
        held = Array(candidate.held.dropLast())
        auditions.removeAll(keepingCapacity: true)
    }

    private func mayAudition(_ address: SocketAddress, _ now: Int64) -> Bool {
        guard address != described else { return true }
        guard isAllowed(address.host) else { return false }
        guard let heard else { return true }
        return switch heard.standing {
        case .described: false
        case .auditioned, .inherited: !isSettled(now)
        }
    }

    /// Whether whoever is heard gives way to another address than the described one.
    private func givesWay(_ now: Int64) -> Bool {
        guard let heard else { return true }
        return switch heard.standing {
        case .described: false
        case .inherited: true
        case .auditioned: now - heard.lastHeard > Self.silence
        }
    }

    /// A source that goes on under a description for longer than a move takes is where the peer is, as nobody else has
    /// turned up: behind a NAT the description may change and the address not.
    private mutating func settle(_ now: Int64) {
        guard isSettled(now), heard?.standing == .inherited else { return }
        heard?.standing = .auditioned
    }

    private func isSettled(_ now: Int64) -> Bool { now - describedAt >= Self.settlingTime }

    private func isAllowed(_ host: SocketAddress.Host) -> Bool {
        policy.allowsAnyHost || host == described.host || policy.hosts.contains(host)
    }

    // MARK: Figures

    private mutating func retireSource() {
        guard let source = heard?.source else { return }
        earlierReceived &+= source.received
        earlierLost &+= source.lost
        earlierDuplicates &+= source.duplicates
    }

    /// What is lost of events cannot be told: their packets may share the audio's numbers.
    private mutating func retireEvents() {
        guard let events = heard?.events else { return }
        earlierReceived &+= events.received
        earlierDuplicates &+= events.duplicates
    }

    var received: UInt64 { earlierReceived &+ (heard?.source.received ?? 0) &+ (heard?.events?.received ?? 0) }
    var lost: UInt64 { earlierLost &+ (heard?.source.lost ?? 0) }
    var duplicates: UInt64 { earlierDuplicates &+ (heard?.source.duplicates ?? 0) &+ (heard?.events?.duplicates ?? 0) }
}
