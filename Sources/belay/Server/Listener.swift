import API
import NIOCore
import SIPTransport
import ServiceLifecycle

/// One place where HTTP is answered, on one event loop; where it cannot listen, the start ends with words about it.
struct Listener: Service {
    /// `the REST API`.
    let what: String
    /// Nil for a Unix socket.
    let endpoint: ServerConfiguration.Endpoint?
    /// That chooses another place.
    let option: String
    let application: APIServer.HTTPApplication
    let executor: LoopExecutor

    func run() async throws {
        do {
            try await OnLoop(service: application, executor: executor).run()
        } catch let error where error is IOError || error is SocketAddressError {
            guard let endpoint else {
                throw ConfigurationError(
                    description: "\(what) cannot listen in the data folder: \(BindFailure.reason(error)); choose "
                        + "another place with \(option)")
            }
            throw ConfigurationError(
                description: "\(what) cannot listen on \(endpoint.host):\(endpoint.port): "
                    + BindFailure.words(error, port: endpoint.port, .tcp, option: option))
        }
    }

    /// The operator's first: who is told that the server is ready finds everything ready.
    static func all(_ api: APIServer, _ configuration: ServerConfiguration, on executor: LoopExecutor) -> [Listener] {
        var listeners: [Listener] = []
        if let application = api.administration {
            var endpoint: ServerConfiguration.Endpoint?
            if case .address(let own) = configuration.adminHTTP { endpoint = own }
            listeners.append(
                Listener(
                    what: "the operator's part of the API", endpoint: endpoint, option: "--admin-http",
                    application: application, executor: executor))
        }
        if let application = api.metrics, case .address(let endpoint) = configuration.metricsHTTP {
            listeners.append(
                Listener(
                    what: "what tells the metrics", endpoint: endpoint, option: "--metrics-http",
                    application: application, executor: executor))
        }
        listeners.append(
            Listener(
                what: "the REST API", endpoint: configuration.http, option: "--http", application: api.application,
                executor: executor))
        return listeners
    }
}
