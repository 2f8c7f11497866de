import AsyncHTTPClient
import Dispatch
import NIOCore
import NameResolution
import Synchronization

/// The HTTP clients, one for each origin and address: how a connection is pinned to the address that the guard has
/// judged (docs/decisions/0003).
///
/// AsyncHTTPClient takes such a pin (`dnsOverride`) only for a whole client, and keeps a connection pool for every
/// target until its client ends. One client for each pinned origin gives each its own end as well. Clients that
/// nobody uses are kept for their open connections, the most recently used ones, up to a limit.
final class PinnedClients: Sendable {
    struct Pin: Hashable, Sendable {
        let origin: Origin
        let address: HostAddress
    }

    /// Idle clients that are kept.
    static let maximumIdleClients = 256

    private struct Entry {
        let client: HTTPClient
        var uses: Int
        var lastUse: UInt64
    }

    private struct State {
        var entries: [Pin: Entry] = [:]
        var idleCount = 0
        var clock: UInt64 = 0
        var isClosed = false
    }

    private let group: any EventLoopGroup
    private let addressGuard: AddressGuard
    private let trust: CertificateTrust
    private let limits: RequestLimits
    private let state = Mutex(State())

    init(
        group: any EventLoopGroup, addressGuard: AddressGuard, trust: CertificateTrust, limits: RequestLimits
    ) {
        self.group = group
        self.addressGuard = addressGuard
        self.trust = trust
        self.limits = limits
    }

    /// A client for one request; ``release(_:)`` must follow. nil once closed.
    func lease(_ pin: Pin) -> HTTPClient? {
        state.withLock { state in
            guard !state.isClosed else { return nil }
            state.clock += 1
            if var entry = state.entries[pin] {
                if entry.uses == 0 { state.idleCount -= 1 }
                entry.uses += 1
                entry.lastUse = state.clock
                state.entries[pin] = entry
                return entry.client
            }
            let client = makeClient(pin)
            state.entries[pin] = Entry(client: client, uses: 1, lastUse: state.clock)
            return client
        }
    }

    func release(_ pin: Pin) {
        let evicted = state.withLock { state -> HTTPClient? in
            guard var entry = state.entries[pin] else { return nil }
            entry.uses -= 1
            state.entries[pin] = entry
            guard entry.uses == 0 else { return nil }
            state.idleCount += 1
            guard state.idleCount > Self.maximumIdleClients else { return nil }
            let idle = state.entries.filter { $0.value.uses == 0 }
            guard let oldest = idle.min(by: { $0.value.lastUse < $1.value.lastUse }) else { return nil }
            state.entries[oldest.key] = nil
            state.idleCount -= 1
            return oldest.value.client
        }
        evicted?.shutdown { _ in }
    }

    /// Ends all clients. Requests under way fail.
    func close() async {
        let clients = state.withLock { state in
            defer { state.entries = [:] }
            state.isClosed = true
            return state.entries.values.map(\.client)
        }
        for client in clients { try? await client.shutdown() }
    }

    /// The URL's authority that makes the client connect to the pinned address: the address itself, or the name
    /// where TLS needs it for SNI and for the certificate; then the client's `dnsOverride` leads to the address.
    static func authority(of pin: Pin) -> String {
        if pin.origin.isTLS, NameResolver.literal(pin.origin.host) == nil {
            return "\(pin.origin.host):\(pin.origin.port)"
        }
        return switch pin.address {
        case .v4: "\(pin.address):\(pin.origin.port)"
        case .v6: "[\(pin.address)]:\(pin.origin.port)"
        }
    }

    private func makeClient(_ pin: Pin) -> HTTPClient {
        var configuration = HTTPClient.Configuration()
        configuration.tlsConfiguration = trust.tlsConfiguration
        configuration.dnsOverride = [pin.origin.host: pin.address.description]
        // A redirect would lead past the guard; webhooks follow none anyhow (docs/contract/webhooks.md#time-limits).
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = TimeAmount(limits.connect)
        configuration.httpVersion = .http1Only
        configuration.decompression = .disabled
        // Nobody traces, and asking who does costs as much as signing the request.
        configuration.tracing.tracer = nil
        configuration.connectionPool.idleTimeout = TimeAmount(limits.idle)
        // The gate decides how many requests run; the pool never queues one.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = limits.total
        configuration.connectionPool.retryConnectionEstablishment = false
        // The last word: whatever the library connected to, no request goes to an address that is not permitted.
        let addressGuard = addressGuard
        configuration.http1_1ConnectionDebugInitializer = { channel in
            guard let address = HostAddress(channel.remoteAddress), addressGuard.permits(address) else {
                // The library forgets the channel without closing it.
                channel.close(promise: nil)
                return channel.eventLoop.makeFailedFuture(ForbiddenConnection())
            }
            return channel.eventLoop.makeSucceededVoidFuture()
        }
        // A client lives on one event loop, connections and requests alike. Where they are on two, AsyncHTTPClient
        // 1.37 can trap: an answer that comes before the end of its request has hopped over, on a connection that
        // is then closed, makes the pool release a connection that it has forgotten already.
        return HTTPClient(eventLoopGroupProvider: .shared(group.next()), configuration: configuration)
    }
}

/// A connection led to an address that the guard refuses.
struct ForbiddenConnection: Error {}

extension HostAddress {
    /// The address of a connected socket.
    init?(_ address: SocketAddress?) {
        guard let address else { return nil }
        let parsed = address.withSockAddr { HostAddress($0, length: $1) }
        guard let parsed else { return nil }
        self = parsed
    }
}
