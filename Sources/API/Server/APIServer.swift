package import Hummingbird
import HummingbirdCore
package import Logging
package import NIOCore

/// The REST room, ready to be run.
package struct APIServer: Sendable {
    package typealias HTTPApplication = Application<RouterResponder<APIRequestContext>>

    /// All of them, wherever they are answered.
    package let routes: RouteTable
    /// A `Service` for the process's ServiceGroup: binds when run, and on graceful shutdown takes no new connection
    /// and ends those that are idle.
    package let application: HTTPApplication
    /// What has a place of its own; nil where it is shared.
    package let administration: HTTPApplication?
    package let metrics: HTTPApplication?

    /// Told once connections are taken.
    package struct Bound: Sendable {
        package var main: @Sendable (_ port: Int) async -> Void
        /// Nil for the port of a Unix socket.
        package var administration: @Sendable (_ port: Int?) async -> Void

        package init(
            main: @escaping @Sendable (_ port: Int) async -> Void = { _ in },
            administration: @escaping @Sendable (_ port: Int?) async -> Void = { _ in }
        ) {
            self.main = main
            self.administration = administration
        }
    }

    /// The operator's own connections, and those of whoever collects metrics: no flood of the REST API's takes them.
    private static let furtherLimits = ConnectionLimits(total: 32, perSource: 32)

    /// - Parameters:
    ///   - eventLoopGroup: the loops that connections live on; nil takes the process's shared ones.
    package init(
        services: APIServices, configuration: APIConfiguration, eventLoopGroup: (any EventLoopGroup)? = nil,
        logger: Logger, bound: Bound = Bound()
    ) {
        let keyUse = KeyUse()
        let connections = Connections(limits: configuration.connections, logger: logger)
        let doorkeeper = Doorkeeper(
            authenticator: Authenticator(directory: services.directory, keyUse: keyUse, now: services.now),
            operatorAuthenticator: OperatorAuthenticator(tokenHash: configuration.operatorTokenHash),
            directory: services.directory, configuration: configuration, logger: logger)
        let server = ServerRoutes(health: services.health) { text in
            connections.write(to: &text)
            doorkeeper.write(to: &text)
            services.feed.write(to: &text)
        }
        let accounts = Self.accountRoutes(services, configuration)
        let operations =
            AdministrationRoutes(services: services, administration: services.administration, keyUse: keyUse).routes
            + StatusRoutes(status: services.status).routes
        let metricsRoute = server.metrics(isOpen: configuration.isMetricsOpen)
        routes = RouteTable(routes: accounts + operations + server.routes + [metricsRoute])

        func listener(
            _ routes: [Route], at address: BindAddress, _ connections: Connections,
            _ onBound: @escaping @Sendable (_ port: Int?) async -> Void
        ) -> HTTPApplication {
            Self.listener(
                RouteTable(routes: routes),
                APIResponder(
                    services: services, publicURL: configuration.publicURL, doorkeeper: doorkeeper,
                    connections: connections),
                at: address, eventLoopGroup, logger, onBound)
        }

        var main = accounts + server.routes
        if configuration.administration == .shared { main += operations }
        if configuration.metrics == .shared { main.append(metricsRoute) }
        application = listener(main, at: .hostname(configuration.host, port: configuration.port), connections) {
            await bound.main($0 ?? configuration.port)
        }
        let further = Connections(limits: Self.furtherLimits, logger: logger)
        administration = configuration.administration.address.map { address in
            let routes = operations + server.routes + [server.metrics(isOpen: false)]
            return listener(routes, at: address, further, bound.administration)
        }
        metrics = configuration.metrics.address.map { address in
            listener(server.routes + [server.metrics(isOpen: true)], at: address, further) { _ in }
        }
    }

    private static func accountRoutes(_ services: APIServices, _ configuration: APIConfiguration) -> [Route] {
        CallRoutes(
            services: services, compatibility: configuration.compatibility,
            refusesCarrierNumbers: configuration.refusesCarrierNumbers
        ).routes
            + LogRoutes(services: services).routes
            + FeedRoutes(services: services).routes
            + ApplicationRoutes(services: services).routes
            + QueueRoutes(services: services).routes
            + ConferenceRoutes(services: services).routes
            + ParticipantRoutes(services: services).routes
            + RoomLogRoutes(services: services).routes
            + RecordingRoutes(services: services).routes
            + NumberRoutes(services: services, offered: configuration.offeredNumbers).routes
            + AvailableNumberRoutes(services: services, offered: configuration.offeredNumbers).routes
            + CarrierRoutes(services: services).routes
            + AccountRoutes(services: services).routes
    }

    private static func listener(
        _ routes: RouteTable, _ responder: APIResponder, at address: BindAddress,
        _ eventLoopGroup: (any EventLoopGroup)?, _ logger: Logger,
        _ onBound: @escaping @Sendable (_ port: Int?) async -> Void
    ) -> HTTPApplication {
        let connections = responder.connections
        return HTTPApplication(
            router: router(routes, responder),
            server: .http1(
                configuration: HTTP1Channel.Configuration(
                    additionalChannelHandlers: [ConnectionHandler(connections), ContinueHandler()])),
            configuration: ApplicationConfiguration(address: address),
            onServerRunning: { channel in
                _ = try? await channel.eventLoop.submit {
                    try channel.pipeline.syncOperations.addHandler(AcceptPause(logger: logger), position: .first)
                }.get()
                await onBound(channel.localAddress?.port)
            },
            eventLoopGroupProvider: eventLoopGroup.map { .shared($0) } ?? .singleton,
            logger: logger)
    }

    private static func router(_ table: RouteTable, _ responder: APIResponder) -> Router<APIRequestContext> {
        let router = Router(context: APIRequestContext.self, options: .autoGenerateHeadEndpoints)
        for route in table.routes {
            router.on(RouterPath(route.path), method: route.method) { request, context in
                await responder.respond(request, context, route)
            }
        }
        // A middleware applies to what is added after it: added last, to the router's own "not found" alone.
        router.add(middleware: UnknownPathMiddleware(responder: responder, table: table))
        return router
    }
}

extension APIConfiguration.Place {
    /// Nil where it has none of its own.
    fileprivate var address: BindAddress? {
        switch self {
        case .shared: nil
        case .socket(let path): .unixDomainSocket(path: path)
        case .address(let host, let port): .hostname(host, port: port)
        }
    }
}
