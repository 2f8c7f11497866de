import API
import Carrier
import Foundation
import PQL
import People
import SIP
import Synchronization
import Telephony

/// Has somebody of the simulated carrier call this server.
struct DialIn: CarrierService {
    let carrier: SimulatedCarrier
    /// Where this server takes SIP.
    let server: TransportAddress
    let calls: any CallService
    let now: @Sendable () -> Timestamp

    /// The INVITE takes a round trip over loopback; a server that is so late with it has other troubles.
    private static let patience = Duration.seconds(5)
    private static let pause = Duration.milliseconds(10)
    /// How much earlier than the request the call may seem to have come in: a clock may have been set meanwhile.
    private static let slackMicroseconds: Int64 = 1_000_000

    /// Why no call came in.
    private struct Refused: Error, CustomStringConvertible {
        let description: String
    }

    func dial(_ request: DialInRequest, of account: AccountID) async throws -> DialledIn {
        let earliest = now().advanced(byMicroseconds: -Self.slackMicroseconds)
        let made = try await carrier.call(
            from: request.from, to: request.to, at: server,
            .calling(saying: request.say, pressing: request.presses))
        let end = Mutex<Parting?>(nil)
        made.whenOver { outcome in end.withLock { $0 = outcome?.parting } }
        let deadline = ContinuousClock.now + Self.patience
        repeat {
            // Looked at first: a call that is over by then is in the log if it ever was.
            let parting = end.withLock { $0 }
            if let id = try await call(made.callID, of: account, since: earliest) {
                return DialledIn(
                    callID: id, sipCallID: made.callID,
                    recording: "carrier/" + (made.recording as NSString).lastPathComponent)
            }
            if let parting { throw Refused(description: Self.words(parting)) }
            try await Task.sleep(for: Self.pause)
        } while ContinuousClock.now < deadline
        throw Refused(description: "the server has not taken the INVITE within 5 s")
    }

    /// The call whose messages have that Call-ID: its log holds the INVITE.
    private func call(_ sipCallID: String, of account: AccountID, since: Timestamp) async throws -> CallID? {
        let query = try LogQuery(
            """
            timestamp >= \(since.microseconds) AND metadata.scope = "sip" AND metadata.text CONTAINS "Call-ID: \(sipCallID)"
            """)
        return try await calls.logs(of: account, matching: query, after: nil).entries.first?.callID
    }

    private static func words(_ parting: Parting) -> String {
        switch parting {
        case .failed(.response(let status, let reason)): "the server refused it with \(status.rawValue) \(reason)"
        case .failed(.timedOut): "the server did not answer the INVITE"
        case .failed(.transportFailed(let explanation)): "the INVITE could not be sent: \(explanation)"
        case .failed(.protocolError(let what)): "the server's answer was no good: \(what)"
        case .failed(.canceled), .failed(.canceledByPeer), .failed(.rejected): "the caller gave up"
        case .failed(.expired): "nobody answered before the INVITE expired"
        case .ended: "the call ended, and the log does not name it"
        }
    }
}
