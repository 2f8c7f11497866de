package import Hummingbird
import HummingbirdCore
package import Logging
package import NIOCore

/// The REST room, ready to be run.
package struct APIServer: Sendable {
    package typealias HTTPApplication = Application<RouterResponder<APIRequestContext>>

    package let routes: RouteTable
    /// A `Service` for the process's ServiceGroup: binds when run, and on graceful shutdown takes no new connection
    /// and ends those that are idle.
    package let application: HTTPApplication

    /// - Parameters:
    ///   - eventLoopGroup: the loops that connections live on; nil takes the process's shared ones.
    ///   - onBound: told the port once connections are taken.
    package init(
        services: APIServices, configuration: APIConfiguration, eventLoopGroup: (any EventLoopGroup)? = nil,
        logger: Logger, onBound: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) {
        let keyUse = KeyUse()
        routes = RouteTable(
            routes: CallRoutes(
                services: services, compatibility: configuration.compatibility,
                refusesCarrierNumbers: configuration.refusesCarrierNumbers
            ).routes
                + LogRoutes(services: services).routes
                + ApplicationRoutes(services: services).routes
                + RecordingRoutes(services: services).routes
                + NumberRoutes(services: services, offered: configuration.offeredNumbers).routes
                + AvailableNumberRoutes(services: services, offered: configuration.offeredNumbers).routes
                + CarrierRoutes(services: services).routes
                + AccountRoutes(services: services).routes
                + AdministrationRoutes(
                    services: services, administration: services.administration, keyUse: keyUse
                ).routes
                + StatusRoutes(status: services.status).routes
                + ServerRoutes(health: services.health).routes)
        let responder = APIResponder(
            services: services, publicURL: configuration.publicURL,
            operatorTokenHash: configuration.operatorTokenHash, keyUse: keyUse)
        application = HTTPApplication(
            router: Self.router(routes, responder),
            server: .http1(
                configuration: HTTP1Channel.Configuration(
                    additionalChannelHandlers: [ContinueHandler()],
                    idleTimeout: .seconds(Int64(APIConfiguration.idleTimeoutSeconds)))),
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port),
                availableConnectionsDelegate: MaximumAvailableConnections(
                    APIConfiguration.maximumConnections, logger: logger)),
            onServerRunning: { channel in await onBound(channel.localAddress?.port ?? configuration.port) },
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
