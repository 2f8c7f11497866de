import API
import Carrier
import People
import SIP

/// Has somebody of the simulated carrier call this server.
struct DialIn: CarrierService {
    let carrier: SimulatedCarrier
    /// Where this server takes SIP.
    let server: TransportAddress

    func dial(_ request: DialInRequest) async throws {
        _ = try await carrier.call(
            from: request.from, to: request.to, at: server,
            .calling(saying: request.say, pressing: request.presses))
    }
}
