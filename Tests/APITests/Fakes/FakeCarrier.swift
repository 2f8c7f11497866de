import Synchronization
import Telephony

@testable import API

/// Notes who was asked to call in.
final class FakeCarrier: CarrierService {
    /// Why no call comes in.
    struct Refusal: Error, CustomStringConvertible {
        let description: String
    }

    private struct State {
        var requests: [DialInRequest] = []
        var refusal: Refusal?
    }

    private let state = Mutex(State())

    var requests: [DialInRequest] { state.withLock { $0.requests } }

    /// From here on nobody gets through.
    func refuse(with explanation: String) { state.withLock { $0.refusal = Refusal(description: explanation) } }

    func dial(_ request: DialInRequest, of account: AccountID) async throws -> DialledIn {
        try state.withLock { state in
            if let refusal = state.refusal { throw refusal }
            state.requests.append(request)
        }
        var random = SystemRandomNumberGenerator()
        return DialledIn(
            callID: CallID(random: &random), sipCallID: "0123@127.0.0.1", recording: "carrier/0123@127.0.0.1.wav")
    }
}
