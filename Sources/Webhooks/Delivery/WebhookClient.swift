package import NIOCore
import NIOHTTP1
package import NameResolution
import Synchronization
package import Telephony

/// Posts webhooks (spec §1.7, §1.8; decisions 9, 10 and 12): one attempt each, with everything that can become of it.
///
/// Redirects are not followed. Connections are kept alive. One slow host occupies at most
/// ``RequestLimits/perHost`` requests; everything else waits in its host's own queue.
package final class WebhookClient: Sendable {
    /// Decision 9.
    package static let maximumAnswerBytes = 1 << 20

    private let client: GuardedClient
    private let maximumAnswerBytes: Int

    /// - Parameters:
    ///   - group: carries the connections; one thread is enough.
    ///   - maximumAnswerBytes: of an answer's body.
    package init(
        group: any EventLoopGroup, addressGuard: AddressGuard, resolver: NameResolver,
        limits: RequestLimits = RequestLimits(), maximumAnswerBytes: Int = WebhookClient.maximumAnswerBytes
    ) {
        client = GuardedClient(group: group, addressGuard: addressGuard, resolver: resolver, limits: limits)
        self.maximumAnswerBytes = maximumAnswerBytes
    }

    /// Requests that run, and requests that wait for their turn: for metrics.
    package var load: (running: Int, waiting: Int) { client.load }

    /// Makes one attempt, signed for it.
    ///
    /// Ends within ``RequestLimits/whole``; cancelling the task does not shorten that.
    /// - Parameter secrets: the account's active signing secrets, newest first.
    package func post(_ webhook: Webhook, secrets: [String], now: Timestamp) async -> WebhookOutcome {
        await withCheckedContinuation { continuation in
            post(webhook, secrets: secrets, now: now) { continuation.resume(returning: $0) }
        }
    }

    /// As above. The completion runs once, on any thread, and must not block.
    package func post(
        _ webhook: Webhook, secrets: [String], now: Timestamp,
        completion: @escaping @Sendable (WebhookOutcome) -> Void
    ) {
        guard let origin = Origin(webhook.url) else {
            return completion(
                .failed(
                    WebhookFailure(
                        kind: .nameResolution, explanation: "\(webhook.url) names no host that can be looked up")))
        }
        let request = OutgoingRequest(
            origin: origin, method: .POST, target: Origin.requestTarget(of: webhook.url),
            headers: Self.headers(of: webhook, secrets: secrets, now: now), body: ByteBuffer(bytes: webhook.body))
        let limit = maximumAnswerBytes
        client.send(request, receiver: { WebhookExchange(limit: limit) }) { result in
            switch result {
            case .success(let outcome): completion(outcome)
            case .failure(let failure): completion(.failed(failure))
            }
        }
    }

    /// Closes the connections; requests under way fail.
    package func close() async { await client.close() }

    private static func headers(of webhook: Webhook, secrets: [String], now: Timestamp) -> HTTPHeaders {
        [
            "Content-Type": "application/json",
            "User-Agent": "Belay",
            "Request-Id": webhook.requestID.text,
            "Belay-Event-Id": webhook.eventID.text,
            "Belay-Event-Sequence": String(webhook.eventSequence),
            WebhookSignature.headerName: WebhookSignature.header(body: webhook.body, secrets: secrets, now: now),
        ]
    }
}
