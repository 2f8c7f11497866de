package import SIP

/// A neighbourhood, and a second one behind the same address for the numbers that fork: an INVITE to one of those
/// reaches both, as after a forking proxy (RFC 3261 §16.6), and two telephones answer with two tags and two Contacts.
///
/// What the caller sends within a dialog names its telephone by the Contact's user; what precedes a dialog, and what
/// acknowledges a refusal, goes to both. A response goes to both: whose it is not, passes it over.
package struct Network: Sendable {
    /// Marks the second neighbourhood's sessions, here and in every effect.
    private static let secondMark: UInt64 = 1 << 61

    private var first: Neighbourhood
    private var second: Neighbourhood
    private let directory: any PeopleDirectory
    private let secondUser: String

    /// - Parameter configuration: the second neighbourhood has the next node number, and the last eighth of the ports.
    package init(configuration: NeighbourhoodConfiguration, directory: any PeopleDirectory, random: RandomSource) {
        var random = random
        let ports = configuration.rtpPorts
        let border = ports.upperBound - UInt16(ports.count / 8)
        var one = configuration, two = configuration
        one.rtpPorts = ports.lowerBound...max(ports.lowerBound, border &- 1)
        two.rtpPorts = border...ports.upperBound
        two.userAgent.node &+= 1
        two.userAgent.contactUser += "-2"
        secondUser = two.userAgent.contactUser
        self.directory = directory
        second = Neighbourhood(
            configuration: two, directory: directory,
            // Safe: the bytes are copied within the closure.
            random: RandomSource(seed: (0..<4).flatMap { _ in unsafe withUnsafeBytes(of: random.next(), Array.init) }))
        first = Neighbourhood(configuration: one, directory: directory, random: random)
    }

    package var nextDeadline: Instant? {
        switch (first.nextDeadline, second.nextDeadline) {
        case (let one?, let two?): min(one, two)
        case (let one, let two): one ?? two
        }
    }

    /// Nothing is left over.
    package var isIdle: Bool { first.isIdle && second.isIdle }

    package var callCount: Int { first.callCount + second.callCount }

    /// Whether a session is that of a second telephone.
    package static func isSecond(_ id: SessionID) -> Bool { id.rawValue & secondMark != 0 }

    package func isAlive(_ id: SessionID) -> Bool {
        Self.isSecond(id)
            ? second.isAlive(SessionID(rawValue: id.rawValue & ~Self.secondMark)) : first.isAlive(id)
    }

    // MARK: Inputs

    package mutating func receive(
        _ datagram: [UInt8], from source: TransportAddress, now: Instant, into effects: inout [NeighbourhoodEffect]
    ) {
        let (isForFirst, isForSecond) = addressees(of: datagram)
        if isForFirst { first.receive(datagram, from: source, now: now, into: &effects) }
        if isForSecond {
            withSecond(&effects) { $0.receive(datagram, from: source, now: now, into: &$1) }
        }
    }

    package mutating func fireTimers(now: Instant, into effects: inout [NeighbourhoodEffect]) {
        first.fireTimers(now: now, into: &effects)
        withSecond(&effects) { $0.fireTimers(now: now, into: &$1) }
    }

    package mutating func call(
        _ call: OutwardCall, now: Instant, into effects: inout [NeighbourhoodEffect]
    ) -> SessionID? {
        first.call(call, now: now, into: &effects)
    }

    package mutating func hangUpAll(now: Instant, into effects: inout [NeighbourhoodEffect]) {
        first.hangUpAll(now: now, into: &effects)
        withSecond(&effects) { $0.hangUpAll(now: now, into: &$1) }
    }

    /// Tells a neighbourhood what concerns one of its sessions.
    package mutating func tell(
        _ id: SessionID, into effects: inout [NeighbourhoodEffect],
        _ body: (inout Neighbourhood, SessionID, inout [NeighbourhoodEffect]) -> Void
    ) {
        guard Self.isSecond(id) else { return body(&first, id, &effects) }
        let own = SessionID(rawValue: id.rawValue & ~Self.secondMark)
        withSecond(&effects) { body(&$0, own, &$1) }
    }

    // MARK: -

    private mutating func withSecond(
        _ effects: inout [NeighbourhoodEffect], _ body: (inout Neighbourhood, inout [NeighbourhoodEffect]) -> Void
    ) {
        var own: [NeighbourhoodEffect] = []
        body(&second, &own)
        for effect in own {
            effects.append(effect.renumbered { SessionID(rawValue: $0.rawValue | Self.secondMark) })
        }
    }

    private func addressees(of datagram: [UInt8]) -> (first: Bool, second: Bool) {
        guard let notice = Notice(datagram) else { return (true, true) }
        if notice.target == secondUser { return (false, true) }
        guard let number = notice.number, directory.line(of: number) == .forks else { return (true, false) }
        if notice.method == .ack { return (true, true) }
        return (true, !notice.isInDialog)
    }
}
