import API
import Foundation
import NameResolution
import Synchronization
import Webhooks

/// Where the operator is answered while the server runs.
final class OperatorListener: Sendable {
    private let configuration: ServerConfiguration
    /// In words that the folder's `address` file has.
    private let current: Mutex<String>
    private let isBound = AsyncStream<Void>.makeStream()

    init(_ configuration: ServerConfiguration) {
        self.configuration = configuration
        current = Mutex(ServerAddress.inSocket)
    }

    var address: String { current.withLock(\.self) }

    /// Whoever is told that the server is ready finds its operator's place ready too.
    func bound(_ main: @escaping @Sendable (Int) async -> Void) -> APIServer.Bound {
        APIServer.Bound(
            main: { [self] port in
                if case .shared = configuration.adminHTTP {
                    current.withLock { $0 = configuration.http.localURL(port: port) }
                } else {
                    // Nothing comes where it could not be bound, and the start is over.
                    var places = isBound.stream.makeAsyncIterator()
                    guard await places.next() != nil else { return }
                }
                await main(port)
            },
            administration: { [self] port in
                switch configuration.adminHTTP {
                case .socket: chmod(OperatorSocket.path(in: configuration.dataFolder), 0o600)
                case .address(let endpoint):
                    current.withLock { $0 = endpoint.localURL(port: port ?? endpoint.port) }
                case .shared: break
                }
                isBound.continuation.yield()
            })
    }

    func remove() {
        if case .socket = configuration.adminHTTP { unlink(OperatorSocket.path(in: configuration.dataFolder)) }
    }
}

extension ServerConfiguration {
    var administrationPlace: APIConfiguration.Place {
        switch adminHTTP {
        case .socket: .socket(path: OperatorSocket.path(in: dataFolder))
        case .shared: .shared
        case .address(let endpoint): .address(host: endpoint.host, port: endpoint.port)
        }
    }

    var metricsPlace: APIConfiguration.Place {
        switch metricsHTTP {
        case .operator, .open: .shared
        case .address(let endpoint): .address(host: endpoint.host, port: endpoint.port)
        }
    }

    var isMetricsOpen: Bool {
        switch metricsHTTP {
        case .open, .address: true
        case .operator: false
        }
    }

    var isTrustedProxy: @Sendable (String) -> Bool {
        let proxies = trustedProxies
        return { text in HostAddress(text).map { address in proxies.contains { $0.contains(address) } } ?? false }
    }
}
