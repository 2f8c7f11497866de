import Synchronization

@testable import API

/// Notes who was asked to call in.
final class FakeCarrier: CarrierService {
    private let state = Mutex<[DialInRequest]>([])

    var requests: [DialInRequest] { state.withLock { $0 } }

    func dial(_ request: DialInRequest) async throws { state.withLock { $0.append(request) } }
}
