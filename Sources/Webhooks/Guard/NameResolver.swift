package import NIOCore
import NIOPosix
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Turns host names into addresses through the system's resolver, off the event loops.
///
/// Answers are kept for a short time, so that a webhook does not cost a look-up, and askers of one name share one.
/// What is kept is what is judged and connected to: nobody resolves a name a second time behind the guard's back.
package final class NameResolver: Sendable {
    package enum Failure: Error, Hashable, Sendable {
        /// In the resolver's own words.
        case notResolved(String)
        /// ``maximumPendingNames`` look-ups are under way.
        case overloaded
    }

    package typealias Lookup = @Sendable (_ host: String) throws(Failure) -> [HostAddress]
    package typealias Completion = @Sendable (Result<[HostAddress], Failure>) -> Void

    /// Look-ups block a thread each, for as long as the system's resolver tries: this many at once.
    private static let threadCount = 4
    /// Names that wait for their look-up.
    package static let maximumPendingNames = 256
    /// Names whose addresses are kept.
    package static let maximumKnownNames = 4096
    /// `getaddrinfo` does not tell a record's time to live; half a minute follows a change soon enough.
    package static let defaultLifetime = TimeAmount.seconds(30)

    private struct State {
        var known: [String: (addresses: [HostAddress], expiry: NIODeadline)] = [:]
        var pending: [String: [Completion]] = [:]
    }

    private let lookup: Lookup
    private let lifetime: TimeAmount
    private let threads: NIOThreadPool
    private let state = Mutex(State())

    /// - Parameter lookup: blocks until it knows; runs on the resolver's threads.
    package init(
        lifetime: TimeAmount = NameResolver.defaultLifetime, lookup: @escaping Lookup = NameResolver.systemLookup
    ) {
        self.lookup = lookup
        self.lifetime = lifetime
        threads = NIOThreadPool(numberOfThreads: Self.threadCount)
        threads.start()
    }

    /// What is known without asking anybody: a literal address, or a name whose addresses are kept.
    package func knownAddresses(of host: String) -> [HostAddress]? {
        if let literal = Self.literal(host) { return [literal] }
        return state.withLock { state in
            guard let entry = state.known[host], entry.expiry > .now() else { return nil }
            return entry.addresses
        }
    }

    /// Asks the system's resolver. The completion runs on one of the resolver's threads, or at once when the
    /// resolver is overloaded; it must not block.
    package func resolve(_ host: String, completion: @escaping Completion) {
        enum Reaction { case ask, share, refuse }
        let reaction = state.withLock { state -> Reaction in
            if state.pending[host] != nil {
                state.pending[host, default: []].append(completion)
                return .share
            }
            guard state.pending.count < Self.maximumPendingNames else { return .refuse }
            state.pending[host] = [completion]
            return .ask
        }
        switch reaction {
        case .share: break
        case .refuse: completion(.failure(.overloaded))
        case .ask:
            threads.submit { [self] workState in
                guard case .active = workState else { return finish(host, .failure(.overloaded)) }
                do throws(Failure) {
                    finish(host, .success(try lookup(host)))
                } catch {
                    finish(host, .failure(error))
                }
            }
        }
    }

    /// Ends the threads once the look-ups under way are over.
    package func close() {
        threads.shutdownGracefully { _ in }
    }

    private func finish(_ host: String, _ result: Result<[HostAddress], Failure>) {
        let completions = state.withLock { state -> [Completion] in
            if case .success(let addresses) = result {
                if state.known.count >= Self.maximumKnownNames { state.known.removeAll(keepingCapacity: true) }
                state.known[host] = (addresses, .now() + lifetime)
            }
            return state.pending.removeValue(forKey: host) ?? []
        }
        for completion in completions { completion(result) }
    }

    // MARK: The system's resolver

    /// A literal address in any spelling that the resolver takes for one: `127.1`, `0x7f000001`, `017700000001`,
    /// `2130706433` as well as the standard ones. Asks nobody.
    package static func literal(_ host: String) -> HostAddress? {
        // What begins with neither a digit nor holds a colon is no address in any spelling.
        guard let first = host.utf8.first, (48...57).contains(first) || host.utf8.contains(UInt8(ascii: ":")) else {
            return nil
        }
        return try? addresses(of: host, flags: AI_NUMERICHOST).first
    }

    /// `getaddrinfo`, in its order of preference (RFC 6724).
    package static let systemLookup: Lookup = { host throws(Failure) in try addresses(of: host, flags: 0) }

    private static func addresses(of host: String, flags: CInt) throws(Failure) -> [HostAddress] {
        var hints = addrinfo()
        hints.ai_flags = flags
        hints.ai_family = AF_UNSPEC
        #if canImport(Glibc)
            hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        #else
            hints.ai_socktype = SOCK_STREAM
        #endif
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, &hints, &list)
        guard code == 0 else { throw .notResolved(String(cString: gai_strerror(code))) }
        defer { freeaddrinfo(list) }
        var addresses: [HostAddress] = []
        var entry = list
        while let current = entry {
            if let socketAddress = current.pointee.ai_addr,
                let address = HostAddress(socketAddress, length: Int(current.pointee.ai_addrlen)),
                !addresses.contains(address)
            {
                addresses.append(address)
            }
            entry = current.pointee.ai_next
        }
        guard !addresses.isEmpty else { throw .notResolved("the name has no address") }
        return addresses
    }
}
