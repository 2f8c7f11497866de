import Dispatch
package import NIOCore
import Sharing
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// On whose behalf a name is looked up: bounds hold for each.
package enum NameAsker: Hashable, Sendable {
    /// An account, by its identifier: hosts of webhooks and audio.
    case account(String)
    /// Far ends: hosts of Contact, Record-Route and c=.
    case signalling
}

/// Turns host names into addresses, off the event loops.
///
/// Answers are kept as long as their records say, so that a request does not cost a look-up, and askers of one name
/// share one. What is kept is what is judged and connected to: nobody resolves a name a second time behind a guard's
/// back.
///
/// A zone whose servers do not answer holds up those who ask for it, and nobody else: look-ups wait beside each other,
/// each asker has a share of them, and of this each domain a share. Where all are under way, askers take turns. An answer
/// that has run out is used on while its zone cannot be asked, or is slow to answer (RFC 8767).
package final class NameResolver: Sendable {
    package typealias Completion = @Sendable (Result<[HostAddress], NameFailure>) -> Void
    /// Calls back after a while.
    package typealias Delay = @Sendable (TimeAmount, @escaping @Sendable () -> Void) -> Void

    /// Names that are being looked up.
    package static let maximumPendingNames = 1024
    /// Of them for one asker; so many more of its names wait.
    package static let maximumPendingNamesOfAnAsker = 128
    package static let maximumWaitingNamesOfAnAsker = 256
    /// Of an asker's names, those that wait included, below one domain of two labels (`example.com`): a broken zone
    /// leaves room for the asker's others. Not of all askers together, as below `co.uk` are many zones.
    package static let maximumPendingNamesOfADomain = 64
    /// Names whose addresses are kept; beyond it the asker with the most loses the one that runs out first.
    package static let maximumKnownNames = 4096
    /// Where nothing tells how long an answer holds; and how long one that has run out is used before its zone, which
    /// could not be asked, is asked again (RFC 8767 §5).
    package static let defaultLifetime = TimeAmount.seconds(30)
    /// A time to live below or above is taken for these: a name is not asked for with each request, and a change is
    /// seen within minutes.
    package static let lifetimes = TimeAmount.seconds(5)...TimeAmount.minutes(5)
    /// How long after its end an answer may still be used (RFC 8767 §5 counsels one to three days).
    package static let maximumStaleness = TimeAmount.hours(24)
    /// How long a new answer is waited for where one is there that has run out (RFC 8767 §5, the client response timer).
    package static let freshnessPatience = TimeAmount.milliseconds(1800)

    fileprivate struct Known {
        var addresses: [HostAddress]
        var expiry: NIODeadline
        /// When it may be used no more, whatever its zone does.
        var end: NIODeadline
        /// Who first asked for it.
        var asker: NameAsker
    }

    /// A name that is asked for, and who waits for it.
    fileprivate struct Question {
        /// Whose share it takes, once it is under way.
        var charged: NameAsker?
        var completions: [Completion] = []
        /// Of each asker that waits for its turn with it.
        var turns: [NameAsker: Turns.Ticket] = [:]
    }

    fileprivate struct DomainOfAsker: Hashable {
        let asker: NameAsker
        let domain: String
    }

    fileprivate typealias Turns = FairQueue<NameAsker, String>

    fileprivate struct State {
        var known: [String: Known] = [:]
        var knownOfAsker: [NameAsker: Int] = [:]
        var questions: [String: Question] = [:]
        var turns = Turns()
        /// Names under way.
        var running = 0
        var runningOfAsker: [NameAsker: Int] = [:]
        var pendingOfDomain: [DomainOfAsker: Int] = [:]
    }

    private let lookup: any NameLookup
    private let now: @Sendable () -> NIODeadline
    private let delay: Delay
    private let state = Mutex(State())

    package init(
        lookup: any NameLookup, now: @escaping @Sendable () -> NIODeadline = { .now() },
        delay: @escaping Delay = { amount, body in
            DispatchQueue.global().asyncAfter(deadline: .now() + .nanoseconds(Int(amount.nanoseconds)), execute: body)
        }
    ) {
        self.lookup = lookup
        self.now = now
        self.delay = delay
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
    package func resolve(_ host: String, for asker: NameAsker, completion: @escaping Completion) {
        if let known = knownAddresses(of: host) { return completion(.success(known)) }
        let (isTaken, hasStale) = state.withLock { state in
            let hasStale = state.known[host].map { $0.end > now() } ?? false
            return (state.take(host, asker, completion), hasStale)
        }
        guard isTaken else { return completion(.failure(.overloaded)) }
        if hasStale { delay(Self.freshnessPatience) { self.useStale(host) } }
        startNext()
    }

    /// Ends the look-ups.
    package func close() { lookup.close() }

    /// Names that wait for their turn.
    package var waitingCount: Int { state.withLock { $0.turns.count } }

    private func startNext() {
        while let host = state.withLock({ $0.next() }) {
            lookup.lookUp(host) { result in self.finish(host, result) }
        }
    }

    private func finish(_ host: String, _ result: Result<NameAnswer, NameFailure>) {
        let now = now()
        let (outcome, completions) = state.withLock { state -> (Result<[HostAddress], NameFailure>, [Completion]) in
            guard let question = state.end(host) else { return (.failure(.overloaded), []) }
            return (state.note(host, result, of: question.charged ?? .signalling, now), question.completions)
        }
        startNext()
        for completion in completions { completion(outcome) }
    }

    /// The new answer takes long: who waits for it gets on with the one that has run out (RFC 8767 §5).
    private func useStale(_ host: String) {
        let now = now()
        let (addresses, completions) = state.withLock { state -> ([HostAddress], [Completion]) in
            guard let stale = state.known[host], stale.end > now, let question = state.questions[host] else {
                return ([], [])
            }
            state.known[host]?.expiry = max(stale.expiry, now + Self.defaultLifetime)
            state.questions[host]?.completions = []
            return (stale.addresses, question.completions)
        }
        for completion in completions { completion(.success(addresses)) }
    }

    /// The last two labels, which most zones that somebody can register have.
    fileprivate static func domain(of host: String) -> String {
        var dots = 0
        for index in host.utf8.indices.reversed() where host.utf8[index] == UInt8(ascii: ".") {
            dots += 1
            if dots == 2 { return String(host[host.utf8.index(after: index)...]) }
        }
        return host
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

extension NameResolver.State {
    /// Somebody waits for the name's addresses. False where the asker has as many names as it may have.
    fileprivate mutating func take(
        _ host: String, _ asker: NameAsker, _ completion: @escaping NameResolver.Completion
    ) -> Bool {
        var question = questions[host] ?? NameResolver.Question()
        if question.charged == nil, question.turns[asker] == nil {
            let domain = NameResolver.DomainOfAsker(asker: asker, domain: NameResolver.domain(of: host))
            guard pendingOfDomain[domain, default: 0] < NameResolver.maximumPendingNamesOfADomain,
                turns.count(of: asker) < NameResolver.maximumWaitingNamesOfAnAsker
            else { return false }
            pendingOfDomain[domain, default: 0] += 1
            question.turns[asker] = turns.add(host, of: asker)
        }
        question.completions.append(completion)
        questions[host] = question
        return true
    }

    /// The name whose turn it is to be asked for: the turn of any asker is everybody's who waits for it.
    fileprivate mutating func next() -> String? {
        guard running < NameResolver.maximumPendingNames else { return nil }
        let (runningOfAsker, most) = (runningOfAsker, NameResolver.maximumPendingNamesOfAnAsker)
        guard let (asker, host) = turns.next(where: { runningOfAsker[$0, default: 0] < most }) else { return nil }
        for (other, turn) in questions[host]?.turns ?? [:] where other != asker {
            turns.remove(turn)
            leave(NameResolver.DomainOfAsker(asker: other, domain: NameResolver.domain(of: host)))
        }
        questions[host]?.turns = [:]
        questions[host]?.charged = asker
        running += 1
        self.runningOfAsker[asker, default: 0] += 1
        return host
    }

    /// The name has been asked for.
    fileprivate mutating func end(_ host: String) -> NameResolver.Question? {
        guard let question = questions.removeValue(forKey: host), let asker = question.charged else { return nil }
        running -= 1
        let left = runningOfAsker[asker, default: 1] - 1
        runningOfAsker[asker] = left > 0 ? left : nil
        leave(NameResolver.DomainOfAsker(asker: asker, domain: NameResolver.domain(of: host)))
        return question
    }

    private mutating func leave(_ domain: NameResolver.DomainOfAsker) {
        let left = pendingOfDomain[domain, default: 1] - 1
        pendingOfDomain[domain] = left > 0 ? left : nil
    }

    fileprivate mutating func note(
        _ host: String, _ result: Result<NameAnswer, NameFailure>, of asker: NameAsker, _ now: NIODeadline
    ) -> Result<[HostAddress], NameFailure> {
        switch result {
        case .success(let answer):
            forget(host)
            if known.count >= NameResolver.maximumKnownNames { makeRoom() }
            let told = answer.lifetimeSeconds.map { TimeAmount.seconds(Int64($0)) } ?? NameResolver.defaultLifetime
            let lifetimes = NameResolver.lifetimes
            let expiry = now + min(max(told, lifetimes.lowerBound), lifetimes.upperBound)
            known[host] = NameResolver.Known(
                addresses: answer.addresses, expiry: expiry, end: expiry + NameResolver.maximumStaleness, asker: asker)
            knownOfAsker[asker, default: 0] += 1
            return .success(answer.addresses)
        case .failure(.noSuchName):
            forget(host)
            return .failure(.noSuchName)
        case .failure(let failure):
            guard let stale = known[host], stale.end > now else { return .failure(failure) }
            known[host]?.expiry = now + NameResolver.defaultLifetime
            return .success(stale.addresses)
        }
    }

    private mutating func forget(_ host: String) {
        guard let asker = known.removeValue(forKey: host)?.asker else { return }
        let left = knownOfAsker[asker, default: 1] - 1
        knownOfAsker[asker] = left > 0 ? left : nil
    }

    /// Whoever fills the memory with names loses of his own.
    private mutating func makeRoom() {
        guard let greatest = knownOfAsker.max(by: { $0.value < $1.value })?.key,
            let first = known.filter({ $0.value.asker == greatest }).min(by: { $0.value.expiry < $1.value.expiry })
        else { return }
        forget(first.key)
    }
}
