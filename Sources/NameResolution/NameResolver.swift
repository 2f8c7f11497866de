package import NIOCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Turns host names into addresses, off the event loops.
///
/// Answers are kept as long as their records say, so that a request does not cost a look-up, and askers of one name
/// share one. What is kept is what is judged and connected to: nobody resolves a name a second time behind a guard's
/// back.
///
/// A zone whose servers do not answer holds up those who ask for it, and nobody else: look-ups wait beside each other,
/// and one domain gets a share of them only. An answer that has run out is used on while its zone cannot be asked
/// (RFC 8767).
package final class NameResolver: Sendable {
    package typealias Completion = @Sendable (Result<[HostAddress], NameFailure>) -> Void

    /// Names that are being looked up.
    package static let maximumPendingNames = 1024
    /// Of them below one domain of two labels (`example.com`): a single customer's broken zone must leave room.
    package static let maximumPendingNamesOfADomain = 64
    /// Names whose addresses are kept.
    package static let maximumKnownNames = 4096
    /// Where nothing tells how long an answer holds; and how long one that has run out is used before its zone, which
    /// could not be asked, is asked again (RFC 8767 §5).
    package static let defaultLifetime = TimeAmount.seconds(30)
    /// A time to live below or above is taken for these: a name is not asked for with each request, and a change is
    /// seen within minutes.
    package static let lifetimes = TimeAmount.seconds(5)...TimeAmount.minutes(5)
    /// How long after its end an answer may still be used (RFC 8767 §5 counsels one to three days).
    package static let maximumStaleness = TimeAmount.hours(24)

    private struct Known {
        var addresses: [HostAddress]
        var expiry: NIODeadline
        /// When it may be used no more, whatever its zone does.
        var end: NIODeadline
    }

    private struct State {
        var known: [String: Known] = [:]
        var pending: [String: [Completion]] = [:]
        var pendingOfDomain: [Substring: Int] = [:]
    }

    private let lookup: any NameLookup
    private let now: @Sendable () -> NIODeadline
    private let state = Mutex(State())

    package init(lookup: any NameLookup, now: @escaping @Sendable () -> NIODeadline = { .now() }) {
        self.lookup = lookup
        self.now = now
    }

    /// What is known without asking anybody: a literal address, or a name whose addresses are kept.
    package func knownAddresses(of host: String) -> [HostAddress]? {
        if let literal = Self.literal(host) { return [literal] }
        return state.withLock { state in
            guard let entry = state.known[host], entry.expiry > now() else { return nil }
            return entry.addresses
        }
    }

    /// The addresses of a name, or of a literal address; asks where they are not known. The completion runs at once
    /// where nobody has to be asked, else on the look-up's thread; it must not block.
    package func resolve(_ host: String, completion: @escaping Completion) {
        if let known = knownAddresses(of: host) { return completion(.success(known)) }
        enum Reaction { case ask, share, refuse }
        let domain = Self.domain(of: host)
        let reaction = state.withLock { state -> Reaction in
            if state.pending[host] != nil {
                state.pending[host, default: []].append(completion)
                return .share
            }
            guard state.pending.count < Self.maximumPendingNames,
                state.pendingOfDomain[domain, default: 0] < Self.maximumPendingNamesOfADomain
            else { return .refuse }
            state.pending[host] = [completion]
            state.pendingOfDomain[domain, default: 0] += 1
            return .ask
        }
        switch reaction {
        case .share: break
        case .refuse: completion(.failure(.overloaded))
        case .ask: lookup.lookUp(host) { result in self.finish(host, domain, result) }
        }
    }

    /// Ends the look-ups.
    package func close() { lookup.close() }

    private func finish(_ host: String, _ domain: Substring, _ result: Result<NameAnswer, NameFailure>) {
        let now = now()
        let (outcome, completions) = state.withLock { state -> (Result<[HostAddress], NameFailure>, [Completion]) in
            let left = state.pendingOfDomain[domain, default: 1] - 1
            state.pendingOfDomain[domain] = left > 0 ? left : nil
            return (Self.note(host, result, now, &state.known), state.pending.removeValue(forKey: host) ?? [])
        }
        for completion in completions { completion(outcome) }
    }

    private static func note(
        _ host: String, _ result: Result<NameAnswer, NameFailure>, _ now: NIODeadline, _ known: inout [String: Known]
    ) -> Result<[HostAddress], NameFailure> {
        switch result {
        case .success(let answer):
            if known.count >= maximumKnownNames { known.removeAll(keepingCapacity: true) }
            let told = answer.lifetimeSeconds.map { TimeAmount.seconds(Int64($0)) } ?? defaultLifetime
            let expiry = now + min(max(told, lifetimes.lowerBound), lifetimes.upperBound)
            known[host] = Known(addresses: answer.addresses, expiry: expiry, end: expiry + maximumStaleness)
            return .success(answer.addresses)
        case .failure(.noSuchName):
            known[host] = nil
            return .failure(.noSuchName)
        case .failure(let failure):
            guard let stale = known[host], stale.end > now else { return .failure(failure) }
            known[host]?.expiry = now + defaultLifetime
            return .success(stale.addresses)
        }
    }

    /// The last two labels, which most zones that somebody can register have.
    private static func domain(of host: String) -> Substring {
        var dots = 0
        for index in host.utf8.indices.reversed() where host.utf8[index] == UInt8(ascii: ".") {
            dots += 1
            if dots == 2 { return host[host.utf8.index(after: index)...] }
        }
        return host[...]
    }

    // MARK: Literal addresses

    /// A literal address in any spelling that the system's resolver takes for one: `127.1`, `0x7f000001`,
    /// `017700000001`, `2130706433` as well as the standard ones. Asks nobody.
    package static func literal(_ host: String) -> HostAddress? {
        // What begins with neither a digit nor holds a colon is no address in any spelling.
        guard let first = host.utf8.first, (48...57).contains(first) || host.utf8.contains(UInt8(ascii: ":")) else {
            return nil
        }
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST
        hints.ai_family = AF_UNSPEC
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return nil }
        defer { freeaddrinfo(list) }
        guard let first = list?.pointee, let address = first.ai_addr else { return nil }
        return HostAddress(address, length: Int(first.ai_addrlen))
    }
}
